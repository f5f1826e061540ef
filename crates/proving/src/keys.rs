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
//! The digest is checked; points and field elements in it are not checked one by one: a prover trusts its own key,
//! and verifies every proof before it gives it out.

use std::sync::Arc;

use halo2_proofs::{
    SerdeFormat,
    halo2curves::{bn256::G1Affine, serde::SerdeObject},
    plonk::{ProvingKey, keygen_pk2},
    poly::{commitment::Params, kzg::commitment::ParamsKZG},
};
use serde::{Deserialize, Serialize};
use vouch_circuit::{CircuitParams, Estimate, Layout, ModelCircuit, Objective, choose};
use vouch_envelope::{Reader, hex};
use vouch_program::{Program, RunError, WeightMode};
use vouch_verifier::{KeyDescription, VerifierKey};

use crate::{
    ProvingError, Srs,
    commit::KzgParams,
    export::{KeyMeta, describe_key},
    schema::schema,
    weights::{self, Blinding},
};

const MAGIC: &[u8; 8] = b"VOUCHPK\0";
const VERSION: u16 = 3;
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

/// The program of one proof about `batch` inputs, and its cheapest layout.
///
/// With `k`, that with 2^k rows.
///
/// # Errors
/// [`ProvingError::Program`] or [`ProvingError::Circuit`] if there is none.
pub fn plan(
    program: &Program,
    batch: u32,
    objective: Objective,
    k: Option<u32>,
) -> Result<(Program, Estimate), ProvingError> {
    let program = program.batched(batch)?;
    let estimate = choose(&program, batch, objective, k)?;
    Ok((program, estimate))
}

impl ProverKey {
    /// Makes the keys of a program (of `batch` inputs at once) with the layout of [`plan`].
    ///
    /// # Errors
    /// [`ProvingError`] if the reference string is too short or halo2 refuses.
    pub fn generate(
        bundle: &Program,
        batch: u32,
        planned: Program,
        params: CircuitParams,
        srs: &Srs,
    ) -> Result<Self, ProvingError> {
        if !planned.has_weights() {
            return Err(RunError::NoWeights.into());
        }
        let blinding = params.private_weights.then(|| Blinding::random(&params));
        let (program, layout, made) = make(planned, &params, srs, blinding.as_ref())?;
        let verifier = VerifierKey::new(made.description)?;
        let header = Header { program_digest: hex::encode(&bundle.digest()), batch: batch.max(1), params };
        Ok(Self { header, program, layout, verifier, params: made.params, pk: made.pk, blinding })
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
        let program = Arc::new(if header.batch > 1 { bundle.batched(header.batch)? } else { bundle.clone() });
        let layout = Arc::new(Layout::new(&program, &header.params)?);
        // Lengths first: halo2 reads unchecked and would panic at the end of the file.
        let n = 1usize.checked_shl(header.params.k).unwrap_or(0);
        if srs.len() != 4 + 2 * 64 * n + 2 * 128 {
            return Err(wrong("the reference string has another length than the circuit"));
        }
        let params = ParamsKZG::read_custom(&mut &*srs, SerdeFormat::RawBytesUnchecked).map_err(wrong)?;
        if params.k() != header.params.k {
            return Err(wrong("the reference string has another length than the circuit"));
        }
        let lagrange = srs[4 + 64 * n..4 + 128 * n].chunks_exact(64).map(G1Affine::from_raw_bytes_unchecked).collect();
        let params = KzgParams::new(params, lagrange);
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
struct Made {
    description: KeyDescription,
    params: KzgParams,
    pk: ProvingKey<G1Affine>,
}

fn make(
    program: Program,
    params: &CircuitParams,
    srs: &Srs,
    blinding: Option<&Blinding>,
) -> Result<(Arc<Program>, Arc<Layout>, Made), ProvingError> {
    crate::cpu::check()?;
    let srs = srs.truncated(params.k)?;
    let program = Arc::new(program);
    let layout = Arc::new(Layout::new(&program, params)?);
    let circuit = ModelCircuit::new(program.clone(), layout.clone());
    let kzg = KzgParams::from(srs.params.clone());
    let pk = keygen_pk2(&kzg, &circuit, false)?;
    let meta = KeyMeta {
        srs_identity: srs.identity(),
        srs_kind: srs.kind,
        schema: schema(&program),
        program_digest: program.public_digest(),
        layout: serde_json::to_string(params).map_err(|e| ProvingError::format("layout", e))?,
        instance_len: program.public_len(),
        weights: params.private_weights.then(|| weights::describe(&program, &layout, &kzg, blinding)),
    };
    let description = describe_key(pk.get_vk(), &srs.params, meta)?;
    Ok((program, layout, Made { description, params: kzg, pk }))
}

/// Checks that a verifying key is the one of a program (of a batch of it, if its layout is that of one) and a reference string: that its circuit states a run of the program, and nothing less. Whoever publishes a model
/// could else publish a key that accepts anything. Of a program with private weights this needs no weights; the commitments to them are the publisher's, whatever they are.
///
/// # Errors
/// [`ProvingError::OtherKey`] says what differs.
pub fn check_key(program: &Program, srs: &Srs, key: &VerifierKey) -> Result<(), ProvingError> {
    let other = |what: &str| ProvingError::OtherKey { what: what.to_owned() };
    let own = key.description();
    let params: CircuitParams =
        serde_json::from_str(&own.layout).map_err(|e| ProvingError::format("layout in the verifying key", e))?;
    if params.k != own.k {
        return Err(other("number of rows"));
    }
    let private = program.weights() == WeightMode::Private;
    if params.private_weights && !private {
        return Err(other("weights, which are private in the key and fixed in the program"));
    }
    // The layout is the publisher's word: it must be one of this program, and no larger than the key itself.
    let base = CircuitParams::minimal(program, params.k)?;
    let most = own.advice_phases.len();
    let lanes = [params.linear_lanes, params.product_lanes, params.matrix_lanes, params.hash_lanes];
    let fits = lanes.iter().all(|n| *n <= most) && params.two_term_lanes <= params.product_lanes;
    let columns = CircuitParams {
        linear_lanes: base.linear_lanes,
        product_lanes: base.product_lanes,
        two_term_lanes: base.two_term_lanes,
        matrix_lanes: base.matrix_lanes,
        weight_columns: base.weight_columns,
        hash_lanes: base.hash_lanes,
        ..params.clone()
    };
    if columns != base || !fits || params.weight_columns > 1 << 12 {
        return Err(other("layout"));
    }
    if own.srs_identity != srs.truncated(params.k)?.identity() {
        return Err(other("reference string"));
    }
    let (_, _, made) = make(program.clone(), &params, srs, None)?;
    let mut expected = made.description;
    if let (Some(expected), Some(own)) = (&mut expected.weights, &own.weights) {
        for (to, from) in expected.lanes.iter_mut().zip(&own.lanes) {
            if from.commitments.len() != params.weight_columns {
                return Err(other("number of commitments to weights"));
            }
            to.commitments.clone_from(&from.commitments);
        }
    }
    if expected == *own {
        return Ok(());
    }
    let parts = [
        ("program", expected.program_digest != own.program_digest),
        ("schema", expected.schema != own.schema),
        ("gates", expected.gates != own.gates),
        ("fixed columns", expected.fixed_commitments != own.fixed_commitments),
        ("wiring", expected.permutation_commitments != own.permutation_commitments),
        ("weights", expected.weights != own.weights),
    ];
    Err(other(parts.iter().find(|(_, differs)| *differs).map_or("circuit", |(what, _)| *what)))
}

fn wrong(reason: impl ToString) -> ProvingError {
    ProvingError::format("prover key", reason)
}

/// Appends a part after its length in eight bytes.
fn long_part(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<(), ProvingError> {
    let length = bytes.len();
    bytes.extend_from_slice(&[0; 8]);
    write(bytes).map_err(wrong)?;
    let part = (bytes.len() - length - 8) as u64;
    bytes[length..length + 8].copy_from_slice(&part.to_le_bytes());
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
