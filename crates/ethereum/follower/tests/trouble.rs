//! The follower against a real chain whose node is down, slow, limited, wrong, or another one; and killed in between.
//!
//! These need anvil, which `cargo xtask test --only contracts` installs before it runs them.

mod anvil;

use std::process::{Command, Stdio};
use std::time::Duration;

use anvil::{Anvil, CHAIN_ID, Line, Trouble, agree, happen, until};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use vouch_follower::{Follower, FollowerError, Page, RpcError};

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
    anvil.mine(100).await;
    for status in [429, 503] {
        line.set(Trouble::Status(status));
        let before = line.requests();
        let Err(FollowerError::Rpc(error)) = follower.look().await else { panic!("{status} is an error") };
        let asked = Some(Duration::from_secs(1));
        assert!(matches!(error, RpcError::Status { status: s, retry_after } if s == status && retry_after == asked));
        assert_eq!(line.requests() - before, 1, "a busy node is left alone");
    }
    line.set(Trouble::Range(0));
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
