//! The contract against the verifier in Rust: both give the same verdict on honest proofs and on every change of proof, public
//! values, nonce and key.

mod chain;
mod models;

use alloy_primitives::{B256, U256, uint};
use chain::{Chain, Outcome};
use models::cases;
use vouch_envelope::ProofEnvelope;
use vouch_evm::contract::IVouchVerifier::Claim;
use vouch_evm::contract::VouchVerifier::{decodeOutputsCall, verifyCall, verifyManyCall};
use vouch_evm::{public_values, verify_call};
use vouch_verifier::{Expected, VerifierKey, verify};

/// The order of the scalar field, and the modulus of the base field.
const R: U256 = uint!(21888242871839275222246405745257275088548364400416034343698204186575808495617_U256);
const Q: U256 = uint!(21888242871839275222246405745257275088696311157297823662689037894645226208583_U256);

fn development() -> Expected {
    Expected { allow_development_srs: true, ..Expected::default() }
}

/// The contract's verdict; a revert is a refusal.
fn accepts(chain: &mut Chain, call: &verifyCall) -> bool {
    match chain.verify(call) {
        Outcome::Done(verdict, gas) => {
            assert!(gas < 1_000_000, "{gas}");
            verdict
        }
        Outcome::Refused(_, gas) => {
            assert!(gas < 1_000_000, "{gas}");
            false
        }
    }
}

#[test]
fn honest_proofs_are_accepted() {
    let mut chain = Chain::new(true);
    assert!(chain.code_bytes <= 24_576, "{}", chain.code_bytes);
    println!("code: {} bytes", chain.code_bytes);
    for case in cases() {
        let Outcome::Done(id, gas) = chain.register(case.key.to_bytes()) else { panic!("{}", case.name) };
        assert_eq!(id.0, case.key.model_id().0, "{}", case.name);
        println!("{}: key of {} bytes, registration {gas}", case.name, case.key.to_bytes().len());
        for envelope in &case.envelopes {
            verify(&case.key, &development(), envelope).unwrap();
            let Outcome::Done(true, gas) = chain.verify(&verify_call(&case.key, envelope).unwrap()) else {
                panic!("{}: refused", case.name)
            };
            println!("{}: proof of {} bytes, {gas} gas", case.name, envelope.proof.len());
        }
    }
}

/// Changes of a word of a proof: bits, values that are none of the field, other encodings, the negative of a point.
fn changes(word: U256) -> Vec<U256> {
    let mut all = vec![
        word ^ U256::from(1),
        word ^ (U256::from(1) << 255),
        U256::ZERO,
        U256::from(1),
        U256::MAX,
        R,
        Q,
        Q.wrapping_sub(word),
        R.wrapping_sub(word),
    ];
    all.extend(word.checked_add(R));
    all.extend(word.checked_add(Q));
    all.retain(|changed| *changed != word);
    all
}

#[test]
fn changed_proofs_get_the_same_verdict() {
    let mut chain = Chain::new(true);
    let mut count = 0;
    for case in cases() {
        chain.register(case.key.to_bytes());
        let honest = &case.envelopes[0];
        let mut same = |envelope: &ProofEnvelope, what: &str| {
            // Two values may be equal: those of a column that is zero.
            if envelope == honest {
                return;
            }
            let own = verify(&case.key, &development(), envelope).is_ok();
            let call = verify_call(&case.key, honest).unwrap();
            let call = verifyCall { proof: envelope.proof.clone().into(), nonce: envelope.nonce.0.into(), ..call };
            assert_eq!(accepts(&mut chain, &call), own, "{}: {what}", case.name);
            assert!(!own, "{}: {what}", case.name);
            count += 1;
        };
        let words = honest.proof.len() / 32;
        for place in 0..words {
            let word = U256::from_be_slice(&honest.proof[32 * place..][..32]);
            for changed in changes(word) {
                let mut envelope = honest.clone();
                envelope.proof[32 * place..][..32].copy_from_slice(&changed.to_be_bytes::<32>());
                same(&envelope, &format!("word {place}: {changed}"));
            }
            // The other proof's word, this word and the next one swapped, the end cut off there.
            let mut envelope = honest.clone();
            let other = &case.envelopes[1].proof[32 * place..][..32];
            envelope.proof[32 * place..][..32].copy_from_slice(other);
            same(&envelope, &format!("word {place} of another proof"));
            if place + 1 < words {
                let mut envelope = honest.clone();
                envelope.proof[32 * place..][..64].rotate_left(32);
                same(&envelope, &format!("word {place} swapped"));
            }
            let mut envelope = honest.clone();
            envelope.proof.truncate(32 * place);
            same(&envelope, &format!("cut at word {place}"));
        }
        for more in [1, 32] {
            let mut envelope = honest.clone();
            envelope.proof.extend(vec![0; more]);
            same(&envelope, "longer");
        }
        for byte in 0..32 {
            let mut envelope = honest.clone();
            envelope.nonce.0[byte] ^= 1;
            same(&envelope, "nonce");
        }
        same(&ProofEnvelope { proof: case.envelopes[1].proof.clone(), ..honest.clone() }, "another proof");
    }
    println!("{count} changes");
    assert!(count > 1_700, "{count}");
}

#[test]
fn changed_public_values_are_refused() {
    let mut chain = Chain::new(true);
    for case in cases() {
        chain.register(case.key.to_bytes());
        let honest = verify_call(&case.key, &case.envelopes[0]).unwrap();
        assert!(accepts(&mut chain, &honest));
        for place in 0..honest.publicValues.len() {
            for bit in [1u8, 0x80] {
                let mut bytes = honest.publicValues.to_vec();
                bytes[place] ^= bit;
                let call = verifyCall { publicValues: bytes.into(), ..honest.clone() };
                assert!(!accepts(&mut chain, &call), "{}: byte {place}", case.name);
            }
        }
        for length in [0, honest.publicValues.len() - 1, honest.publicValues.len() + 1] {
            let mut bytes = honest.publicValues.to_vec();
            bytes.resize(length, 0);
            let call = verifyCall { publicValues: bytes.into(), ..honest.clone() };
            assert!(matches!(chain.verify(&call), Outcome::Refused(..)), "{}: {length} bytes", case.name);
        }
        let unknown = verifyCall { modelId: B256::repeat_byte(1), ..honest.clone() };
        assert!(matches!(chain.verify(&unknown), Outcome::Refused(..)));
    }
}

/// Values in range and proofs of other values: what is claimed must be what was proved.
#[test]
fn values_are_checked_against_their_range() {
    let mut chain = Chain::new(true);
    let case = cases().remove(1);
    chain.register(case.key.to_bytes());
    let mut same = |change: &dyn Fn(&mut ProofEnvelope)| {
        let mut envelope = case.envelopes[0].clone();
        change(&mut envelope);
        let own = verify(&case.key, &development(), &envelope).is_ok();
        assert_eq!(accepts(&mut chain, &verify_call(&case.key, &envelope).unwrap()), own);
        assert!(!own);
    };
    for value in [-5, 5, i64::MIN, i64::MAX, 2] {
        same(&|e| e.public.inputs[0] = value);
        same(&|e| e.public.outputs[0] = value);
    }
}

/// A change of any byte of a key is another model, or refused by both.
#[test]
fn changed_keys_get_the_same_verdict() {
    let mut chain = Chain::new(true);
    let case = cases().remove(2);
    let honest = case.key.to_bytes();
    let mut counts = [[0; 2]; 2];
    let mut differ = Vec::new();
    for place in 0..honest.len() {
        for bit in [1, 0x40, 0x80] {
            let mut bytes = honest.to_vec();
            bytes[place] ^= bit;
            let own = VerifierKey::from_bytes(&bytes);
            let registered = match chain.register(&bytes) {
                Outcome::Done(id, _) => Some(id),
                Outcome::Refused(..) => None,
            };
            counts[usize::from(own.is_ok())][usize::from(registered.is_some())] += 1;
            // The contract does not look at what texts say.
            let text = own.as_ref().is_err_and(|e| e.to_string().ends_with("is not UTF-8"));
            if own.is_ok() != registered.is_some() && !text {
                differ.push((place, bit, own.as_ref().err().map(ToString::to_string), registered));
            }
            if let (Ok(own), Some(id)) = (&own, registered) {
                assert_eq!(own.model_id().0, id.0);
                let envelope = ProofEnvelope { model_id: own.model_id(), ..case.envelopes[0].clone() };
                assert!(verify(own, &development(), &envelope).is_err());
                let call = verifyCall {
                    modelId: id,
                    proof: envelope.proof.clone().into(),
                    publicValues: public_values(case.key.schema(), &case.envelopes[0]).unwrap().into(),
                    nonce: envelope.nonce.0.into(),
                };
                assert!(!accepts(&mut chain, &call), "byte {place}");
            }
        }
    }
    for end in 0..honest.len() {
        assert!(matches!(chain.register(&honest[..end]), Outcome::Refused(..)), "{end} bytes");
    }
    let longer = [honest, &[0]].concat();
    assert!(matches!(chain.register(&longer), Outcome::Refused(..)));
    println!("refused and accepted by the verifier, of each refused and accepted by the contract: {counts:?}");
    assert_eq!(differ, [], "verdicts differ");
}

#[test]
fn keys_of_development_setups_need_a_contract_for_them() {
    let mut chain = Chain::new(false);
    let case = cases().remove(1);
    assert!(matches!(chain.register(case.key.to_bytes()), Outcome::Refused(..)));
    let small = include_bytes!("../../../verify/verifier/tests/fixtures/small.key");
    assert!(matches!(chain.register(small), Outcome::Refused(..)));
}

#[test]
fn many_proofs_share_a_pairing() {
    let mut chain = Chain::new(true);
    let case = cases().remove(1);
    chain.register(case.key.to_bytes());
    let claim = |envelope: &ProofEnvelope| {
        let call = verify_call(&case.key, envelope).unwrap();
        Claim { proof: call.proof, publicValues: call.publicValues, nonce: call.nonce }
    };
    let model = B256::from(case.key.model_id().0);
    let honest: Vec<Claim> = (0..4).map(|i| claim(&case.envelopes[i % 2])).collect();
    for len in 1..=4 {
        let Outcome::Done(true, gas) =
            chain.verify_many(&verifyManyCall { modelId: model, claims: honest[..len].to_vec() })
        else {
            panic!("{len} refused")
        };
        println!("{len} proofs: {gas} gas");
    }
    // A proof of something else, in each place; and two whose errors cancel without factors.
    for place in 0..4 {
        let mut claims = honest.clone();
        claims[place].nonce = B256::repeat_byte(9);
        let verdict = chain.verify_many(&verifyManyCall { modelId: model, claims });
        assert!(matches!(verdict, Outcome::Done(false, _)), "{place}: {verdict:?}");
    }
    assert!(matches!(chain.verify_many(&verifyManyCall { modelId: model, claims: vec![] }), Outcome::Refused(..)));
}

#[test]
fn outputs_are_decoded() {
    let mut chain = Chain::new(true);
    for case in cases() {
        chain.register(case.key.to_bytes());
        let call = verify_call(&case.key, &case.envelopes[0]).unwrap();
        let call = decodeOutputsCall { modelId: call.modelId, publicValues: call.publicValues };
        let Outcome::Done(outputs, _) = chain.view(&call) else { panic!("{}", case.name) };
        let [output] = outputs.as_slice() else { panic!("{outputs:?}") };
        assert_eq!((output.name.as_str(), f64::from_bits(output.scaleBits)), ("y", 2.0));
        assert_eq!(output.shape, [U256::from(1)]);
        let public = &case.envelopes[0].public;
        let values: Vec<U256> = output.values.iter().map(|v| v.into_raw()).collect();
        if output.hashed {
            assert_eq!(values, [U256::from_be_bytes(public.output_hashes[0].0)]);
        } else {
            assert_eq!(output.values[0].as_i64(), public.outputs[0]);
        }
    }
}
