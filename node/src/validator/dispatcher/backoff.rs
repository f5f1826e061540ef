//! Miners that do not answer are asked less often.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vouch_protocol::PublicKey;

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(600);

struct Silence {
    failures: u32,
    until: Instant,
}

/// For each miner whose last answer did not come, the moment until which it rests. The pause doubles with each failure.
pub(super) struct Backoff {
    first: Duration,
    silent: Mutex<HashMap<PublicKey, Silence>>,
}

impl Backoff {
    /// The first pause; zero for none at all.
    pub(super) fn new(first: Duration) -> Self {
        Self { first, silent: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PublicKey, Silence>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answered(&self, miner: &PublicKey) {
        self.lock().remove(miner);
    }

    pub(super) fn failed(&self, miner: PublicKey) {
        if self.first.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut silent = self.lock();
        let entry = silent.entry(miner).or_insert(Silence { failures: 0, until: now });
        let pause = self.first.saturating_mul(1 << entry.failures.min(16)).min(LONGEST);
        entry.failures = entry.failures.saturating_add(1);
        entry.until = now + pause;
    }

    /// Whether a miner is to be left alone now.
    pub(super) fn rests(&self, miner: &PublicKey) -> bool {
        self.lock().get(miner).is_some_and(|silence| Instant::now() < silence.until)
    }

    /// Forgets miners that have left.
    pub(super) fn keep(&self, present: &HashSet<PublicKey>) {
        self.lock().retain(|miner, _| present.contains(miner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_an_answer_ends_them() {
        let backoff = Backoff::new(Duration::from_secs(1));
        let key = PublicKey([1; 32]);
        assert!(!backoff.rests(&key));
        let left = |backoff: &Backoff| backoff.lock()[&key].until.duration_since(Instant::now()).as_secs_f64();
        for pause in [1.0, 2.0, 4.0, 8.0] {
            backoff.failed(key);
            assert!((left(&backoff) - pause).abs() < 0.5, "{}", left(&backoff));
        }
        (0..100).for_each(|_| backoff.failed(key));
        assert!((left(&backoff) - LONGEST.as_secs_f64()).abs() < 0.5);
        assert!(backoff.rests(&key));
        backoff.answered(&key);
        assert!(!backoff.rests(&key));
        backoff.failed(key);
        assert!((left(&backoff) - 1.0).abs() < 0.5, "from the beginning");
        backoff.keep(&HashSet::new());
        assert!(!backoff.rests(&key));
    }

    #[test]
    fn zero_is_none() {
        let backoff = Backoff::new(Duration::ZERO);
        backoff.failed(PublicKey([1; 32]));
        assert!(!backoff.rests(&PublicKey([1; 32])));
    }
}
