//! Keys: one encoding each, and an error for each way to be wrong.

mod fixture;

use fixture::small;
use proptest::prelude::*;
use vouch_envelope::CursorError;
use vouch_testing::fixtures::{LARGE_KEY, SMALL_KEY};
use vouch_verifier::{
    ColumnKind, ColumnRef, KeyDescription, KeyError, Node, PointError, Section, SrsKind, TensorSpec, VerifierKey,
    Visibility,
};

/// Offset of the kind of setup: after magic and version.
const KIND: usize = 10;
/// Offset of k: after the kind, three digests and two points of G2.
const K: usize = KIND + 1 + 3 * 32 + 2 * 64;

#[test]
fn keys_round_trip_and_are_small() {
    for bytes in [SMALL_KEY, LARGE_KEY] {
        let key = VerifierKey::from_bytes(bytes).unwrap();
        assert_eq!(key.to_bytes(), bytes);
        let again = VerifierKey::new(key.description().clone()).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(again.model_id(), key.model_id());
        assert!(bytes.len() < 5000);
    }
}

#[test]
fn the_identity_is_a_hash_of_the_key() {
    let hash = blake2b_simd::Params::new().hash_length(32).personal(b"Vouch-model-id\0\0").hash(SMALL_KEY);
    assert_eq!(small().0.model_id().as_bytes(), hash.as_bytes());
    let mut other = small().0.description().clone();
    other.layout.push(' ');
    assert_ne!(VerifierKey::new(other).unwrap().model_id(), small().0.model_id());
}

fn patched(offset: usize, bytes: &[u8]) -> KeyError {
    let mut key = SMALL_KEY.to_vec();
    key[offset..offset + bytes.len()].copy_from_slice(bytes);
    VerifierKey::from_bytes(&key).unwrap_err()
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    assert_eq!(patched(0, b"VOUCHPF\0"), KeyError::Magic { expected: *b"VOUCHVK\0", got: *b"VOUCHPF\0" });
    assert_eq!(patched(8, &[5, 0]), KeyError::Version { expected: 4, got: 5 });
    assert_eq!(patched(8, &[0, 0]), KeyError::Version { expected: 4, got: 0 });
    assert_eq!(patched(KIND, &[2]), KeyError::Code { what: "kind of setup", offset: KIND, got: 2 });
    assert!(matches!(patched(K, &[0x80, 0x00]), KeyError::Field(CursorError::NonMinimal { offset: K })));
    for len in 0..SMALL_KEY.len() {
        let error = VerifierKey::from_bytes(&SMALL_KEY[..len]).unwrap_err();
        assert!(matches!(error, KeyError::Field(CursorError::Truncated { .. })), "{len}: {error}");
    }
    let longer = VerifierKey::from_bytes(&[SMALL_KEY, &[0]].concat()).unwrap_err();
    assert_eq!(longer, CursorError::Trailing { offset: SMALL_KEY.len(), got: 1 }.into());
}

/// A key that hides a tensor is of version 2, one that does not of version 1.
#[test]
fn visibilities_have_one_encoding() {
    let mut description = small().0.description().clone();
    // Without values it does not matter for the instance column whether they are public.
    let none = TensorSpec {
        name: "hidden tensor".to_owned(),
        shape: vec![0],
        unit: String::new(),
        scale: 1.0,
        min: 0,
        max: 0,
        visibility: Visibility::Private,
    };
    description.schema.inputs.push(none.clone());
    let key = VerifierKey::new(description.clone()).unwrap();
    assert_eq!(key.to_bytes()[8], 2);
    assert_eq!(VerifierKey::from_bytes(key.to_bytes()).unwrap().description(), key.description());
    let name = key.to_bytes().windows(none.name.len()).position(|window| window == none.name.as_bytes()).unwrap();
    // Then come axes (1: 0), unit (empty), scale, two bounds.
    let at = name + none.name.len() + 2 + 1 + 8 + 2;
    let with = |visibility: u8| {
        let mut bytes = key.to_bytes().to_vec();
        assert_eq!(std::mem::replace(&mut bytes[at], visibility), 2);
        VerifierKey::from_bytes(&bytes)
    };
    assert_eq!(with(1).unwrap_err(), KeyError::Mismatch { what: "instance length", expected: 10, got: 9 });
    assert_eq!(with(3).unwrap_err(), KeyError::Code { what: "visibility", offset: at, got: 3 });
    assert_eq!(with(0).unwrap_err(), KeyError::NotCanonical { offset: 8 });
    // A hashed tensor has one value more, its hash.
    description.schema.inputs.last_mut().unwrap().visibility = Visibility::Hashed;
    description.instance_len += 1;
    let hashed = VerifierKey::new(description).unwrap();
    assert_eq!(hashed.schema().hashes(Section::Inputs), 1);
    assert_ne!(hashed.model_id(), key.model_id());
}

/// Offset of the gates' list of nodes, found by its bytes.
fn find(needle: &[u8]) -> usize {
    SMALL_KEY.windows(needle.len()).position(|window| window == needle).unwrap()
}

#[test]
fn constants_have_one_encoding() {
    // The power 2^40 has code 1 and its exponent: 0, written in the same way, would be a small integer.
    let at = find(&[1, 40]);
    assert_eq!(patched(at, &[1, 6]), KeyError::NotCanonical { offset: at });
    assert_eq!(patched(at, &[12]), KeyError::Code { what: "kind of node", offset: at, got: 12 });
}

/// Changes the description of the small key.
fn refused(change: impl FnOnce(&mut KeyDescription)) -> KeyError {
    let mut description = small().0.description().clone();
    change(&mut description);
    VerifierKey::new(description).unwrap_err()
}

#[test]
fn numbers_are_checked() {
    let range = |what, min, max, got| KeyError::Range { what, min, max, got };
    assert_eq!(refused(|key| key.k = 0), range("k", 1, 28, 0));
    assert_eq!(refused(|key| key.k = 29), range("k", 1, 28, 29));
    assert_eq!(refused(|key| key.k = 27), range("k with the extension for the degree", 1, 28, 29));
    assert_eq!(refused(|key| key.degree = 2), range("degree", 3, 256, 2));
    assert_eq!(refused(|key| key.degree = 4), range("degree of the gates", 0, 4, 5));
    assert_eq!(refused(|key| key.k = 3), range("instance length", 0, 2, 9));
    assert_eq!(refused(|key| key.k = 2), range("blinding factors plus 3", 0, 4, 8));
    assert_eq!(
        refused(|key| key.blinding_factors += 1),
        KeyError::Mismatch { what: "blinding factors", expected: 5, got: 6 }
    );
    assert_eq!(refused(|key| key.advice_phases[0] = 3), range("phase of an advice column", 0, 2, 3));
    assert_eq!(refused(|key| key.challenge_phases[0] = 2), range("phase of a challenge", 0, 1, 2));
    assert_eq!(
        refused(|key| key.instance_len = 8),
        KeyError::Mismatch { what: "instance length", expected: 9, got: 8 }
    );
    let layout = "x".repeat((1 << 16) + 1);
    assert!(matches!(
        refused(|key| key.layout = layout),
        KeyError::Field(CursorError::TooLong { what: "layout", limit: 65536, got: 65537, .. })
    ));
}

#[test]
fn queries_and_columns_are_checked() {
    let index = |what, position, limit, got| KeyError::Index { what, position, limit, got };
    assert_eq!(refused(|key| key.advice_queries[1].column = 5), index("advice query", 1, 5, 5));
    assert_eq!(refused(|key| key.fixed_queries[0].column = 5), index("fixed query", 0, 5, 5));
    assert_eq!(refused(|key| key.instance_queries[0].column = 1), index("instance query", 0, 1, 1));
    let duplicate = |what, position| KeyError::Duplicate { what, position };
    assert_eq!(
        refused(|key| key.advice_queries.push(key.advice_queries[0])),
        duplicate("advice query", small().0.description().advice_queries.len())
    );
    // A rotation by the number of rows is none.
    let around = refused(|key| {
        let mut query = key.fixed_queries[0];
        query.rotation += 32;
        key.fixed_queries.push(query);
    });
    assert_eq!(around, duplicate("fixed query", small().0.description().fixed_queries.len()));
    assert_eq!(
        refused(|key| key.permutation_columns[1] = key.permutation_columns[0]),
        duplicate("permutation column", 1)
    );
    let never_queried = ColumnRef { kind: ColumnKind::Advice, index: 2 };
    assert_eq!(refused(|key| key.permutation_columns[3] = never_queried), KeyError::PermutationQuery { position: 3 });
    assert_eq!(
        refused(|key| key.permutation_commitments.truncate(5)),
        KeyError::Mismatch { what: "number of permutation commitments", expected: 6, got: 5 }
    );
    let kind = find(&[2, 0, 1, 0, 0, 0]);
    assert_eq!(patched(kind, &[3]), KeyError::Code { what: "kind of column", offset: kind, got: 3 });
}

#[test]
fn gates_are_checked() {
    let index = |what, position, limit, got| KeyError::Index { what, position, limit, got };
    assert_eq!(refused(|key| key.gates.nodes[0] = Node::Fixed(99)), index("fixed query of node", 0, 5, 99));
    assert_eq!(refused(|key| key.gates.nodes[1] = Node::Negated(1)), index("operand of node", 1, 1, 1));
    let nodes = small().0.description().gates.nodes.len();
    let last = u32::try_from(nodes).unwrap();
    assert_eq!(refused(|key| key.gates.polynomials[2] = last), index("gate", 2, nodes, u64::from(last)));
    assert_eq!(
        refused(|key| key.gates.nodes[0] = Node::Constant([0xff; 32])),
        KeyError::Scalar { what: "constant of node", position: 0 }
    );
}

#[test]
fn points_and_scalars_are_checked() {
    let point = |what, position, reason| KeyError::Point { what, position, reason };
    assert_eq!(
        refused(|key| key.transcript_repr = [0xff; 32]),
        KeyError::Scalar { what: "transcript representation", position: 0 }
    );
    assert_eq!(refused(|key| key.fixed_commitments[1] = [0; 32]), point("fixed commitment", 1, PointError::NotOnCurve));
    assert_eq!(
        refused(|key| key.permutation_commitments[2][31] |= 0x80),
        point("permutation commitment", 2, PointError::NotCanonical)
    );
    let identity: [u8; 64] = std::array::from_fn(|i| if i == 63 { 0x80 } else { 0 });
    assert_eq!(refused(|key| key.g2 = identity), point("generator of G2", 0, PointError::Identity));
    // The first x that is on the twist is not in the subgroup, whose points are one in 2^254.
    let outside = (0..=255u8)
        .map(|x| refused(|key| key.s_g2 = std::array::from_fn(|i| if i == 0 { x } else { 0 })))
        .find(|error| !matches!(error, KeyError::Point { reason: PointError::NotOnCurve, .. }))
        .unwrap();
    assert_eq!(outside, point("secret times the generator of G2", 0, PointError::NotInSubgroup));
}

#[test]
fn tensors_are_checked() {
    let bounds = refused(|key| (key.schema.outputs[0].min, key.schema.outputs[0].max) = (1, 0));
    assert_eq!(bounds, KeyError::Bounds { section: Section::Outputs, name: "a".into(), min: 1, max: 0 });
    for scale in [0.0, -1.0, f64::INFINITY] {
        let error = refused(|key| key.schema.outputs[0].scale = scale);
        assert_eq!(error, KeyError::Scale { section: Section::Outputs, name: "a".into(), got: scale });
    }
    assert!(matches!(refused(|key| key.schema.inputs[0].scale = f64::NAN), KeyError::Scale { .. }));
    let huge = refused(|key| key.schema.inputs[0].shape = vec![1 << 20, 2]);
    assert_eq!(huge, KeyError::TooMany { what: "values of a tensor", limit: 1 << 20, got: 2 << 20 });
    let many = refused(|key| {
        key.schema.inputs[0].shape = vec![1 << 20];
        key.schema.inputs.push(key.schema.inputs[0].clone());
    });
    assert_eq!(many, KeyError::TooMany { what: "values of a section", limit: 1 << 20, got: 2 << 20 });
    let mut scalar = small().0.description().clone();
    scalar.srs_kind = SrsKind::Ceremony;
    scalar.schema.inputs[0].shape = vec![];
    scalar.schema.outputs[0].shape = vec![8];
    assert_eq!(VerifierKey::new(scalar).unwrap().schema().values(Section::Inputs), 1);
}

proptest! {
    #[test]
    fn changed_bytes_are_refused_or_are_another_key(at in 0..SMALL_KEY.len(), flip in 1u8..) {
        let mut bytes = SMALL_KEY.to_vec();
        bytes[at] ^= flip;
        if let Ok(key) = VerifierKey::from_bytes(&bytes) {
            prop_assert_eq!(key.to_bytes(), &bytes[..]);
            prop_assert_ne!(key.model_id(), small().0.model_id());
        }
    }

    #[test]
    fn any_bytes_are_safe(tail in proptest::collection::vec(any::<u8>(), 0..300), keep in 0..SMALL_KEY.len()) {
        let _ = VerifierKey::from_bytes(&tail);
        let _ = VerifierKey::from_bytes(&[&SMALL_KEY[..keep], &tail].concat());
    }
}
