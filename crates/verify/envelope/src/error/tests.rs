//! Every error of this crate is made here once: a variant that nothing can produce is one that nobody has tried.

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::hex::{HexError, decode};
use crate::{
    ChainFormatError, CursorError, EnvelopeError, EnvelopeJson, Link, LinkFault, MAX_PROOF_BYTES, MAX_VALUES, ModelId,
    Nonce, ProofChain, ProofEnvelope, PublicValues, Reader, Section, TensorHash, ValueRef,
};

/// The variants that the source of an enum writes down.
fn variants<'a>(source: &'a str, name: &str) -> BTreeSet<&'a str> {
    let (_, rest) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    lines.filter(|line| line.starts_with(char::is_uppercase)).map(identifier).collect()
}

fn identifier(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap()
}

/// The variants that these errors are.
fn made(errors: &[impl Debug]) -> BTreeSet<String> {
    errors.iter().map(|error| identifier(&format!("{error:?}")).to_owned()).collect()
}

fn all<'a>(source: &'a str, name: &str) -> BTreeSet<String> {
    let names: BTreeSet<&'a str> = variants(source, name);
    assert!(names.len() > 1, "{names:?}");
    names.into_iter().map(str::to_owned).collect()
}

fn envelope(inputs: Vec<i64>, outputs: Vec<i64>) -> ProofEnvelope {
    let public = PublicValues { inputs, outputs, ..Default::default() };
    ProofEnvelope { model_id: ModelId([7; 32]), nonce: Nonce([9; 32]), public, proof: vec![1, 2, 3] }
}

/// Bytes with one changed.
fn patched(mut bytes: Vec<u8>, offset: usize, byte: u8) -> Vec<u8> {
    bytes[offset] = byte;
    bytes
}

#[test]
fn every_error_of_a_cursor_is_made() {
    let errors = [
        Reader::new(&[]).u8().unwrap_err(),
        Reader::new(&[0x80, 0]).varint().unwrap_err(),
        Reader::new(&[0xff; 11]).varint().unwrap_err(),
        Reader::new(&[3]).count("items", 2, 1).unwrap_err(),
        Reader::new(&[1, 0xff]).string("name", 8).unwrap_err(),
        Reader::new(&[0]).finish().unwrap_err(),
    ];
    assert_eq!(made(&errors), all(include_str!("../cursor.rs"), "CursorError"));
    let codes: BTreeSet<_> = errors.iter().map(CursorError::code).collect();
    assert_eq!(codes.len(), errors.len());
}

#[test]
fn every_error_of_hexadecimal_text_is_made() {
    let errors = ["0", "0x"].map(|text| decode(text).unwrap_err());
    assert_eq!(errors, [HexError::Length { expected: 2, got: 1 }, HexError::Digit { offset: 1, got: 'x' }]);
    let source = include_str!("../../../../model/schema/src/hex.rs");
    assert_eq!(made(&errors), all(source, "HexError"));
}

#[test]
fn every_error_of_an_envelope_is_made() {
    let bytes = envelope(vec![1], vec![2]).encode().unwrap();
    let read = |offset, byte| ProofEnvelope::decode(&patched(bytes.clone(), offset, byte)).unwrap_err();
    let visibility = 8 + 2 + 32 + 32;
    // Inputs with hashes, whose number is then 0: the visibility and the count of the outputs.
    let mut none = patched(bytes.clone(), visibility, 1);
    none.splice(visibility + 6.., [0; 4]);
    let json = |change: fn(&mut EnvelopeJson)| {
        let mut json = EnvelopeJson::from(envelope(vec![1], vec![2]));
        change(&mut json);
        ProofEnvelope::try_from(json).unwrap_err()
    };
    let long = ProofEnvelope { proof: vec![0; MAX_PROOF_BYTES + 1], ..envelope(vec![], vec![]) };
    let errors = [
        ProofEnvelope::decode(&[]).unwrap_err(),
        read(0, b'X'),
        read(8, 9),
        read(visibility, 2),
        ProofEnvelope::decode(&none).unwrap_err(),
        envelope(vec![0; MAX_VALUES + 1], vec![]).encode().unwrap_err(),
        long.encode().unwrap_err(),
        json(|json| json.proof = "0".into()),
        json(|json| json.inputs[0] = "01".into()),
    ];
    assert_eq!(made(&errors), all(include_str!("../error.rs"), "EnvelopeError"));
    let codes: BTreeSet<_> = errors.iter().map(EnvelopeError::code).collect();
    assert_eq!(codes.len(), errors.len());
    // The same limits hold for both forms.
    let hashes = PublicValues { output_hashes: vec![TensorHash([0; 32]); 257], ..Default::default() };
    let hashes = ProofEnvelope { public: hashes, ..envelope(vec![], vec![]) };
    let too_many = EnvelopeError::TooManyValues { section: Section::Outputs, limit: 256, got: 257 };
    assert_eq!(hashes.encode().unwrap_err(), too_many);
    assert_eq!(ProofEnvelope::try_from(EnvelopeJson::from(hashes)).unwrap_err(), too_many);
}

fn link(from: (u32, u32), to: (u32, u32), len: u32) -> Link {
    let end = |(proof, start)| ValueRef { proof, start };
    Link { from: end(from), to: end(to), len }
}

#[test]
fn every_error_of_a_chain_is_made() {
    let proofs = || vec![envelope(vec![1], vec![5, 6]), envelope(vec![5, 6], vec![7])];
    let linked = |links: Vec<Link>| ProofChain::new(proofs(), links).unwrap_err();
    let bytes = ProofChain::new(proofs(), vec![]).unwrap().encode().unwrap();
    let read = |offset, byte| ProofChain::decode(&patched(bytes.clone(), offset, byte)).unwrap_err();
    let fault = |links| match linked(links) {
        ChainFormatError::Link { source, .. } => source,
        other => panic!("{other}"),
    };
    let errors = [
        ProofChain::decode(&[]).unwrap_err(),
        read(0, b'X'),
        read(8, 9),
        ProofChain::new(vec![], vec![]).unwrap_err(),
        linked(vec![link((0, 0), (1, 0), 1); crate::MAX_LINKS + 1]),
        // The magic of the first proof, after the number of proofs and its length.
        read(12, b'X'),
        linked(vec![link((0, 0), (1, 0), 0)]),
    ];
    assert_eq!(made(&errors), all(include_str!("../chain.rs"), "ChainFormatError"));
    let faults = [
        fault(vec![link((0, 0), (1, 0), 0)]),
        fault(vec![link((1, 0), (0, 0), 1)]),
        fault(vec![link((0, 1), (1, 0), 2)]),
        fault(vec![link((0, 0), (1, 0), 2), link((0, 0), (1, 1), 1)]),
    ];
    assert_eq!(made(&faults), all(include_str!("../chain.rs"), "LinkFault"));
    // Each fault has a code; those of parts are the parts' own.
    let of_fault = |source: LinkFault| ChainFormatError::Link { link: 0, at: link((0, 0), (1, 0), 1), source }.code();
    let codes: BTreeSet<_> =
        faults.into_iter().map(of_fault).chain(errors.iter().map(ChainFormatError::code)).collect();
    let expected = [
        "link-backwards",
        "link-count",
        "link-empty",
        "link-order",
        "link-range",
        "magic",
        "proof-count",
        "truncated",
        "version",
    ];
    assert_eq!(codes, BTreeSet::from(expected));
}
