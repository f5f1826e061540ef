//! Nodes that die, hang, lie or are behind.
#![allow(missing_docs)]

mod support;

use std::time::{Duration, Instant};

use support::{Chain, Mode, NeuronState, Node, head, key, options, subnet, weights};
use vouch_subtensor::{Endpoint, EndpointError, Options, Subtensor, SubtensorError};

fn chain(number: u8) -> std::sync::Arc<Chain> {
    let neuron = NeuronState {
        hotkey: key(9).public(),
        coldkey: key(9).public(),
        permit: true,
        stake: 1,
        axon: None,
        last_update: 0,
        registered: 0,
    };
    Chain::new(number, vec![neuron])
}

/// Whatever the first node does, the second one answers, soon.
#[test]
fn the_next_node_is_asked() {
    let chain = chain(1);
    for mode in [Mode::Down, Mode::Silent, Mode::Pings, Mode::Garbage, Mode::Huge] {
        let nodes = [Node::start(&chain), Node::start(&chain)];
        nodes[0].mode(mode);
        let subtensor = subnet(&[&nodes[0], &nodes[1]], None);
        let start = Instant::now();
        assert_eq!(subtensor.metagraph().unwrap().neurons.len(), 1, "{mode:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{mode:?}: {:?}", start.elapsed());
        // It stays with the one that answers.
        let asked = nodes[0].asked();
        subtensor.name().unwrap();
        assert_eq!(nodes[0].asked(), asked, "{mode:?}");
    }
}

#[test]
fn alone_it_is_an_error_that_names_the_node() {
    let chain = chain(1);
    for mode in [Mode::Down, Mode::Silent, Mode::Pings, Mode::Garbage, Mode::Huge] {
        let node = Node::start(&chain);
        node.mode(mode);
        let start = Instant::now();
        let error = subnet(&[&node], None).metagraph().unwrap_err();
        let SubtensorError::Endpoint { endpoint, source } = error else { panic!("{mode:?}: {error}") };
        assert_eq!(endpoint, node.endpoint().to_string());
        let expected = match mode {
            Mode::Silent | Mode::Pings => matches!(source, EndpointError::Late(1_500)),
            Mode::Garbage | Mode::Huge => matches!(source, EndpointError::Protocol(_)),
            _ => matches!(source, EndpointError::Connect(_) | EndpointError::Broken(_)),
        };
        assert!(expected, "{mode:?}: {source}");
        assert!(start.elapsed() < Duration::from_secs(20), "{mode:?}: {:?}", start.elapsed());
    }
}

/// A connection that breaks after each answer costs a new one, nothing else.
#[test]
fn broken_connections_are_made_again() {
    let chain = chain(1);
    let node = Node::start(&chain);
    let subtensor = subnet(&[&node], None);
    subtensor.metagraph().unwrap();
    node.mode(Mode::Down);
    assert!(subtensor.metagraph().is_err());
    node.mode(Mode::Up);
    assert_eq!(subtensor.metagraph().unwrap().block, 99);
}

#[test]
fn a_node_of_another_chain_is_not_asked() {
    let (ours, other) = (chain(1), chain(2));
    let nodes = [Node::start(&ours), Node::start(&other)];
    let subtensor = subnet(&[&nodes[0], &nodes[1]], None);
    subtensor.metagraph().unwrap();
    nodes[0].mode(Mode::Down);
    let error = subtensor.metagraph().unwrap_err();
    assert!(error.to_string().contains("no node answers"), "{error}");
    nodes[0].mode(Mode::Up);
    assert_eq!(subtensor.metagraph().unwrap().block, 99);
}

#[test]
fn a_node_that_is_behind_is_not_asked() {
    let chain = chain(1);
    let nodes = [Node::start(&chain), Node::start(&chain)];
    let subtensor = subnet(&[&nodes[0], &nodes[1]], None);
    subtensor.metagraph().unwrap();
    nodes[1].mode(Mode::Behind);
    nodes[0].mode(Mode::Down);
    let error = subtensor.metagraph().unwrap_err().to_string();
    assert!(error.contains("no node answers"), "{error}");
    nodes[1].mode(Mode::Up);
    subtensor.metagraph().unwrap();
}

/// A node that describes the calls otherwise makes nobody sign another call.
#[test]
fn only_known_calls_are_signed() {
    let chain = chain(1);
    let node = Node::start(&chain);
    node.mode(Mode::Changed);
    let subtensor = subnet(&[&node], Some(key(9)));
    let name = subtensor.name().unwrap();
    let error = subtensor.publish(1, &weights(&[(&key(9), 1)]), &head(&name, &key(9), 1)).unwrap_err();
    assert!(matches!(error, SubtensorError::Changed { call: "set_weights", spec_version: 365 }), "{error}");
    assert_eq!(node.waiting(), 0);
}

/// While no node answers, what was read is believed for a while.
#[test]
fn an_older_metagraph_is_used_for_a_while() {
    let chain = chain(1);
    let node = Node::start(&chain);
    let stale = Duration::from_millis(600);
    let subtensor = Subtensor::new(Options { stale, ..options(&[&node], None) });
    let graph = subtensor.metagraph().unwrap();
    node.mode(Mode::Down);
    chain.advance(1);
    assert_eq!(subtensor.metagraph().unwrap(), graph);
    std::thread::sleep(stale);
    assert!(subtensor.metagraph().is_err());
    node.mode(Mode::Up);
    assert_eq!(subtensor.metagraph().unwrap().block, 100);
}

/// A node without TLS behind a `wss://` address is an error, and no secret is sent to it in the clear.
#[test]
fn without_tls_there_is_no_secure_connection() {
    let node = Node::start(&chain(1));
    let endpoint = Endpoint { secure: true, ..node.endpoint() };
    let options = Options { endpoints: vec![endpoint], ..options(&[&node], None) };
    let error = Subtensor::new(options).metagraph().unwrap_err();
    assert!(matches!(error, SubtensorError::Endpoint { .. }), "{error}");
    assert_eq!(node.asked(), 0);
}
