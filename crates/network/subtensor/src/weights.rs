//! From the weights of keys to those of the chain.
//!
//! ```text
//! chain's weight of a UID = round(65535 · weight / largest weight), after what is below
//! ```
//!
//! Keys that are no longer registered get nothing, also if another key has their UID. The owner's burn share is a weight for
//! the owner's key, whose emission the chain burns. No weight is larger than the subnet's limit; what is above it goes to the
//! others in proportion.

use std::collections::BTreeMap;

use thiserror::Error;
use vouch_protocol::{PublicKey, Share, WeightEntry};

use crate::Metagraph;

/// The chain's 1.
const ONE: u128 = 65_535;

/// UIDs with their weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// UIDs, ascending.
    pub uids: Vec<u16>,
    /// Their weights.
    pub weights: Vec<u16>,
}

/// Why weights cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WeightsError {
    /// All are zero.
    #[error("none of {given} weights is of a key that is registered now and above zero")]
    None {
        /// How many weights there are.
        given: usize,
    },
    /// The subnet wants more.
    #[error("the subnet wants {expected} weights at least, got {got}")]
    Few {
        /// The subnet's number.
        expected: u16,
        /// What there is.
        got: usize,
    },
}

/// The weights that go on the chain. `burn` is the owner's share, or nothing.
///
/// # Errors
/// [`WeightsError`].
pub fn choose(graph: &Metagraph, entries: &[WeightEntry], burn: Share) -> Result<Chosen, WeightsError> {
    let mut shares: BTreeMap<u16, u64> = BTreeMap::new();
    let uid = |key: &PublicKey| graph.of(key).map(|neuron| neuron.uid);
    for entry in entries {
        if let Some(uid) = uid(&entry.miner) {
            let all = shares.entry(uid).or_default();
            *all = all.saturating_add(entry.weight.bits());
        }
    }
    shares.retain(|_, share| *share > 0);
    let total: u64 = shares.values().fold(0, |sum, share| sum.saturating_add(*share));
    if let Some(owner) = graph.owner.and_then(|owner| uid(&owner.0)).filter(|_| burn > Share::ZERO) {
        burned(&mut shares, owner, total, burn);
    }
    if shares.is_empty() {
        return Err(WeightsError::None { given: entries.len() });
    }
    let limit = graph.hyperparameters.max_weights_limit;
    let values = limited(&shares.values().copied().collect::<Vec<_>>(), limit);
    let largest = values.iter().copied().max().unwrap_or(1).max(1);
    // Under a limit all others are rounded up: the largest one's part of the sum must not grow.
    let half = if u128::from(limit) < ONE { largest - 1 } else { largest / 2 };
    let weight = |value: u128| ((value * ONE + half) / largest) as u16;
    let all = shares.keys().zip(values).map(|(uid, value)| (*uid, weight(value))).filter(|(_, weight)| *weight > 0);
    let (uids, weights): (Vec<_>, Vec<_>) = all.unzip();
    let expected = graph.hyperparameters.min_allowed_weights;
    if uids.len() < usize::from(expected) {
        return Err(WeightsError::Few { expected, got: uids.len() });
    }
    Ok(Chosen { uids, weights })
}

/// Gives the owner's key `burn` of all: the others keep `1 - burn`. With no other weights, all.
fn burned(shares: &mut BTreeMap<u16, u64>, owner: u16, total: u64, burn: Share) {
    let (part, rest) = (u128::from(burn.bits()), u128::from(burn.complement().bits()));
    if total == 0 || rest == 0 {
        shares.clear();
        shares.insert(owner, Share::ONE.bits());
        return;
    }
    for share in shares.values_mut() {
        *share = ((u128::from(*share) * rest) >> 32) as u64;
    }
    let own = ((u128::from(total) * part) >> 32) as u64;
    let all = shares.entry(owner).or_default();
    *all = all.saturating_add(own);
    shares.retain(|_, share| *share > 0);
}

/// Values of which none is more than `limit / 65535` of their sum. Where no values could be, all are equal, as Bittensor's own
/// client does.
///
/// With the n largest cut to one value c, each is the limit's part of the sum, `limit · (n · c + rest) / 65535`, so
/// `c = limit · rest / (65535 - n · limit)`. The first n whose c is not below the next value is the one.
fn limited(values: &[u64], limit: u16) -> Vec<u128> {
    // 20 more bits, so that shares of a share do not vanish.
    let values: Vec<u128> = values.iter().map(|value| u128::from(*value) << 20).collect();
    let (count, limit) = (values.len() as u128, u128::from(limit));
    if limit >= ONE || count == 1 {
        return values;
    }
    if count * limit <= ONE {
        return vec![1; values.len()];
    }
    let mut largest = values.clone();
    largest.sort_unstable_by(|a, b| b.cmp(a));
    let (mut rest, mut cut) = (values.iter().sum::<u128>(), u128::MAX);
    for (n, value) in largest.into_iter().enumerate() {
        // The others are not more than the rest, so c is found while n times the limit is below 1.
        let Some(above) = ONE.checked_sub(n as u128 * limit).filter(|above| *above > 0) else { break };
        cut = limit * rest / above;
        if value <= cut {
            break;
        }
        rest -= value;
    }
    values.into_iter().map(|value| value.min(cut)).collect()
}

#[cfg(test)]
mod tests;
