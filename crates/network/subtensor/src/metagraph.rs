//! Who is registered on a subnet, and the subnet's rules.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Serialize;
use vouch_protocol::PublicKey;

use crate::{Address, SubtensorError, Value, ValueError};

/// Numbers of the fields that are asked for, in `SelectiveMetagraphIndex` of the runtime: block, tempo, blocks since the last
/// step, minimum and maximum weights, version of weights, rate limit of weights, price of a registration, commit-reveal and
/// its period, hotkeys, coldkeys, axons, permits, last updates, stakes, and the owner's hotkey.
pub(crate) const FIELDS: &[u16] = &[5, 7, 8, 10, 24, 25, 26, 27, 32, 46, 47, 52, 53, 55, 57, 59, 69];
/// A subnet has 256 keys; a runtime that says more than this many lies.
const MAX_NEURONS: usize = 8192;

/// Where a key says that it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Axon {
    /// Address and port.
    pub address: SocketAddr,
    /// Version of its program.
    pub version: u32,
}

/// A registered key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Neuron {
    /// Its place on the subnet. Another key has it after this one was pushed out.
    pub uid: u16,
    /// The key that serves, asks and signs.
    pub hotkey: Address,
    /// The key that owns it.
    pub coldkey: Address,
    /// Whether it may set weights.
    pub permit: bool,
    /// Its stake on the subnet, in RAO.
    pub stake: u64,
    /// Where it serves.
    pub axon: Option<Axon>,
    /// The block in which it set or committed weights last.
    pub last_update: u64,
}

/// The rules of a subnet that concern weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hyperparameters {
    /// Blocks of an epoch, less one in runtimes of before 2026.
    pub tempo: u16,
    /// Blocks between two settings of weights.
    pub weights_rate_limit: u64,
    /// Fewest weights.
    pub min_allowed_weights: u16,
    /// Largest share of one weight, of 65,535.
    pub max_weights_limit: u16,
    /// Version of weights that the chain takes.
    pub weights_version: u64,
    /// Whether weights are committed first.
    pub commit_reveal: bool,
    /// After how many epochs they are opened.
    pub commit_reveal_period: u64,
    /// Price of a registration, in RAO.
    pub burn: u64,
}

/// A subnet at one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metagraph {
    /// The subnet.
    pub netuid: u16,
    /// The block.
    pub block: u64,
    /// Blocks since the last epoch's step.
    pub blocks_since_last_step: u64,
    /// The owner's hotkey.
    pub owner: Option<Address>,
    /// Its rules.
    pub hyperparameters: Hyperparameters,
    /// Its keys, by UID.
    pub neurons: Vec<Neuron>,
}

fn axon(value: &Value) -> Result<Option<Axon>, ValueError> {
    let ip: u128 = value.field("ip")?.number("ip")?;
    let port: u16 = value.field("port")?.number("port")?;
    let ip = match value.field("ip_type")?.number::<u8>("ip_type")? {
        4 => u32::try_from(ip).ok().map(|ip| IpAddr::V4(Ipv4Addr::from(ip))),
        6 => Some(IpAddr::V6(Ipv6Addr::from(ip))),
        _ => None,
    };
    let version = value.field("version")?.number("version")?;
    // Keys that do not serve have zeroes.
    let served = ip.filter(|ip| !ip.is_unspecified() && port != 0);
    Ok(served.map(|ip| Axon { address: SocketAddr::new(ip, port), version }))
}

fn hyperparameters(graph: &Value) -> Result<Hyperparameters, ValueError> {
    Ok(Hyperparameters {
        tempo: graph.filled("tempo")?.number("tempo")?,
        weights_rate_limit: graph.filled("weights_rate_limit")?.number("weights_rate_limit")?,
        min_allowed_weights: graph.filled("min_allowed_weights")?.number("min_allowed_weights")?,
        max_weights_limit: graph.filled("max_weights_limit")?.number("max_weights_limit")?,
        weights_version: graph.filled("weights_version")?.number("weights_version")?,
        commit_reveal: graph.filled("commit_reveal_weights_enabled")?.truth("commit_reveal_weights_enabled")?,
        commit_reveal_period: graph.filled("commit_reveal_period")?.number("commit_reveal_period")?,
        burn: graph.filled("burn")?.number("burn")?,
    })
}

impl Metagraph {
    /// Reads what the runtime's interface answers; `None` if there is no such subnet.
    pub(crate) fn read(netuid: u16, value: &Value) -> Result<Option<Self>, SubtensorError> {
        let wrong = |source| SubtensorError::Value { what: "the metagraph", source };
        let Some(graph) = value.some() else { return Ok(None) };
        let list = |name: &'static str| graph.filled(name).and_then(|v| v.list(name)).map_err(wrong);
        let (hotkeys, coldkeys, axons) = (list("hotkeys")?, list("coldkeys")?, list("axons")?);
        let (permits, updates, stakes) = (list("validator_permit")?, list("last_update")?, list("total_stake")?);
        let counts = [hotkeys.len(), coldkeys.len(), axons.len(), permits.len(), updates.len(), stakes.len()];
        if counts.iter().any(|count| *count != hotkeys.len()) || hotkeys.len() > MAX_NEURONS {
            return Err(SubtensorError::answer("the metagraph", format!("lists of different lengths: {counts:?}")));
        }
        let neuron = |at: usize| {
            Ok(Neuron {
                // Less than MAX_NEURONS.
                uid: at as u16,
                hotkey: Address(PublicKey(hotkeys[at].bytes32("hotkeys")?)),
                coldkey: Address(PublicKey(coldkeys[at].bytes32("coldkeys")?)),
                permit: permits[at].truth("validator_permit")?,
                stake: stakes[at].number("total_stake")?,
                axon: axon(&axons[at])?,
                last_update: updates[at].number("last_update")?,
            })
        };
        let neurons = (0..hotkeys.len()).map(neuron).collect::<Result<_, ValueError>>().map_err(wrong)?;
        let number = |name: &'static str| graph.filled(name).and_then(|v| v.number(name)).map_err(wrong);
        let owner = graph.filled("owner_hotkey").ok().and_then(|key| key.bytes32("owner_hotkey").ok());
        Ok(Some(Self {
            netuid,
            block: number("block")?,
            blocks_since_last_step: number("blocks_since_last_step")?,
            owner: owner.map(|key| Address(PublicKey(key))),
            hyperparameters: hyperparameters(graph).map_err(wrong)?,
            neurons,
        }))
    }

    /// The registration of a key, if it has one.
    pub fn of(&self, key: &PublicKey) -> Option<&Neuron> {
        self.neurons.iter().find(|neuron| neuron.hotkey.0 == *key)
    }
}
