//! The bytes of halo2's proving key: halo2 trusts the lengths and elements in them, and panics where they end too early.
//!
//! | bytes | content |
//! | --- | --- |
//! | 1 | version of halo2's format: 2 |
//! | 4 | k, little-endian |
//! | 1 | whether selectors are compressed: 0 |
//! | 4 | number of fixed columns, little-endian |
//! | 64 each | commitments to fixed columns and to the permutation's polynomials |
//! | 3 polynomials | l_0, l_last, l_active |
//! | 4 lists of polynomials | fixed columns, as values and as coefficients; the permutation's, likewise |
//!
//! A polynomial is a length, then that many scalars of 32 bytes in Montgomery form; a list is a length, then that many polynomials.
//! These lengths have four bytes, most significant first.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1Affine},
        serde::SerdeObject,
    },
    plonk::ConstraintSystem,
};
use rayon::prelude::*;
use vouch_circuit::{CircuitParams, ModelConfig};

use super::wrong;
use crate::{ProvingError, number::long};

const VERSION: u8 = 2;
const POINT: usize = 64;
const SCALAR: usize = 32;

/// The columns and gates of a circuit.
pub(crate) fn constraint_system(params: &CircuitParams) -> ConstraintSystem<Fr> {
    let mut cs = ConstraintSystem::default();
    ModelConfig::configure(&mut cs, params);
    cs
}

/// Checks that bytes are a proving key of a circuit with 2^k rows: every length is the circuit's, every point on the curve,
/// every scalar below the modulus.
///
/// # Errors
/// [`ProvingError::Format`].
pub(super) fn check(bytes: &[u8], cs: &ConstraintSystem<Fr>, k: u32) -> Result<(), ProvingError> {
    let refused = |what: &str| wrong(format!("its proving key has {what}"));
    let (fixed, permutation) = (cs.num_fixed_columns(), cs.permutation().get_columns().len());
    let number = |n: usize| u32::try_from(n).map_err(wrong);
    let header = [&[VERSION], &k.to_le_bytes()[..], &[0], &number(fixed)?.to_le_bytes()].concat();
    let n = 1usize << k;
    let lists = [fixed, fixed, permutation, permutation];
    // In 64 bits: in WebAssembly a usize has 32. A length that leaves them is no length of bytes.
    let polynomials = lists.iter().fold(3u64, |sum, len| sum.saturating_add(long(*len)));
    let polynomial = long(SCALAR).saturating_mul(long(n)).saturating_add(4);
    let points = POINT.saturating_mul(fixed.saturating_add(permutation));
    let lengths = long(lists.len()).saturating_mul(4);
    let expected = [lengths, long(header.len()), long(points)]
        .into_iter()
        .fold(polynomials.saturating_mul(polynomial), u64::saturating_add);
    if long(bytes.len()) != expected || !bytes.starts_with(&header) {
        return Err(refused("another form than that of the circuit"));
    }
    // As large as the bytes at most.
    let polynomial = usize::try_from(polynomial).map_err(wrong)?;
    let (points, rest) = bytes[header.len()..].split_at(points);
    if points.par_chunks_exact(POINT).any(|point| G1Affine::from_raw_bytes(point).is_none()) {
        return Err(refused("a commitment that is not a point of the curve"));
    }
    let (n, mut rest) = (number(n)?.to_be_bytes(), rest);
    let mut take = |len: usize| {
        let (part, after) = rest.split_at(len);
        rest = after;
        part
    };
    let mut polynomials: Vec<&[u8]> = (0..3).map(|_| take(polynomial)).collect();
    for len in lists {
        if take(4) != number(len)?.to_be_bytes() {
            return Err(refused("another number of polynomials than the circuit"));
        }
        polynomials.extend((0..len).map(|_| take(polynomial)));
    }
    if polynomials.iter().any(|polynomial| !polynomial.starts_with(&n)) {
        return Err(refused("a polynomial of another length than the circuit"));
    }
    let canonical = |scalar: &[u8]| Fr::from_raw_bytes(scalar).is_some();
    if !polynomials.par_iter().all(|polynomial| polynomial[4..].chunks_exact(SCALAR).all(canonical)) {
        return Err(refused("a number that is not below the modulus"));
    }
    Ok(())
}
