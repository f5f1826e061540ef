//! The queue's places by stake: a validator with little stake cannot fill the queue for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vouch_protocol::PublicKey;

use crate::chain::Parties;

/// Requests of each caller that wait or are proved.
#[derive(Default)]
pub(super) struct Shares(Arc<Mutex<HashMap<PublicKey, usize>>>);

/// One place of a caller, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    held: Arc<Mutex<HashMap<PublicKey, usize>>>,
    caller: PublicKey,
}

type Held<'a> = MutexGuard<'a, HashMap<PublicKey, usize>>;

fn lock(held: &Mutex<HashMap<PublicKey, usize>>) -> Held<'_> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(own) = held.get_mut(&self.caller) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                held.remove(&self.caller);
            }
        }
    }
}

/// Places of a validator that nobody else can take: its share of the stake, rounded down.
fn reserved(parties: &Parties, caller: &PublicKey, places: usize) -> usize {
    let total: u128 = parties.validators.iter().map(|validator| u128::from(validator.stake)).sum();
    let own = u128::from(parties.stake(caller).unwrap_or(0));
    let share = (places as u128).saturating_mul(own).checked_div(total).unwrap_or(0);
    usize::try_from(share).unwrap_or(places)
}

impl Shares {
    /// A place for the caller, if it has one of its own left, or one of those that rounding leaves for all is free.
    pub(super) fn take(&self, parties: &Parties, caller: PublicKey, places: usize) -> Option<Share> {
        let mut held = lock(&self.0);
        let own = held.get(&caller).copied().unwrap_or(0);
        if own >= reserved(parties, &caller, places) {
            let all: usize = parties.validators.iter().map(|v| reserved(parties, &v.key, places)).sum();
            let extra: usize = held.iter().map(|(key, held)| held.saturating_sub(reserved(parties, key, places))).sum();
            if extra >= places.saturating_sub(all) {
                return None;
            }
        }
        held.insert(caller, own.saturating_add(1));
        Some(Share { held: self.0.clone(), caller })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::ValidatorEntry;

    fn parties(stakes: &[u64]) -> Parties {
        let entry = |(i, &stake): (u8, &u64)| ValidatorEntry { key: PublicKey([i; 32]), stake };
        Parties { validators: (0..).zip(stakes).map(entry).collect(), ..Parties::default() }
    }

    fn key(i: u8) -> PublicKey {
        PublicKey([i; 32])
    }

    #[test]
    fn a_small_validator_cannot_fill_the_queue() {
        let (shares, parties) = (Shares::default(), parties(&[1000, 1]));
        let first = shares.take(&parties, key(1), 8).unwrap();
        assert!(shares.take(&parties, key(1), 8).is_none(), "one of eight, which rounding leaves");
        let large: Vec<_> = std::iter::from_fn(|| shares.take(&parties, key(0), 8)).collect();
        assert_eq!(large.len(), 7);
        drop(first);
        assert!(shares.take(&parties, key(0), 8).is_some());
        drop(large);
        assert!(lock(&shares.0).is_empty(), "nothing is kept of callers that have gone");
    }

    #[test]
    fn each_has_its_share() {
        let (shares, parties) = (Shares::default(), parties(&[50, 30, 20]));
        let count = |caller| {
            let mut own = Vec::new();
            while let Some(share) = shares.take(&parties, key(caller), 10) {
                own.push(share);
            }
            let count = own.len();
            std::mem::forget(own);
            count
        };
        assert_eq!([count(2), count(1), count(0)], [2, 3, 5]);
    }

    /// Where nobody has a whole place, all share what there is; without any stake, too.
    #[test]
    fn places_that_rounding_leaves_are_for_all() {
        for stakes in [[1; 5], [0; 5]] {
            let (shares, parties) = (Shares::default(), parties(&stakes));
            let taken: Vec<_> = std::iter::from_fn(|| shares.take(&parties, key(1), 4)).collect();
            assert_eq!(taken.len(), 4);
            assert!(shares.take(&parties, key(2), 4).is_none());
        }
    }
}
