use super::*;

use vouch_protocol::Share;

use crate::{Address, Hyperparameters, Neuron, choose};

fn key(byte: u8) -> PublicKey {
    PublicKey([byte; 32])
}

/// Keys 0 to 5 at the UIDs 0 to 5; the owner is key 5.
fn graph(max_weights_limit: u16) -> Metagraph {
    let neuron = |uid: u16| Neuron {
        uid,
        hotkey: Address(key(uid as u8)),
        coldkey: Address(key(9)),
        permit: uid == 0,
        stake: 0,
        axon: None,
        last_update: 0,
    };
    let hyperparameters = Hyperparameters {
        tempo: 20,
        weights_rate_limit: 0,
        min_allowed_weights: 1,
        max_weights_limit,
        weights_version: 0,
        commit_reveal: false,
        commit_reveal_period: 1,
        burn: 0,
    };
    let (block, blocks_since_last_step, owner) = (9, 0, Some(Address(key(5))));
    Metagraph {
        netuid: 2,
        block,
        blocks_since_last_step,
        owner,
        hyperparameters,
        neurons: (0..6).map(neuron).collect(),
    }
}

fn entries(of: &[(u8, u64)]) -> Vec<WeightEntry> {
    of.iter().map(|(at, bits)| WeightEntry { miner: key(*at), weight: Share::new(*bits).unwrap() }).collect()
}

fn published(graph: &Metagraph, weights: &[(u16, u16)], newer: &[u16]) -> Published {
    let (weights, newer) = (weights.iter().copied().collect(), newer.iter().copied().collect());
    Published { head: None, weights, graph: Arc::new(graph.clone()), newer }
}

/// What this crate puts on the chain fits, under every limit and burn share; what differs by more than rounding does not.
#[test]
fn own_weights_fit_and_others_do_not() {
    for (limit, burn) in [(u16::MAX, 0), (u16::MAX, 1 << 31), (20_000, 0), (30_000, 1 << 30)] {
        for of in [&[(1, 1_000_000), (2, 7)][..], &[(1, 900), (2, 800), (3, 100)], &[(1, 5), (2, 5), (3, 5), (4, 5)]] {
            let graph = graph(limit);
            // Shares have 32 bits after the point: these are of the usual size.
            let of: Vec<_> = of.iter().map(|(at, bits)| (*at, bits << 12)).collect();
            let chosen = choose(&graph, &entries(&of), Share::new(burn).unwrap()).unwrap();
            let weights: Vec<_> = chosen.uids.into_iter().zip(chosen.weights).collect();
            let fits = |of: &[(u8, u64)]| published(&graph, &weights, &[]).fits(&entries(of));
            assert!(fits(&of), "{limit} {burn} {of:?}: {weights:?}");
        }
    }
    let graph = graph(u16::MAX);
    let log = entries(&[(1, 400), (2, 200), (3, 100)]);
    let fits = |weights: &[(u16, u16)]| published(&graph, weights, &[]).fits(&log);
    assert!(fits(&[(1, 65535), (2, 32768), (3, 16384)]) && fits(&[(1, 65535), (2, 32767), (3, 16383)]));
    // A friend is paid more or less, a miner is left out, a stranger has something, two are exchanged.
    assert!(!fits(&[(1, 65535), (2, 33000), (3, 16384)]) && !fits(&[(1, 65535), (2, 32768), (3, 16000)]));
    assert!(!fits(&[(1, 65535), (2, 32768)]) && !fits(&[(2, 65535), (3, 32768)]));
    assert!(!fits(&[(1, 65535), (2, 32768), (3, 16384), (4, 100)]));
    assert!(!fits(&[(1, 32768), (2, 65535), (3, 16384)]));
    assert!(!published(&graph, &[(1, 65535)], &[]).fits(&entries(&[(1, 0), (2, 0)])));
    // All to the owner is burnt, and nobody else has anything.
    assert!(fits(&[(5, 65535), (1, 400), (2, 200), (3, 100)]));
}

#[test]
fn recycled_keys_are_left_out_and_others_are_not() {
    let graph = graph(u16::MAX);
    let weights = [(1, 65535), (2, 32768), (3, 16384)];
    // The log's key with the weight of UID 1 is gone: UID 1 is another's now.
    let log = entries(&[(8, 400), (2, 200), (3, 100)]);
    assert!(published(&graph, &weights, &[1]).fits(&log));
    assert!(!published(&graph, &weights, &[]).fits(&log), "the UID's key is older than the weights");
    let log = entries(&[(8, 400), (2, 200), (3, 150)]);
    assert!(!published(&graph, &weights, &[1]).fits(&log));
    assert!(published(&graph, &[], &[]).fits(&[]) && !published(&graph, &[], &[]).has_weights());
}
