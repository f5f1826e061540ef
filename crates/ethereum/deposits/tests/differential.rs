//! Points of the contract and of the ledger over random histories: equal to the last digit, at every step.

mod chain;

use chain::{Chain, DELAY, MANAGER, OWNER, Outcome};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_deposits::contract::VouchDeposit;
use vouch_deposits::{Address, Ledger, U256, decode, points};

const START: u64 = 1_700_000_000;
const DECIMALS: [u8; 5] = [18, 6, 0, 8, 24];

struct History {
    chain: Chain,
    ledger: Ledger,
    accounts: [Address; 3],
    random: ChaCha8Rng,
    succeeded: usize,
    stop: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut chain = Chain::new(START, &DECIMALS);
        let accounts = [1, 2, 3].map(Address::repeat_byte);
        for account in accounts {
            for (token, decimals) in chain.tokens.clone().into_iter().zip(DECIMALS) {
                chain.fund(account, token, U256::from(1_000_000) * U256::from(10).pow(U256::from(decimals)));
            }
        }
        let random = ChaCha8Rng::seed_from_u64(seed);
        let logs = std::mem::take(&mut chain.logs);
        let mut history = Self { chain, ledger: Ledger::default(), accounts, random, succeeded: 0, stop: u64::MAX };
        history.take(Ok((logs, Default::default())));
        history
    }

    /// Applies what was emitted. Reverts emit nothing.
    fn take(&mut self, outcome: Outcome) {
        let Ok((logs, _)) = outcome else { return };
        self.succeeded += 1;
        for log in &logs {
            if let Some(event) = decode(self.chain.vault, log).unwrap() {
                self.ledger.apply(&event, self.chain.time).unwrap();
            }
        }
    }

    fn amount(&mut self, account: Address, token: Address, of: usize) -> U256 {
        let balance = self.ledger.balance(account, token);
        match self.random.gen_range(0..4) {
            0 => balance,
            1 => U256::from(1),
            2 => balance / U256::from(self.random.gen_range(1_u64..100)),
            _ => (U256::from(self.random.r#gen::<u64>()) * U256::from(10).pow(U256::from(DECIMALS[of] / 3))) >> 20,
        }
    }

    fn step(&mut self) {
        let account = self.accounts[self.random.gen_range(0..3)];
        let of = self.random.gen_range(0..DECIMALS.len());
        let token = self.chain.tokens[of];
        let vault = self.chain.vault;
        let outcome = match self.random.gen_range(0..100) {
            0..35 => {
                let amount = self.amount(account, token, of);
                self.chain.send(account, vault, &VouchDeposit::depositCall { token, amount })
            }
            35..65 => {
                let amount = self.amount(account, token, of);
                self.chain.send(account, vault, &VouchDeposit::withdrawCall { token, amount })
            }
            65..75 => self.chain.send(MANAGER, vault, &VouchDeposit::announceClaimCall { account }),
            75..85 => self.chain.send(MANAGER, vault, &VouchDeposit::executeClaimCall { account }),
            85..90 => self.chain.send(OWNER, vault, &VouchDeposit::removeTokenCall { token }),
            90..93 => self.chain.send(OWNER, vault, &VouchDeposit::addTokenCall { token }),
            93 => self.chain.send(OWNER, vault, &VouchDeposit::pauseCall {}),
            94 => self.chain.send(OWNER, vault, &VouchDeposit::unpauseCall {}),
            95 => self.chain.send(MANAGER, vault, &VouchDeposit::cancelClaimCall { account }),
            96 => self.chain.send(OWNER, vault, &VouchDeposit::addTokenCall { token }),
            _ => {
                let stop = self.chain.time + self.random.gen_range(0..60 * DELAY);
                let call = VouchDeposit::setDepositStopTimeCall { newStopTime: alloy_primitives::Uint::from(stop) };
                let outcome = self.chain.send(OWNER, vault, &call);
                if outcome.is_ok() {
                    self.stop = stop;
                }
                outcome
            }
        };
        self.take(outcome);
    }

    fn compare(&mut self) {
        let time = self.chain.time;
        for account in self.accounts {
            let shown = self.chain.view(&VouchDeposit::accountOverviewCall { account });
            assert_eq!(self.ledger.points(account, time).unwrap(), shown.points, "points");
            assert_eq!(self.ledger.accrued(account, time).unwrap(), shown.accrued, "accrued");
            assert_eq!(self.ledger.weight(account, time).unwrap(), shown.weight, "weight");
            assert_eq!(self.ledger.claimed(account), shown.claimed, "claimed");
            let claim = self.ledger.claim(account).map(|claim| (claim.points, claim.executable_at));
            let pending = (U256::from(shown.claim.points), shown.claim.executableAt.to::<u64>());
            assert_eq!(claim.unwrap_or_default(), pending, "claim");
            assert_eq!(self.ledger.stop(), shown.depositStopTime.to::<u64>(), "stop");
            assert_eq!(self.ledger.paused(), shown.paused, "paused");
            let mut listed: Vec<_> = shown.tokens.iter().map(|t| (t.token, t.decimals, t.listed)).collect();
            listed.sort();
            assert!(self.ledger.tokens().map(|t| (t.token, t.decimals, t.listed)).eq(listed), "tokens");
            for token in &shown.tokens {
                assert_eq!(self.ledger.balance(account, token.token), token.balance, "balance");
            }
            // What a page shows an hour later, if nothing happens, is what the contract will say.
            let seconds = 3600_u64.min(self.stop.saturating_sub(time));
            let ticked = points::ticked(shown.accrued, shown.weight, seconds, shown.claimed).unwrap();
            self.chain.time = time + 3600;
            assert_eq!(self.chain.view(&VouchDeposit::calculatePointsCall { account }), ticked, "ticked");
            self.chain.time = time;
        }
    }
}

#[test]
fn ledger_and_contract_agree_over_random_histories() {
    for seed in 0..12 {
        let mut history = History::new(seed);
        for _ in 0..120 {
            history.step();
            history.compare();
            // Also several events in one block, and long pauses.
            history.chain.time += match history.random.gen_range(0..5) {
                0 => 0,
                1 => 12,
                2 => history.random.gen_range(0..3600),
                _ => history.random.gen_range(0..DELAY),
            };
            history.compare();
        }
        assert!(history.succeeded > 10, "seed {seed}: only {} transactions did something", history.succeeded);
    }
}

#[test]
fn errors_of_the_contract_are_typed() {
    use alloy_sol_types::SolInterface;
    use vouch_deposits::contract::VouchDeposit::VouchDepositErrors as Error;

    let mut chain = Chain::new(START, &[18]);
    let (vault, token) = (chain.vault, chain.tokens[0]);
    let amount = U256::from(1);
    let revert = chain.send(OWNER, vault, &VouchDeposit::withdrawCall { token, amount }).unwrap_err();
    let error = Error::abi_decode(&revert).unwrap();
    match error {
        Error::InsufficientBalance(e) => assert_eq!((e.token, e.needed, e.balance), (token, amount, U256::ZERO)),
        other => panic!("{other:?}"),
    }
}
