//! Facts about hashed inputs: keys and proofs. A model's folder has the keys for facts about an input in
//! `disclosure/NAME/prover.key` and `verifier.key`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use vouch_circuit::Objective;
use vouch_disclosure::{Statement, disclosure_keys, disclosure_program, load_key};
use vouch_envelope::{Nonce, ProofEnvelope};
use vouch_proving::Salt;
use vouch_verifier::TensorSpec;

use crate::{PROVER_KEY_FILE, ProvingKey, Result, Srs, VERIFIER_KEY_FILE, files, open_verifying_key};

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
