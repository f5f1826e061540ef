//! Changed proofs and keys, the same for every host of the verifier.

use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;
use vouch_envelope::{EnvelopeError, ProofEnvelope};

/// Every part of an envelope changed, well-formed and not: what was done, and the bytes.
///
/// # Errors
/// If `bytes` is no envelope.
pub fn tampered(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, EnvelopeError> {
    type Change = fn(&mut ProofEnvelope);
    let honest = ProofEnvelope::decode(bytes)?;
    let changes: [(&str, Change); 9] = [
        ("model identity", |e| e.model_id.0[5] ^= 1),
        ("nonce", |e| e.nonce.0[31] ^= 1),
        ("input", |e| e.public.inputs.iter_mut().take(1).for_each(|x| *x += 1)),
        ("output", |e| e.public.outputs.iter_mut().take(1).for_each(|x| *x -= 1)),
        ("output out of range", |e| e.public.outputs.iter_mut().take(1).for_each(|x| *x = i64::MIN)),
        ("input added", |e| e.public.inputs.push(0)),
        ("no outputs", |e| e.public.outputs.clear()),
        ("proof empty", |e| e.proof.clear()),
        ("proof longer", |e| e.proof.push(0)),
    ];
    let mut out = Vec::new();
    let mut add = |what: String, change: &dyn Fn(&mut ProofEnvelope)| -> Result<(), EnvelopeError> {
        let mut envelope = honest.clone();
        change(&mut envelope);
        out.push((what, envelope.encode()?));
        Ok(())
    };
    for (what, change) in changes {
        add(format!("{what} changed"), &change)?;
    }
    // One bit in every message of the proof; and every message replaced by another of the same kind.
    for at in (0..honest.proof.len()).step_by(32) {
        add(format!("bit flipped at {at}"), &|e| e.proof[at + at / 32 % 31] ^= 1 << (at / 32 % 8))?;
        let from = if at < 64 { 64..96 } else { at - 32..at };
        add(format!("message repeated at {at}"), &|e| e.proof.copy_within(from.clone(), at))?;
    }
    for fill in [0, 0x3f, 0x80, 0xff] {
        add(format!("proof of {fill:02x}"), &|e| e.proof.fill(fill))?;
    }
    for len in (0..bytes.len()).step_by(1 + bytes.len() / 40) {
        out.push((format!("cut at {len}"), bytes[..len].to_vec()));
    }
    Ok(out)
}

/// Changes some bytes, or cuts, repeats or replaces some: as in the fuzz tests of `crates/verify/verifier`.
pub fn mutate(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.gen_range(1..4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.gen_range(0..bytes.len());
        let len = rng.gen_range(0..=40.min(bytes.len() - at));
        match rng.gen_range(0..8) {
            0..=2 => bytes[at] ^= 1 << rng.gen_range(0..8),
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][rng.gen_range(0..5)],
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + len)),
            6 => {
                let copied = bytes[at..at + len].to_vec();
                bytes.splice(at..at, copied);
            }
            _ => rng.fill_bytes(&mut bytes[at..at + len]),
        }
    }
}
