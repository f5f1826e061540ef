//! Opening groups of polynomials, which have one commitment each: SHPLONK on `g(X) = Σ_j X^j f_j(X^t)`.
//!
//! A group is opened modulo `Z_S(X^t)`. What is left of the division has the values of its polynomials as coefficients, and the
//! quotient is the group of the polynomials' own quotients: no root of a point of evaluation is taken
//! (crates/verify/verifier/src/shplonk.rs, docs/evm.md).

use halo2_proofs::{
    halo2curves::bn256::{Fr, G1Affine},
    transcript::{Challenge255, TranscriptWrite},
};
use rayon::prelude::*;
use vouch_verifier::{GroupMember, OpeningGroup};

use super::{
    halo2,
    open::{Opened, interpolate},
    poly::{Domain, divide, invert_nonzero},
};
use crate::{ProvingError, evm::Evm};

/// A polynomial of a group.
struct Member<'a> {
    poly: &'a [Fr],
    /// The polynomial of least degree with its values.
    remainder: Vec<Fr>,
    quotient: Vec<Fr>,
}

struct Group<'a> {
    points: Vec<Fr>,
    members: Vec<Member<'a>>,
}

/// Proves the values of polynomials. `poly` has the coefficients of each member; what is opened has its values.
pub(super) fn open<'a, T: TranscriptWrite<G1Affine, Challenge255<G1Affine>>>(
    evm: &Evm,
    domain: &Domain,
    x: Fr,
    opened: &[Opened<'a>],
    poly: impl Fn(GroupMember) -> &'a [Fr] + Sync,
    transcript: &mut T,
) -> Result<(), ProvingError> {
    let v: Fr = *transcript.squeeze_challenge_scalar::<()>();
    let groups: Vec<Group<'a>> =
        evm.groups.iter().map(|group| divided(domain, x, opened, &poly, group)).collect::<Result<_, _>>()?;
    let powers: Vec<Fr> = std::iter::successors(Some(Fr::one()), |p| Some(*p * v)).take(groups.len()).collect();

    let mut quotient = Vec::new();
    for (group, power) in groups.iter().zip(&powers) {
        for (j, member) in group.members.iter().enumerate() {
            add(&mut quotient, &member.quotient, group.members.len(), j, power);
        }
    }
    transcript.write_point(evm.commit(&quotient)).map_err(halo2)?;
    let u: Fr = *transcript.squeeze_challenge_scalar::<()>();

    // Σ_i v^i (g_i − r_i(u)) / Z_i(u) − h1, which is zero at u.
    let mut last: Vec<Fr> = quotient.iter().map(|c| -*c).collect();
    for (group, power) in groups.iter().zip(&powers) {
        let t = group.members.len();
        let at = (0..t).fold(Fr::one(), |power, _| power * u);
        let vanishing = group.points.iter().fold(Fr::one(), |product, point| product * (at - point));
        let factor = *power * invert_nonzero(vanishing, "u is a root of a point of evaluation")?;
        let mut shift = factor;
        for (j, member) in group.members.iter().enumerate() {
            add(&mut last, member.poly, t, j, &factor);
            let value = member.remainder.iter().rev().fold(Fr::zero(), |sum, c| sum * at + c);
            last[0] -= shift * value;
            shift *= u;
        }
    }
    transcript.write_point(evm.commit(&divide(&last, &u))).map_err(halo2)
}

/// Divides each polynomial of a group.
fn divided<'a>(
    domain: &Domain,
    x: Fr,
    opened: &[Opened<'a>],
    poly: &(impl Fn(GroupMember) -> &'a [Fr] + Sync),
    group: &OpeningGroup,
) -> Result<Group<'a>, ProvingError> {
    let n = domain.n as i64;
    let rotation = |row: &i64| i32::try_from(*row).map_err(halo2);
    let points: Vec<Fr> =
        group.rows.iter().map(|row| Ok(domain.rotate(x, rotation(row)?))).collect::<Result<_, ProvingError>>()?;
    let member = |member: &GroupMember| {
        let poly = poly(*member);
        let missing = || halo2(format!("{member:?} has no value where its group is opened"));
        let opened = opened.iter().find(|o| std::ptr::eq(o.poly, poly)).ok_or_else(missing)?;
        let value = |row: &i64| {
            let at = opened.at.iter().find(|(r, _)| i64::from(*r).rem_euclid(n) == *row);
            at.map(|(_, value)| *value).ok_or_else(missing)
        };
        let values: Vec<Fr> = group.rows.iter().map(value).collect::<Result<_, _>>()?;
        let remainder = interpolate(&points, &values)?;
        let mut rest = poly.to_vec();
        for (p, r) in rest.iter_mut().zip(&remainder) {
            *p -= r;
        }
        let quotient = points.iter().fold(rest, |poly, point| divide(&poly, point));
        Ok(Member { poly, remainder, quotient })
    };
    let members = group.members.par_iter().map(member).collect::<Result<_, ProvingError>>()?;
    Ok(Group { points, members })
}

/// Adds `factor · X^j · poly(X^t)`.
fn add(to: &mut Vec<Fr>, poly: &[Fr], t: usize, j: usize, factor: &Fr) {
    let len = poly.len() * t;
    if to.len() < len {
        to.resize(len, Fr::zero());
    }
    to.par_chunks_mut(t).zip(poly).with_min_len(512).for_each(|(to, c)| to[j] += *factor * c);
}
