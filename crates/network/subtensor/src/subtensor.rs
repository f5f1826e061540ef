//! A subnet of Bittensor.

mod state;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vouch_protocol::{PartyKey, PublicKey, Share, SignedHead, WeightEntry};

use crate::outbox::Purpose;
use crate::rpc::Nodes;
use crate::{Call, Endpoint, HeadCommitment, Metagraph, Retry, SubtensorError, WeightsPayload, choose, seal};

pub(crate) use state::State;

/// The version of commit-reveal that this crate makes.
const COMMIT_REVEAL_VERSION: u16 = 4;
/// Version of an axon, in the chain's words: of Vouch's program.
const AXON_VERSION: u32 = 1;

/// How a subnet is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Nodes, the preferred one first.
    pub endpoints: Vec<Endpoint>,
    /// The subnet.
    pub netuid: u16,
    /// The hotkey that signs; without it the chain is only read.
    pub key: Option<PartyKey>,
    /// The part of the weights that goes to the subnet's owner, whose emission the chain burns.
    pub burn: Share,
    /// Time for one connection, and for one answer.
    pub timeout: Duration,
    /// How long a metagraph is believed: a block takes 12 seconds.
    pub keep: Duration,
    /// How long it is believed while no node answers.
    pub stale: Duration,
}

impl Options {
    /// With the usual times, and without a key.
    pub fn new(endpoints: Vec<Endpoint>, netuid: u16) -> Self {
        let (timeout, keep, stale) = (Duration::from_secs(10), Duration::from_secs(12), Duration::from_secs(600));
        Self { endpoints, netuid, key: None, burn: Share::ZERO, timeout, keep, stale }
    }
}

/// A subnet. All calls block, within their time limits.
pub struct Subtensor {
    options: Options,
    state: Mutex<State>,
    graph: Mutex<Option<Known>>,
}

/// A metagraph, when it was read, and when the chain was asked last.
struct Known {
    tried: Instant,
    read: Instant,
    graph: Arc<Metagraph>,
}

impl Subtensor {
    /// The subnet; nothing is asked yet.
    pub fn new(options: Options) -> Self {
        let nodes = Nodes::new(options.endpoints.clone(), options.timeout);
        Self { state: Mutex::new(State::new(nodes, options.netuid)), graph: Mutex::default(), options }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self) -> Result<&PartyKey, SubtensorError> {
        self.options.key.as_ref().ok_or(SubtensorError::NoKey)
    }

    /// The chain's name in nonces and heads: `bittensor/` and 16 digits of its first block's hash, `/` and the subnet.
    ///
    /// # Errors
    /// [`SubtensorError`]; so have all that follow.
    pub fn name(&self) -> Result<String, SubtensorError> {
        self.state().name()
    }

    /// Who is registered, at most one block ago; longer ago while no node answers. Only one caller asks the chain at a time.
    pub fn metagraph(&self) -> Result<Arc<Metagraph>, SubtensorError> {
        let mut known = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.tried.elapsed() < self.options.keep) {
            return Ok(known.graph.clone());
        }
        let answer = self.state().metagraph();
        let now = Instant::now();
        match (answer, known.as_mut()) {
            (Ok(graph), _) => {
                let graph = Arc::new(graph);
                *known = Some(Known { tried: now, read: now, graph: graph.clone() });
                Ok(graph)
            }
            (Err(error @ SubtensorError::Endpoint { .. }), Some(known))
                if known.read.elapsed() < self.options.stale =>
            {
                tracing::warn!(%error, block = known.graph.block, "an older metagraph is used");
                known.tried = now;
                Ok(known.graph.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Number of the subnet's epoch in the newest block.
    pub fn epoch(&self) -> Result<u64, SubtensorError> {
        let mut state = self.state();
        let (block, hash) = state.head()?;
        Ok(state.schedule(&hash)?.epoch(block))
    }

    /// The head that a validator has published last.
    pub fn head(&self, validator: &PublicKey) -> Result<Option<HeadCommitment>, SubtensorError> {
        self.state().commitment(validator)
    }

    /// The weights that a validator has on the chain, as UIDs and weights. Committed weights are there once they are opened.
    pub fn weights(&self, uid: u16) -> Result<Vec<(u16, u16)>, SubtensorError> {
        self.state().weights(uid)
    }

    /// The block in which the key of a UID was registered.
    pub(crate) fn registered(&self, uid: u16) -> Result<u64, SubtensorError> {
        self.state().registered(uid)
    }

    /// A step of publishing an epoch: its weights, then the head of the log. To be repeated while the error says so.
    ///
    /// An epoch that is not newer than the chain's head has nothing left to publish. Weights that the chain cannot take, since
    /// all are zero or too few, are left out.
    pub fn publish(&self, epoch: u64, weights: &[WeightEntry], head: &SignedHead) -> Result<(), SubtensorError> {
        let key = self.key()?;
        let mut state = self.state();
        if state.commitment(&key.public())?.is_some_and(|known| known.head.head.epoch >= epoch) {
            return Ok(());
        }
        if state.weights_of.is_none_or(|done| done < epoch) {
            self.set_weights(&mut state, key, epoch, weights)?;
            state.weights_of = Some(epoch);
        }
        let data = crate::commitment::encode(head);
        let netuid = self.options.netuid;
        state.step(key, Purpose::Head(epoch), |_| Ok(Call::SetCommitment { netuid, data }))
    }

    fn set_weights(
        &self,
        state: &mut State,
        key: &PartyKey,
        epoch: u64,
        entries: &[WeightEntry],
    ) -> Result<(), SubtensorError> {
        let graph = state.metagraph()?;
        let (netuid, rules) = (self.options.netuid, &graph.hyperparameters);
        let own = graph
            .of(&key.public())
            .ok_or(SubtensorError::NotRegistered { hotkey: crate::Address(key.public()), netuid })?;
        let purpose = Purpose::Weights(epoch);
        match state.sent.as_ref().filter(|sent| sent.purpose == purpose) {
            // The block with it may be gone; what it did is not.
            Some(sent) if own.last_update > sent.from => {
                state.sent = None;
                return Ok(());
            }
            Some(_) => {}
            None => {
                if !own.permit {
                    return Err(SubtensorError::NoPermit { hotkey: own.hotkey, netuid });
                }
                let since = (graph.block + 1).saturating_sub(own.last_update);
                if own.last_update > 0 && since < rules.weights_rate_limit {
                    let blocks = rules.weights_rate_limit - since;
                    return Err(SubtensorError::TooEarly { what: "weights", blocks });
                }
            }
        }
        let chosen = match choose(&graph, entries, self.options.burn) {
            Ok(chosen) => chosen,
            Err(error) => {
                tracing::warn!(epoch, %error, "the head is published without weights");
                return Ok(());
            }
        };
        let version_key = rules.weights_version;
        let (commit_reveal, period) = (rules.commit_reveal, rules.commit_reveal_period);
        state.step(key, purpose, |state| {
            let (uids, weights) = (chosen.uids, chosen.weights);
            if !commit_reveal {
                return Ok(Call::SetWeights { netuid, uids, weights, version_key });
            }
            let version = state.commit_reveal_version()?;
            if version != COMMIT_REVEAL_VERSION {
                return Err(SubtensorError::CommitReveal { expected: COMMIT_REVEAL_VERSION, got: version });
            }
            let reveal_round = state.reveal_round(period)?;
            let payload = WeightsPayload { hotkey: key.public().0.to_vec(), uids, weights, version_key };
            let commit = seal(&parity_scale_codec::Encode::encode(&payload), reveal_round)?;
            Ok(Call::CommitTimelockedWeights { netuid, commit, reveal_round, version })
        })
    }

    /// Says on the chain where this key serves, unless it does already. Waits for the block.
    pub fn serve_axon(&self, address: SocketAddr, patience: Duration) -> Result<(), SubtensorError> {
        let key = self.key()?;
        let graph = self.state().metagraph()?;
        let netuid = self.options.netuid;
        let missing = || SubtensorError::NotRegistered { hotkey: crate::Address(key.public()), netuid };
        let own = graph.of(&key.public()).ok_or_else(missing)?;
        if own.axon.is_some_and(|axon| axon.address == address && axon.version == AXON_VERSION) {
            return Ok(());
        }
        let call = Call::ServeAxon { netuid, version: AXON_VERSION, ip: address.ip(), port: address.port() };
        self.wait(key, call, patience)
    }

    /// Registers a hotkey, unless it is registered; `payer` pays at most `most` RAO and owns the key then. Returns the UID.
    pub fn register(
        &self,
        payer: &PartyKey,
        hotkey: PublicKey,
        most: u64,
        patience: Duration,
    ) -> Result<u16, SubtensorError> {
        let netuid = self.options.netuid;
        let graph = self.state().metagraph()?;
        if let Some(neuron) = graph.of(&hotkey) {
            return Ok(neuron.uid);
        }
        let price = graph.hyperparameters.burn;
        if price > most {
            return Err(SubtensorError::Price { price, most });
        }
        self.wait(payer, Call::BurnedRegister { netuid, hotkey }, patience)?;
        let graph = self.state().metagraph()?;
        let missing = SubtensorError::NotRegistered { hotkey: crate::Address(hotkey), netuid };
        graph.of(&hotkey).map(|neuron| neuron.uid).ok_or(missing)
    }

    /// Repeats steps until the call is in a block, or patience ends.
    fn wait(&self, key: &PartyKey, call: Call, patience: Duration) -> Result<(), SubtensorError> {
        let until = Instant::now() + patience;
        loop {
            let done = self.state().step(key, Purpose::Other(call.clone()), |_| Ok(call.clone()));
            match done {
                Err(error) if error.retry() == Retry::Again && Instant::now() < until => {
                    std::thread::sleep(self.options.keep.min(Duration::from_secs(3)));
                }
                done => return done,
            }
        }
    }
}
