//! The checks on a key's contents, and what is computed once when a key is loaded.

use std::num::NonZero;

use vouch_schema::num::{index, wide};

use crate::bn254::{Fr, G1Affine, G2Affine, PreparedG2};
use crate::domain::{Domain, Rows};
use crate::error::KeyError;
use crate::expression::{Evaluator, Leaves};
use crate::instance::Instance;
use crate::key::{KeyDescription, evm, fits, limits, schema, weights};
use crate::opening::Bases;
use crate::permutation::Permutation;
use crate::sorted::SortedMap;
use crate::vanishing::SelectedRows;
use crate::{field, point, shplonk};

/// Largest k: a row for each 2^28-th root of unity is the field's limit.
const MAX_K: u32 = field::TWO_ADICITY;
/// Smallest and largest degree of a constraint system.
const MIN_DEGREE: u32 = 3;
const MAX_DEGREE: u32 = 1 << 8;
/// Phases of advice columns.
const MAX_PHASE: u8 = 2;

/// A checked key in the form that the verification uses.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) domain: Domain,
    pub(crate) transcript_repr: Fr,
    pub(crate) bases: Bases,
    pub(crate) instance: Instance,
    pub(crate) gates: Evaluator,
    pub(crate) permutation: Permutation,
    pub(crate) plan: shplonk::Plan,
    /// Number of pieces of the quotient polynomial.
    pub(crate) quotient_pieces: usize,
    pub(crate) selected: SelectedRows,
    /// The last phase with advice columns.
    pub(crate) last_phase: u8,
    /// Length of a proof in bytes.
    pub(crate) proof_len: usize,
}

impl Prepared {
    pub(crate) fn new(key: &KeyDescription) -> Result<Self, KeyError> {
        check_range("k", 1, MAX_K, key.k)?;
        let Degree { chunk, quotient_pieces, extension } = Degree::new(key.degree)?;
        let what = "k with the extension for the degree";
        check_range(what, 1, MAX_K, fits(what, key.k.checked_add(extension))?)?;
        let rows = fits("number of rows", Rows::new(key.k))?;

        let last_phase = check_phases(key)?;
        check_queries(key, rows)?;
        limits::check(key, |rotation| rows.reached(i64::from(rotation)))?;
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

        let permutation = Permutation::new(key, chunk)?;
        let selected = fits("blinding factors", SelectedRows::new(key.blinding_factors))?;
        let plan = shplonk::Plan::new(key, permutation.products(), rows, selected.last_row());
        if let Some(evm) = &key.evm {
            evm::check(key, evm, plan.own_groups())?;
        } else if key.permutation_commitments.len() != key.permutation_columns.len() {
            return Err(KeyError::Mismatch {
                what: "number of permutation commitments",
                expected: wide(key.permutation_columns.len()),
                got: wide(key.permutation_commitments.len()),
            });
        }
        let g2 = decode_g2("generator of G2", &key.g2)?;
        let s_g2 = decode_g2("secret times the generator of G2", &key.s_g2)?;
        let transcript_repr = field::from_canonical(&key.transcript_repr)
            .ok_or(KeyError::Scalar { what: "transcript representation", position: 0 })?;
        let bases = Bases {
            fixed: decode_points("fixed commitment", &key.fixed_commitments)?,
            sigmas: decode_points("permutation commitment", &key.permutation_commitments)?,
            weights: decode_points(
                "commitment to weights",
                key.weights.iter().flat_map(|w| &w.lanes).flat_map(|l| &l.commitments),
            )?,
            blinding_rows: decode_points("blinding row", key.weights.iter().flat_map(|w| &w.blinding_rows))?,
            s_g2: PreparedG2::new(&s_g2),
            minus_g2: PreparedG2::new(&-g2),
        };
        Ok(Self {
            domain: Domain::new(key.k),
            transcript_repr,
            bases,
            instance: Instance::new(key)?,
            gates,
            quotient_pieces,
            selected,
            last_phase,
            proof_len: limits::check_proof(proof_len(key, permutation.products(), quotient_pieces, &plan))?,
            plan,
            permutation,
        })
    }
}

/// What follows from the degree of a constraint system.
struct Degree {
    /// Columns in a chunk of the permutation argument: degree - 2.
    chunk: NonZero<usize>,
    /// Pieces of the quotient polynomial: degree - 1.
    quotient_pieces: usize,
    /// The quotient is computed on a domain of at least degree - 1 times as many rows: 2^extension.
    extension: u32,
}

impl Degree {
    fn new(degree: u32) -> Result<Self, KeyError> {
        check_range("degree", MIN_DEGREE, MAX_DEGREE, degree)?;
        let pieces = fits("degree", degree.checked_sub(1))?;
        Ok(Self {
            chunk: fits("degree", degree.checked_sub(2).and_then(|chunk| NonZero::new(index(chunk))))?,
            quotient_pieces: index(pieces),
            extension: pieces.next_power_of_two().trailing_zeros(),
        })
    }
}

/// Length of a proof: 32 bytes for each of its points and scalars; 64 for a point in the evm profile. `None` if that does
/// not fit.
fn proof_len(key: &KeyDescription, products: usize, quotient_pieces: usize, plan: &shplonk::Plan) -> Option<usize> {
    // Three evaluations of each product, but two of the last.
    let of_products = products.checked_mul(3)?.checked_sub(usize::from(products > 0))?;
    // For private weights a point, and a scalar for each blinding row.
    let private = key.weights.as_ref().filter(|weights| weights.is_private());
    let of_weights = private.map_or(Some(0), |weights| weights.blinding_rows.len().checked_add(1))?;
    let points = match &key.evm {
        // Those of the multi-opening, too.
        Some(_) => plan.proof_groups().checked_add(2)?.checked_mul(2)?,
        // The random polynomial and its evaluation; the two points of the multi-opening.
        None => {
            let columns = key.advice_phases.len().checked_sub(key.virtual_columns())?;
            columns.checked_add(products)?.checked_add(quotient_pieces)?.checked_add(4)?
        }
    };
    let messages = [
        points,
        key.advice_queries.len(),
        key.fixed_queries.len(),
        key.permutation_columns.len(),
        of_products,
        of_weights,
    ];
    messages.into_iter().try_fold(0usize, usize::checked_add)?.checked_mul(32)
}

fn check_range(what: &'static str, min: u32, max: u32, got: u32) -> Result<(), KeyError> {
    if (min..=max).contains(&got) {
        return Ok(());
    }
    Err(KeyError::Range { what, min: u64::from(min), max: u64::from(max), got: u64::from(got) })
}

/// Checks that phases follow each other, and that a challenge is drawn after a phase that exists. Returns the last phase.
fn check_phases(key: &KeyDescription) -> Result<u8, KeyError> {
    let last = key.advice_phases.iter().copied().max().unwrap_or(0);
    check_range("phase of an advice column", 0, u32::from(MAX_PHASE), u32::from(last))?;
    for &phase in &key.challenge_phases {
        check_range("phase of a challenge", 0, u32::from(last), u32::from(phase))?;
    }
    Ok(last)
}

/// Checks that queries are of columns that exist, and that no cell is queried twice: two evaluations of one polynomial
/// at one point would be unsound.
fn check_queries(key: &KeyDescription, rows: Rows) -> Result<(), KeyError> {
    let kinds = [
        ("advice query", &key.advice_queries, key.advice_phases.len()),
        ("fixed query", &key.fixed_queries, key.fixed_columns()),
        ("instance query", &key.instance_queries, 1),
    ];
    for (what, queries, limit) in kinds {
        let mut seen = SortedMap::new();
        for (position, query) in queries.iter().enumerate() {
            if limit <= index(query.column) {
                return Err(KeyError::Index { what, position, limit, got: u64::from(query.column) });
            }
            if !seen.insert((query.column, rows.reached(i64::from(query.rotation))), ()) {
                return Err(KeyError::Duplicate { what, position });
            }
        }
    }
    Ok(())
}

/// Checks the number of blinding factors against halo2's rule (`ConstraintSystem::blinding_factors`): the evaluations
/// of an advice column, at least three, one more for the multi-opening, and one to spare; and that the rows suffice.
fn check_blinding(key: &KeyDescription) -> Result<(), KeyError> {
    let mut columns: Vec<u32> = key.advice_queries.iter().map(|query| query.column).collect();
    columns.sort_unstable();
    let most = columns.chunk_by(|a, b| a == b).map(<[u32]>::len).max().unwrap_or(1).max(3);
    let what = "blinding factors";
    let expected = fits(what, u32::try_from(most).ok().and_then(|most| most.checked_add(2)))?;
    if key.blinding_factors != expected {
        let (expected, got) = (u64::from(expected), u64::from(key.blinding_factors));
        return Err(KeyError::Mismatch { what, expected, got });
    }
    // Blinded rows, the row of l_last, and one more to keep l_0 apart.
    let rows = fits("number of rows", 1u32.checked_shl(key.k))?;
    let what = "blinding factors plus 3";
    check_range(what, 0, rows, fits(what, expected.checked_add(3))?)?;
    let what = "instance length";
    let usable = fits(what, rows.checked_sub(expected).and_then(|rows| rows.checked_sub(1)))?;
    check_range(what, 0, usable, key.instance_len)
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
