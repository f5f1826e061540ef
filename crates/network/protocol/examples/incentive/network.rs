//! The simulated network: provers, miners, validators, and the chain's consensus.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use vouch_protocol::{Answer, PublicKey, ScoreBook};

pub(crate) const EPOCHS: usize = 100;
const SECOND: u64 = 1_000_000;
const EPOCH: u64 = 600 * SECOND;
/// Rounds of benchmarks: a miner is asked again as soon as it has answered, while the round lasts.
const ROUND_EVERY: u64 = 60 * SECOND;
const ROUND: u64 = 10 * SECOND;
const DEADLINE: u64 = 60 * SECOND;
/// The model's reference time.
const REFERENCE: u64 = SECOND;
/// There and back.
const LATENCY: u64 = 50_000;
/// Mean time between two users' questions to one validator.
const QUESTION_EVERY: u64 = 2 * SECOND;
/// Stakes of the validators. The last one favours its friend.
const STAKES: [u64; 5] = [30, 25, 20, 15, 10];
const FRIENDLY: usize = STAKES.len() - 1;

/// What the miners of a group do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Each key has a prover of its own, which takes this long for a proof.
    Honest(u64),
    /// All keys share one prover.
    Shared(u64),
    /// Answers at once, without a proof.
    Garbage,
    /// Never answers.
    Dead,
}

/// Miners of one kind.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) keys: usize,
    pub(crate) kind: Kind,
    pub(crate) colour: &'static str,
}

impl Group {
    pub(crate) fn provers(&self) -> usize {
        match self.kind {
            Kind::Honest(_) => self.keys,
            Kind::Shared(_) => 1,
            Kind::Garbage | Kind::Dead => 0,
        }
    }
}

const fn group(name: &'static str, keys: usize, kind: Kind, colour: &'static str) -> Group {
    Group { name, keys, kind, colour }
}

pub(crate) const FRIEND: usize = 5;
pub(crate) const GROUPS: [Group; 7] = [
    group("honest, 0.5 s a proof", 6, Kind::Honest(SECOND / 2), "#2f6f8f"),
    group("honest, 1 s", 6, Kind::Honest(SECOND), "#7fb2c9"),
    group("honest, 2 s", 6, Kind::Honest(2 * SECOND), "#4f8a5b"),
    group("50 keys, one prover, 0.5 s", 50, Kind::Shared(SECOND / 2), "#a8596b"),
    group("quick answers without proofs", 20, Kind::Garbage, "#b8862f"),
    group("a validator's friend, 1 s", 1, Kind::Honest(SECOND), "#8a5a9e"),
    group("never answer", 40, Kind::Dead, "#777777"),
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

struct Miner {
    group: usize,
    key: PublicKey,
    prover: Option<usize>,
}

struct Validator {
    book: ScoreBook,
    /// The last epoch's weights: users' questions follow them.
    weights: Vec<f64>,
    busy: Vec<bool>,
    failures: Vec<u32>,
    rests_until: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Round { validator: usize },
    Question { validator: usize },
    Answered { validator: usize, miner: usize, asked: u64, until: u64, verified: bool },
}

struct Network {
    random: Random,
    miners: Vec<Miner>,
    speeds: Vec<u64>,
    free_at: Vec<u64>,
    validators: Vec<Validator>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    count: u64,
}

impl Network {
    fn new(seed: u64) -> Self {
        let (mut miners, mut speeds) = (Vec::new(), Vec::new());
        for (index, group) in GROUPS.iter().enumerate() {
            for number in 0..group.keys {
                let prover = match group.kind {
                    Kind::Honest(speed) => {
                        speeds.push(speed);
                        Some(speeds.len() - 1)
                    }
                    Kind::Shared(speed) => {
                        if number == 0 {
                            speeds.push(speed);
                        }
                        Some(speeds.len() - 1)
                    }
                    Kind::Garbage | Kind::Dead => None,
                };
                let mut key = [0; 32];
                key[..8].copy_from_slice(&(miners.len() as u64).to_be_bytes());
                miners.push(Miner { group: index, key: PublicKey(key), prover });
            }
        }
        let n = miners.len();
        let validator = || Validator {
            book: ScoreBook::new(),
            weights: vec![0.0; n],
            busy: vec![false; n],
            failures: vec![0; n],
            rests_until: vec![0; n],
        };
        let validators = STAKES.iter().map(|_| validator()).collect();
        let free_at = vec![0; speeds.len()];
        let mut network =
            Self { random: Random(seed), miners, speeds, free_at, validators, events: BinaryHeap::new(), count: 0 };
        for validator in 0..STAKES.len() {
            let (round, question) = (network.random.below(ROUND_EVERY), network.random.below(QUESTION_EVERY));
            network.at(round, Event::Round { validator });
            network.at(question, Event::Question { validator });
        }
        network
    }

    fn at(&mut self, time: u64, event: Event) {
        self.count += 1;
        self.events.push(Reverse((time, self.count, event)));
    }

    /// One question to one miner; `until` is the end of the round, or `now` for a user's question.
    fn ask(&mut self, now: u64, validator: usize, miner: usize, until: u64) {
        self.validators[validator].busy[miner] = true;
        let asked = now;
        let (time, verified) = match (GROUPS[self.miners[miner].group].kind, self.miners[miner].prover) {
            (_, Some(prover)) => {
                let start = self.free_at[prover].max(now + LATENCY / 2);
                let speed = self.speeds[prover];
                let done = start + speed * 9 / 10 + self.random.below(speed / 5);
                if done + LATENCY / 2 > now + DEADLINE {
                    (now + DEADLINE, false)
                } else {
                    self.free_at[prover] = done;
                    (done + LATENCY / 2, true)
                }
            }
            (Kind::Garbage, _) => (now + 1000, false),
            _ => (now + DEADLINE, false),
        };
        self.at(time, Event::Answered { validator, miner, asked, until, verified });
    }

    /// A miner for a user's question: nine times of ten by weight, else any that does not rest.
    fn choose(&mut self, now: u64, validator: usize) -> Option<usize> {
        let own = &self.validators[validator];
        let free: Vec<usize> = (0..self.miners.len()).filter(|&m| !own.busy[m] && own.rests_until[m] <= now).collect();
        let total: f64 = free.iter().map(|&m| own.weights[m]).sum();
        if total > 0.0 && self.random.below(10) > 0 {
            let mut rest = self.random.next() as f64 / u64::MAX as f64 * total;
            let own = &self.validators[validator];
            return free.iter().copied().find(|&m| {
                rest -= own.weights[m];
                rest <= 0.0
            });
        }
        (!free.is_empty()).then(|| free[self.random.below(free.len() as u64) as usize])
    }

    fn step(&mut self, now: u64, event: Event) {
        match event {
            Event::Round { validator } => {
                for miner in 0..self.miners.len() {
                    let own = &self.validators[validator];
                    if !own.busy[miner] && own.rests_until[miner] <= now {
                        self.ask(now, validator, miner, now + ROUND);
                    }
                }
                let next = now + ROUND_EVERY / 2 + self.random.below(ROUND_EVERY);
                self.at(next, Event::Round { validator });
            }
            Event::Question { validator } => {
                if let Some(miner) = self.choose(now, validator) {
                    self.ask(now, validator, miner, now);
                }
                let next = now + self.random.below(2 * QUESTION_EVERY);
                self.at(next, Event::Question { validator });
            }
            Event::Answered { validator, miner, asked, until, verified } => {
                let (key, response_us) = (self.miners[miner].key, now - asked);
                let own = &mut self.validators[validator];
                let answer = Answer::Verified { reference_us: REFERENCE, response_us };
                own.book.apply(key, if verified { answer } else { Answer::NotVerified });
                own.busy[miner] = false;
                if verified {
                    own.failures[miner] = 0;
                    if now < until {
                        self.ask(now, validator, miner, until);
                    }
                } else if response_us >= DEADLINE {
                    let pause = ((30 * SECOND) << own.failures[miner].min(16)).min(600 * SECOND);
                    own.failures[miner] += 1;
                    own.rests_until[miner] = now + pause;
                }
            }
        }
    }

    /// Ends an epoch: each validator's weights, the chain's median, and each group's share of the pay.
    fn end_epoch(&mut self) -> Vec<f64> {
        let keys: Vec<PublicKey> = self.miners.iter().map(|miner| miner.key).collect();
        for (index, validator) in self.validators.iter_mut().enumerate() {
            let weights: BTreeMap<PublicKey, _> = validator.book.weights(keys.iter().copied());
            validator.weights = keys.iter().map(|key| weights[key].to_f64()).collect();
            if index == FRIENDLY {
                // Half of everything for the friend.
                for (weight, miner) in validator.weights.iter_mut().zip(&self.miners) {
                    *weight = *weight / 2.0 + if miner.group == FRIEND { 0.5 } else { 0.0 };
                }
            }
            validator.book.end_epoch();
        }
        let mut pay = vec![0.0; GROUPS.len()];
        for (index, miner) in self.miners.iter().enumerate() {
            let mut given: Vec<(f64, u64)> =
                self.validators.iter().zip(STAKES).map(|(own, stake)| (own.weights[index], stake)).collect();
            let clip = median(&mut given);
            pay[miner.group] += given.iter().map(|&(weight, stake)| weight.min(clip) * stake as f64).sum::<f64>();
        }
        let total: f64 = pay.iter().sum();
        pay.into_iter().map(|pay| if total > 0.0 { pay / total } else { 0.0 }).collect()
    }
}

/// The largest weight that validators with at least half of the stake give.
fn median(given: &mut [(f64, u64)]) -> f64 {
    given.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: u64 = given.iter().map(|(_, stake)| stake).sum();
    let mut stake = 0;
    given
        .iter()
        .find_map(|&(weight, own)| {
            stake += own;
            (2 * stake >= all).then_some(weight)
        })
        .unwrap_or(0.0)
}

/// Each group's share of the pay in each epoch.
pub(crate) fn run(seed: u64) -> Vec<Vec<f64>> {
    let mut network = Network::new(seed);
    let mut shares = Vec::with_capacity(EPOCHS);
    while shares.len() < EPOCHS {
        let end = EPOCH * (shares.len() as u64 + 1);
        while let Some(&Reverse((time, _, event))) = network.events.peek().filter(|Reverse((time, ..))| *time < end) {
            network.events.pop();
            network.step(time, event);
        }
        shares.push(network.end_epoch());
    }
    shares
}
