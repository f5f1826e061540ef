//! A subnet of Bittensor as a chain.
//!
//! Miners are the keys that say where they serve; validators are the keys with a permit, with their stake in RAO. The chain's
//! name has the hash of its first block and the number of the subnet, so a nonce is of one subnet.

use std::time::Duration;

use vouch_protocol::PublicKey;
use vouch_subtensor::{Metagraph, Neuron, Retry, Subtensor, SubtensorError};

use super::{Chain, ChainError, MinerEntry, Parties, Publication, ValidatorEntry};

/// How long a block takes.
const BLOCK: Duration = Duration::from_secs(12);
/// Longest pause: rules of a subnet change.
const LONGEST: Duration = Duration::from_secs(600);
/// Pause after an error that only a person can repair.
const HELPLESS: Duration = Duration::from_secs(60);

/// How long to wait after an error before the same is tried again.
pub(super) fn pause(error: &SubtensorError) -> Duration {
    match error.retry() {
        Retry::Again => Duration::ZERO,
        Retry::Blocks(blocks) => BLOCK.saturating_mul(u32::try_from(blocks).unwrap_or(u32::MAX)).min(LONGEST),
        Retry::Never => HELPLESS,
    }
}

/// Who takes part.
fn parties(chain: String, graph: &Metagraph) -> Parties {
    let miner = |neuron: &Neuron| {
        let axon = neuron.axon?;
        Some(MinerEntry { key: neuron.hotkey.0, url: format!("quic://{}", axon.address) })
    };
    let validators = graph.neurons.iter().filter(|neuron| neuron.permit);
    let validators = validators.map(|neuron| ValidatorEntry { key: neuron.hotkey.0, stake: neuron.stake });
    Parties { chain, miners: graph.neurons.iter().filter_map(miner).collect(), validators: validators.collect() }
}

impl Chain for Subtensor {
    fn parties(&self) -> Result<Parties, ChainError> {
        let graph = self.metagraph()?;
        Ok(parties(self.name()?, &graph))
    }

    fn publish(&self, _: &PublicKey, epoch: u64, publication: &Publication) -> Result<(), ChainError> {
        // The key that signs is the subnet's own.
        Ok(Self::publish(self, epoch, &publication.weights, &publication.head)?)
    }

    fn epoch(&self) -> Result<Option<u64>, ChainError> {
        Ok(Some(Self::epoch(self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_subtensor::{Address, Axon, Hyperparameters};

    #[test]
    fn keys_that_serve_are_miners_and_keys_with_a_permit_validators() {
        let neuron = |uid: u16, permit, axon: Option<&str>| Neuron {
            uid,
            hotkey: Address(PublicKey([uid as u8; 32])),
            coldkey: Address(PublicKey([9; 32])),
            permit,
            stake: 1_000 + u64::from(uid),
            axon: axon.map(|address| Axon { address: address.parse().unwrap(), version: 1 }),
            last_update: 0,
        };
        let hyperparameters = Hyperparameters {
            tempo: 360,
            weights_rate_limit: 100,
            min_allowed_weights: 1,
            max_weights_limit: u16::MAX,
            weights_version: 0,
            commit_reveal: false,
            commit_reveal_period: 1,
            burn: 0,
        };
        let neurons = vec![
            neuron(0, true, None),
            neuron(1, false, Some("1.2.3.4:80")),
            neuron(2, true, Some("[2001:db8::1]:81")),
        ];
        let (block, blocks_since_last_step, owner) = (1, 0, None);
        let graph = Metagraph { netuid: 2, block, blocks_since_last_step, owner, hyperparameters, neurons };
        let parties = parties("c".into(), &graph);
        let urls: Vec<_> = parties.miners.iter().map(|miner| miner.url.as_str()).collect();
        assert_eq!((parties.chain.as_str(), urls), ("c", vec!["quic://1.2.3.4:80", "quic://[2001:db8::1]:81"]));
        let stakes: Vec<_> = parties.validators.iter().map(|validator| (validator.key.0[0], validator.stake)).collect();
        assert_eq!(stakes, [(0, 1_000), (2, 1_002)]);
    }

    #[test]
    fn pauses_are_bounded() {
        let early = |blocks| pause(&SubtensorError::TooEarly { what: "weights", blocks });
        assert_eq!((early(5), early(u64::MAX)), (Duration::from_secs(60), LONGEST));
        assert_eq!(pause(&SubtensorError::NoKey), HELPLESS);
        assert_eq!(pause(&SubtensorError::Pending { call: "set_weights" }), Duration::ZERO);
    }
}
