//! Queries on their way: a limit on users' questions, one on benchmarks, and one query a miner.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use vouch_protocol::PublicKey;

use crate::chain::MinerEntry;

#[derive(Default)]
struct Inner {
    claimed: Mutex<HashSet<PublicKey>>,
    released: Notify,
}

/// A place that is taken. Questions and benchmarks have places of their own: benchmarks of slow miners cannot take those of
/// users.
pub(super) type Room = OwnedSemaphorePermit;

/// Why a miner cannot be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoClaim {
    /// All places of this kind are taken.
    Room,
    /// The miner has a query.
    Taken,
}

/// Which miners have a query.
pub(super) struct Flight {
    inner: Arc<Inner>,
    questions: Arc<Semaphore>,
    benchmarks: Arc<Semaphore>,
}

/// One place of its kind, given back when this is dropped.
pub(in crate::validator) struct QuerySlot {
    inner: Arc<Inner>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for QuerySlot {
    fn drop(&mut self) {
        // First the place, then the news of it.
        self.permit = None;
        self.inner.released.notify_waiters();
    }
}

/// A miner that is claimed for one query, and a place for it; both are given back when this is dropped.
pub(in crate::validator) struct Claim {
    miner: PublicKey,
    place: Option<QuerySlot>,
    inner: Arc<Inner>,
}

impl Claim {
    /// The miner has answered and is free for another query. The place is kept until the answer is judged and written down: what is waiting for
    /// that is limited like what is waiting for miners, however fast they answer.
    pub(in crate::validator) fn answered(mut self) -> Option<QuerySlot> {
        self.place.take()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.miner);
        self.inner.released.notify_waiters();
    }
}

impl Flight {
    pub(in crate::validator) fn new(questions: usize, benchmarks: usize) -> Self {
        let room = |places| Arc::new(Semaphore::new(places));
        Self { inner: Arc::default(), questions: room(questions), benchmarks: room(benchmarks) }
    }

    /// Leaves the miners that have no query.
    pub(super) fn retain_free(&self, miners: &mut Vec<MinerEntry>) {
        let claimed = self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner());
        miners.retain(|miner| !claimed.contains(&miner.key));
    }

    /// Claims a miner for a user's question, if it has no query and there is room.
    pub(super) fn claim(&self, miner: PublicKey) -> Result<Claim, NoClaim> {
        self.claim_in(miner, self.questions.clone().try_acquire_owned().map_err(|_| NoClaim::Room)?)
    }

    /// A place for a benchmark, once there is one: who waits longest is next.
    pub(super) async fn benchmark_room(&self) -> Option<Room> {
        // The semaphore is never closed.
        self.benchmarks.clone().acquire_owned().await.ok()
    }

    /// Claims a miner, if it has no query, with a place that is taken.
    pub(super) fn claim_in(&self, miner: PublicKey, room: Room) -> Result<Claim, NoClaim> {
        let fresh = self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner()).insert(miner);
        if !fresh {
            // A place that was only looked at is no news: whoever waits would look again, and wake the others.
            return Err(NoClaim::Taken);
        }
        let place = QuerySlot { inner: self.inner.clone(), permit: Some(room) };
        Ok(Claim { inner: self.inner.clone(), miner, place: Some(place) })
    }

    /// Ready when a claim is given back after this was called.
    pub(in crate::validator) fn released(&self) -> tokio::sync::futures::Notified<'_> {
        self.inner.released.notified()
    }

    /// Number of queries on their way.
    pub(in crate::validator) fn len(&self) -> usize {
        self.inner.claimed.lock().unwrap_or_else(|e| e.into_inner()).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_a_miner_and_a_limit_on_all() {
        let flight = Flight::new(2, 1);
        let key = |i| PublicKey([i; 32]);
        let first = flight.claim(key(1)).unwrap();
        assert!(flight.claim(key(1)).is_err());
        let second = flight.claim(key(2)).unwrap();
        assert!(flight.claim(key(3)).is_err(), "no room");
        drop(first);
        assert_eq!(flight.len(), 1);
        assert!(flight.claim(key(1)).is_ok());
        drop(second);
    }

    /// A benchmark's claim, if there is a place at once.
    fn benchmark(flight: &Flight, miner: PublicKey) -> Result<Claim, NoClaim> {
        let room = flight.benchmarks.clone().try_acquire_owned().map_err(|_| NoClaim::Room)?;
        flight.claim_in(miner, room)
    }

    #[test]
    fn questions_and_benchmarks_do_not_take_each_others_places() {
        let flight = Flight::new(1, 2);
        let key = |i| PublicKey([i; 32]);
        let benchmarks = [1, 2].map(|i| benchmark(&flight, key(i)).unwrap());
        assert!(benchmark(&flight, key(3)).is_err());
        let question = flight.claim(key(3)).unwrap();
        assert!(flight.claim(key(4)).is_err());
        drop(benchmarks);
        assert!(flight.claim(key(4)).is_err());
        assert!(benchmark(&flight, key(3)).is_err(), "one query a miner, of whatever kind");
        drop(question);
        assert!(benchmark(&flight, key(3)).is_ok());
    }

    #[test]
    fn an_answer_frees_the_miner_and_its_judgement_the_place() {
        let flight = Flight::new(2, 1);
        let key = PublicKey([1; 32]);
        let first = flight.claim(key).unwrap().answered();
        let second = flight.claim(key).unwrap().answered();
        assert_eq!(flight.len(), 0);
        assert!(flight.claim(key).is_err(), "two answers wait to be judged, more is not asked");
        drop(first);
        let third = flight.claim(key);
        assert!(third.is_ok());
        drop((second, third));
        assert!(flight.claim(key).is_ok());
    }

    /// Else those who wait, and look again when they are woken, would wake each other without end.
    #[tokio::test]
    async fn a_look_for_a_free_miner_wakes_nobody() {
        let flight = Flight::new(3, 1);
        let key = PublicKey([1; 32]);
        let claim = flight.claim(key).unwrap();
        let mut released = std::pin::pin!(flight.released());
        assert!(!released.as_mut().enable());
        assert!(flight.claim(key).is_err());
        let soon = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, released.as_mut()).await.is_err(), "woken by a look");
        drop(claim);
        tokio::time::timeout(soon, released).await.expect("woken by the answer");
    }
}
