//! Key generation, and the bytes of `prover.key`.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `VOUCHPK\0` |
//! | 2 | version, little-endian |
//! | 4, then as many | header: JSON ([`Header`]) |
//! | 4, then as many | the verifying key ([`VerifierKey::to_bytes`]) |
//! | 4, then as many | what blinds the commitments to private weights: field elements; none if weights are fixed |
//! | 8, then as many | the reference string (halo2's `ParamsKZG`, raw) |
//! | 8, then as many | halo2's proving key, raw |
//! | 32 | BLAKE2b-256 of all before |
//!
//! A key may come from a third party (a server sends that of a disclosure), and its proofs must still reveal nothing. So reading
//! checks the digest and all lengths; that the layout is one of the program; that every point is on its curve and every field
//! element below the modulus; and that the reference string is that of the verifying key, with a secret outside of the domain: in
//! the domain, each commitment would be the value in one row. Every proof is verified before it is given out, and one with points
//! that are not powers of that secret does not verify, whatever the witness. What is not checked on reading is that the key's
//! columns are those of the program: a circuit with one constraint more has proofs for some inputs only, so that whether there
//! is a proof tells of the input. [`ProverKey::check`] makes the verifying key again; a key that a third party sent needs it.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

mod raw;

use std::sync::Arc;

use halo2_proofs::{
    SerdeFormat,
    halo2curves::bn256::G1Affine,
    plonk::{ProvingKey, keygen_pk2},
};
use serde::{Deserialize, Serialize};
use vouch_circuit::{CircuitParams, Estimate, Layout, ModelCircuit, Objective, choose};
use vouch_envelope::{Reader, hex};
use vouch_program::{Program, RunError};
use vouch_verifier::{KeyDescription, VerifierKey};

use crate::{
    ProvingError, Srs,
    commit::KzgParams,
    export::{KeyMeta, describe_key},
    layout::{self, layout_of},
    number::{index, long},
    srs,
    weights::{self, Blinding, Commitments},
};

pub(crate) use raw::constraint_system;

const MAGIC: &[u8; 8] = b"VOUCHPK\0";
const VERSION: u16 = 4;
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
    /// What blinds the key's commitments to private weights.
    pub(crate) blinding: Option<Blinding>,
}

/// A program with the layout that was chosen for its proofs: what keys are made for.
#[derive(Clone, Debug)]
pub struct CircuitPlan {
    /// The program of one proof: the given one, or a batch of it.
    pub program: Arc<Program>,
    /// Inputs that one proof is about, at least 1.
    pub batch: u32,
    /// The layout, its sizes, and the times that it should take.
    pub estimate: Estimate,
    /// BLAKE2b-256 of the given program.
    digest: [u8; 32],
}

impl CircuitPlan {
    /// log2 of the number of rows, and of the powers that a reference string must have.
    pub fn k(&self) -> u32 {
        self.estimate.params.k
    }
}

/// Chooses the cheapest layout for proofs about `batch` inputs of a program; with `k`, the cheapest one of 2^k rows.
///
/// # Errors
/// [`ProvingError::Program`] or [`ProvingError::Circuit`] if there is none.
pub fn plan(program: &Program, batch: u32, objective: Objective, k: Option<u32>) -> Result<CircuitPlan, ProvingError> {
    let batched = program.batched(batch)?;
    let estimate = choose(&batched, batch, objective, k)?;
    Ok(CircuitPlan { program: Arc::new(batched), batch: batch.max(1), estimate, digest: program.digest() })
}

impl ProverKey {
    /// Makes the keys of a planned circuit.
    ///
    /// # Errors
    /// [`ProvingError::SrsTooSmall`] if the reference string is too short, [`ProvingError::Run`] if the program has no
    /// weights, [`ProvingError::Halo2`] if halo2 refuses.
    pub fn generate(plan: &CircuitPlan, srs: &Srs) -> Result<Self, ProvingError> {
        let CircuitPlan { program, batch, estimate, digest } = plan;
        if !program.has_weights() {
            return Err(RunError::NoWeights.into());
        }
        let params = estimate.params.clone();
        let blinding = params.private_weights.then(|| Blinding::random(&params));
        let layout = Arc::new(Layout::new(program, &params)?);
        let made = make(program, &layout, srs, blinding.as_ref())?;
        let verifier = VerifierKey::new(made.description)?;
        let header = Header { program_digest: hex::encode(digest), batch: *batch, params };
        Ok(Self { header, program: program.clone(), layout, verifier, params: made.params, pk: made.pk, blinding })
    }

    /// Makes the keys for proofs about one input of a program, in the layout that is proved fastest.
    ///
    /// # Errors
    /// As [`plan`] and [`ProverKey::generate`].
    pub fn setup(program: &Program, srs: &Srs) -> Result<Self, ProvingError> {
        Self::generate(&plan(program, 1, Objective::default(), None)?, srs)
    }

    /// As [`ProverKey::setup`], with a reference string that is made for these keys and dropped: for development only.
    ///
    /// # Errors
    /// As [`ProverKey::setup`].
    pub fn development(program: &Program) -> Result<Self, ProvingError> {
        let plan = plan(program, 1, Objective::default(), None)?;
        Self::generate(&plan, &Srs::development(plan.k()))
    }

    /// The bytes of `prover.key`.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if a part is too long for its length, which does not happen.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProvingError> {
        let header = serde_json::to_vec(&self.header).map_err(wrong)?;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        let blinding = self.blinding.as_ref().map(Blinding::to_bytes).unwrap_or_default();
        for part in [header.as_slice(), self.verifier.to_bytes(), &blinding] {
            bytes.extend_from_slice(&u32::try_from(part.len()).map_err(wrong)?.to_le_bytes());
            bytes.extend_from_slice(part);
        }
        long_part(&mut bytes, |to| self.params.inner().write_custom(to, SerdeFormat::RawBytesUnchecked))?;
        long_part(&mut bytes, |to| self.pk.write(to, SerdeFormat::RawBytesUnchecked))?;
        let digest = crate::digest(PERSONAL, &[&bytes]);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }

    /// Reads what a key is for, without the key.
    ///
    /// # Errors
    /// [`ProvingError::Format`], as [`ProverKey::from_bytes`].
    pub fn header_of(bytes: &[u8]) -> Result<Header, ProvingError> {
        let (mut reader, _) = open(bytes)?;
        let len = reader.count_u32("header bytes", bytes.len(), 1).map_err(wrong)?;
        serde_json::from_slice(reader.take(len).map_err(wrong)?).map_err(wrong)
    }

    /// Reads the proving key of a program.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if the bytes are damaged, [`ProvingError::OtherProgram`].
    pub fn from_bytes(bytes: &[u8], bundle: &Program) -> Result<Self, ProvingError> {
        crate::cpu::check()?;
        let (mut reader, content) = open(bytes)?;
        let mut small = |what| {
            let len = reader.count_u32(what, content.len(), 1)?;
            reader.take(len)
        };
        let header = small("header bytes").map_err(wrong)?;
        let verifier = small("verifying key bytes").map_err(wrong)?;
        let blinding = small("bytes that blind weights").map_err(wrong)?;
        let mut large = || {
            let len = reader.u64()?;
            reader.take(usize::try_from(len).unwrap_or(usize::MAX))
        };
        let srs = large().map_err(wrong)?;
        let pk = large().map_err(wrong)?;
        reader.finish().map_err(wrong)?;

        let header: Header = serde_json::from_slice(header).map_err(wrong)?;
        let digest = hex::encode(&bundle.digest());
        if header.program_digest != digest {
            return Err(ProvingError::OtherProgram { key: header.program_digest, bundle: digest });
        }
        let verifier = VerifierKey::from_bytes(verifier)?;
        // The header is what the rest is measured by, so it comes first: it must be one that the program can have, and as large as the file.
        let (k, batch) = (header.params.k, header.batch.max(1));
        if verifier.description().k != k {
            return Err(wrong("its verifying key has another number of rows"));
        }
        srs::check_length(srs, k)?;
        layout::check_rows(bundle, index(batch), k).map_err(wrong)?;
        let program = Arc::new(bundle.batched(batch)?);
        let layout = Arc::new(layout_of(&program, &header.params).map_err(wrong)?);
        let cs = raw::constraint_system(&header.params);
        raw::check(pk, &cs, k)?;
        let params = srs::of_key(srs, &verifier)?;
        let pk = ProvingKey::from_bytes::<ModelCircuit>(pk, SerdeFormat::RawBytesUnchecked, header.params.clone())
            .map_err(wrong)?;
        let blinding = match (header.params.private_weights, blinding) {
            (true, bytes) => Some(Blinding::from_bytes(bytes, &header.params)?),
            (false, []) => None,
            (false, _) => return Err(wrong("it blinds weights that are fixed")),
        };
        Ok(Self { header, program, layout, verifier, params, pk, blinding })
    }
}

/// What key generation makes.
pub(crate) struct Made {
    pub(crate) description: KeyDescription,
    params: KzgParams,
    pk: ProvingKey<G1Affine>,
}

#[cfg(test)]
impl Made {
    /// The proving key of a program with fixed weights.
    pub(crate) fn into_key(
        self,
        header: Header,
        program: Arc<Program>,
        layout: Arc<Layout>,
        verifier: VerifierKey,
    ) -> ProverKey {
        ProverKey { header, program, layout, verifier, params: self.params, pk: self.pk, blinding: None }
    }
}

/// Makes the keys of a program in a layout. Of private weights there are only commitments if there is something that blinds them.
///
/// # Errors
/// [`ProvingError`] if the reference string is too short or halo2 refuses.
pub(crate) fn make(
    program: &Arc<Program>,
    layout: &Arc<Layout>,
    srs: &Srs,
    blinding: Option<&Blinding>,
) -> Result<Made, ProvingError> {
    crate::cpu::check()?;
    let srs = srs.truncated(layout.params.k)?;
    let circuit = ModelCircuit::new(program.clone(), layout.clone());
    let kzg = KzgParams::from(srs.params.clone());
    let pk = keygen_pk2(&kzg, &circuit, false)?;
    let meta = meta(program, layout, &srs, &kzg, Commitments::of(&layout.params, blinding))?;
    let description = describe_key(pk.get_vk(), &srs.params, meta)?;
    Ok(Made { description, params: kzg, pk })
}

/// What a verifying key says of a program beyond its circuit.
pub(crate) fn meta(
    program: &Program,
    layout: &Layout,
    srs: &Srs,
    kzg: &KzgParams,
    commitments: Commitments<'_>,
) -> Result<KeyMeta, ProvingError> {
    let params = &layout.params;
    Ok(KeyMeta {
        srs_identity: srs.identity(),
        srs_kind: srs.kind,
        schema: program.schema(),
        program_digest: program.public_digest(),
        layout: serde_json::to_string(params).map_err(|e| ProvingError::format("layout", e))?,
        instance_len: program.public_len(),
        weights: weights::describe(program, layout, kzg, commitments),
    })
}

fn wrong(reason: impl ToString) -> ProvingError {
    ProvingError::format("prover key", reason)
}

/// Appends a part after its length in eight bytes.
fn long_part(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<(), ProvingError> {
    let length = bytes.len();
    bytes.extend_from_slice(&[0; 8]);
    let start = bytes.len();
    write(bytes).map_err(wrong)?;
    let part = long(bytes.len().saturating_sub(start));
    bytes[length..start].copy_from_slice(&part.to_le_bytes());
    Ok(())
}

/// Checks magic, version and digest; what is left to read, and everything but the digest.
fn open(bytes: &[u8]) -> Result<(Reader<'_>, &[u8]), ProvingError> {
    let Some((content, digest)) = bytes.split_last_chunk::<32>() else {
        return Err(wrong(format!("{} bytes are too few", bytes.len())));
    };
    let mut reader = Reader::new(content);
    if &reader.array::<8>().map_err(wrong)? != MAGIC {
        return Err(wrong("not a prover key of Vouch (make one with `vouch setup`)"));
    }
    let version = reader.u16().map_err(wrong)?;
    if version != VERSION {
        return Err(wrong(format!("version {version}, this program reads version {VERSION}: run `vouch setup` again")));
    }
    if crate::digest(PERSONAL, &[content]) != *digest {
        return Err(wrong("the digest does not match: the file is damaged, run `vouch setup` again"));
    }
    Ok((reader, content))
}
