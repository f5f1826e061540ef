//! The chain's state, encoded as the committed metadata describes it.

use std::net::IpAddr;

use parity_scale_codec::{Compact, Encode};
use scale_info::TypeDef;
use vouch_protocol::PublicKey;
use vouch_subtensor::{Runtime, account_key, map_key, plain_key};

use super::chain::{Block, NETUID, NeuronState, World};

fn list<T: Encode>(values: impl IntoIterator<Item = T>) -> Vec<u8> {
    values.into_iter().collect::<Vec<_>>().encode()
}

/// An axon; zeroes if the key does not serve.
pub fn axon(neuron: &NeuronState) -> Vec<u8> {
    let (ip, port, kind): (u128, u16, u8) = match neuron.axon.map(|axon| (axon.ip(), axon.port())) {
        Some((IpAddr::V4(ip), port)) => (u32::from(ip).into(), port, 4),
        Some((IpAddr::V6(ip), port)) => (ip.into(), port, 6),
        None => (0, 0, 0),
    };
    (5u64, 1u32, ip, port, kind, 4u8, 0u8, 0u8).encode()
}

fn field(world: &World, name: &str, blocks: u64) -> Option<Vec<u8>> {
    let (neurons, rules) = (&world.neurons, &world.rules);
    Some(match name {
        "owner_hotkey" => world.owner.0.to_vec(),
        "block" => Compact(world.newest()).encode(),
        "tempo" => Compact(rules.tempo).encode(),
        "blocks_since_last_step" => Compact(blocks).encode(),
        "min_allowed_weights" => Compact(rules.min_allowed_weights).encode(),
        "max_weights_limit" => Compact(rules.max_weights_limit).encode(),
        "weights_version" => Compact(rules.version_key).encode(),
        "weights_rate_limit" => Compact(rules.rate_limit).encode(),
        "burn" => Compact(rules.burn).encode(),
        "commit_reveal_weights_enabled" => rules.commit_reveal.encode(),
        "commit_reveal_period" => Compact(1u64).encode(),
        "hotkeys" => list(neurons.iter().map(|n| n.hotkey.0)),
        "coldkeys" => list(neurons.iter().map(|n| n.coldkey.0)),
        "validator_permit" => list(neurons.iter().map(|n| n.permit)),
        "last_update" => list(neurons.iter().map(|n| Compact(n.last_update))),
        "total_stake" => list(neurons.iter().map(|n| Compact(n.stake))),
        "axons" => {
            let count = Compact(neurons.len() as u32).encode();
            [count, neurons.iter().flat_map(axon).collect()].concat()
        }
        _ => return None,
    })
}

/// What `get_selective_metagraph` answers: the fields that are asked for, by their numbers, the others empty.
pub fn metagraph(world: &World, netuid: u16, fields: &[u16]) -> Vec<u8> {
    if netuid != NETUID {
        return vec![0];
    }
    let runtime = Runtime::committed();
    let option = runtime.apis["SubnetInfoRuntimeApi_get_selective_metagraph"];
    let TypeDef::Variant(option) = &runtime.types.resolve(option).unwrap().type_def else { panic!("an option") };
    let inner = option.variants.iter().find(|v| v.name == "Some").unwrap().fields[0].ty.id;
    let TypeDef::Composite(graph) = &runtime.types.resolve(inner).unwrap().type_def else { panic!("a structure") };
    let mut out = vec![1];
    for (at, described) in graph.fields.iter().enumerate() {
        let name = described.name.as_deref().unwrap();
        let asked = fields.contains(&(at as u16));
        match (at, field(world, name, 3).filter(|_| asked)) {
            (0, _) => out.extend(Compact(netuid).encode()),
            (_, Some(value)) => {
                out.push(1);
                out.extend(value);
            }
            (_, None) => out.push(0),
        }
    }
    out
}

/// The events of a block's transactions.
pub fn events(block: &Block) -> Vec<u8> {
    let mut out = Compact(block.outcomes.len() as u32).encode();
    for (at, outcome) in block.outcomes.iter().enumerate() {
        // While the transaction with this number is applied; an event of System.
        out.extend((0u8, at as u32, 0u8).encode());
        match outcome {
            Ok(()) => out.push(0),
            Err((pallet, error)) => out.extend([1, 3, *pallet, *error, 0, 0, 0]),
        }
        // Weight, class, whether a fee is paid; no topics.
        out.extend((Compact(1u64), Compact(2u64), 0u8, 1u8, 0u8).encode());
    }
    out
}

fn commitment(block: u64, data: &[u8]) -> Vec<u8> {
    let tag = data.len() as u8 + 1;
    [(0u64, block as u32, Compact(1u32), tag).encode(), data.to_vec()].concat()
}

/// What is stored under a key, in the state after a block.
pub fn stored(world: &World, key: &[u8], block: &Block) -> Option<Vec<u8>> {
    let runtime = Runtime::committed();
    let is = |found: Result<vouch_subtensor::StorageKey, _>| {
        let found: Result<_, vouch_subtensor::SubtensorError> = found;
        found.unwrap().bytes == key
    };
    if is(plain_key(runtime, "System", "Events")) {
        return Some(events(block));
    }
    if is(map_key(runtime, "SubtensorModule", "Tempo", NETUID)) {
        return Some(world.rules.tempo.encode());
    }
    if is(plain_key(runtime, "SubtensorModule", "CommitRevealWeightsVersion")) {
        return Some(world.rules.commit_reveal_version.encode());
    }
    let own = |account: &PublicKey| is(account_key(runtime, "Commitments", "CommitmentOf", NETUID, account));
    if let Some((_, (at, data))) = world.commitments.iter().find(|(account, _)| own(account)) {
        return Some(commitment(*at, data));
    }
    // The end of a key of weights, and of a registration, is the UID itself.
    let uid = |entry: &str| {
        let start = [&map_key(runtime, "SubtensorModule", "Tempo", NETUID).unwrap().bytes[..16], &twox(entry)].concat();
        let rest = key.strip_prefix(&start[..])?.strip_prefix(&NETUID.encode()[..])?;
        Some(u16::from_le_bytes(rest.try_into().ok()?))
    };
    if let Some(uid) = uid("BlockAtRegistration") {
        return world.neurons.get(usize::from(uid)).map(|neuron| neuron.registered.encode());
    }
    world.weights.get(&uid("Weights")?).map(|(_, weights)| weights.encode())
}

fn twox(text: &str) -> Vec<u8> {
    use std::hash::Hasher;
    (0..2u64)
        .flat_map(|seed| {
            let mut hasher = twox_hash::XxHash64::with_seed(seed);
            hasher.write(text.as_bytes());
            hasher.finish().to_le_bytes()
        })
        .collect()
}
