//! Epoch after epoch on a chain: weights, heads of logs, keys that come and go, nodes that die.
#![allow(missing_docs)]

mod support;

use support::{Chain, Mode, NeuronState, Node, blocks_until, head, key, options, subnet, weights};
use vouch_protocol::{PartyKey, Share};
use vouch_subtensor::{Retry, Subtensor, SubtensorError};

fn neuron(key: &PartyKey, permit: bool) -> NeuronState {
    NeuronState {
        hotkey: key.public(),
        coldkey: key.public(),
        permit,
        stake: if permit { 1_000 } else { 0 },
        axon: Some("93.184.216.34:8091".parse().unwrap()),
        last_update: 1,
        registered: 0,
    }
}

/// The validator, key 9, and three miners, keys 1 to 3. The validator's UID is 0, and it owns the subnet.
fn chain() -> (std::sync::Arc<Chain>, PartyKey, [PartyKey; 3]) {
    let (validator, miners) = (key(9), [key(1), key(2), key(3)]);
    let mut all = vec![neuron(&validator, true)];
    all.extend(miners.iter().map(|miner| neuron(miner, false)));
    (Chain::new(1, all), validator, miners)
}

#[test]
fn the_metagraph_is_the_chains() {
    let (chain, validator, miners) = chain();
    chain.world().neurons[2].axon = None;
    chain.world().neurons[3].axon = Some("[2001:db8::7]:9000".parse().unwrap());
    let node = Node::start(&chain);
    let graph = subnet(&[&node], None).metagraph().unwrap();
    assert_eq!((graph.block, graph.neurons.len(), graph.hyperparameters.tempo), (99, 4, 20));
    let own = graph.of(&validator.public()).unwrap();
    assert_eq!((own.uid, own.permit, own.stake, own.last_update), (0, true, 1_000, 1));
    let axon = |at: usize| graph.of(&miners[at].public()).unwrap().axon.map(|axon| axon.address.to_string());
    assert_eq!(axon(0).as_deref(), Some("93.184.216.34:8091"));
    assert_eq!((axon(1), axon(2).as_deref()), (None, Some("[2001:db8::7]:9000")));
    assert_eq!(graph.owner.unwrap().0, validator.public());
    assert_eq!((graph.hyperparameters.weights_version, graph.hyperparameters.burn), (3, 500_000));
    // Metadata of version 15 describes the same.
    node.mode(Mode::Old);
    assert_eq!(subnet(&[&node], None).metagraph().unwrap(), graph);
    let other = Subtensor::new(vouch_subtensor::Options { netuid: 77, ..options(&[&node], None) });
    assert!(matches!(other.metagraph(), Err(SubtensorError::NoSubnet { netuid: 77 })));
}

/// Three epochs: in the second a miner is recycled, in the third a node dies with the weights in its pool.
#[test]
fn epoch_after_epoch() {
    let (chain, validator, miners) = chain();
    let nodes = [Node::start(&chain), Node::start(&chain)];
    let subtensor = subnet(&[&nodes[0], &nodes[1]], Some(validator.clone()));
    let name = subtensor.name().unwrap();
    assert_eq!(name, "bittensor/0000000000000000/2");
    let all = weights(&[(&miners[0], 400), (&miners[1], 200), (&miners[2], 100)]);
    let publish = |epoch| {
        let signed = head(&name, &validator, epoch);
        blocks_until(&chain, || subtensor.publish(epoch, &all, &signed)).unwrap()
    };
    let on_chain = || chain.world().weights[&0].1.clone();

    publish(1);
    assert_eq!(on_chain(), [(1, 65535), (2, 32768), (3, 16384)]);
    assert_eq!(subtensor.weights(0).unwrap(), on_chain());
    let known = subtensor.head(&validator.public()).unwrap().unwrap();
    assert_eq!(known.head.head, head(&name, &validator, 1).head);
    assert_eq!(chain.world().executed, ["set_weights", "set_commitment"]);
    // Once more does nothing, and neither does an older epoch.
    publish(1);
    publish(0);
    assert_eq!(chain.world().executed.len(), 2);

    // The rate limit holds; key 4 has the place of key 2 now, and gets nothing of what key 2 has earned.
    let early = subtensor.publish(2, &all, &head(&name, &validator, 2)).unwrap_err();
    assert!(matches!(early.retry(), Retry::Blocks(blocks) if blocks <= 10), "{early}");
    chain.world().neurons[2] = neuron(&key(4), false);
    assert!(publish(2) >= 7);
    assert_eq!(on_chain(), [(1, 65535), (3, 16384)]);

    // The first node dies with the weights. They go to the second one, the same bytes.
    chain.advance(20);
    let signed = head(&name, &validator, 3);
    let pending = subtensor.publish(3, &all, &signed).unwrap_err();
    assert!(matches!(pending, SubtensorError::Pending { call: "set_weights" }), "{pending}");
    assert_eq!((nodes[0].waiting(), nodes[1].waiting()), (1, 0));
    nodes[0].mode(Mode::Down);
    chain.advance(1);
    publish(3);
    assert!(nodes[1].asked() > 0);
    let world = chain.world();
    assert_eq!(world.executed, ["set_weights", "set_commitment"].repeat(3));
    assert_eq!(world.nonce(&validator.public()), 6, "nothing was sent twice");
}

/// Whoever audits a validator finds what it has published, and sees what is not its log's.
#[test]
fn what_is_published_can_be_compared() {
    let (chain, validator, miners) = chain();
    let node = Node::start(&chain);
    // An auditor has no key.
    let (subtensor, auditor) = (subnet(&[&node], Some(validator.clone())), subnet(&[&node], None));
    let found = || auditor.published(&validator.public()).unwrap();
    assert!(found().head.is_none() && !found().has_weights());
    let name = subtensor.name().unwrap();
    let of = |first| weights(&[(&miners[0], first), (&miners[1], 200 << 20), (&miners[2], 100 << 20)]);
    let (all, other) = (of(400 << 20), of(500 << 20));
    let signed = head(&name, &validator, 1);
    blocks_until(&chain, || subtensor.publish(1, &all, &signed)).unwrap();
    assert_eq!(found().head.unwrap().head, signed);
    assert!(found().has_weights() && found().fits(&all) && !found().fits(&other));
    // Another key has the place of a miner since: what it has there says nothing. One that was there before says something.
    let now = chain.world().newest();
    for (registered, fits) in [(now, true), (1, false)] {
        chain.world().neurons[2] = NeuronState { registered, ..neuron(&key(4), false) };
        assert_eq!(found().fits(&all), fits, "registered in block {registered}");
    }
    // A validator that was pushed out has weights no longer.
    chain.world().neurons[0] = neuron(&key(5), true);
    assert!(!found().has_weights() && found().head.is_some());
}

/// Where commit-reveal is on, the weights are committed, for a round in the future.
#[test]
fn weights_are_committed_where_the_chain_wants_it() {
    let (chain, validator, miners) = chain();
    chain.world().rules.commit_reveal = true;
    let node = Node::start(&chain);
    let subtensor = subnet(&[&node], Some(validator.clone()));
    let (name, all) = (subtensor.name().unwrap(), weights(&[(&miners[0], 400)]));
    blocks_until(&chain, || subtensor.publish(1, &all, &head(&name, &validator, 1))).unwrap();
    let world = chain.world();
    let (who, block, commit, round) = world.commits[0].clone();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let current = (now - vouch_subtensor::DRAND_GENESIS) / vouch_subtensor::DRAND_PERIOD;
    // Epochs of 21 blocks: block 102 is the first of the next one, four rounds a block.
    assert_eq!((who, block), (validator.public(), 100));
    assert!((current + 20..=current + 28).contains(&round), "{} rounds ahead", round - current);
    assert_eq!(vouch_subtensor::open(&commit, &[0; 48]), Err(vouch_subtensor::TimelockError::Signature));
    assert!(world.weights.is_empty());
    drop(world);
    // A scheme that this version does not know.
    chain.world().rules.commit_reveal_version = 5;
    chain.advance(20);
    let error = subtensor.publish(2, &all, &head(&name, &validator, 2)).unwrap_err();
    assert!(matches!(error, SubtensorError::CommitReveal { expected: 4, got: 5 }), "{error}");
}

/// Commit-reveal is switched on while the weights are on their way: they fail on the chain, and go as a commitment.
#[test]
fn a_failure_on_the_chain_is_told_and_repaired() {
    let (chain, validator, miners) = chain();
    let node = Node::start(&chain);
    let subtensor = subnet(&[&node], Some(validator.clone()));
    let (name, all) = (subtensor.name().unwrap(), weights(&[(&miners[0], 400)]));
    let step = || subtensor.publish(1, &all, &head(&name, &validator, 1));
    assert!(matches!(step(), Err(SubtensorError::Pending { .. })));
    chain.world().rules.commit_reveal = true;
    chain.advance(1);
    let failed = step().unwrap_err();
    assert!(matches!(&failed, SubtensorError::Failed { name, .. } if name == "CommitRevealEnabled"), "{failed}");
    blocks_until(&chain, step).unwrap();
    assert_eq!(chain.world().executed, ["commit_timelocked_weights", "set_commitment"]);
}

#[test]
fn a_transaction_that_no_block_takes_is_signed_again() {
    let (chain, validator, miners) = chain();
    let node = Node::start(&chain);
    let subtensor = subnet(&[&node], Some(validator.clone()));
    let (name, all) = (subtensor.name().unwrap(), weights(&[(&miners[0], 400)]));
    let step = || subtensor.publish(1, &all, &head(&name, &validator, 1));
    chain.world().stalled = true;
    assert!(step().is_err());
    chain.advance(70);
    let expired = step().unwrap_err();
    assert!(matches!(expired, SubtensorError::Expired { call: "set_weights" }), "{expired}");
    node.mode(Mode::Down);
    node.mode(Mode::Up);
    chain.world().stalled = false;
    blocks_until(&chain, step).unwrap();
    assert_eq!(chain.world().nonce(&validator.public()), 2);
}

/// The node has thrown away the block with the weights. The metagraph shows that they were taken.
#[test]
fn pruned_blocks_are_not_needed() {
    let (chain, validator, miners) = chain();
    let node = Node::start(&chain);
    let subtensor = subnet(&[&node], Some(validator.clone()));
    let (name, all) = (subtensor.name().unwrap(), weights(&[(&miners[0], 400)]));
    let step = || subtensor.publish(1, &all, &head(&name, &validator, 1));
    assert!(step().is_err());
    chain.advance(30);
    chain.world().pruned = 125;
    blocks_until(&chain, step).unwrap();
    assert_eq!(chain.world().executed, ["set_weights", "set_commitment"]);
}

#[test]
fn who_may_not_set_weights_is_told() {
    let (chain, validator, miners) = chain();
    let node = Node::start(&chain);
    let stranger = key(50);
    let all = weights(&[(&miners[0], 1)]);
    let publish = |key: &PartyKey| {
        let subtensor = subnet(&[&node], Some(key.clone()));
        let name = subtensor.name().unwrap();
        subtensor.publish(1, &all, &head(&name, key, 1)).unwrap_err()
    };
    assert!(matches!(publish(&stranger), SubtensorError::NotRegistered { netuid: 2, .. }));
    assert!(matches!(publish(&miners[0]), SubtensorError::NoPermit { .. }));
    let unread = subnet(&[&node], None).publish(1, &all, &head("c", &validator, 1)).unwrap_err();
    assert!(matches!(unread, SubtensorError::NoKey));
}

/// With nothing to pay there is a head without weights; with a burn share the owner has them all.
#[test]
fn an_epoch_without_weights_has_a_head() {
    let (chain, validator, _) = chain();
    let node = Node::start(&chain);
    let subtensor = subnet(&[&node], Some(validator.clone()));
    let name = subtensor.name().unwrap();
    blocks_until(&chain, || subtensor.publish(1, &[], &head(&name, &validator, 1))).unwrap();
    assert_eq!(chain.world().executed, ["set_commitment"]);
    let burn = Share::new(1 << 31).unwrap();
    let burning = Subtensor::new(vouch_subtensor::Options { burn, ..options(&[&node], Some(validator.clone())) });
    blocks_until(&chain, || burning.publish(2, &[], &head(&name, &validator, 2))).unwrap();
    assert_eq!(chain.world().weights[&0].1, [(0, 65535)]);
}

#[test]
fn keys_are_registered_and_served() {
    use std::time::Duration;
    let (chain, _, miners) = chain();
    let node = Node::start(&chain);
    let (payer, new) = (key(60), key(61));
    let patience = Duration::from_secs(20);
    let subtensor = subnet(&[&node], Some(new.clone()));
    let dear = subtensor.register(&payer, new.public(), 499_999, patience).unwrap_err();
    assert!(matches!(dear, SubtensorError::Price { price: 500_000, most: 499_999 }), "{dear}");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
                chain.advance(1);
            }
        });
        assert_eq!(subtensor.register(&payer, new.public(), 500_000, patience).unwrap(), 4);
        assert_eq!(subtensor.register(&payer, miners[0].public(), 0, patience).unwrap(), 1, "it is registered");
        let address = "198.51.100.7:8080".parse().unwrap();
        subtensor.serve_axon(address, patience).unwrap();
        subtensor.serve_axon(address, patience).unwrap();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(chain.world().executed, ["burned_register", "serve_axon"]);
    assert_eq!(chain.world().neurons[4].axon.unwrap().to_string(), "198.51.100.7:8080");
    assert_eq!(chain.world().neurons[4].coldkey, payer.public());
}
