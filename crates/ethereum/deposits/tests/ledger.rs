//! Events that cannot have come from the contract are refused, so that a missing one is noticed.

use alloy_primitives::Uint;
use vouch_deposits::contract::VouchDeposit::{
    ClaimAnnounced, ClaimCancelled, Claimed, DepositStopTimeChanged, Deposited, TokenDelisted, TokenListed,
    VouchDepositEvents as Event, Withdrawn,
};
use vouch_deposits::{Address, Ledger, LedgerError, PendingClaim, PointsError, RawLog, U256, decode};

const ACCOUNT: Address = Address::repeat_byte(1);
const TOKEN: Address = Address::repeat_byte(2);

fn deposited(credited: u64, balance: u64) -> Event {
    let [requested, credited, balance] = [credited, credited, balance].map(U256::from);
    Event::Deposited(Deposited { account: ACCOUNT, token: TOKEN, requested, credited, balance })
}

fn listed(decimals: u8) -> Event {
    Event::TokenListed(TokenListed { token: TOKEN, decimals })
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    let stop = DepositStopTimeChanged { previous: Uint::ZERO, current: Uint::MAX };
    ledger.apply(&Event::DepositStopTimeChanged(stop), 100).unwrap();
    ledger.apply(&listed(0), 100).unwrap();
    ledger
}

#[test]
fn one_token_accrues_a_point_an_hour() {
    let mut ledger = ledger();
    ledger.apply(&deposited(1, 1), 100).unwrap();
    assert_eq!(ledger.points(ACCOUNT, 3700), Ok(U256::from(10).pow(U256::from(18))));
    assert_eq!(ledger.points(TOKEN, 3700), Ok(U256::ZERO));
}

#[test]
fn missing_events_are_noticed() {
    let mut ledger = ledger();
    ledger.apply(&deposited(5, 5), 200).unwrap();
    let [computed, stated] = [7, 8].map(U256::from);
    let balance = LedgerError::Balance { account: ACCOUNT, token: TOKEN, computed, stated };
    assert_eq!(ledger.apply(&deposited(2, 8), 200), Err(balance));
    assert_eq!(ledger.balance(ACCOUNT, TOKEN), U256::from(5));
    assert_eq!(ledger.apply(&deposited(1, 6), 199), Err(LedgerError::Order { found: 199, previous: 200 }));
    let [debited, paid, balance] = [6, 6, 0].map(U256::from);
    let withdrawn = Withdrawn { account: ACCOUNT, token: TOKEN, to: ACCOUNT, debited, paid, balance };
    assert!(matches!(ledger.apply(&Event::Withdrawn(withdrawn), 200), Err(LedgerError::Balance { .. })));
    let claimed = Claimed { account: ACCOUNT, by: TOKEN, points: U256::from(1), claimed: U256::from(3) };
    assert!(matches!(ledger.apply(&Event::Claimed(claimed), 200), Err(LedgerError::Claimed { .. })));
    let announced =
        ClaimAnnounced { account: ACCOUNT, by: TOKEN, points: U256::from(2), executableAt: Uint::from(300) };
    ledger.apply(&Event::ClaimAnnounced(announced.clone()), 200).unwrap();
    assert_eq!(ledger.claim(ACCOUNT), Some(PendingClaim { points: U256::from(2), executable_at: 300 }));
    let [pending, stated] = [Some(U256::from(2)), Some(U256::from(1))];
    let twice = Err(LedgerError::Claim { account: ACCOUNT, pending, stated: U256::from(2) });
    assert_eq!(ledger.apply(&Event::ClaimAnnounced(announced), 200), twice);
    let other = ClaimCancelled { account: ACCOUNT, by: TOKEN, points: U256::from(1) };
    let other = ledger.apply(&Event::ClaimCancelled(other), 200);
    assert_eq!(other, Err(LedgerError::Claim { account: ACCOUNT, pending, stated: stated.unwrap() }));
    assert_eq!(ledger.apply(&listed(0), 200), Err(LedgerError::Listing { token: TOKEN, listed: true }));
    let unknown = Event::TokenDelisted(TokenDelisted { token: ACCOUNT });
    assert_eq!(ledger.apply(&unknown, 200), Err(LedgerError::UnknownToken { token: ACCOUNT }));
    let decimals = LedgerError::Points(PointsError::Decimals { found: 37 });
    assert_eq!(Ledger::default().apply(&listed(37), 0), Err(decimals));
}

#[test]
fn logs_of_others_are_passed_over_and_unknown_ones_refused() {
    let log = RawLog { address: TOKEN, topics: Vec::new(), data: Vec::new() };
    assert_eq!(decode(ACCOUNT, &log), Ok(None));
    assert!(decode(TOKEN, &log).is_err());
}
