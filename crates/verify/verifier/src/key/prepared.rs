//! The checks on a key's contents, and what is computed once when a key is loaded.

use crate::curve::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ff::FftField;

use super::{ColumnKind, ColumnQuery, KeyDescription, limits, schema, weights};
use crate::domain::Domain;
use crate::error::KeyError;
use crate::expression::{Evaluator, Leaves};
use crate::permutation::Permutation;
use crate::sorted::SortedMap;
use crate::{field, point, shplonk};

/// Largest k: a row for each 2^28-th root of unity is the field's limit.
const MAX_K: u32 = Fr::TWO_ADICITY;
/// Largest degree of a constraint system.
const MAX_DEGREE: u32 = 1 << 8;
/// Phases of advice columns.
const MAX_PHASE: u8 = 2;

/// A checked key in the form that the verification uses.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) domain: Domain,
    pub(crate) transcript_repr: Fr,
    pub(crate) fixed: Vec<G1Affine>,
    pub(crate) sigmas: Vec<G1Affine>,
    /// Commitments to private weights, of all lanes one after the other.
    pub(crate) weights: Vec<G1Affine>,
    /// Commitments to the Lagrange polynomials of the rows that blind them.
    pub(crate) blinding_rows: Vec<G1Affine>,
    pub(crate) gates: Evaluator,
    pub(crate) permutation: Permutation,
    pub(crate) plan: shplonk::Plan,
    /// Number of pieces of the quotient polynomial: degree - 1.
    pub(crate) quotient_pieces: usize,
    pub(crate) blinding_factors: usize,
    /// Number of phases with advice columns.
    pub(crate) phases: u8,
    pub(crate) s_g2: <Bn254 as Pairing>::G2Prepared,
    pub(crate) minus_g2: <Bn254 as Pairing>::G2Prepared,
}

impl Prepared {
    pub(super) fn new(key: &KeyDescription) -> Result<Self, KeyError> {
        check_range("k", 1, MAX_K, key.k)?;
        check_range("degree", 3, MAX_DEGREE, key.degree)?;
        // The quotient is computed on a domain degree - 1 times as large.
        let extension = key.degree.saturating_sub(1).next_power_of_two().trailing_zeros();
        check_range("k with the extension for the degree", 1, MAX_K, key.k.saturating_add(extension))?;
        let n = 1i64.checked_shl(key.k).unwrap_or(i64::MAX);

        let phases = check_phases(key)?;
        check_queries(key, n)?;
        limits::check(key, n)?;
        check_blinding(key)?;
        schema::check(&key.schema, key.instance_len)?;
        weights::check(key)?;

        let gates = Evaluator::new(
            &key.gates,
            &Leaves {
                fixed: key.fixed_queries.len(),
                advice: key.advice_queries.len(),
                instance: key.instance_queries.len(),
                challenges: key.challenge_phases.len(),
            },
        )?;
        check_range("degree of the gates", 0, key.degree, gates.degree())?;

        let permutation = Permutation::new(key)?;
        if key.permutation_commitments.len() != key.permutation_columns.len() {
            return Err(KeyError::Mismatch {
                what: "number of permutation commitments",
                expected: count(key.permutation_columns.len()),
                got: count(key.permutation_commitments.len()),
            });
        }
        let g2 = decode_g2("generator of G2", &key.g2)?;
        let s_g2 = decode_g2("secret times the generator of G2", &key.s_g2)?;
        let prepared = Self {
            domain: Domain::new(key.k),
            transcript_repr: field::from_canonical(&key.transcript_repr)
                .ok_or(KeyError::Scalar { what: "transcript representation", position: 0 })?,
            fixed: decode_points("fixed commitment", &key.fixed_commitments)?,
            sigmas: decode_points("permutation commitment", &key.permutation_commitments)?,
            weights: decode_points(
                "commitment to private weights",
                key.weights.iter().flat_map(|w| &w.lanes).flat_map(|l| &l.commitments),
            )?,
            blinding_rows: decode_points("blinding row", key.weights.iter().flat_map(|w| &w.blinding_rows))?,
            gates,
            plan: shplonk::Plan::new(key, permutation.products(), n),
            permutation,
            quotient_pieces: usize::try_from(key.degree.saturating_sub(1)).unwrap_or(usize::MAX),
            blinding_factors: usize::try_from(key.blinding_factors).unwrap_or(usize::MAX),
            phases,
            s_g2: s_g2.into(),
            minus_g2: (-g2).into(),
        };
        limits::check_proof(prepared.proof_len())?;
        Ok(prepared)
    }

    /// Length of a proof: 32 bytes for each of its points and scalars.
    pub(super) fn proof_len(&self) -> usize {
        let products = self.permutation.products();
        // Three evaluations of each product, but two of the last.
        let product_evaluations = products.saturating_mul(3).saturating_sub(usize::from(products > 0));
        [
            self.plan.advice_columns(),
            products,
            self.quotient_pieces,
            self.plan.advice_queries(),
            self.plan.fixed_queries(),
            self.sigmas.len(),
            product_evaluations,
            // The random polynomial and its evaluation; the two points of the multi-opening.
            4,
            // For private weights a point, and a scalar for each blinding row.
            self.blinding_rows.len().saturating_add(usize::from(!self.weights.is_empty())),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
        .saturating_mul(32)
    }
}

/// A length as a 64-bit number.
pub(super) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn check_range(what: &'static str, min: u32, max: u32, got: u32) -> Result<(), KeyError> {
    if (min..=max).contains(&got) {
        return Ok(());
    }
    Err(KeyError::Range { what, min: u64::from(min), max: u64::from(max), got: u64::from(got) })
}

/// Checks that phases follow each other, and that a challenge is drawn after a phase that exists.
fn check_phases(key: &KeyDescription) -> Result<u8, KeyError> {
    let last = key.advice_phases.iter().copied().max().unwrap_or(0);
    check_range("phase of an advice column", 0, u32::from(MAX_PHASE), u32::from(last))?;
    for &phase in &key.challenge_phases {
        check_range("phase of a challenge", 0, u32::from(last), u32::from(phase))?;
    }
    Ok(last.saturating_add(1))
}

/// Checks that queries are of columns that exist, and that no cell is queried twice: two evaluations of one polynomial
/// at one point would be unsound.
fn check_queries(key: &KeyDescription, n: i64) -> Result<(), KeyError> {
    let kinds = [
        ("advice query", &key.advice_queries, key.advice_phases.len()),
        ("fixed query", &key.fixed_queries, key.fixed_commitments.len()),
        ("instance query", &key.instance_queries, 1),
    ];
    for (what, queries, limit) in kinds {
        let mut seen = SortedMap::new();
        for (position, query) in queries.iter().enumerate() {
            if count(limit) <= u64::from(query.column) {
                return Err(KeyError::Index { what, position, limit, got: u64::from(query.column) });
            }
            if !seen.insert((query.column, row(query, n)), ()) {
                return Err(KeyError::Duplicate { what, position });
            }
        }
    }
    Ok(())
}

/// The row that a query reads from row 0.
fn row(query: &ColumnQuery, n: i64) -> i64 {
    i64::from(query.rotation).checked_rem_euclid(n).unwrap_or(0)
}

/// Checks the number of blinding factors against halo2's rule (`ConstraintSystem::blinding_factors`): the evaluations
/// of an advice column, at least three, one more for the multi-opening, and one to spare; and that the rows suffice.
fn check_blinding(key: &KeyDescription) -> Result<(), KeyError> {
    // The columns of queries have been checked.
    let mut queries = vec![0u32; key.advice_phases.len()];
    for query in &key.advice_queries {
        if let Some(number) = usize::try_from(query.column).ok().and_then(|column| queries.get_mut(column)) {
            *number = number.saturating_add(1);
        }
    }
    let expected = queries.into_iter().max().unwrap_or(1).max(3).saturating_add(2);
    if key.blinding_factors != expected {
        return Err(KeyError::Mismatch {
            what: "blinding factors",
            expected: u64::from(expected),
            got: u64::from(key.blinding_factors),
        });
    }
    // Blinded rows, the row of l_last, and one more to keep l_0 apart.
    let rows = 1u32.checked_shl(key.k).unwrap_or(u32::MAX);
    check_range("blinding factors plus 3", 0, rows, expected.saturating_add(3))?;
    let usable = rows.saturating_sub(expected).saturating_sub(1);
    check_range("instance length", 0, usable, key.instance_len)
}

fn decode_points<'a>(
    what: &'static str,
    points: impl IntoIterator<Item = &'a [u8; 32]>,
) -> Result<Vec<G1Affine>, KeyError> {
    points
        .into_iter()
        .enumerate()
        .map(|(position, bytes)| point::decode_g1(bytes).map_err(|reason| KeyError::Point { what, position, reason }))
        .collect()
}

fn decode_g2(what: &'static str, bytes: &[u8; 64]) -> Result<G2Affine, KeyError> {
    point::decode_g2(bytes).map_err(|reason| KeyError::Point { what, position: 0, reason })
}

/// Position of the query of a column at the current row.
pub(crate) fn query_at_current_row(key: &KeyDescription, kind: ColumnKind, column: u32) -> Option<usize> {
    let queries = match kind {
        ColumnKind::Advice => &key.advice_queries,
        ColumnKind::Fixed => &key.fixed_queries,
        ColumnKind::Instance => &key.instance_queries,
    };
    queries.iter().position(|query| query.column == column && query.rotation == 0)
}
