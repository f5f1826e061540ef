//! Key generation, and the file `prover.key`.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `VOUCHPK\0` |
//! | 2 | version, little-endian |
//! | 4, then as many | header: JSON ([`Header`]) |
//! | 4, then as many | the verifying key ([`VerifierKey::to_bytes`]) |
//! | 8, then as many | the reference string (halo2's `ParamsKZG`, raw) |
//! | 8, then as many | halo2's proving key, raw |
//! | 32 | BLAKE2b-256 of all before |
//!
//! The file is mapped into memory and its digest checked; points and field elements in it are not checked one by one: a prover trusts its own key,
//! and verifies every proof before it gives it out.

use std::{path::Path, sync::Arc};

use halo2_proofs::{
    SerdeFormat,
    halo2curves::{bn256::G1Affine, serde::SerdeObject},
    plonk::{ProvingKey, keygen_pk2},
    poly::{commitment::Params, kzg::commitment::ParamsKZG},
};
use serde::{Deserialize, Serialize};
use vouch_circuit::{CircuitParams, Estimate, Layout, ModelCircuit, Objective, choose};
use vouch_envelope::{Reader, hex};
use vouch_program::Program;
use vouch_verifier::VerifierKey;

use crate::{
    ProverError, Srs,
    commit::KzgParams,
    export::{KeyMeta, export_key},
    files,
    schema::schema,
};

/// Name of the proving key in a bundle's folder.
pub const PROVER_KEY_FILE: &str = "prover.key";
/// Name of the verifying key in a bundle's folder.
pub const VERIFIER_KEY_FILE: &str = "verifier.key";
const MAGIC: &[u8; 8] = b"VOUCHPK\0";
const VERSION: u16 = 2;
const PERSONAL: &[u8; 16] = b"Vouch-prover-key";

/// What a proving key is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// BLAKE2b-256 of the bundle's program, hexadecimal.
    pub program_digest: String,
    /// Inputs that one proof is about.
    pub batch: u32,
    /// The layout.
    pub params: CircuitParams,
}

/// Everything that a prover needs to know about one circuit.
#[derive(Debug)]
pub struct ProverKey {
    /// What it is for.
    pub header: Header,
    /// The program that is proved (the bundle's, or a batch of it).
    pub program: Arc<Program>,
    /// Its layout.
    pub layout: Arc<Layout>,
    /// What verifiers get.
    pub verifier: VerifierKey,
    pub(crate) params: KzgParams,
    pub(crate) pk: ProvingKey<G1Affine>,
}

/// Names of the key files for a batch of `n` inputs: those of a single input have no number.
pub fn key_files(batch: u32) -> (String, String) {
    if batch <= 1 {
        (PROVER_KEY_FILE.to_owned(), VERIFIER_KEY_FILE.to_owned())
    } else {
        (format!("prover-b{batch}.key"), format!("verifier-b{batch}.key"))
    }
}

/// The program of one proof about `batch` inputs, and its cheapest layout.
///
/// With `k`, that with 2^k rows.
///
/// # Errors
/// [`ProverError::Program`] or [`ProverError::Circuit`] if there is none.
pub fn plan(
    program: &Program,
    batch: u32,
    objective: Objective,
    k: Option<u32>,
) -> Result<(Program, Estimate), ProverError> {
    let program = if batch > 1 { program.batched(batch)? } else { program.clone() };
    let estimate = choose(&program, batch, objective, k)?;
    Ok((program, estimate))
}

impl ProverKey {
    /// Makes the keys of a program (of `batch` inputs at once) with the layout of [`plan`].
    ///
    /// # Errors
    /// [`ProverError`] if the reference string is too short or halo2 refuses.
    pub fn generate(
        bundle: &Program,
        batch: u32,
        planned: Program,
        params: CircuitParams,
        srs: &Srs,
    ) -> Result<Self, ProverError> {
        crate::cpu::check()?;
        let srs = srs.truncated(params.k)?;
        let program = Arc::new(planned);
        let layout = Arc::new(Layout::new(&program, &params)?);
        let circuit = ModelCircuit::new(program.clone(), layout.clone());
        let params_kzg = KzgParams::from(srs.params.clone());
        let pk = keygen_pk2(&params_kzg, &circuit, false)?;
        let meta = KeyMeta {
            srs_identity: srs.identity(),
            srs_kind: srs.kind,
            schema: schema(&program),
            program_digest: program.digest(),
            layout: serde_json::to_string(&params).map_err(|e| ProverError::format("layout", e))?,
            instance_len: program.public_len(),
        };
        let verifier = export_key(pk.get_vk(), &srs.params, meta)?;
        let header = Header { program_digest: hex::encode(&bundle.digest()), batch: batch.max(1), params };
        Ok(Self { header, program, layout, verifier, params: params_kzg, pk })
    }

    /// Writes both key files into a folder and returns their sizes.
    ///
    /// # Errors
    /// [`ProverError::File`].
    pub fn save(&self, dir: &Path) -> Result<(u64, u64), ProverError> {
        let wrong = |e: &dyn std::fmt::Display| ProverError::format("prover key", e);
        let (prover_file, verifier_file) = key_files(self.header.batch);
        let header = serde_json::to_vec(&self.header).map_err(|e| wrong(&e))?;
        let verifier = self.verifier.to_bytes();
        let mut srs = Vec::new();
        self.params.inner().write_custom(&mut srs, SerdeFormat::RawBytesUnchecked).map_err(|e| wrong(&e))?;
        let pk = self.pk.to_bytes(SerdeFormat::RawBytesUnchecked);
        let mut head = Vec::with_capacity(header.len() + verifier.len() + 64);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&VERSION.to_le_bytes());
        for part in [header.as_slice(), verifier] {
            head.extend_from_slice(&u32::try_from(part.len()).map_err(|e| wrong(&e))?.to_le_bytes());
            head.extend_from_slice(part);
        }
        let srs_len = (srs.len() as u64).to_le_bytes();
        let pk_len = (pk.len() as u64).to_le_bytes();
        let parts: [&[u8]; 5] = [&head, &srs_len, &srs, &pk_len, &pk];
        let digest = files::digest(PERSONAL, &parts);
        let size = parts.iter().map(|p| p.len() as u64).sum::<u64>() + 32;
        files::write(&dir.join(prover_file), &[parts[0], parts[1], parts[2], parts[3], parts[4], &digest])?;
        files::write(&dir.join(verifier_file), &[verifier])?;
        Ok((size, verifier.len() as u64))
    }

    /// Reads what a key file is for, without the key.
    ///
    /// # Errors
    /// As [`ProverKey::load`].
    pub fn read_header(path: &Path) -> Result<Header, ProverError> {
        let bytes = files::map(path)?;
        let wrong = |e: &dyn std::fmt::Display| wrong_key(path, e);
        let (mut reader, _) = open(path, &bytes)?;
        let len = reader.count_u32("header bytes", bytes.len(), 1).map_err(|e| wrong(&e))?;
        serde_json::from_slice(reader.take(len).map_err(|e| wrong(&e))?).map_err(|e| wrong(&e))
    }

    /// Reads a proving key for a program.
    ///
    /// # Errors
    /// [`ProverError::File`], [`ProverError::Format`] if the file is damaged, [`ProverError::OtherProgram`].
    pub fn load(path: &Path, bundle: &Program) -> Result<Self, ProverError> {
        crate::cpu::check()?;
        let bytes = files::map(path)?;
        let wrong = |e: &dyn std::fmt::Display| wrong_key(path, e);
        let (mut reader, content) = open(path, &bytes)?;
        let mut small = |what| {
            let len = reader.count_u32(what, content.len(), 1)?;
            reader.take(len)
        };
        let header = small("header bytes").map_err(|e| wrong(&e))?;
        let verifier = small("verifying key bytes").map_err(|e| wrong(&e))?;
        let mut large = || {
            let len = reader.u64()?;
            reader.take(usize::try_from(len).unwrap_or(usize::MAX))
        };
        let srs = large().map_err(|e| wrong(&e))?;
        let pk = large().map_err(|e| wrong(&e))?;
        reader.finish().map_err(|e| wrong(&e))?;

        let header: Header = serde_json::from_slice(header).map_err(|e| wrong(&e))?;
        let digest = hex::encode(&bundle.digest());
        if header.program_digest != digest {
            return Err(ProverError::OtherProgram { key: header.program_digest, bundle: digest });
        }
        let verifier = VerifierKey::from_bytes(verifier)?;
        let program = Arc::new(if header.batch > 1 { bundle.batched(header.batch)? } else { bundle.clone() });
        let layout = Arc::new(Layout::new(&program, &header.params)?);
        // Lengths first: halo2 reads unchecked and would panic at the end of the file.
        let n = 1usize.checked_shl(header.params.k).unwrap_or(0);
        if srs.len() != 4 + 2 * 64 * n + 2 * 128 {
            return Err(wrong(&"the reference string has another length than the circuit"));
        }
        let params = ParamsKZG::read_custom(&mut &*srs, SerdeFormat::RawBytesUnchecked).map_err(|e| wrong(&e))?;
        if params.k() != header.params.k {
            return Err(wrong(&"the reference string has another length than the circuit"));
        }
        let lagrange = srs[4 + 64 * n..4 + 128 * n].chunks_exact(64).map(G1Affine::from_raw_bytes_unchecked).collect();
        let params = KzgParams::new(params, lagrange);
        let pk = ProvingKey::from_bytes::<ModelCircuit>(pk, SerdeFormat::RawBytesUnchecked, header.params.clone())
            .map_err(|e| wrong(&e))?;
        Ok(Self { header, program, layout, verifier, params, pk })
    }
}

fn wrong_key(path: &Path, e: &dyn std::fmt::Display) -> ProverError {
    ProverError::format("prover key", format!("{}: {e}", path.display()))
}

/// Checks magic, version and digest; what is left to read, and everything but the digest.
fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<(Reader<'a>, &'a [u8]), ProverError> {
    let wrong = |e: &dyn std::fmt::Display| wrong_key(path, e);
    let Some((content, digest)) = bytes.split_last_chunk::<32>() else {
        return Err(wrong(&format!("{} bytes are too few", bytes.len())));
    };
    let mut reader = Reader::new(content);
    if &reader.array::<8>().map_err(|e| wrong(&e))? != MAGIC {
        return Err(wrong(&"not a prover key of Vouch (make one with `vouch setup`)"));
    }
    let version = reader.u16().map_err(|e| wrong(&e))?;
    if version != VERSION {
        return Err(wrong(&format!(
            "version {version}, this program reads version {VERSION}: run `vouch setup` again"
        )));
    }
    if files::digest(PERSONAL, &[content]) != *digest {
        return Err(wrong(&"the digest does not match: the file is damaged, run `vouch setup` again"));
    }
    Ok((reader, content))
}
