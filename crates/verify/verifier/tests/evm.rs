//! Frozen proofs of the evm profile (docs/evm.md), which a contract checks too.

use vouch_verifier::{
    CommittedWeights, Expected, KeyDescription, KeyError, ProofEnvelope, VerifierKey, VerifyError, WeightLane, verify,
    verify_batch,
};

const KEY: &[u8] = include_bytes!("fixtures/evm.key");
const ENVELOPES: [&[u8]; 2] = [include_bytes!("fixtures/evm-0.envelope"), include_bytes!("fixtures/evm-1.envelope")];

fn any() -> Expected {
    Expected { allow_development_srs: true, ..Expected::default() }
}

/// y = x_0 x_1 + 3 x_0.
#[test]
fn frozen_proofs_are_accepted() {
    let key = VerifierKey::from_bytes(KEY).unwrap();
    assert_eq!(key.to_bytes(), KEY);
    assert_eq!(KEY[8..10], [1, 1]);
    let envelopes = ENVELOPES.map(|bytes| ProofEnvelope::decode(bytes).unwrap());
    for (envelope, (inputs, output)) in envelopes.iter().zip([([3, -2], 3), ([-4, 4], -28)]) {
        let claim = verify(&key, &any(), envelope).unwrap();
        assert_eq!((claim.inputs(), claim.outputs()), (&inputs[..], &[output][..]));
        assert_eq!(envelope.proof.len(), key.proof_len());
    }
    let items = envelopes.clone().map(|envelope| (any(), envelope));
    assert!(verify_batch(&key, &items).iter().all(Result::is_ok));
    let mut items = items;
    items[1].1.nonce.0[0] ^= 1;
    let verdicts = verify_batch(&key, &items);
    assert!(verdicts[0].is_ok());
    assert_eq!(verdicts[1], Err(VerifyError::Pairing));
}

/// Each message is bound: the other proof's, another point or number, or bytes too many.
#[test]
fn changed_proofs_are_refused() {
    let key = VerifierKey::from_bytes(KEY).unwrap();
    let [honest, other] = ENVELOPES.map(|bytes| ProofEnvelope::decode(bytes).unwrap());
    let refused = |proof: Vec<u8>| verify(&key, &any(), &ProofEnvelope { proof, ..honest.clone() }).unwrap_err();
    for word in 0..honest.proof.len() / 32 {
        let at = 32 * word..32 * word + 32;
        let mut proof = honest.proof.clone();
        proof[at.clone()].copy_from_slice(&other.proof[at.clone()]);
        // The value of a column that is zero is the same in both.
        if proof != honest.proof {
            refused(proof);
        }
        let mut proof = honest.proof.clone();
        proof[at].fill(0xff);
        assert!(matches!(refused(proof), VerifyError::Point { .. } | VerifyError::Scalar { .. }));
    }
    let mut proof = honest.proof.clone();
    proof.push(0);
    assert!(matches!(refused(proof), VerifyError::Proof(_)));
    refused(honest.proof[1..].to_vec());
}

/// A key says which profile it is of, in one way.
#[test]
fn profiles_are_not_mixed() {
    let key = VerifierKey::from_bytes(KEY).unwrap();
    let version = |low, high| {
        let mut bytes = KEY.to_vec();
        bytes[8..10].copy_from_slice(&[low, high]);
        VerifierKey::from_bytes(&bytes).unwrap_err()
    };
    assert!(matches!(version(1, 0), KeyError::Field(_)), "what follows belongs to the profile");
    assert_eq!(version(4, 1), KeyError::Version { expected: 4, got: 0x104 });
    assert_eq!(version(5, 1), KeyError::Version { expected: 4, got: 0x105 });
    assert_eq!(version(1, 2), KeyError::Version { expected: 4, got: 0x201 });
    // A virtual column has no group.
    let lane = WeightLane { combined: 0, commitments: vec![key.description().fixed_commitments[0]] };
    let weights = CommittedWeights { challenge: 0, lanes: vec![lane], blinding_rows: Vec::new() };
    assert!(VerifierKey::new(KeyDescription { weights: Some(weights), ..key.description().clone() }).is_err());
    // Without the profile there have to be commitments of all permutation polynomials.
    let refused = VerifierKey::new(KeyDescription { evm: None, ..key.description().clone() });
    assert!(matches!(refused, Err(KeyError::Mismatch { .. } | KeyError::Index { .. })), "{refused:?}");
}
