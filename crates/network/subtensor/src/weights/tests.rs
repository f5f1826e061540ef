use super::*;
use crate::{Address, Hyperparameters, Neuron};

fn key(byte: u8) -> PublicKey {
    PublicKey([byte; 32])
}

/// Keys 0 to count - 1, with UIDs of the same numbers. The owner is key 0.
fn graph(count: u8, limit: u16, least: u16) -> Metagraph {
    let neuron = |at: u8| Neuron {
        uid: at.into(),
        hotkey: Address(key(at)),
        coldkey: Address(key(200)),
        permit: true,
        stake: 1,
        axon: None,
        last_update: 0,
    };
    let hyperparameters = Hyperparameters {
        tempo: 360,
        weights_rate_limit: 100,
        min_allowed_weights: least,
        max_weights_limit: limit,
        weights_version: 0,
        commit_reveal: false,
        commit_reveal_period: 1,
        burn: 0,
    };
    Metagraph {
        netuid: 1,
        block: 1,
        blocks_since_last_step: 0,
        owner: Some(Address(key(0))),
        hyperparameters,
        neurons: (0..count).map(neuron).collect(),
    }
}

fn entries(weights: &[(u8, u64)]) -> Vec<WeightEntry> {
    let entry = |(at, weight): &(u8, u64)| WeightEntry { miner: key(*at), weight: Share::new(*weight).unwrap() };
    weights.iter().map(entry).collect()
}

fn chosen(graph: &Metagraph, weights: &[(u8, u64)], burn: Share) -> Vec<(u16, u16)> {
    let chosen = choose(graph, &entries(weights), burn).unwrap();
    chosen.uids.into_iter().zip(chosen.weights).collect()
}

#[test]
fn the_largest_weight_is_all() {
    let graph = graph(4, u16::MAX, 1);
    assert_eq!(chosen(&graph, &[(3, 100), (1, 50), (2, 0)], Share::ZERO), [(1, 32768), (3, 65535)]);
}

/// A key that was pushed out gets nothing, and the key that has its UID now does not either.
#[test]
fn who_is_not_registered_gets_nothing() {
    let mut graph = graph(3, u16::MAX, 1);
    graph.neurons[2].hotkey = Address(key(77));
    assert_eq!(chosen(&graph, &[(1, 50), (2, 100)], Share::ZERO), [(1, 65535)]);
    assert_eq!(choose(&graph, &entries(&[(2, 100)]), Share::ZERO), Err(WeightsError::None { given: 1 }));
}

#[test]
fn the_owner_burns_its_share() {
    let graph = graph(3, u16::MAX, 1);
    let quarter = Share::new(1 << 30).unwrap();
    // Three quarters for the miners, 2 to 1: 0.5, 0.25, and 0.25 for the owner.
    assert_eq!(chosen(&graph, &[(1, 2000), (2, 1000)], quarter), [(0, 32768), (1, 65535), (2, 32768)]);
    assert_eq!(chosen(&graph, &[], quarter), [(0, 65535)]);
    assert_eq!(chosen(&graph, &[(1, 5)], Share::ONE), [(0, 65535)]);
}

#[test]
fn limits_of_the_subnet_hold() {
    let few = choose(&graph(3, u16::MAX, 2), &entries(&[(1, 5)]), Share::ZERO);
    assert_eq!(few, Err(WeightsError::Few { expected: 2, got: 1 }));
    // No weight is above a quarter of all.
    let weights: Vec<(u8, u64)> = vec![(0, 1000), (1, 500), (2, 30), (3, 20), (4, 10), (5, 1)];
    for limit in [11_000u16, 16_383, 20_000, 32_767, 60_000] {
        let all = chosen(&graph(6, limit, 1), &weights, Share::ZERO);
        let sum: u64 = all.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let largest = all.iter().map(|(_, weight)| u64::from(*weight)).max().unwrap();
        assert!(largest * 65_535 <= u64::from(limit) * sum, "{limit}: {all:?}");
        assert!(all.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{all:?}");
    }
    // Two weights cannot both be below a quarter: equal.
    assert_eq!(chosen(&graph(3, 16_383, 1), &[(1, 9), (2, 1)], Share::ZERO), [(1, 65535), (2, 65535)]);
}
