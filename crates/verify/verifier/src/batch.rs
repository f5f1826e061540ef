//! Many envelopes for one key, with one pairing equation.
//!
//! Each proof leaves an equation `e(a_i, [s]) = e(b_i, [1])`. Their combination with factors ρ_i holds if all of them
//! do; if one does not, it holds for at most one value of its factor out of 2^254. The factors are a hash of the key and
//! of all bytes of all envelopes, so nobody can choose any part of a statement or proof after its factor, and the
//! verification stays deterministic.

use vouch_envelope::{Expected, ProofEnvelope};
use vouch_schema::num::wide;

use crate::bn254::Fr;
use crate::claim::VerifiedClaim;
use crate::error::VerifyError;
use crate::field;
use crate::hash::Hash;
use crate::opening::DeferredPairing;
use crate::verifier_key::VerifierKey;
use crate::verify::{check_pairing, reduce};

/// Verifies envelopes for one key, each against what the caller expects of it. The results are those of
/// [`verify`](crate::verify()) for each; if all are good, one pairing equation is enough.
pub fn verify_batch(key: &VerifierKey, items: &[(Expected, ProofEnvelope)]) -> Vec<Result<VerifiedClaim, VerifyError>> {
    let reduced: Vec<Result<DeferredPairing, VerifyError>> =
        items.iter().map(|(expected, envelope)| reduce(key, expected, envelope)).collect();

    let factors = factors(key, items);
    let mut total = DeferredPairing::new(&key.prepared().bases);
    let mut any = false;
    for (equation, factor) in reduced.iter().zip(factors) {
        if let Ok(equation) = equation {
            total.add_equation(equation, factor);
            any = true;
        }
    }
    let all_good = !any || total.holds(&key.prepared().bases);

    let verdict = |(equation, (_, envelope)): (Result<DeferredPairing, VerifyError>, &(Expected, ProofEnvelope))| {
        let equation = equation?;
        if !all_good {
            check_pairing(key, &equation)?;
        }
        Ok(VerifiedClaim::new(key, envelope))
    };
    reduced.into_iter().zip(items).map(verdict).collect()
}

/// A factor for each item, from the hash of the key and of all items.
fn factors(key: &VerifierKey, items: &[(Expected, ProofEnvelope)]) -> impl Iterator<Item = Fr> {
    let params = || Hash::new::<64>(*b"Vouch-batch-fact");
    let length = |len: usize| wide(len).to_le_bytes();
    let mut state = params();
    state.update(&key.model_id().0).update(&length(items.len()));
    for (_, envelope) in items {
        // The canonical bytes hold every field. An envelope without them has more values, hashes or bytes of proof than
        // any key allows: it is refused and needs no factor.
        let bytes = envelope.encode().unwrap_or_default();
        state.update(&length(bytes.len())).update(&bytes);
    }
    let seed = state.finish();
    (0u64..).map(move |index| {
        let mut state = params();
        state.update(&seed).update(&index.to_le_bytes());
        field::from_wide(&state.finish())
    })
}

#[cfg(test)]
mod tests {
    use vouch_envelope::TensorHash;

    use super::*;

    /// Every field of an envelope changes all factors, those of the envelopes before it included.
    #[test]
    fn factors_depend_on_every_field() {
        let key = VerifierKey::from_bytes(include_bytes!("../tests/fixtures/small.key")).unwrap();
        let honest = ProofEnvelope::decode(include_bytes!("../tests/fixtures/small-0.envelope")).unwrap();
        type Change = fn(&mut ProofEnvelope);
        let changes: [(&str, Change); 11] = [
            ("nothing", |_| ()),
            ("model", |e| e.model_id.0[31] ^= 1),
            ("nonce", |e| e.nonce.0[31] ^= 1),
            ("an input", |e| e.public.inputs[0] += 1),
            ("an output", |e| e.public.outputs[0] += 1),
            ("an input hash", |e| e.public.input_hashes = vec![TensorHash([1; 32])]),
            ("another input hash", |e| e.public.input_hashes = vec![TensorHash([2; 32])]),
            ("an output hash", |e| e.public.output_hashes = vec![TensorHash([1; 32])]),
            ("another output hash", |e| e.public.output_hashes = vec![TensorHash([2; 32])]),
            ("the proof", |e| e.proof[0] ^= 1),
            ("the end of the proof", |e| e.proof.push(0)),
        ];
        let mut seen: Vec<(Fr, String)> = Vec::new();
        for changed in 0..2 {
            for (name, change) in changes.iter().skip(changed.min(1)) {
                let mut items = vec![(Expected::default(), honest.clone()); 2];
                change(&mut items[changed].1);
                for factor in factors(&key, &items).take(2) {
                    let same = seen.iter().find(|(known, _)| *known == factor);
                    assert_eq!(same, None, "{name} of envelope {changed}");
                    seen.push((factor, format!("{name} of envelope {changed}")));
                }
            }
        }
        assert_eq!(seen.len(), 2 * (11 + 10));
    }
}
