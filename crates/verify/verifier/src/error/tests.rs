//! Every error is made here once: a code that nothing can produce is one that nobody has tried.

use std::collections::BTreeSet;

use vouch_envelope::{Expected, ProofEnvelope, TensorHash};
use vouch_schema::Visibility;

use super::*;
use crate::bn254::Fr;
use crate::challenge::X;
use crate::expression::LeafValues;
use crate::key::{ColumnKind, ColumnRef, KeyDescription};
use crate::point::{decode_g1, decode_g2};
use crate::verifier_key::VerifierKey;
use crate::verify::verify;

const KEY: &[u8] = include_bytes!("../../tests/fixtures/small.key");

fn small() -> (VerifierKey, ProofEnvelope) {
    let envelope = include_bytes!("../../tests/fixtures/small-0.envelope");
    (VerifierKey::from_bytes(KEY).unwrap(), ProofEnvelope::decode(envelope).unwrap())
}

/// The codes that a part of this file's source writes down: `=> "code"`.
fn codes(start: &str, end: &str) -> BTreeSet<&'static str> {
    let source = include_str!("../error.rs");
    let part = source.split_once(start).unwrap().1.split_once(end).unwrap().0;
    part.split("=> \"").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect()
}

#[test]
fn every_error_of_a_point_is_made() {
    let mut made: BTreeSet<_> = [[0x3f; 32], [0; 32]].map(|bytes| decode_g1(&bytes).unwrap_err().code()).into();
    let identity: [u8; 64] = std::array::from_fn(|i| if i == 63 { 0x80 } else { 0 });
    made.insert(decode_g2(&identity).unwrap_err().code());
    let outside = (0..=255u8).map(|x| decode_g2(&std::array::from_fn(|i| if i == 0 { x } else { 0 })));
    made.extend(outside.filter_map(|point| Some(point.err()?.code())));
    assert_eq!(made, codes("impl PointError", "/// Why bytes or a description"));
}

#[test]
fn every_error_of_a_key_is_made() {
    let changed = |change: &dyn Fn(&mut KeyDescription)| {
        let mut description = small().0.description().clone();
        change(&mut description);
        VerifierKey::new(description).unwrap_err()
    };
    let patched = |offset: usize, byte: u8| {
        let mut bytes = KEY.to_vec();
        bytes[offset] = byte;
        VerifierKey::from_bytes(&bytes).unwrap_err()
    };
    let power = KEY.windows(2).position(|window| window == [1, 40]).unwrap();
    let unqueried = ColumnRef { kind: ColumnKind::Advice, index: 2 };
    let errors = [
        patched(0, 0),
        patched(8, 9),
        patched(10, 9),
        // 2^6, which is written as a small integer.
        patched(power + 1, 6),
        changed(&|key| key.schema.inputs[0].shape = vec![1 << 20, 2]),
        changed(&|key| key.k = 0),
        changed(&|key| key.gates.polynomials.push(u32::MAX)),
        changed(&|key| key.blinding_factors += 1),
        changed(&|key| key.advice_queries.push(key.advice_queries[0])),
        changed(&|key| key.permutation_columns[3] = unqueried),
        changed(&|key| key.transcript_repr = [0xff; 32]),
        changed(&|key| (key.schema.outputs[0].min, key.schema.outputs[0].max) = (1, 0)),
        changed(&|key| key.schema.outputs[0].scale = 0.0),
    ];
    let made: BTreeSet<_> = errors.iter().map(KeyError::code).collect();
    assert_eq!(made, codes("impl KeyError", "/// The checks of a verification"));
    // Those of its parts have codes of their own.
    assert_eq!(VerifierKey::from_bytes(&KEY[..9]).unwrap_err().code(), "truncated");
    assert_eq!(changed(&|key| key.fixed_commitments[0] = [0; 32]).code(), PointError::NotOnCurve.code());
}

/// The small key with a hashed output, and an envelope of its shape.
fn hashed() -> (VerifierKey, ProofEnvelope) {
    let (key, mut envelope) = small();
    let mut description = key.description().clone();
    let outputs = &mut description.schema.outputs;
    let hidden = outputs[0].size();
    outputs[0].visibility = Visibility::Hashed;
    description.instance_len -= u32::try_from(hidden).unwrap() - 1;
    let key = VerifierKey::new(description).unwrap();
    envelope.model_id = key.model_id();
    envelope.public.outputs.drain(..hidden);
    envelope.public.output_hashes = vec![TensorHash([0; 32])];
    (key, envelope)
}

#[test]
fn every_error_of_a_verification_is_made() {
    type Change = fn(&mut Expected, &mut ProofEnvelope);
    let any = || Expected { allow_development_srs: true, ..Expected::default() };
    let made_of = |(key, mut envelope): (VerifierKey, ProofEnvelope), change: Change| {
        let mut expected = any();
        change(&mut expected, &mut envelope);
        verify(&key, &expected, &envelope).unwrap_err()
    };
    let small_changes: [Change; 12] = [
        |expected, _| expected.model_id = Some(ModelId([0; 32])),
        |_, envelope| envelope.model_id = ModelId([0; 32]),
        |expected, _| expected.allow_development_srs = false,
        |expected, _| expected.nonce = Some(Nonce([0xee; 32])),
        |_, envelope| envelope.public.inputs.push(0),
        |expected, _| expected.inputs = Some(Vec::new()),
        |_, envelope| envelope.public.input_hashes.push(TensorHash([0; 32])),
        |_, envelope| envelope.public.inputs[0] = i64::MAX,
        |expected, envelope| expected.outputs = Some(envelope.public.outputs.iter().map(|value| value ^ 1).collect()),
        |_, envelope| envelope.proof.clear(),
        // The evaluation before the two points of the multi-opening.
        |_, envelope| {
            let end = envelope.proof.len() - 64;
            envelope.proof[end - 32..end].fill(0xff);
        },
        |_, envelope| envelope.nonce.0[0] ^= 1,
    ];
    let mut errors: Vec<VerifyError> = small_changes.into_iter().map(|change| made_of(small(), change)).collect();
    let hashed_changes: [Change; 2] = [
        |_, envelope| envelope.public.output_hashes = vec![TensorHash([0xff; 32])],
        |expected, _| expected.output_hashes = Some(vec![TensorHash([1; 32])]),
    ];
    errors.extend(hashed_changes.into_iter().map(|change| made_of(hashed(), change)));

    // What no envelope causes: a challenge among the rows of the domain, and a key that was not checked.
    let (key, _) = small();
    let domain = &key.prepared().domain;
    errors.extend(domain.lagrange(domain.point(X(domain.rotate(Fr::from(1u64), 3))), 0, 1).err());
    let nothing = LeafValues { fixed: &[], advice: &[], instance: &[], challenges: &[] };
    errors.extend(key.prepared().gates.evaluate(nothing).err());

    let made: BTreeSet<_> = errors.iter().map(VerifyError::code).collect();
    let mut all = codes("impl VerifyError", "/// The check that failed.");
    // The code of a part: a proof that ends early.
    all.insert("truncated");
    assert_eq!(made, all);
    // Each check has failed once, but for the format, which bytes are refused for.
    let failed: BTreeSet<_> = errors.iter().map(VerifyError::check).collect();
    assert_eq!(failed, CheckName::ALL.into_iter().filter(|name| *name != CheckName::Format).collect());
}
