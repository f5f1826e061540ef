//! The follower against a real chain: its answers are the contract's own, at the same block, whatever happens.
//!
//! These need anvil, which `cargo xtask test --only contracts` installs before it runs them.

mod anvil;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use alloy_primitives::{U64, U256, Uint};
use anvil::{Anvil, CHAIN_ID, DELAY, Line, Trouble};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use vouch_api::{AccountDeposits, DepositEvent};
use vouch_deposits::contract::VouchDeposit;
use vouch_follower::{Follower, FollowerError, Page, RpcError};

/// Every account's answer is what the contract says at that block.
async fn agree(anvil: &Anvil, follower: &Follower) -> Vec<AccountDeposits> {
    let mut answers = Vec::new();
    for account in anvil.depositors() {
        let answer = follower.account(account, Page::default()).await.unwrap();
        let block = answer.block.number;
        let points = anvil.view(&VouchDeposit::calculatePointsCall { account }, block).await;
        assert_eq!(answer.points, points.to_string(), "points of {account} at block {block}");
        let shown = anvil.view(&VouchDeposit::accountOverviewCall { account }, block).await;
        assert_eq!(answer.block.at_ms, shown.timestamp.to::<u64>() * 1000);
        assert_eq!(answer.accrued, shown.accrued.to_string());
        assert_eq!(answer.claimed, shown.claimed.to_string());
        assert_eq!(answer.weight, shown.weight.to_string());
        assert_eq!(answer.contract.paused, shown.paused);
        let stop = shown.depositStopTime.to::<u64>();
        assert_eq!(answer.contract.ends_ms, (stop < (1 << 48) - 1).then_some(stop * 1000));
        let claim = answer.claim.as_ref().map(|claim| (claim.points.clone(), claim.executable_ms / 1000));
        let pending = (shown.claim.executableAt.to::<u64>() != 0)
            .then(|| (shown.claim.points.to_string(), shown.claim.executableAt.to::<u64>()));
        assert_eq!(claim, pending);
        for token in &shown.tokens {
            let address = token.token.to_checksum(None);
            let units = answer.balances.iter().find(|b| b.token == address).map_or("0", |b| b.units.as_str());
            assert_eq!(units, token.balance.to_string());
            let known = answer.contract.tokens.iter().find(|t| t.address == address).unwrap();
            assert_eq!((known.decimals, known.listed), (token.decimals, token.listed));
        }
        assert_eq!(answer.contract.tokens.len(), shown.tokens.len());
        answers.push(answer);
    }
    answers
}

/// A few random things, each in a block of its own.
async fn happen(anvil: &Anvil, random: &mut ChaCha8Rng, steps: usize) {
    let vault = anvil.vault;
    let [owner, manager] = [anvil.accounts[0], anvil.accounts[1]];
    for _ in 0..steps {
        let who = random.gen_range(0..3);
        let account = anvil.depositors()[who];
        let token = anvil.tokens[random.gen_range(0..2)];
        let amount = U256::from(random.gen_range(1..1_000_000_u64));
        match random.gen_range(0..20) {
            0..8 => drop(anvil.send(account, vault, &VouchDeposit::depositCall { token, amount }).await),
            8..12 => drop(anvil.send(account, vault, &VouchDeposit::withdrawCall { token, amount }).await),
            12 | 13 => drop(anvil.send(manager, vault, &VouchDeposit::announceClaimCall { account }).await),
            14 => drop(anvil.send(manager, vault, &VouchDeposit::executeClaimCall { account }).await),
            15 => drop(anvil.send(owner, vault, &VouchDeposit::cancelClaimCall { account }).await),
            16 => drop(anvil.send(owner, vault, &VouchDeposit::removeTokenCall { token }).await),
            17 | 18 => drop(anvil.send(owner, vault, &VouchDeposit::addTokenCall { token }).await),
            _ => anvil.mine(random.gen_range(1..4)).await,
        }
        anvil.wait(random.gen_range(0..DELAY)).await;
    }
}

fn without_state(mut answers: Vec<AccountDeposits>) -> Vec<AccountDeposits> {
    answers.iter_mut().for_each(|answer| answer.current = true);
    answers
}

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !reached().await {
        assert!(start.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn answers_are_those_of_the_contract() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let follower = anvil.follower(&dir.path().join("a.sqlite")).await;
    let account = anvil.depositors()[0];
    assert!(matches!(follower.account(account, Page::default()).await, Err(FollowerError::NotYet)));
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for round in 0..12 {
        happen(&anvil, &mut random, 8).await;
        follower.look().await.unwrap();
        assert_eq!(follower.status().last.unwrap().number, anvil.head().await, "round {round}");
        agree(&anvil, &follower).await;
    }
    // One that reads all of it in ranges, by way of blocks that are final, gives the same answers.
    anvil.mine(60).await;
    follower.look().await.unwrap();
    let answers = agree(&anvil, &follower).await;
    let fresh = anvil.follower(&dir.path().join("b.sqlite")).await;
    fresh.look().await.unwrap();
    assert_eq!(agree(&anvil, &fresh).await, answers);
    assert!(answers.iter().all(|answer| answer.current && answer.history_total > 5), "{answers:?}");
    let symbols: Vec<_> = answers[0].contract.tokens.iter().filter_map(|token| token.symbol.as_deref()).collect();
    assert_eq!(symbols.len(), 2);
    assert!(symbols.contains(&"REST") && symbols.contains(&"SIX"));
    // And so does one that was closed and opened.
    drop(follower);
    let again = anvil.follower(&dir.path().join("a.sqlite")).await;
    assert_eq!(without_state(agree(&anvil, &again).await), answers);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn history_is_complete_and_in_pages() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let follower = anvil.follower(&dir.path().join("a.sqlite")).await;
    let account = anvil.depositors()[0];
    assert!(anvil.deposit(0, 0, 1_000_000).await);
    anvil.wait(DELAY).await;
    let [manager, vault, token] = [anvil.accounts[1], anvil.vault, anvil.tokens[0]];
    assert!(anvil.send(manager, vault, &VouchDeposit::announceClaimCall { account }).await);
    anvil.wait(DELAY).await;
    assert!(anvil.send(manager, vault, &VouchDeposit::executeClaimCall { account }).await);
    let to = anvil.accounts[9];
    let amount = U256::from(400_000);
    assert!(anvil.send(account, vault, &VouchDeposit::withdrawToCall { token, amount, to }).await);
    follower.look().await.unwrap();
    let all = follower.account(account, Page::default()).await.unwrap();
    let kinds: Vec<_> = all.history.iter().map(|entry| std::mem::discriminant(&entry.event)).collect();
    assert_eq!((all.history_total, kinds.len()), (4, 4));
    let token = token.to_checksum(None);
    let withdrawn = DepositEvent::Withdrawn {
        token,
        units: "400000".into(),
        paid: "400000".into(),
        to: to.to_checksum(None),
        balance: "600000".into(),
    };
    assert_eq!(all.history[0].event, withdrawn);
    assert!(matches!(&all.history[1].event, DepositEvent::Claimed { claim } if *claim == all.claimed));
    assert!(matches!(all.history[2].event, DepositEvent::ClaimAnnounced { .. }));
    assert!(matches!(all.history[3].event, DepositEvent::Deposited { .. }));
    for entry in &all.history {
        let points = anvil.view(&VouchDeposit::calculatePointsCall { account }, entry.block.number).await;
        assert_eq!(entry.points, points.to_string(), "points after {:?}", entry.event);
        assert!(!entry.confirmed);
    }
    let mut pages = Vec::new();
    let mut page = Page { limit: 1, before: None };
    while let Some(entry) = follower.account(account, page).await.unwrap().history.pop() {
        page.before = Some((entry.block.number, entry.log_index));
        pages.push(entry);
    }
    assert_eq!(pages, all.history);
    anvil.mine(5).await;
    follower.look().await.unwrap();
    let later = follower.account(account, Page::default()).await.unwrap();
    assert!(later.history.iter().all(|entry| entry.confirmed));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn reorganisations_are_followed() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let follower = anvil.follower(&dir.path().join("a.sqlite")).await;
    anvil.deposit(0, 0, 1_000_000).await;
    anvil.mine(6).await;
    follower.look().await.unwrap();
    let account = anvil.depositors()[0];

    // A longer chain without the two deposits wins.
    anvil.deposit(0, 0, 5).await;
    anvil.deposit(1, 1, 7).await;
    follower.look().await.unwrap();
    let before = agree(&anvil, &follower).await;
    assert_eq!((before[0].history_total, before[1].history_total), (2, 1));
    anvil.rpc("anvil_reorg", json!([3, []])).await;
    anvil.mine(1).await;
    follower.look().await.unwrap();
    let after = agree(&anvil, &follower).await;
    assert_eq!((after[0].history_total, after[1].history_total), (1, 0));
    assert_eq!(follower.status().last.unwrap().number, anvil.head().await);

    // A chain of the same length, then a shorter one, which goes on otherwise.
    anvil.deposit(0, 0, 11).await;
    follower.look().await.unwrap();
    anvil.rpc("anvil_reorg", json!([1, []])).await;
    follower.look().await.unwrap();
    assert_eq!(agree(&anvil, &follower).await[0].history_total, 1);
    let snapshot = anvil.rpc("evm_snapshot", json!([])).await;
    anvil.deposit(0, 0, 13).await;
    anvil.deposit(0, 0, 17).await;
    follower.look().await.unwrap();
    assert_eq!(agree(&anvil, &follower).await[0].history_total, 3);
    assert_eq!(anvil.rpc("evm_revert", json!([snapshot])).await, true);
    anvil.deposit(0, 0, 19).await;
    follower.look().await.unwrap();
    let answers = agree(&anvil, &follower).await;
    assert_eq!(answers[0].history_total, 2);
    assert!(matches!(&answers[0].history[0].event, DepositEvent::Deposited { units, .. } if units == "19"));

    // What is stored is that chain and no other: opened anew, and read anew, it is the same.
    assert_eq!(follower.status().rereads, 0);
    drop(follower);
    let again = anvil.follower(&dir.path().join("a.sqlite")).await;
    assert_eq!(without_state(agree(&anvil, &again).await), answers);
    let fresh = anvil.follower(&dir.path().join("b.sqlite")).await;
    fresh.look().await.unwrap();
    assert_eq!(agree(&anvil, &fresh).await, answers);
    assert_eq!(again.account(account, Page::default()).await.unwrap().history_total, 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn a_final_block_that_is_replaced_is_reported_and_all_read_anew() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let follower = anvil.follower(&dir.path().join("a.sqlite")).await;
    let snapshot = anvil.rpc("evm_snapshot", json!([])).await;
    anvil.deposit(0, 0, 1_000_000).await;
    anvil.mine(10).await;
    follower.look().await.unwrap();
    assert_eq!(agree(&anvil, &follower).await[0].history_total, 1);
    anvil.rpc("evm_revert", json!([snapshot])).await;
    anvil.deposit(1, 0, 3).await;
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::Behind { .. }), "{error}");
    assert!(!follower.status().current);
    anvil.mine(12).await;
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::Reorganised { .. }), "{error}");
    assert_eq!(follower.status().rereads, 1);
    follower.look().await.unwrap();
    let answers = agree(&anvil, &follower).await;
    assert_eq!((answers[0].history_total, answers[1].history_total), (0, 1));

    // The same after a pause so long that what was not final is final now.
    anvil.mine(100).await;
    follower.look().await.unwrap();
    agree(&anvil, &follower).await;
    anvil.rpc("anvil_reorg", json!([40, []])).await;
    anvil.mine(100).await;
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::Reorganised { .. }), "{error}");
    follower.look().await.unwrap();
    agree(&anvil, &follower).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn a_node_that_is_down_is_waited_for() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let line = Line::to(&anvil.url).await;
    let follower = Follower::open(&dir.path().join("a.sqlite"), anvil.settings(&line.url)).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let follower = follower.clone();
        async move { follower.run(async { drop(stopped.await) }).await }
    });
    let follows = async |what: &str| {
        let head = anvil.head().await;
        until(what, async || {
            let status = follower.status();
            status.current && status.last.is_some_and(|last| last.number == head)
        })
        .await;
        agree(&anvil, &follower).await;
        assert_eq!(follower.status().failures, 0);
        assert!(follower.status().part().ok);
    };
    follows("the beginning").await;
    let troubles = [
        Trouble::Down,
        Trouble::Status(503),
        Trouble::Text("<html>"),
        Trouble::Text(r#"{"jsonrpc":"2.0","id":1,"result":{"number":"0x"}}"#),
        Trouble::Text(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}"#),
        Trouble::Text(r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
        Trouble::Silence,
    ];
    for trouble in troubles {
        let text = format!("{trouble:?}");
        line.set(trouble);
        anvil.deposit(0, 0, 1_000).await;
        until(&text, async || follower.status().failures >= 2).await;
        let status = follower.status();
        assert!(!status.current && status.error.is_some() && !status.part().ok, "{text}: {status:?}");
        // What was read is still served, and said to be old.
        let answers = agree(&anvil, &follower).await;
        assert!(answers.iter().all(|answer| !answer.current));
        line.set(Trouble::None);
        follows(&text).await;
    }
    // It is left alone for longer and longer: not at each of the hundreds of looks that 20 ms apart would be.
    line.set(Trouble::Down);
    until("down", async || follower.status().failures >= 1).await;
    let before = line.requests();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(line.requests() - before < 20, "{} requests", line.requests() - before);
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn nodes_that_limit_ranges_are_asked_for_less() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let line = Line::to(&anvil.url).await;
    happen(&anvil, &mut ChaCha8Rng::seed_from_u64(2), 20).await;
    anvil.mine(50).await;
    line.set(Trouble::Range(3));
    let mut settings = anvil.settings(&line.url);
    settings.range = 2000;
    let follower = Follower::open(&dir.path().join("a.sqlite"), settings).await.unwrap();
    follower.look().await.unwrap();
    assert_eq!(follower.status().last.unwrap().number, anvil.head().await);
    let answers = agree(&anvil, &follower).await;
    assert!(answers.iter().any(|answer| answer.history_total > 0));
    line.set(Trouble::Range(0));
    anvil.mine(100).await;
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::Rpc(RpcError::Refused { method: "eth_getLogs", .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn missing_events_are_noticed_and_all_is_read_anew() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let line = Line::to(&anvil.url).await;
    let follower = Follower::open(&dir.path().join("a.sqlite"), anvil.settings(&line.url)).await.unwrap();
    follower.look().await.unwrap();
    anvil.deposit(0, 0, 1_000).await;
    anvil.mine(100).await;
    line.set(Trouble::Forgetful);
    follower.look().await.unwrap();
    assert_eq!(follower.account(anvil.depositors()[0], Page::default()).await.unwrap().history_total, 0);
    line.set(Trouble::None);
    anvil.deposit(0, 0, 1_000).await;
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::Ledger(_)), "{error}");
    follower.look().await.unwrap();
    assert_eq!(agree(&anvil, &follower).await[0].history_total, 2);
    assert_eq!(follower.status().rereads, 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn another_chain_of_the_same_number_is_noticed() {
    let (first, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let line = Line::to(&first.url).await;
    first.deposit(0, 0, 1_000).await;
    first.mine(30).await;
    let follower = Follower::open(&dir.path().join("a.sqlite"), first.settings(&line.url)).await.unwrap();
    follower.look().await.unwrap();
    let second = Anvil::start_at(1_800_000_100).await;
    assert_eq!(second.vault, first.vault);
    second.deposit(1, 1, 5).await;
    line.redirect(&second.url);
    assert!(follower.look().await.is_err());
    assert!(matches!(follower.look().await, Err(FollowerError::OtherGenesis)));
    follower.look().await.unwrap();
    let answers = agree(&second, &follower).await;
    assert_eq!((answers[0].history_total, answers[1].history_total), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn wrong_settings_are_refused() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let path = dir.path().join("a.sqlite");
    let mut settings = anvil.settings(&anvil.url);
    settings.chain_id = 1;
    let follower = Follower::open(&path, settings.clone()).await.unwrap();
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::WrongChain { found: CHAIN_ID, expected: 1 }), "{error}");
    settings.chain_id = CHAIN_ID;
    let error = Follower::open(&path, settings.clone()).await.map(drop).unwrap_err();
    assert!(matches!(error, FollowerError::OtherContract { .. }), "{error}");
    settings.contract = anvil.accounts[0];
    let follower = Follower::open(&dir.path().join("b.sqlite"), settings.clone()).await.unwrap();
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::NoContract { .. }), "{error}");
    // A contract, but another one: its events are none of ours.
    settings.contract = anvil.tokens[0];
    let follower = Follower::open(&dir.path().join("c.sqlite"), settings.clone()).await.unwrap();
    let error = follower.look().await.unwrap_err();
    assert!(matches!(error, FollowerError::Decode(_)), "{error}");
    settings.rpc_url = "localhost".into();
    let error = Follower::open(&dir.path().join("d.sqlite"), settings).await.map(drop).unwrap_err();
    assert!(matches!(error, FollowerError::Url { .. }), "{error}");
}

/// The program is killed again and again while it follows, and goes on each time; what it stored is whole.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn a_follower_that_is_killed_goes_on() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let path = dir.path().join("a.sqlite");
    let mut random = ChaCha8Rng::seed_from_u64(3);
    happen(&anvil, &mut random, 40).await;
    let mut reached = Vec::new();
    for round in 0..12 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vouch-follow"))
            .args(["--rpc-url", &anvil.url, "--chain-id", &CHAIN_ID.to_string(), "--poll-ms", "1"])
            .args(["--contract", &anvil.vault.to_checksum(None), "--confirmations", "5", "--database"])
            .arg(&path)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        happen(&anvil, &mut random, 3).await;
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..200))).await;
        if round % 3 == 0 {
            anvil.rpc("anvil_reorg", json!([2, []])).await;
        }
        assert!(child.try_wait().unwrap().is_none(), "it follows until it is killed");
        child.kill().unwrap();
        child.wait().unwrap();
        let follower = anvil.follower(&path).await;
        reached.push(follower.status().last.map_or(0, |last| last.number));
    }
    assert!(reached.last() > reached.first(), "{reached:?}");
    anvil.mine(1).await;
    let follower = anvil.follower(&path).await;
    follower.look().await.unwrap();
    assert_eq!((follower.status().rereads, follower.status().last.unwrap().number), (0, anvil.head().await));
    let answers = agree(&anvil, &follower).await;
    let fresh = anvil.follower(&dir.path().join("b.sqlite")).await;
    fresh.look().await.unwrap();
    assert_eq!(agree(&anvil, &fresh).await, answers);
}

/// Points stop at the end of deposits, also here.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn the_stop_is_followed() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let follower = anvil.follower(&dir.path().join("a.sqlite")).await;
    anvil.deposit(0, 0, 1_000_000_000).await;
    let block = anvil.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let now: u64 = serde_json::from_value::<U64>(block["timestamp"].clone()).unwrap().to();
    let stop = VouchDeposit::setDepositStopTimeCall { newStopTime: Uint::from(now + 1000) };
    assert!(anvil.send(anvil.accounts[0], anvil.vault, &stop).await);
    assert!(anvil.send(anvil.accounts[0], anvil.vault, &VouchDeposit::pauseCall {}).await);
    anvil.wait(5000).await;
    anvil.mine(1).await;
    follower.look().await.unwrap();
    let answers = agree(&anvil, &follower).await;
    assert_eq!(answers[0].contract.ends_ms, Some((now + 1000) * 1000));
    assert!(answers[0].contract.paused);
    assert_eq!((answers[0].weight.as_str(), answers[0].points_per_hour.as_str()), ("0", "0"));
    assert_eq!(answers[0].points, (1_000_000_000_u64 * 1000 / 3600).to_string());
}
