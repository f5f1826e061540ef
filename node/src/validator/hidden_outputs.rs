//! Values of hashed outputs, from the verdict until they are fetched: in memory only, and not for long.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_api::Salt;

use super::stop::Stop;

/// Most values that are kept; beyond that, the oldest are forgotten.
const MOST_VALUES: usize = 1 << 22;

/// The outputs by name.
pub(super) type Outputs = BTreeMap<String, Vec<i64>>;

/// Values of hashed outputs: `[validator.hidden_outputs]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HiddenOutputSettings {
    /// How long values wait in memory to be fetched, milliseconds.
    pub keep_ms: u64,
}

impl Default for HiddenOutputSettings {
    fn default() -> Self {
        Self { keep_ms: 600_000 }
    }
}

struct Entry {
    prediction: String,
    /// SHA-256 of the salt: who has the salt is who asked. The salt itself is not needed any more.
    salt: [u8; 32],
    outputs: Outputs,
    values: usize,
    since: Instant,
}

#[derive(Default)]
struct Entries {
    /// The oldest first.
    list: VecDeque<Entry>,
    values: usize,
}

impl Entries {
    /// Forgets from the oldest on, as long as it is to be forgotten.
    fn forget(&mut self, old: impl Fn(&Entry, usize) -> bool) {
        while let Some(values) = self.list.front().filter(|entry| old(entry, self.values)).map(|entry| entry.values) {
            self.list.pop_front();
            self.values -= values;
        }
    }
}

/// Why there are no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotKept {
    /// There are none, or not any more.
    Gone,
    /// There are some, for another salt.
    OtherSalt,
}

/// The values that wait to be fetched.
pub(super) struct HiddenOutputs {
    entries: Mutex<Entries>,
    time: Duration,
}

impl HiddenOutputs {
    pub(super) fn new(settings: &HiddenOutputSettings) -> Self {
        Self::keeping(Duration::from_millis(settings.keep_ms))
    }

    fn keeping(time: Duration) -> Self {
        Self { entries: Mutex::default(), time }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, prediction: String, salt: Salt, outputs: Outputs) {
        let values = outputs.values().map(Vec::len).sum();
        let entry = Entry { prediction, salt: digest(salt), outputs, values, since: Instant::now() };
        let mut entries = self.lock();
        entries.values += values;
        entries.list.push_back(entry);
        entries.forget(|_, all| all > MOST_VALUES);
    }

    /// Hands values out, once.
    pub(super) fn take(&self, prediction: &str, salt: Salt) -> Result<Outputs, NotKept> {
        self.forget_old();
        let mut entries = self.lock();
        let at = entries.list.iter().position(|entry| entry.prediction == prediction).ok_or(NotKept::Gone)?;
        if entries.list.get(at).is_none_or(|entry| entry.salt != digest(salt)) {
            return Err(NotKept::OtherSalt);
        }
        let entry = entries.list.remove(at).ok_or(NotKept::Gone)?;
        entries.values -= entry.values;
        Ok(entry.outputs)
    }

    /// Forgets values that were not fetched in time, until the stop.
    pub(super) async fn forget(self: Arc<Self>, stop: Stop) {
        let pause = (self.time / 8).clamp(Duration::from_millis(50), Duration::from_secs(10));
        while !stop.within(pause).await {
            self.forget_old();
        }
    }

    fn forget_old(&self) {
        self.lock().forget(|entry, _| entry.since.elapsed() >= self.time);
    }
}

/// A digest is compared instead of the secret, so that the time it takes says nothing about the secret.
fn digest(salt: Salt) -> [u8; 32] {
    Sha256::digest(salt.0).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn outputs(len: usize) -> Outputs {
        [("y".to_owned(), vec![7; len])].into()
    }

    #[test]
    fn values_are_handed_out_once_and_to_whom_has_the_salt() {
        let kept = HiddenOutputs::keeping(LONG);
        kept.keep("a".into(), Salt([1; 32]), outputs(2));
        kept.keep("b".into(), Salt([2; 32]), outputs(3));
        assert_eq!(kept.take("a", Salt([2; 32])), Err(NotKept::OtherSalt));
        assert_eq!(kept.take("c", Salt([1; 32])), Err(NotKept::Gone));
        assert_eq!(kept.take("a", Salt([1; 32])), Ok(outputs(2)));
        assert_eq!(kept.take("a", Salt([1; 32])), Err(NotKept::Gone));
        assert_eq!(kept.take("b", Salt([2; 32])), Ok(outputs(3)));
        assert_eq!(kept.lock().values, 0);
    }

    #[test]
    fn time_and_room_are_bounded() {
        let kept = HiddenOutputs::keeping(Duration::ZERO);
        kept.keep("a".into(), Salt([1; 32]), outputs(2));
        assert_eq!(kept.take("a", Salt([1; 32])), Err(NotKept::Gone));
        assert!(kept.lock().list.is_empty());
        assert_eq!(kept.lock().values, 0);

        let kept = HiddenOutputs::keeping(LONG);
        for id in ["a", "b", "c"] {
            kept.keep(id.into(), Salt([1; 32]), outputs(MOST_VALUES / 2));
        }
        assert_eq!(kept.take("a", Salt([1; 32])), Err(NotKept::Gone), "the oldest");
        assert!(kept.take("c", Salt([1; 32])).is_ok());
        // What is too much by itself is not kept at all.
        kept.keep("d".into(), Salt([1; 32]), outputs(MOST_VALUES + 1));
        assert_eq!(kept.lock().values, 0);
    }
}
