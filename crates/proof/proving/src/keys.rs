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
//! | 8, then as many | for the evm profile, powers of the reference string: points, raw; else none |
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
    poly::commitment::ParamsProver,
};
use serde::{Deserialize, Serialize};
use vouch_circuit::{CircuitParams, Estimate, Layout, ModelCircuit, Objective, choose, choose_with_fixed_columns};
use vouch_envelope::hex;
use vouch_program::{Program, RunError, WeightMode};
use vouch_verifier::{KeyDescription, VerifierKey};

use crate::{
    ProvingError, Srs,
    commit::KzgParams,
    container::{Container, Opened},
    evm::{self, Evm},
    export::{KeyMeta, describe_key},
    layout::{self, layout_of},
    number::{index, long},
    srs,
    weights::{self, Blinding, Commitments},
};

pub(crate) use raw::constraint_system;

const FORMAT: Container = Container {
    name: "prover key",
    magic: *b"VOUCHPK\0",
    versions: 4..=4,
    personal: *b"Vouch-prover-key",
    other: "not a prover key of Vouch (make one with `vouch setup`)",
    again: "run `vouch setup` again",
};

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
    /// What the evm profile needs, if the key is of it.
    pub(crate) evm: Option<Evm>,
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
    /// What the layout was chosen for: the objective, and log2 of the number of rows if that was given.
    wanted: (Objective, Option<u32>),
    /// For the evm profile, the largest number of polynomials that one commitment stands for.
    evm: Option<u32>,
}

impl CircuitPlan {
    /// log2 of the number of rows.
    pub fn k(&self) -> u32 {
        self.estimate.params.k
    }

    /// Plans a key of the evm profile, whose proofs a contract on Ethereum checks (docs/evm.md). One commitment stands for at most
    /// `group` polynomials: the more, the cheaper is the check, and the longer must the reference string be.
    ///
    /// Weights are fixed columns, since a virtual column would cost the contract a multiplication for each of its commitments.
    ///
    /// # Errors
    /// As [`plan`], and [`ProvingError::PrivateWeights`].
    pub fn for_evm(self, group: u32) -> Result<Self, ProvingError> {
        if self.program.weights() == WeightMode::Private {
            return Err(ProvingError::PrivateWeights);
        }
        let (objective, k) = self.wanted;
        let estimate = choose_with_fixed_columns(&self.program, self.batch, objective, k)?;
        Ok(Self { estimate, evm: Some(group.max(1)), ..self })
    }

    /// As [`for_evm`](Self::for_evm), with groups as large as the least gas takes.
    ///
    /// # Errors
    /// As [`for_evm`](Self::for_evm).
    pub fn for_least_gas(self) -> Result<Self, ProvingError> {
        let plan = self.for_evm(1)?;
        Ok(Self { evm: Some(plan.estimate.openings.best_group()), ..plan })
    }

    /// In the evm profile, the most polynomials that share a commitment.
    pub fn group(&self) -> Option<u32> {
        self.evm
    }

    /// log2 of the number of powers that a reference string must have.
    pub fn powers(&self) -> u32 {
        let degree = constraint_system(&self.estimate.params).degree();
        let degree = u32::try_from(degree).unwrap_or(u32::MAX);
        self.k().saturating_add(self.evm.map_or(0, |group| evm::extension(group, degree)))
    }
}

/// Chooses the cheapest layout for proofs about `batch` inputs of a program; with `k`, the cheapest one of 2^k rows.
///
/// # Errors
/// [`ProvingError::Program`] or [`ProvingError::Circuit`] if there is none.
pub fn plan(program: &Program, batch: u32, objective: Objective, k: Option<u32>) -> Result<CircuitPlan, ProvingError> {
    let batched = program.batched(batch)?;
    let estimate = choose(&batched, batch, objective, k)?;
    let (program, digest) = (Arc::new(batched), program.digest());
    Ok(CircuitPlan { program, batch: batch.max(1), estimate, digest, wanted: (objective, k), evm: None })
}

impl ProverKey {
    /// Makes the keys of a planned circuit.
    ///
    /// # Errors
    /// [`ProvingError::SrsTooSmall`] if the reference string is too short, [`ProvingError::Run`] if the program has no
    /// weights, [`ProvingError::Halo2`] if halo2 refuses.
    pub fn generate(plan: &CircuitPlan, srs: &Srs) -> Result<Self, ProvingError> {
        let CircuitPlan { program, batch, estimate, digest, evm, .. } = plan;
        if !program.has_weights() {
            return Err(RunError::NoWeights.into());
        }
        let params = estimate.params.clone();
        let blinding = params.private_weights.then(|| Blinding::random(&params));
        let layout = Arc::new(Layout::new(program, &params)?);
        let made = make(program, &layout, srs, blinding.as_ref(), evm.map(|group| (group, srs.params.get_g())))?;
        let verifier = VerifierKey::new(made.description)?;
        let header = Header { program_digest: hex::encode(digest), batch: *batch, params };
        Ok(Self {
            header,
            program: program.clone(),
            layout,
            verifier,
            params: made.params,
            pk: made.pk,
            blinding,
            evm: made.evm,
        })
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
        let mut bytes = FORMAT.begin();
        let blinding = self.blinding.as_ref().map(Blinding::to_bytes).unwrap_or_default();
        for part in [header.as_slice(), self.verifier.to_bytes(), &blinding] {
            FORMAT.part(&mut bytes, part)?;
        }
        long_part(&mut bytes, |to| self.params.inner().write_custom(to, SerdeFormat::RawBytesUnchecked))?;
        long_part(&mut bytes, |to| self.pk.write(to, SerdeFormat::RawBytesUnchecked))?;
        long_part(&mut bytes, |to| {
            to.extend(self.evm.as_ref().map(Evm::to_bytes).unwrap_or_default());
            Ok(())
        })?;
        let digest = FORMAT.digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }

    /// Reads what a key is for, without the key.
    ///
    /// # Errors
    /// [`ProvingError::Format`], as [`ProverKey::from_bytes`].
    pub fn header_of(bytes: &[u8]) -> Result<Header, ProvingError> {
        serde_json::from_slice(open(bytes)?.part("header bytes")?).map_err(wrong)
    }

    /// Reads the proving key of a program.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if the bytes are damaged, [`ProvingError::OtherProgram`].
    pub fn from_bytes(bytes: &[u8], bundle: &Program) -> Result<Self, ProvingError> {
        crate::cpu::check()?;
        let mut file = open(bytes)?;
        let header = file.part("header bytes")?;
        let verifier = file.part("verifying key bytes")?;
        let blinding = file.part("bytes that blind weights")?;
        let mut large = || {
            let len = file.reader.u64().map_err(wrong)?;
            let len = usize::try_from(len).map_err(|_| wrong(format!("a part of {len} bytes is too large")))?;
            file.reader.take(len).map_err(wrong)
        };
        let (srs, pk, powers) = (large()?, large()?, large()?);
        file.finish()?;
        let powers = (!powers.is_empty()).then_some(powers);

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
        let evm = match (powers, &verifier.description().evm) {
            (Some(powers), Some(_)) => Some(Evm::from_bytes(powers, verifier.description())?),
            (None, None) => None,
            _ => return Err(wrong("its verifying key is of another profile")),
        };
        Ok(Self { header, program, layout, verifier, params, pk, blinding, evm })
    }
}

/// What key generation makes.
pub(crate) struct GeneratedKeys {
    pub(crate) description: KeyDescription,
    params: KzgParams,
    pk: ProvingKey<G1Affine>,
    evm: Option<Evm>,
}

#[cfg(test)]
impl GeneratedKeys {
    /// The proving key of a program with fixed weights.
    pub(crate) fn into_key(
        self,
        header: Header,
        program: Arc<Program>,
        layout: Arc<Layout>,
        verifier: VerifierKey,
    ) -> ProverKey {
        ProverKey { header, program, layout, verifier, params: self.params, pk: self.pk, blinding: None, evm: self.evm }
    }
}

/// Makes the keys of a program in a layout.
///
/// `evm`: for the evm profile the largest group, and the powers that groups are committed to with. Without `blinding`, a key
/// of private weights has no commitments to them.
///
/// # Errors
/// [`ProvingError`] if the reference string is too short or halo2 refuses.
pub(crate) fn make(
    program: &Arc<Program>,
    layout: &Arc<Layout>,
    srs: &Srs,
    blinding: Option<&Blinding>,
    evm: Option<(u32, &[G1Affine])>,
) -> Result<GeneratedKeys, ProvingError> {
    crate::cpu::check()?;
    crate::stage("making the proving key")?;
    let srs = srs.truncated(layout.params.k)?;
    let circuit = ModelCircuit::new(program.clone(), layout.clone());
    let kzg = KzgParams::from(srs.params.clone());
    let pk = keygen_pk2(&kzg, &circuit, false)?;
    crate::stage("making the verifying key")?;
    let meta = meta(program, layout, &srs, &kzg, Commitments::of(&layout.params, blinding))?;
    let mut description = describe_key(pk.get_vk(), &srs.params, meta)?;
    let evm = evm.map(|(group, powers)| Evm::describe(&mut description, &pk, powers, group)).transpose()?;
    Ok(GeneratedKeys { description, params: kzg, pk, evm })
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
    FORMAT.wrong(reason)
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

/// Checks magic, version and digest.
fn open(bytes: &[u8]) -> Result<Opened<'_>, ProvingError> {
    let opened = FORMAT.open(bytes)?;
    opened.check_digest()?;
    Ok(opened)
}
