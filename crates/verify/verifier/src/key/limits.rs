//! Limits that keep the cost of a key and of its proofs in proportion to their bytes.
//!
//! The lists of a key are as long as its bytes (`codec.rs`), and most of the verification takes each entry once: a node is
//! an operation, a column of the permutation argument five products, a point a square root and a term of the last sum. Two
//! parts take a product of two numbers:
//!
//! | part | products | limit |
//! | --- | --- | --- |
//! | the instance column | queries · values | [`MAX_INSTANCE_QUERIES`], so that a value costs a constant |
//! | the multi-opening | Σ over polynomials of the square of their rotations | [`MAX_ROTATIONS`], so that an evaluation costs a constant |
//!
//! Circuits of Vouch have one query of the instance column, and three rotations. docs/formats.md says the cost.

use vouch_envelope::MAX_PROOF_BYTES;
use vouch_schema::num::index;

use super::KeyDescription;
use crate::error::KeyError;
use crate::sorted::SortedMap;

/// Largest number of queries of the instance column.
pub(crate) const MAX_INSTANCE_QUERIES: usize = 16;
/// Largest rotation of a query of the instance column, in either direction: all queries share the Lagrange polynomials of
/// the rows between.
pub(crate) const MAX_INSTANCE_ROTATION: usize = 64;
/// Largest number of different rows, relative to the current one, at which advice and fixed columns are opened.
pub(crate) const MAX_ROTATIONS: usize = 64;

/// Checks the numbers of queries and rotations of a key. `reached` is the row that a rotation reaches from row 0.
pub(crate) fn check(key: &KeyDescription, reached: impl Fn(i32) -> i64) -> Result<(), KeyError> {
    at_most("instance queries", MAX_INSTANCE_QUERIES, key.instance_queries.len())?;
    for query in &key.instance_queries {
        let distance = index(query.rotation.unsigned_abs());
        at_most("rotation of an instance query", MAX_INSTANCE_ROTATION, distance)?;
    }
    let mut rotations: SortedMap<i64, ()> = SortedMap::new();
    for query in key.advice_queries.iter().chain(&key.fixed_queries) {
        rotations.insert(reached(query.rotation), ());
        at_most("rotations", MAX_ROTATIONS, rotations.len())?;
    }
    Ok(())
}

/// Checks that an envelope has room for a proof. `bytes` is its length, or `None` if that does not fit.
pub(crate) fn check_proof(bytes: Option<usize>) -> Result<usize, KeyError> {
    let bytes = bytes.unwrap_or(usize::MAX);
    at_most("bytes of a proof", MAX_PROOF_BYTES, bytes).map(|()| bytes)
}

fn at_most(what: &'static str, limit: usize, got: usize) -> Result<(), KeyError> {
    if got > limit { Err(KeyError::TooMany { what, limit, got }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::ColumnQuery;
    use crate::verifier_key::VerifierKey;

    /// The small key with 2^12 rows, changed.
    fn changed(change: impl FnOnce(&mut KeyDescription)) -> Result<VerifierKey, KeyError> {
        let key = VerifierKey::from_bytes(include_bytes!("../../tests/fixtures/small.key")).unwrap();
        let mut description = KeyDescription { k: 12, ..key.description().clone() };
        change(&mut description);
        VerifierKey::new(description)
    }

    fn too_many(what: &'static str, limit: usize, got: usize) -> Option<KeyError> {
        Some(KeyError::TooMany { what, limit, got })
    }

    #[test]
    fn a_value_of_the_instance_column_costs_a_constant() {
        let with = |rotations: &[i32]| {
            let queries = rotations.iter().map(|&rotation| ColumnQuery { column: 0, rotation }).collect();
            changed(|key| key.instance_queries = queries)
        };
        let all: Vec<i32> = (0..17).collect();
        assert!(with(&all[..16]).is_ok());
        assert_eq!(with(&all).err(), too_many("instance queries", 16, 17));
        assert!(with(&[0, 1, 64, -64]).is_ok());
        for far in [65, -65, i32::MAX, i32::MIN + 7] {
            let got = usize::try_from(far.unsigned_abs()).unwrap();
            assert_eq!(with(&[0, 1, far]).err(), too_many("rotation of an instance query", 64, got));
        }
    }

    /// Keys with as many queries of one column, or of each, as there may be: the products of the multi-opening are at most
    /// [`MAX_ROTATIONS`] for each evaluation of the proof. Keys with more are refused.
    #[test]
    fn an_evaluation_costs_a_constant() {
        let with = |columns: u32, rotations: i32| {
            changed(|key| {
                let more = (0..columns).flat_map(|column| (3..3 + rotations).map(move |rotation| (column, rotation)));
                key.advice_queries.extend(more.map(|(column, rotation)| ColumnQuery { column, rotation }));
                let of = |column| key.advice_queries.iter().filter(|query| query.column == column).count();
                key.blinding_factors = u32::try_from((0..5).map(of).max().unwrap()).unwrap().max(3) + 2;
            })
        };
        // The key's own rotations are -1, 0, 1, 2.
        for columns in [1, 5] {
            let key = with(columns, 60).unwrap();
            let evaluations = key.proof_len() / 32;
            let products = key.prepared().plan.products();
            assert!(products > 60 * 60, "{products}");
            assert!(products <= MAX_ROTATIONS * evaluations, "{products} products, {evaluations} evaluations");
            assert_eq!(with(columns, 61).err(), too_many("rotations", 64, 65));
        }
        assert_eq!(with(1, 3000).err(), too_many("rotations", 64, 65));
    }

    #[test]
    fn a_proof_fits_an_envelope() {
        let with = |columns: usize| changed(|key| key.advice_phases.resize(columns, 0));
        let longest = with(4096).unwrap().proof_len();
        assert_eq!(longest, with(5).unwrap().proof_len() + 4091 * 32);
        // The limit is that of the lists together: here a column is a point.
        let room = (MAX_PROOF_BYTES - longest) / 32;
        assert_eq!(check_proof(Some(longest + 32 * room)), Ok(longest + 32 * room));
        let got = longest + 32 * room + 32;
        assert_eq!(check_proof(Some(got)).err(), too_many("bytes of a proof", MAX_PROOF_BYTES, got));
    }
}
