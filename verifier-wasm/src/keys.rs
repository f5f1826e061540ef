//! The keys that have been loaded, by handle.

use std::sync::{Mutex, PoisonError};

use vouch_verifier::VerifierKey;

use crate::FaceError;

static KEYS: Mutex<Vec<Option<VerifierKey>>> = Mutex::new(Vec::new());

fn with<T>(use_keys: impl FnOnce(&mut Vec<Option<VerifierKey>>) -> T) -> T {
    use_keys(&mut KEYS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Keeps a key. Handles start from 1; that of a dropped key is given again.
pub(crate) fn insert(key: VerifierKey) -> u32 {
    with(|keys| {
        let free = keys.iter().position(Option::is_none).unwrap_or(keys.len());
        if free == keys.len() {
            keys.push(None);
        }
        keys[free] = Some(key);
        u32::try_from(free + 1).unwrap_or(0)
    })
}

/// Uses a key.
pub(crate) fn get<T>(handle: u32, use_key: impl FnOnce(&VerifierKey) -> T) -> Result<T, FaceError> {
    with(|keys| {
        let index = (handle as usize).checked_sub(1);
        let key = index.and_then(|index| keys.get(index)).and_then(Option::as_ref);
        key.map(use_key).ok_or(FaceError::Handle { got: handle })
    })
}

/// Drops a key, if there is one.
pub(crate) fn remove(handle: u32) -> bool {
    with(|keys| {
        let index = (handle as usize).checked_sub(1);
        index.and_then(|index| keys.get_mut(index)).and_then(Option::take).is_some()
    })
}
