//! The follower against a real chain: its answers are the contract's own, at the same block, whatever the chain does.
//!
//! These need anvil, which `cargo xtask test --only contracts` installs before it runs them.

mod anvil;

use alloy_primitives::{U64, U256, Uint};
use anvil::{Anvil, DELAY, agree, happen, without_state};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use vouch_api::DepositEvent;
use vouch_deposits::contract::VouchDeposit;
use vouch_follower::{FollowerError, Page};

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
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs anvil: cargo xtask test --only contracts"]
async fn reorganisations_are_followed() {
    let (anvil, dir) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let follower = anvil.follower(&dir.path().join("a.sqlite")).await;
    anvil.deposit(0, 0, 1_000_000).await;
    anvil.mine(6).await;
    anvil.wait(DELAY).await;
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
    anvil.wait(DELAY).await;
    anvil.deposit(0, 0, 19).await;
    follower.look().await.unwrap();
    assert_eq!(agree(&anvil, &follower).await[0].history_total, 2);
    // As long as before, so that as much is final.
    anvil.mine(1).await;
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
