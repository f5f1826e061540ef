use std::collections::BTreeMap;

use alloy_primitives::aliases::U48;
use alloy_sol_types::{SolCall, SolError, SolEvent};
use vouch_deposits::contract::VouchDeposit::{self, accountOverviewCall};
use vouch_deposits::{Address, B256, RawLog, U256, parse_amount};

use super::*;
use crate::failure::ChainFailure;

const ETHER: u128 = 1_000_000_000_000_000_000;

fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn token() -> Token {
    let ether = |count: u128| U256::from(count * ETHER);
    Token {
        address: address(2),
        symbol: "stETH".into(),
        listed: true,
        decimals: 18,
        readable: true,
        balance: ether(3),
        total: ether(10),
        held: ether(10),
        wallet: ether(5),
        allowance: U256::ZERO,
    }
}

fn account() -> Account {
    Account {
        address: address(1),
        block: 7,
        timestamp: 1000,
        stop: NEVER,
        paused: false,
        points: U256::ZERO,
        claimed: U256::ZERO,
        accrued: U256::ZERO,
        weight: U256::ZERO,
        claim: None,
        tokens: vec![token()],
    }
}

#[test]
fn deposits_are_closed_for_a_reason() {
    let closed = |account: &Account, token: &Token| rules::closed(account, token, 1000);
    assert_eq!(closed(&account(), &token()), None);
    let stopped = Account { stop: 1000, paused: true, ..account() };
    assert_eq!(
        closed(&stopped, &token()).unwrap(),
        "Deposits have ended, and accrual with them. Points stay as they are; what was deposited can be withdrawn at any time."
    );
    // The clock of this machine may be behind the chain's.
    assert_eq!(rules::closed(&stopped, &token(), 0), closed(&stopped, &token()));
    let later = Account { stop: 1001, ..account() };
    assert_eq!((rules::closed(&later, &token(), 1000), rules::closed(&later, &token(), 1001).is_some()), (None, true));
    let paused = Account { paused: true, ..account() };
    assert_eq!(
        closed(&paused, &token()).unwrap(),
        "Deposits are paused by the contract's owner. Withdrawals are not: nobody can pause them."
    );
    let said = |change: fn(&mut Token)| {
        let mut token = token();
        change(&mut token);
        closed(&account(), &token).unwrap()
    };
    assert_eq!(
        said(|token| token.listed = false),
        "stETH cannot be deposited any more: it was taken off the list. It can be withdrawn."
    );
    assert_eq!(said(|token| token.readable = false), "The token stETH does not answer, so it cannot be deposited now.");
    assert_eq!(
        said(|token| token.held -= U256::from(1)),
        "The contract holds less stETH than depositors have together, so a new deposit would share their loss. It is refused until the token is whole again."
    );
}

#[test]
fn an_amount_to_deposit_is_checked() {
    assert_eq!(rules::deposit(&token(), " 1.5 "), Ok(parse_amount("1.5", 18).unwrap()));
    assert_eq!(rules::deposit(&token(), "5"), Ok(token().wallet));
    let said = |token: &Token, text: &str| rules::deposit(token, text).unwrap_err();
    assert_eq!(said(&token(), ""), "Enter an amount.");
    assert_eq!(said(&token(), "0"), "The amount is zero.");
    assert_eq!(said(&token(), "-1"), "`-` is not part of an amount (character 1).");
    assert_eq!(said(&token(), "5.000000000000000001"), "The account has 5 stETH itself, which is less.");
    // A token of 6 decimals has as many whole tokens as one of 18: 2^128 / 10^12 units.
    let most = U256::from(u128::MAX) / U256::from(10).pow(U256::from(12));
    let full = Token { decimals: 6, total: most - U256::from(1), wallet: most, ..token() };
    assert_eq!(rules::deposit(&full, "0.000001"), Ok(U256::from(1)));
    assert_eq!(said(&full, "0.000002"), "The contract takes at most 0.000001 stETH more, from all accounts together.");
}

#[test]
fn an_amount_to_withdraw_is_checked() {
    assert_eq!(rules::withdrawal(&token(), "3"), Ok(token().balance));
    let said = |token: &Token, text: &str| rules::withdrawal(token, text).unwrap_err();
    assert_eq!(said(&token(), "3.1"), "The account has 3 stETH in the contract, which is less.");
    assert_eq!(said(&token(), "3,1"), "`,` is not part of an amount (character 2).");
    let empty = Token { held: U256::ZERO, ..token() };
    assert_eq!(
        said(&empty, "1"),
        "Nothing would be paid: the contract holds no stETH for this amount. The balance is kept."
    );
    // A token that does not answer is not refused: the transaction may work.
    assert!(rules::withdrawal(&Token { readable: false, ..empty }, "1").is_ok());
}

#[test]
fn a_loss_is_shared() {
    let units = U256::from(ETHER);
    assert_eq!(rules::paid(&token(), units), Some(units));
    let shrunk = Token { held: token().total / U256::from(4), ..token() };
    assert_eq!(rules::paid(&shrunk, units), Some(units / U256::from(4)));
    assert_eq!(rules::paid(&shrunk, U256::from(3)), Some(U256::ZERO));
    assert_eq!(rules::paid(&Token { readable: false, ..token() }, units), None);
    assert_eq!(rules::amount(&token(), units / U256::from(8)), "0.125");
}

#[test]
fn refusals_of_the_chain_are_said() {
    let refused = |data: Option<Vec<u8>>| why(&ChainFailure::Refused { message: "execution reverted.".into(), data });
    let plain = "It would fail: execution reverted.";
    assert_eq!((refused(None).as_str(), refused(Some(vec![1, 2, 3])).as_str()), (plain, plain));
    assert_eq!(refused(Some(vec![0; 36])), plain);
    let draw = refused(Some(vec![0xfb, 0x8f, 0x41, 0xb2]));
    assert_eq!(draw, "The token says that the contract may not draw so much: allow it first.");
    assert_eq!(refused(Some(vec![0xe4, 0x50, 0xd3, 0x8c, 0])), "The token says that the account has less than that.");
    assert_eq!(refused(Some(VouchDeposit::ZeroAmount {}.abi_encode())), "The amount is zero.");
    assert_eq!(
        refused(Some(VouchDeposit::DepositsStopped { depositStopTime: U48::ZERO }.abi_encode())),
        "Deposits have ended."
    );
    assert_eq!(why(&ChainFailure::NodeDown(String::new())), "The chain's node does not answer.");
}

#[test]
fn points_have_decimals_that_tick() {
    let points = parse_amount("12.3456789", 18).unwrap();
    assert_eq!(
        (cut(points, 4), cut(points, 9), cut(U256::ZERO, 2)),
        ("12.3456".into(), "12.345678900".into(), "0.00".into())
    );
    assert_eq!(places(U256::ZERO), 6);
    let weight = |digits: u64| vouch_deposits::points::DENOMINATOR * U256::from(10).pow(U256::from(digits));
    assert_eq!((places(U256::from(1)), places(weight(0)), places(weight(9)), places(weight(30))), (18, 18, 10, 4));
}

#[test]
fn answers_of_the_contract_are_read() {
    assert_eq!(Account::read(address(1), &[]), Err(ChainFailure::NoContract));
    assert!(matches!(Account::read(address(1), &[1; 40]), Err(ChainFailure::Malformed(_))));
    assert_eq!(Account::call(address(1)), accountOverviewCall { account: address(1) }.abi_encode());
    let text = |text: &str| vouch_deposits::contract::ERC20Permit::symbolCall::abi_encode_returns(&text.to_owned());
    assert_eq!(symbol(&text("stETH")).as_deref(), Some("stETH"));
    let mut old = [0; 32];
    old[..3].copy_from_slice(b"MKR");
    assert_eq!(symbol(&old).as_deref(), Some("MKR"));
    for hidden in ["", "two words", "\u{202e}ETH", &"x".repeat(33)] {
        assert_eq!(symbol(&text(hidden)), None, "{hidden:?}");
    }
    assert_eq!((symbol(&[0; 32]), symbol(&[1, 2])), (None, None));
    assert_eq!(short(Address::ZERO), "0x0000…0000");
}

const CONTRACT: u8 = 9;

fn logged(event: &impl SolEvent, byte: u8) -> Logged {
    let data = event.encode_log_data();
    let log = RawLog { address: address(CONTRACT), topics: data.topics().to_vec(), data: data.data.to_vec() };
    Logged { transaction: B256::repeat_byte(byte), log }
}

/// The logs of a contract: a token, a deposit of 2 ether, and the withdrawal of one.
fn logs() -> (BTreeMap<(u64, u64), Logged>, BTreeMap<u64, u64>) {
    let (account, token) = (address(1), address(2));
    let ether = |count: u128| U256::from(count * ETHER);
    let stop = VouchDeposit::DepositStopTimeChanged { previous: U48::ZERO, current: U48::from(NEVER) };
    let listed = VouchDeposit::TokenListed { token, decimals: 18 };
    let deposited =
        VouchDeposit::Deposited { account, token, requested: ether(2), credited: ether(2), balance: ether(2) };
    let to = address(3);
    let withdrawn =
        VouchDeposit::Withdrawn { account, token, to, debited: ether(1), paid: ether(1), balance: ether(1) };
    let logs = [
        ((1, 0), logged(&stop, 1)),
        ((1, 1), logged(&listed, 1)),
        ((2, 0), logged(&deposited, 2)),
        ((3, 5), logged(&withdrawn, 3)),
    ];
    (logs.into(), [(1, 100), (2, 200), (3, 3800)].into())
}

/// The account as the contract would say it an hour after the withdrawal: two ether for an hour, then one for an hour.
fn seen(history: &History) -> Account {
    let timestamp = 7400;
    let mut account = Account { timestamp, block: 9, ..account() };
    account.points = history.compare(&account).unwrap().points;
    account.tokens = vec![Token { balance: U256::from(ETHER), ..token() }];
    account
}

#[test]
fn a_history_is_compared_with_the_contract() {
    let (logs, times) = logs();
    let history = History::new(address(CONTRACT), &account(), logs, &times).unwrap();
    assert_eq!(history.entries.len(), 2);
    assert_eq!((history.entries[0].at, history.entries[0].block), (200, 2));
    assert_eq!(history.entries[1].transaction, B256::repeat_byte(3));
    let seen = seen(&history);
    let compared = history.compare(&seen).unwrap();
    assert_eq!((compared.block, compared.agrees), (9, true));
    // One token hour is one point: two, and then one.
    assert_eq!(compared.points, parse_amount("3", 18).unwrap());
    assert_eq!(history.entries[1].points, parse_amount("2", 18).unwrap());
    let changes: [fn(&mut Account); 6] = [
        |seen| seen.points += U256::from(1),
        |seen| seen.tokens[0].balance += U256::from(1),
        |seen| seen.claimed = U256::from(1),
        |seen| seen.claim = Some((U256::from(1), 5)),
        |seen| seen.stop = 1 << 40,
        |seen| seen.timestamp += 1,
    ];
    for change in changes {
        let mut seen = seen.clone();
        change(&mut seen);
        assert!(!history.compare(&seen).unwrap().agrees, "{seen:?}");
    }
    let course = history.course(&seen);
    assert_eq!(course.first(), Some(&(200, U256::ZERO)));
    assert_eq!(course.last(), Some(&(7400, seen.points)));
}

#[test]
fn a_missing_event_is_noticed() {
    let (mut logs, times) = logs();
    let seen = seen(&History::new(address(CONTRACT), &account(), logs.clone(), &times).unwrap());
    logs.remove(&(3, 5));
    let history = History::new(address(CONTRACT), &seen, logs, &times).unwrap();
    assert!(!history.compare(&seen).unwrap().agrees);
}

#[test]
fn logs_of_something_else_are_refused() {
    let (logs, times) = logs();
    let read = |logs, times: &BTreeMap<u64, u64>| History::new(address(CONTRACT), &account(), logs, times);
    let change = |change: fn(&mut RawLog)| {
        let mut logs = logs.clone();
        change(&mut logs.get_mut(&(2, 0)).unwrap().log);
        read(logs, &times)
    };
    // Another contract's log is passed over; a log that this contract cannot have emitted is an error.
    let history = change(|log| log.address = address(8));
    assert!(matches!(history, Err(ChainFailure::Malformed(_))), "a withdrawal without its deposit");
    assert!(matches!(change(|log| log.topics.clear()), Err(ChainFailure::Malformed(_))));
    assert!(matches!(change(|log| _ = log.data.pop()), Err(ChainFailure::Malformed(_))));
    let mut without = times.clone();
    without.remove(&2);
    assert_eq!(read(logs, &without).unwrap_err(), ChainFailure::Malformed("block 2 has no time".into()));
}

#[test]
fn a_withdrawal_is_said() {
    assert_eq!(withdrew("1 stETH", "1 stETH", None), "Withdrew 1 stETH");
    assert_eq!(
        withdrew("1 stETH", "0.5 stETH", Some("0x0303…0303")),
        "Withdrew 1 stETH, of which 0.5 stETH was paid, to 0x0303…0303"
    );
}
