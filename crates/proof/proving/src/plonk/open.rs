//! Opening polynomials at several points each: SHPLONK (Boneh, Drake, Fisch, Gabizon, "Efficient polynomial commitment schemes for multiple points and
//! polynomials", 2020), as halo2's verifier expects it.

use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1Affine},
        group::Curve,
    },
    transcript::{Challenge255, TranscriptWrite},
};
use rayon::prelude::*;

use super::poly::{Domain, combine, divide, invert_nonzero};
use crate::{ProvingError, commit::KzgParams};

/// A polynomial with its values at the points `x·ω^rotation`.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) poly: &'a [Fr],
    /// In ascending order.
    pub(super) at: Vec<(i32, Fr)>,
}

/// Polynomials that are opened at the same points.
struct Set<'a> {
    rotations: Vec<i32>,
    points: Vec<Fr>,
    members: Vec<&'a Opened<'a>>,
}

/// `Σ_j y^j·P_j` of a set, and its values at the set's points.
struct Combined {
    poly: Vec<Fr>,
    values: Vec<Fr>,
}

/// Proves the values of polynomials, in the order in which the verifier has them.
pub(super) fn open<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    params: &KzgParams,
    domain: &Domain,
    x: Fr,
    opened: &[Opened<'_>],
    transcript: &mut T,
) -> Result<(), ProvingError> {
    let challenge = |transcript: &mut T| -> Fr { *transcript.squeeze_challenge_scalar::<()>() };
    let sets = sets(domain, x, opened);
    let y = challenge(transcript);
    let combined: Vec<Combined> = sets
        .iter()
        .map(|set| {
            let powers: Vec<Fr> =
                std::iter::successors(Some(Fr::one()), |p| Some(*p * y)).take(set.members.len()).collect();
            let polys: Vec<&[Fr]> = set.members.iter().map(|m| m.poly).collect();
            let values = (0..set.points.len())
                .map(|i| set.members.iter().zip(&powers).map(|(m, p)| m.at[i].1 * p).sum())
                .collect();
            Combined { poly: combine(&polys, &powers), values }
        })
        .collect();
    let v = challenge(transcript);

    let remainders: Vec<Vec<Fr>> =
        sets.iter().zip(&combined).map(|(s, c)| interpolate(&s.points, &c.values)).collect::<Result<_, _>>()?;
    let quotients: Vec<Vec<Fr>> = sets
        .par_iter()
        .zip(&combined)
        .zip(&remainders)
        .map(|((set, c), remainder)| {
            let mut poly = c.poly.clone();
            for (p, r) in poly.iter_mut().zip(remainder) {
                *p -= r;
            }
            set.points.iter().fold(poly, |poly, point| divide(&poly, point))
        })
        .collect();
    let powers: Vec<Fr> = std::iter::successors(Some(Fr::one()), |p| Some(*p * v)).take(sets.len()).collect();
    let quotient = combine(&slices(&quotients), &powers);
    write(transcript, params, &quotient)?;
    let u = challenge(transcript);

    // Σ_i v^i·z_i·(S_i − R_i(u)) − Z(u)·H vanishes at u, where z_i are products over the points that are not in the set.
    let mut all: Vec<(i32, Fr)> =
        sets.iter().flat_map(|s| s.rotations.iter().copied().zip(s.points.iter().copied())).collect();
    all.sort_unstable_by_key(|(rotation, _)| *rotation);
    all.dedup_by_key(|(rotation, _)| *rotation);
    let missing: Vec<Fr> = sets
        .iter()
        .map(|s| all.iter().filter(|(r, _)| !s.rotations.contains(r)).map(|(_, point)| u - point).product())
        .collect();
    let mut factors: Vec<Fr> = powers.iter().zip(&missing).map(|(v, z)| *v * z).collect();
    let value = |remainder: &Vec<Fr>| remainder.iter().rev().fold(Fr::zero(), |acc, c| acc * u + c);
    let constant: Fr = factors.iter().zip(&remainders).map(|(f, r)| *f * value(r)).sum();
    factors.push(-all.iter().map(|(_, point)| u - point).product::<Fr>());
    let mut polys: Vec<&[Fr]> = combined.iter().map(|c| c.poly.as_slice()).collect();
    polys.push(&quotient);
    // The verifier divides by the first set's product.
    let first = match missing.first() {
        Some(z) => invert_nonzero(*z, "u is a point of evaluation")?,
        None => Fr::one(),
    };
    for f in &mut factors {
        *f *= first;
    }
    let mut last = combine(&polys, &factors);
    if let Some(c) = last.first_mut() {
        *c -= constant * first;
    }
    write(transcript, params, &divide(&last, &u))
}

fn slices(polys: &[Vec<Fr>]) -> Vec<&[Fr]> {
    polys.iter().map(Vec::as_slice).collect()
}

fn write<T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    transcript: &mut T,
    params: &KzgParams,
    poly: &[Fr],
) -> Result<(), ProvingError> {
    let point = params.commit_coefficients(poly).to_affine();
    transcript.write_point(point).map_err(|e| ProvingError::Halo2(e.to_string()))
}

/// Groups polynomials by their points, in the order of first appearance.
fn sets<'a>(domain: &Domain, x: Fr, opened: &'a [Opened<'a>]) -> Vec<Set<'a>> {
    let mut sets: Vec<Set<'a>> = Vec::new();
    for o in opened {
        let same = |s: &&mut Set<'_>| s.rotations.iter().eq(o.at.iter().map(|(r, _)| r));
        if let Some(set) = sets.iter_mut().find(same) {
            set.members.push(o);
            continue;
        }
        let rotations: Vec<i32> = o.at.iter().map(|(r, _)| *r).collect();
        let points = rotations.iter().map(|r| domain.rotate(x, *r)).collect();
        sets.push(Set { rotations, points, members: vec![o] });
    }
    sets
}

/// The coefficients of the polynomial of least degree with these values.
///
/// # Errors
/// [`ProvingError::Zero`] if two points are equal.
pub(super) fn interpolate(points: &[Fr], values: &[Fr]) -> Result<Vec<Fr>, ProvingError> {
    let mut out = vec![Fr::zero(); points.len()];
    for (i, (point, value)) in points.iter().zip(values).enumerate() {
        // Π_{j≠i} (X − x_j), and its value at x_i.
        let mut basis = vec![Fr::one()];
        let mut at = Fr::one();
        for (_, other) in points.iter().enumerate().filter(|(j, _)| *j != i) {
            let mut next = vec![Fr::zero(); basis.len() + 1];
            for (k, c) in basis.iter().enumerate() {
                next[k + 1] += c;
                next[k] -= *c * other;
            }
            basis = next;
            at *= *point - other;
        }
        let by = *value * invert_nonzero(at, "two points of evaluation are equal")?;
        for (out, c) in out.iter_mut().zip(&basis) {
            *out += by * c;
        }
    }
    Ok(out)
}
