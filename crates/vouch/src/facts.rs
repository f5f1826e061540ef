//! Facts about hashed inputs: keys and proofs. A model's folder has the keys for facts about an input in
//! `disclosure/NAME/prover.key` and `verifier.key`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use vouch_circuit::Objective;
use vouch_disclosure::{
    Statement, disclosure_keys, disclosure_program, load_key, spec_of, statement_of, verify_statement,
};
use vouch_envelope::{Nonce, ProofEnvelope, TensorHash};
use vouch_proving::Salt;
use vouch_verifier::{Schema, Section, TensorSpec, VerifierKey};

use crate::{PROVER_KEY_FILE, ProvingKey, Result, Srs, VERIFIER_KEY_FILE, error::Cause, files, open_verifying_key};

/// Name of the folder in a model's folder.
pub const DISCLOSURE_DIR: &str = "disclosure";

/// The folder with the keys for facts about an input. The model's author chooses the name: each byte that is not an
/// ASCII letter, digit, `_` or `-` becomes `%` and two hexadecimal digits.
pub fn disclosure_dir(bundle: &Path, tensor: &str) -> PathBuf {
    let mut folder = String::with_capacity(tensor.len());
    for byte in tensor.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') {
            folder.push(char::from(byte));
        } else {
            let _ = write!(folder, "%{byte:02x}");
        }
    }
    bundle.join(DISCLOSURE_DIR).join(folder)
}

/// log2 of the powers that a reference string must have for keys of facts about a tensor.
///
/// # Errors
/// Kind `Input` if the tensor is not hashed or too large.
pub fn fact_rows(spec: &TensorSpec) -> Result<u32> {
    Ok(vouch_proving::plan(&disclosure_program(spec)?, 1, Objective::default(), None)?.k())
}

/// Makes the keys for facts about a hashed input. They depend on its description in the model's verifying key and on the
/// reference string only.
///
/// # Errors
/// As [`fact_rows`], and kind `Damaged` if the reference string has too few powers.
pub fn fact_keys(spec: &TensorSpec, srs: &Srs) -> Result<ProvingKey> {
    Ok(disclosure_keys(spec, srs.as_proving())?.into())
}

/// Reads the keys for facts about a hashed input from [`disclosure_dir`], and checks that the proving key's circuit is
/// the one of the tensor: with another one, it could depend on the values whether there is a proof.
///
/// # Errors
/// Kind `System` if a file cannot be read, `Damaged` if a key is damaged or of another circuit.
pub fn open_fact_key(dir: impl AsRef<Path>) -> Result<ProvingKey> {
    let dir = dir.as_ref();
    let verifying = open_verifying_key(dir.join(VERIFIER_KEY_FILE))?;
    Ok(load_key(&files::map(&dir.join(PROVER_KEY_FILE))?, &verifying)?.into())
}

/// Proves a fact about the integers of a hashed input. `salt` is the one that the model's proof was made with.
///
/// # Errors
/// Kind `OutOfRange` if the fact is not true: then there is no proof.
pub fn prove_fact(
    key: &ProvingKey,
    values: &[i64],
    salt: Salt,
    fact: &Statement,
    nonce: Nonce,
) -> Result<ProofEnvelope> {
    Ok(vouch_disclosure::prove_statement(key.as_proving(), values, salt, fact, nonce)?)
}

/// The hashed input of a name.
///
/// # Errors
/// Kind `Input` if there is none; the text has the names of those that there are.
pub fn hashed_input<'a>(schema: &'a Schema, name: &str) -> Result<&'a TensorSpec> {
    let known = || schema.hashed(Section::Inputs).map(|t| format!("`{}`", t.name)).collect::<Vec<_>>().join(", ");
    let wrong = || Cause::Fact { reason: format!("`{name}` is not a hashed input; hashed inputs: {}", known()) };
    Ok(schema.hashed(Section::Inputs).find(|t| t.name == name).ok_or_else(wrong)?)
}

/// Bounds in a tensor's unit as its integers: those of the values from `lo` to `hi`, both included.
///
/// # Errors
/// Kind `Input` if no value of the tensor is between them, or one is not finite.
pub fn fact_bounds(spec: &TensorSpec, lo: f64, hi: f64) -> Result<(i64, i64)> {
    // Casts saturate; what is out of reach is refused by the statement.
    let (first, last) = ((lo * spec.scale).ceil() as i64, (hi * spec.scale).floor() as i64);
    if !(lo.is_finite() && hi.is_finite()) || first > last {
        let step = 1.0 / spec.scale;
        let reason = format!("no value of `{}` is from {lo} to {hi}: its values are multiples of {step}", spec.name);
        return Err(Cause::Fact { reason }.into());
    }
    Ok((first, last))
}

/// The position of the value that a fact is about, if it is about a single one.
pub fn fact_index(fact: &Statement) -> Option<usize> {
    let index = fact.weights.iter().position(|w| *w != 0)?;
    let others = fact.weights.get(index + 1..).unwrap_or_default();
    (fact.weights.get(index) == Some(&1) && others.iter().all(|w| *w == 0)).then_some(index)
}

/// A fact in words, in the tensor's unit: `1.5 ≤ x[2] ≤ 2 h`.
pub fn fact_words(fact: &Statement, spec: &TensorSpec) -> String {
    let (lo, hi) = (spec.real(fact.lo), spec.real(fact.hi));
    let what = match fact_index(fact) {
        Some(index) => format!("{}[{index}]", spec.name),
        None => {
            let of = |(i, w): (usize, &i64)| format!("{w}·{}[{i}]", spec.name);
            let terms: Vec<String> = fact.weights.iter().enumerate().filter(|w| *w.1 != 0).map(of).collect();
            if terms.is_empty() { "0".to_owned() } else { terms.join(" + ") }
        }
    };
    let text = if lo == hi { format!("{what} = {lo}") } else { format!("{lo} ≤ {what} ≤ {hi}") };
    if spec.unit.is_empty() { text } else { format!("{text} {}", spec.unit) }
}

/// Verifies the proof of a fact about the tensor with a hash, which a verified proof of the model shows. Without `fact`,
/// any is accepted: the result is the one that the proof states.
///
/// # Errors
/// Kind `Refused` if the proof does not show it, `Damaged` if the key is not one for facts.
pub fn verify_fact(
    key: &VerifierKey,
    hash: TensorHash,
    fact: Option<&Statement>,
    nonce: Option<Nonce>,
    allow_development_srs: bool,
    proof: &ProofEnvelope,
) -> Result<Statement> {
    let fact = match fact {
        Some(fact) => fact.clone(),
        None => statement_of(key, proof)?,
    };
    verify_statement(key, hash, &fact, nonce, allow_development_srs, proof)?;
    Ok(fact)
}

/// The tensor that a key for facts is about.
///
/// # Errors
/// Kind `Damaged` if the key is not one for facts.
pub fn fact_tensor(key: &VerifierKey) -> Result<&TensorSpec> {
    Ok(spec_of(key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_bundle() {
        let of = |name| disclosure_dir(Path::new("b"), name);
        assert_eq!(of("sweep_hours-2"), Path::new("b/disclosure/sweep_hours-2"));
        assert_eq!(of("../../x"), Path::new("b/disclosure/%2e%2e%2f%2e%2e%2fx"));
        assert_eq!(of("/1:é"), Path::new("b/disclosure/%2f1%3a%c3%a9"));
        assert_ne!(of("%2e"), of("."));
    }
}
