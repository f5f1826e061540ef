//! Histories on a chain, and the follower's answers held against the contract's.

use std::time::{Duration, Instant};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use vouch_api::AccountDeposits;
use vouch_deposits::U256;
use vouch_deposits::contract::VouchDeposit;
use vouch_follower::{Follower, Page};

use super::{Anvil, DELAY};

/// Every account's answer is what the contract says at that block.
pub async fn agree(anvil: &Anvil, follower: &Follower) -> Vec<AccountDeposits> {
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
pub async fn happen(anvil: &Anvil, random: &mut ChaCha8Rng, steps: usize) {
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

pub fn without_state(mut answers: Vec<AccountDeposits>) -> Vec<AccountDeposits> {
    answers.iter_mut().for_each(|answer| answer.current = true);
    answers
}

pub async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !reached().await {
        assert!(start.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
