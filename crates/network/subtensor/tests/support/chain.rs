//! The chain: keys, blocks, and what calls do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use vouch_protocol::PublicKey;

use super::extrinsic::{Checked, Decoded};
use super::node::Pool;

pub const NETUID: u16 = 2;
/// Numbers of errors in the committed runtime.
pub mod errors {
    pub const NOT_REGISTERED: (u8, u8) = (7, 4);
    pub const NO_PERMIT: (u8, u8) = (7, 15);
    pub const TOO_FAST: (u8, u8) = (7, 28);
    pub const VERSION_KEY: (u8, u8) = (7, 29);
    pub const COMMIT_REVEAL_ENABLED: (u8, u8) = (7, 52);
    pub const COMMIT_REVEAL_DISABLED: (u8, u8) = (7, 53);
    pub const COMMITTING_TOO_FAST: (u8, u8) = (7, 78);
    pub const COMMIT_REVEAL_VERSION: (u8, u8) = (7, 109);
}

/// A registered key.
#[derive(Debug, Clone)]
pub struct NeuronState {
    pub hotkey: PublicKey,
    pub coldkey: PublicKey,
    pub permit: bool,
    pub stake: u64,
    pub axon: Option<SocketAddr>,
    pub last_update: u64,
    /// The block in which it was registered.
    pub registered: u64,
}

/// A block.
#[derive(Debug, Clone)]
pub struct Block {
    pub hash: [u8; 32],
    pub extrinsics: Vec<Vec<u8>>,
    /// How each ended.
    pub outcomes: Vec<Result<(), (u8, u8)>>,
}

/// The subnet's rules.
#[derive(Debug, Clone)]
pub struct Rules {
    pub tempo: u16,
    pub rate_limit: u64,
    pub max_weights_limit: u16,
    pub min_allowed_weights: u16,
    pub version_key: u64,
    pub commit_reveal: bool,
    pub commit_reveal_version: u16,
    pub burn: u64,
}

#[derive(Debug, Clone)]
pub struct World {
    pub blocks: Vec<Block>,
    /// Blocks before this one have no state and no content any more.
    pub pruned: u64,
    pub rules: Rules,
    pub owner: PublicKey,
    pub neurons: Vec<NeuronState>,
    pub nonces: BTreeMap<PublicKey, u32>,
    /// Raw commitments, with their block.
    pub commitments: BTreeMap<PublicKey, (u64, Vec<u8>)>,
    /// Weights by UID of who set them, with the block.
    pub weights: BTreeMap<u16, (u64, Vec<(u16, u16)>)>,
    /// Timelocked weights: who, block, bytes, round.
    pub commits: Vec<(PublicKey, u64, Vec<u8>, u64)>,
    /// Calls that were executed well, by name.
    pub executed: Vec<&'static str>,
    /// Transactions are taken into the pool and into no block.
    pub stalled: bool,
}

/// A chain that nodes serve.
pub struct Chain {
    world: Mutex<World>,
    pools: Mutex<Vec<Pool>>,
}

fn hash(chain: u8, number: u64) -> [u8; 32] {
    let mut hash = [chain; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    hash
}

impl Chain {
    /// A chain with these keys. Chains of other numbers have other first blocks.
    pub fn new(number: u8, neurons: Vec<NeuronState>) -> Arc<Self> {
        let block = |at| Block { hash: hash(number, at), extrinsics: Vec::new(), outcomes: Vec::new() };
        let rules = Rules {
            tempo: 20,
            rate_limit: 10,
            max_weights_limit: u16::MAX,
            min_allowed_weights: 1,
            version_key: 3,
            commit_reveal: false,
            commit_reveal_version: 4,
            burn: 500_000,
        };
        let world = World {
            blocks: (0..100).map(block).collect(),
            pruned: 0,
            rules,
            owner: neurons[0].hotkey,
            neurons,
            nonces: BTreeMap::new(),
            commitments: BTreeMap::new(),
            weights: BTreeMap::new(),
            commits: Vec::new(),
            executed: Vec::new(),
            stalled: false,
        };
        Arc::new(Self { world: Mutex::new(world), pools: Mutex::default() })
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// A node's pool takes part in blocks.
    pub fn join(&self, pool: Pool) {
        self.pools.lock().unwrap().push(pool);
    }

    /// Makes blocks of what waits at the nodes.
    pub fn advance(&self, count: u64) {
        for _ in 0..count {
            let pools = self.pools.lock().unwrap().clone();
            let mut world = self.world();
            let number = world.blocks.len() as u64;
            let chain = world.blocks[0].hash[31];
            world.blocks.push(Block { hash: hash(chain, number), extrinsics: Vec::new(), outcomes: Vec::new() });
            if world.stalled {
                continue;
            }
            for pool in pools {
                for waiting in pool.lock().unwrap().drain(..) {
                    world.execute(number, waiting);
                }
            }
        }
    }
}

impl World {
    /// Number of the newest block.
    pub fn newest(&self) -> u64 {
        self.blocks.len() as u64 - 1
    }

    pub fn uid(&self, key: &PublicKey) -> Option<u16> {
        self.neurons.iter().position(|neuron| neuron.hotkey == *key).map(|uid| uid as u16)
    }

    pub fn nonce(&self, key: &PublicKey) -> u32 {
        self.nonces.get(key).copied().unwrap_or(0)
    }

    fn execute(&mut self, number: u64, waiting: Checked) {
        // A transaction that another block took, or whose time is over.
        if waiting.nonce != self.nonce(&waiting.signer) || waiting.last < number {
            return;
        }
        self.nonces.insert(waiting.signer, waiting.nonce + 1);
        let name = waiting.call.name();
        let outcome = self.apply(number, &waiting.signer, waiting.call);
        if outcome.is_ok() {
            self.executed.push(name);
        }
        let block = self.blocks.last_mut().unwrap();
        block.extrinsics.push(waiting.bytes);
        block.outcomes.push(outcome);
    }

    fn apply(&mut self, number: u64, signer: &PublicKey, call: Decoded) -> Result<(), (u8, u8)> {
        if let Decoded::BurnedRegister { hotkey, .. } = call {
            let neuron = NeuronState {
                hotkey,
                coldkey: *signer,
                permit: false,
                stake: 0,
                axon: None,
                last_update: number,
                registered: number,
            };
            self.neurons.push(neuron);
            return Ok(());
        }
        let uid = self.uid(signer).ok_or(errors::NOT_REGISTERED)?;
        let neuron = &self.neurons[usize::from(uid)];
        let early = neuron.last_update > 0 && number - neuron.last_update < self.rules.rate_limit;
        match call {
            Decoded::SetWeights { uids, weights, version_key, .. } => {
                let refused = [
                    (self.rules.commit_reveal, errors::COMMIT_REVEAL_ENABLED),
                    (!neuron.permit, errors::NO_PERMIT),
                    (version_key < self.rules.version_key, errors::VERSION_KEY),
                    (early, errors::TOO_FAST),
                ];
                if let Some((_, error)) = refused.into_iter().find(|(refused, _)| *refused) {
                    return Err(error);
                }
                self.weights.insert(uid, (number, uids.into_iter().zip(weights).collect()));
                self.neurons[usize::from(uid)].last_update = number;
            }
            Decoded::Commit { commit, reveal_round, version, .. } => {
                let refused = [
                    (!self.rules.commit_reveal, errors::COMMIT_REVEAL_DISABLED),
                    (version != self.rules.commit_reveal_version, errors::COMMIT_REVEAL_VERSION),
                    (early, errors::COMMITTING_TOO_FAST),
                ];
                if let Some((_, error)) = refused.into_iter().find(|(refused, _)| *refused) {
                    return Err(error);
                }
                self.commits.push((*signer, number, commit, reveal_round));
                self.neurons[usize::from(uid)].last_update = number;
            }
            Decoded::ServeAxon { address, .. } => self.neurons[usize::from(uid)].axon = Some(address),
            Decoded::SetCommitment { data, .. } => drop(self.commitments.insert(*signer, (number, data))),
            Decoded::BurnedRegister { .. } => {}
        }
        Ok(())
    }
}
