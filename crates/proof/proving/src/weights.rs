//! The key's commitments to weights; and, for private ones, the last part of a proof, which ties the circuit's combined weights
//! to them. What is shown, and why nothing else is, is written where it is verified (`crates/verify/verifier/src/weights.rs`)
//! and in `docs/private-weights.md`.

use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1, G1Affine},
        ff::PrimeField,
        group::{Curve, GroupEncoding},
    },
    plonk::ConstraintSystem,
    transcript::{Challenge255, TranscriptWrite},
};
use rayon::prelude::*;
use vouch_circuit::{CircuitParams, Layout, ModelCircuit, ModelConfig};
use vouch_program::Program;
use vouch_verifier::{CommittedWeights, WeightLane};

use crate::{ProvingError, commit::KzgParams, error::halo2, random::fill_random};

/// The random last rows of all weight columns, lane by lane and column by column: with them and the weights, the key's commitments can be opened.
#[derive(Clone, PartialEq)]
pub(crate) struct Blinding {
    rows: usize,
    lanes: Vec<Vec<Vec<Fr>>>,
}

/// Does not show the secret.
impl std::fmt::Debug for Blinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blinding").field("rows", &self.rows).field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}

impl Blinding {
    /// Draws it.
    pub(crate) fn random(params: &CircuitParams) -> Self {
        let rows = params.n() - params.usable() - 1;
        let column = || {
            let mut values = vec![Fr::zero(); rows];
            fill_random(&mut values);
            values
        };
        let lane = |_| (0..params.weight_columns).map(|_| column()).collect();
        Self { rows, lanes: (0..ModelCircuit::committed_lanes(params)).map(lane).collect() }
    }

    /// As bytes: the elements, one after the other.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.lanes.iter().flatten().flatten().flat_map(|v| v.to_repr()).collect()
    }

    /// Reads the bytes of a layout's blinding.
    pub(crate) fn from_bytes(bytes: &[u8], params: &CircuitParams) -> Result<Self, ProvingError> {
        let wrong = |reason: String| ProvingError::format("prover key", reason);
        let rows = params.n().saturating_sub(params.usable() + 1);
        let expected = 32 * rows * params.weight_columns * ModelCircuit::committed_lanes(params);
        if bytes.len() != expected {
            return Err(wrong(format!("expected {expected} bytes that blind weights, got {}", bytes.len())));
        }
        let element = |bytes: &[u8; 32]| Option::<Fr>::from(Fr::from_repr(*bytes));
        let values: Option<Vec<Fr>> = bytes.as_chunks::<32>().0.iter().map(element).collect();
        let values = values.ok_or_else(|| wrong("what blinds weights is no field element".to_owned()))?;
        let columns: Vec<Vec<Fr>> = values.chunks(rows.max(1)).map(<[Fr]>::to_vec).collect();
        let lanes = columns.chunks(params.weight_columns.max(1)).map(<[Vec<Fr>]>::to_vec).collect();
        Ok(Self { rows, lanes })
    }
}

/// What a key's commitments to weights are made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Commitments<'a> {
    /// Nothing: the lists are empty, for checking a third party's key.
    Empty,
    /// The weights.
    Fixed,
    /// The weights and what blinds them.
    Private(&'a Blinding),
}

impl<'a> Commitments<'a> {
    /// Those of a layout. Those to private weights cannot be computed without what blinds them.
    pub(crate) fn of(params: &CircuitParams, blinding: Option<&'a Blinding>) -> Self {
        match (params.private_weights, blinding) {
            (false, _) => Self::Fixed,
            (true, Some(blinding)) => Self::Private(blinding),
            (true, None) => Self::Empty,
        }
    }
}

/// The key's description of weights that are not columns of the circuit.
pub(crate) fn describe(
    program: &Program,
    layout: &Layout,
    params: &KzgParams,
    commitments: Commitments<'_>,
) -> Option<CommittedWeights> {
    let config = ModelConfig::configure(&mut ConstraintSystem::default(), &layout.params);
    let combined: Vec<u32> = config.weights().filter_map(|weights| Some(weights.combined()?.index() as u32)).collect();
    if combined.is_empty() {
        return None;
    }
    let private = layout.params.private_weights;
    let n = layout.params.n();
    let first = if private { layout.params.usable() + 1 } else { n };
    let blinding_rows = params.lagrange()[first..n].iter().map(compressed).collect();
    let commitments = match commitments {
        Commitments::Empty => vec![Vec::new(); combined.len()],
        Commitments::Fixed => commit(program, layout, params, None),
        Commitments::Private(blinding) => commit(program, layout, params, Some(blinding)),
    };
    let lanes = combined.into_iter().zip(commitments);
    let lanes = lanes.map(|(combined, commitments)| WeightLane { combined, commitments }).collect();
    Some(CommittedWeights { challenge: config.mu.index() as u32, lanes, blinding_rows })
}

/// Commits to the weight columns of each lane. A column is made when it is committed to: all of them together may be much
/// larger than the weights.
fn commit(program: &Program, layout: &Layout, params: &KzgParams, blinding: Option<&Blinding>) -> Vec<Vec<[u8; 32]>> {
    let n = params.lagrange().len();
    let of_lane = |lane: usize| {
        let commit = |column: usize| {
            let mut values = ModelCircuit::committed_weights(program, layout, lane, column);
            values.extend(blinding.and_then(|b| b.lanes.get(lane)?.get(column)).into_iter().flatten());
            values.resize(n, Fr::zero());
            params.commit_values(&values)
        };
        let points: Vec<G1> = (0..layout.params.weight_columns).into_par_iter().map(commit).collect();
        let mut affine = vec![G1Affine::default(); points.len()];
        G1::batch_normalize(&points, &mut affine);
        affine.iter().map(compressed).collect()
    };
    (0..ModelCircuit::committed_lanes(&layout.params)).map(of_lane).collect()
}

fn compressed(point: &G1Affine) -> [u8; 32] {
    let bytes = point.to_bytes();
    std::array::from_fn(|i| bytes.as_ref()[i])
}

/// Writes the last part of a proof. `combined` are the last rows of the lanes' columns of combined weights.
///
/// γ is drawn here, after everything that it combines was committed to.
pub(crate) fn prove<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    params: &KzgParams,
    blinding: &Blinding,
    combined: &[Vec<Fr>],
    mu: Fr,
    transcript: &mut T,
) -> Result<(), ProvingError> {
    let gamma = *transcript.squeeze_challenge_scalar::<()>();
    prove_combination(params, blinding, combined, mu, gamma, transcript)
}

/// Proves the combination of all lanes with powers of γ.
pub(crate) fn prove_combination<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    params: &KzgParams,
    blinding: &Blinding,
    combined: &[Vec<Fr>],
    mu: Fr,
    gamma: Fr,
    transcript: &mut T,
) -> Result<(), ProvingError> {
    // d = Σ_l γ^(Λ−1−l) (combined_l − Σ_c μ^(C−1−c) w_{l,c}), on the blinded rows.
    let mut d = vec![Fr::zero(); blinding.rows];
    for (columns, combined) in blinding.lanes.iter().zip(combined) {
        for (i, (d, combined)) in d.iter_mut().zip(combined).enumerate() {
            let w = columns.iter().fold(Fr::zero(), |w, column| w * mu + column[i]);
            *d = *d * gamma + combined - w;
        }
    }
    let mut t = vec![Fr::zero(); blinding.rows];
    fill_random(&mut t);
    let lagrange = params.lagrange();
    let commitment: G1 = lagrange[lagrange.len() - blinding.rows..].iter().zip(&t).map(|(point, t)| point * t).sum();
    transcript.write_point(commitment.to_affine()).map_err(halo2)?;
    let e = *transcript.squeeze_challenge_scalar::<()>();
    t.iter().zip(&d).try_for_each(|(t, d)| transcript.write_scalar(*t + e * d).map_err(halo2))
}
