//! What a validator has on the chain, to be compared with its log.
//!
//! The log has weights of keys in full, the chain weights of UIDs, rounded to 16 bits and after the subnet's rules. With e the
//! log's weights and f the chain's, and one key as the measure, each f must be within a unit of `e · f(measure) / e(measure)`.
//! Left out are
//!
//! * the owner's UID: a validator may give it a share, whose emission the chain burns;
//! * UIDs whose key was registered after the weights were set: they were another key's;
//! * where the subnet limits the largest weight, the keys that have it: theirs may be more in the log. With so few keys that
//!   the limit cannot hold, all are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vouch_protocol::{PublicKey, WeightEntry};

use crate::{HeadCommitment, Metagraph, Subtensor, SubtensorError};

/// What a validator has on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The head of its log that it published last.
    pub head: Option<HeadCommitment>,
    /// Its weights, by UID; none before committed ones are opened.
    weights: BTreeMap<u16, u16>,
    /// Who is registered.
    graph: Arc<Metagraph>,
    /// UIDs whose key came after the weights.
    newer: BTreeSet<u16>,
}

impl Subtensor {
    /// What a validator has published.
    ///
    /// # Errors
    /// [`SubtensorError`].
    pub fn published(&self, validator: &PublicKey) -> Result<Published, SubtensorError> {
        let (head, graph) = (self.head(validator)?, self.metagraph()?);
        let Some(own) = graph.of(validator) else {
            // Pushed out: the UID's weights are another's, or nobody's.
            return Ok(Published { head, weights: BTreeMap::new(), graph, newer: BTreeSet::new() });
        };
        let weights: BTreeMap<u16, u16> = self.weights(own.uid)?.into_iter().collect();
        let mut newer = BTreeSet::new();
        // Without weights there is nothing to compare.
        for neuron in graph.neurons.iter().filter(|_| !weights.is_empty()) {
            if self.registered(neuron.uid)? > own.last_update {
                newer.insert(neuron.uid);
            }
        }
        Ok(Published { head, weights, graph, newer })
    }
}

impl Published {
    /// Whether there are weights.
    pub fn has_weights(&self) -> bool {
        !self.weights.is_empty()
    }

    /// Whether the weights can be those of an epoch.
    pub fn fits(&self, entries: &[WeightEntry]) -> bool {
        let owner = self.graph.owner.and_then(|owner| self.graph.of(&owner.0)).map(|neuron| neuron.uid);
        let counts = |uid: u16| Some(uid) != owner && !self.newer.contains(&uid);
        // Both weights of each UID.
        let mut pairs: BTreeMap<u16, (u128, u128)> = BTreeMap::new();
        for entry in entries {
            if let Some(neuron) = self.graph.of(&entry.miner).filter(|neuron| counts(neuron.uid)) {
                pairs.entry(neuron.uid).or_default().0 += u128::from(entry.weight.bits());
            }
        }
        for (&uid, &weight) in self.weights.iter().filter(|(uid, _)| counts(**uid)) {
            pairs.entry(uid).or_default().1 += u128::from(weight);
        }
        let pairs: Vec<_> = pairs.into_values().collect();
        let largest = pairs.iter().map(|(_, f)| *f).max().unwrap_or(0);
        let limit = self.graph.hyperparameters.max_weights_limit;
        let limited = limit < u16::MAX;
        // So few keys that the limit leaves them no other way.
        if limited && self.weights.len() * usize::from(limit) <= usize::from(u16::MAX) {
            return pairs.iter().all(|(e, f)| (*e > 0) == (*f == largest && largest > 0));
        }
        let below = pairs.iter().filter(|(_, f)| limited && f + 1 < largest).max_by_key(|(_, f)| *f);
        let Some(&(e0, f0)) = below.or_else(|| pairs.iter().max_by_key(|(e, _)| *e)) else { return true };
        if e0 == 0 {
            return largest == 0;
        }
        pairs.iter().all(|&(e, f)| {
            // Shares have 33 bits, weights 16.
            let (found, expected) = (f * e0, e * f0);
            found.abs_diff(expected) <= e + e0 || (limited && f + 1 >= largest && found < expected)
        })
    }
}

#[cfg(test)]
mod tests;
