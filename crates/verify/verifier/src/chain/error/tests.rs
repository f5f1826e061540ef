//! Every error of a chain is made here once.

use std::collections::BTreeSet;
use std::fmt::Debug;

use vouch_envelope::{Expected, ProofChain, ValueRef};

use super::*;
use crate::chain::{ChainStep, check_link, verify_chain};
use crate::verifier_key::VerifierKey;

const FORECAST: &[u8] = include_bytes!("../../../tests/fixtures/chain/forecast.key");
const ALLOCATION: &[u8] = include_bytes!("../../../tests/fixtures/chain/allocation.key");
const HONEST: &[u8] = include_bytes!("../../../tests/fixtures/chain/honest.chain");
/// Three proofs that hold, but the last is about other hours than the second has computed.
const UNLINKED: &[u8] = include_bytes!("../../../tests/fixtures/chain/unlinked.chain");

fn link(from: (u32, u32), to: (u32, u32), len: u32) -> Link {
    let end = |(proof, start)| ValueRef { proof, start };
    Link { from: end(from), to: end(to), len }
}

/// The variants that an enum of this module's source has.
fn variants(name: &str) -> BTreeSet<String> {
    let (_, rest) = include_str!("../error.rs").split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter(|line| line.starts_with(char::is_uppercase)).map(identifier).collect()
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

fn made(errors: &[impl Debug]) -> BTreeSet<String> {
    errors.iter().map(|error| identifier(&format!("{error:?}"))).collect()
}

#[test]
fn every_error_of_a_chain_and_of_a_link_is_made() {
    let [forecast, allocation] = [FORECAST, ALLOCATION].map(|bytes| VerifierKey::from_bytes(bytes).unwrap());
    let links = [link((0, 0), (2, 1), 1), link((1, 0), (2, 2), 1)];
    let anything = Expected { allow_development_srs: true, ..Expected::default() };
    let steps = |expected: &Expected| {
        [&forecast, &forecast, &allocation].map(|key| ChainStep { key, expected: expected.clone() })
    };
    let read = |bytes: &[u8]| ProofChain::decode(bytes).map_err(ChainError::from);
    let honest = read(HONEST).unwrap();
    verify_chain(&steps(&anything), &links, &honest).unwrap();

    let refused = |chain: &ProofChain| verify_chain(&steps(&anything), &links, chain).unwrap_err();
    let errors = [
        read(&HONEST[1..]).unwrap_err(),
        verify_chain(&steps(&anything)[..2], &links, &honest).unwrap_err(),
        verify_chain(&steps(&anything), &links[..1], &honest).unwrap_err(),
        verify_chain(&steps(&Expected::default()), &links, &honest).unwrap_err(),
        refused(&read(UNLINKED).unwrap()),
    ];
    assert_eq!(made(&errors), variants("ChainError"));
    let codes: Vec<_> = errors.iter().map(ChainError::code).collect();
    assert_eq!(codes, ["magic", "proof-count", "links", "development-setup", "link-value"]);

    // A link that caller and chain agree on.
    let agreed = |at: Link| {
        let chain = ProofChain::new(honest.proofs().to_vec(), vec![at]).unwrap();
        match verify_chain(&steps(&anything), &[at], &chain).unwrap_err() {
            ChainError::Link { link: 0, source, .. } => source,
            other => panic!("{other}"),
        }
    };
    // What no chain causes: the values of a proof that was never counted.
    let steps = steps(&anything);
    let schema = |proof: u32| Some(steps[proof as usize].key.schema());
    let faults = [
        agreed(link((0, 0), (2, 1), 2)),
        agreed(link((0, 1), (2, 3), 1)),
        agreed(link((0, 0), (2, 0), 1)),
        check_link(&links[0], schema, &honest.proofs()[..1]).unwrap_err(),
        agreed(link((0, 1), (2, 1), 1)),
    ];
    assert_eq!(made(&faults), variants("LinkError"));
    let codes: Vec<_> = faults.iter().map(LinkError::code).collect();
    assert_eq!(codes, ["link-tensor", "link-scale", "link-unit", "link-missing", "link-value"]);
}
