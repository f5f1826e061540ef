//! Queries on their way: a limit on all, and one a miner.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use vouch_protocol::PublicKey;

#[derive(Default)]
struct Inner {
    claimed: Mutex<HashSet<PublicKey>>,
    released: Notify,
}

/// Which miners have a query.
pub(super) struct Flight {
    inner: Arc<Inner>,
    room: Arc<Semaphore>,
}

/// A miner that is claimed for one query, and one place of all; both are given back when this is dropped.
pub(super) struct Claim {
    inner: Arc<Inner>,
    miner: PublicKey,
    _place: OwnedSemaphorePermit,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.miner);
        self.inner.released.notify_waiters();
    }
}

impl Flight {
    pub(super) fn new(limit: usize) -> Self {
        Self { inner: Arc::default(), room: Arc::new(Semaphore::new(limit)) }
    }

    /// Claims a miner, if it has no query and there is room.
    pub(super) fn claim(&self, miner: PublicKey) -> Option<Claim> {
        let place = self.room.clone().try_acquire_owned().ok()?;
        let fresh = self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner()).insert(miner);
        fresh.then(|| Claim { inner: self.inner.clone(), miner, _place: place })
    }

    /// Ready when a claim is given back after this was called.
    pub(super) fn released(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.released.notified()
    }

    /// Number of queries on their way.
    pub(super) fn len(&self) -> usize {
        self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner()).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_a_miner_and_a_limit_on_all() {
        let flight = Flight::new(2);
        let key = |i| PublicKey([i; 32]);
        let first = flight.claim(key(1)).unwrap();
        assert!(flight.claim(key(1)).is_none());
        let second = flight.claim(key(2)).unwrap();
        assert!(flight.claim(key(3)).is_none(), "no room");
        drop(first);
        assert_eq!(flight.len(), 1);
        assert!(flight.claim(key(1)).is_some());
        drop(second);
    }
}
