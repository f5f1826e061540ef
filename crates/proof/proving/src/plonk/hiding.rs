//! The commitments to the quotient's pieces say nothing about the witness, with any amount of computation
//! (`docs/threat-model.md`, "The quotient's pieces").
//!
//! A piece has as many coefficients as the reference string has powers, so it cannot be blinded by
//! itself; its commitment, the value at the reference string's secret s, is a function of columns
//! with random last rows. What is measured here is that these rows leave it free, given everything
//! else that a verifier sees.
//!
//! Of the columns some are *linear*: logUp's running sum, helpers and multiplicities, and all
//! permutation products but the last. No constraint multiplies one of them by another or by itself.
//! Let δ be a change of their random rows, and τ one of those of all other advice columns, both of
//! which leave commitments and evaluations as they are. The values of the pieces at s are then
//!
//! ```text
//! P(τ, δ) = P(τ, 0) + A(τ)·δ
//! ```
//!
//! and where A(τ) has as many independent rows as there are pieces (four), they are uniform for
//! uniform δ. Two parts of A are looked at:
//!
//! * The whole quotient's value h(s) = Σ s^(n·m)·h_m(s) is moved by the running sum's δ(ωs), with a
//!   factor that only depends on values of columns at s, that is, on what is seen: one row.
//! * Changes that keep h(s) have to give the other three rows. Their 3×3 minors are polynomials in τ
//!   of a degree of at most 9. The leading form of a minor does not depend on the witness: cells of
//!   a witness, like constants, go into terms of lower degree. So if a leading form is not zero, the
//!   rows are independent for every witness, for all but 9/p of all τ.
//!
//! [`rank_of_pieces`] finds leading forms without a key and without a witness. Let z be the product
//! of a set of three columns v_1, v_2, v_3 that are all among those that τ moves. Its δ occurs with
//! degree 3 in τ in one constraint only, and there as
//!
//! ```text
//! l_active(X)·(δ(ωX) − δ(X))·τ_1(X)·τ_2(X)·τ_3(X)
//! ```
//!
//! which is 0 on the n-th roots of unity: δ is 0 on the active rows and on the row after them. What
//! compensates h(s) is a multiple of the running sum's δ, whose constraint has degree 2 in τ. So the
//! values at s of the pieces of this polynomial's quotient, times a power of y, are the leading form
//! of degree 3 for z. Three independent ones, from three such products, are the three rows.
//!
//! The points and directions are random here, and so is s. A leading form that is not zero for them
//! is not zero for all but a fraction of 2^-222 of them (its degree in all of them together is below
//! 2^31).

#[cfg(test)]
mod tests;

use halo2_proofs::plonk::Any;
use rand_core::RngCore;
use vouch_circuit::CircuitParams;

use super::{
    poly::{Domain, evaluate, invert_nonzero},
    quotient::divided,
    *,
};

/// How free the quotient's pieces are in a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PieceRank {
    /// Pieces whose values are shown to be free.
    pub rank: usize,
    /// All pieces.
    pub pieces: usize,
    /// Products of the permutation argument that were looked at.
    pub products: usize,
}

/// A lower bound of the rank of the quotient's pieces in a layout, from the products of the permutation argument and the
/// running sum of the lookup argument. If it is the number of pieces, their commitments reveal nothing. A small circuit,
/// with less than three products that qualify, may have a full rank that this does not find.
///
/// The result is exact but for the choice of random points, which fails with a probability below 2^-220.
///
/// # Errors
/// [`ProvingError::Zero`] for random points that are not distinct.
#[doc(hidden)]
pub fn rank_of_pieces(params: &CircuitParams, rng: &mut impl RngCore) -> Result<PieceRank, ProvingError> {
    let mut cs = ConstraintSystem::default();
    let config = ModelConfig::configure(&mut cs, params);
    let pieces = cs.degree() - 1;
    let Some(roles) = Roles::new(&cs, &config) else { return Ok(PieceRank { rank: 0, pieces, products: 0 }) };
    let domain = Domain::new(params.k);
    let points = Points::random(&domain, cs.blinding_factors(), rng);
    let mut forms: Vec<Vec<Fr>> = Vec::new();
    let mut products = 0;
    for set in 0..roles.products.saturating_sub(1) {
        let Some(columns) = roles.set(&cs, set) else { continue };
        let delta = points.direction(true, rng)?;
        let taus = columns.iter().map(|_| points.direction(false, rng)).collect::<Result<Vec<_>, _>>()?;
        forms.push(points.form(pieces, &delta, &taus)?);
        products += 1;
        let rank = reduce(&mut forms.clone())?;
        if rank + 1 >= pieces {
            return Ok(PieceRank { rank: rank + 1, pieces, products });
        }
    }
    // The running sum's row.
    Ok(PieceRank { rank: reduce(&mut forms)? + 1, pieces, products })
}

/// Which columns are linear. Permutation products are numbered after all advice columns.
pub(super) struct Roles {
    /// Advice columns that are not linear: those that τ moves.
    others: Vec<usize>,
    /// Helpers, running sum and multiplicities; then all permutation products but the last, from the end.
    #[cfg(test)]
    linear: Vec<usize>,
    /// How many permutation products there are.
    products: usize,
}

impl Roles {
    /// `None` if nothing is looked up.
    fn new(cs: &ConstraintSystem<Fr>, config: &ModelConfig) -> Option<Self> {
        let chip = config.lookup.as_ref()?;
        let advice = cs.num_advice_columns();
        let products = cs.permutation().get_columns().len().div_ceil(cs.degree() - 2);
        let mut linear: Vec<usize> = chip.helpers.iter().map(|c| c.index()).collect();
        linear.extend([chip.phi.index(), chip.multiplicity.index()]);
        // Virtual columns have no random rows.
        let of_keys: Vec<usize> =
            config.weights().filter_map(|weights| Some(weights.virtual_column()?.index())).collect();
        let others = (0..advice).filter(|c| !linear.contains(c) && !of_keys.contains(c)).collect();
        linear.extend((advice..advice + products).rev().skip(1));
        Some(Self {
            others,
            #[cfg(test)]
            linear,
            products,
        })
    }

    /// The columns of a permutation product, if there are as many as there can be and τ moves all of them.
    fn set(&self, cs: &ConstraintSystem<Fr>, set: usize) -> Option<Vec<usize>> {
        let size = cs.degree() - 2;
        let columns = cs.permutation().get_columns();
        let columns = columns.chunks(size).nth(set).filter(|columns| columns.len() == size)?;
        let moved = |column: &halo2_proofs::plonk::Column<Any>| {
            let advice = matches!(column.column_type(), Any::Advice(_));
            (advice && self.others.contains(&column.index())).then(|| column.index())
        };
        columns.iter().map(moved).collect()
    }
}

/// The secret, and where polynomials are opened.
pub(super) struct Points<'a> {
    domain: &'a Domain,
    blinding: usize,
    secret: Fr,
    x: Fr,
}

impl<'a> Points<'a> {
    fn random(domain: &'a Domain, blinding: usize, rng: &mut impl RngCore) -> Self {
        let (secret, x) = (Fr::random(&mut *rng), Fr::random(rng));
        Self { domain, blinding, secret, x }
    }

    /// A random change of the last rows (six of an advice column, five of a product) by values that are 0 at s and at every
    /// point where the column is opened.
    fn direction(&self, product: bool, rng: &mut impl RngCore) -> Result<Vec<Fr>, ProvingError> {
        let mut points = vec![self.secret, self.x, self.domain.rotate(self.x, 1)];
        let mut rows = self.blinding + 1;
        if product {
            points.push(self.domain.rotate(self.x, -(self.blinding as i32 + 1)));
            rows = self.blinding;
        }
        let first = self.domain.n - rows;
        let equation = |z: &Fr| (first..self.domain.n).map(|row| self.lagrange(row, *z)).collect::<Result<Vec<_>, _>>();
        let mut equations = points.iter().map(equation).collect::<Result<Vec<_>, _>>()?;
        // Free rows are the last ones; Gauss and Jordan give the others.
        let mut values: Vec<Fr> = (0..rows).map(|_| Fr::random(&mut *rng)).collect();
        if reduce(&mut equations)? != points.len() {
            return Err(ProvingError::Zero { what: "points of evaluation are equal" });
        }
        for (i, equation) in equations.iter().enumerate() {
            values[i] = -(points.len()..rows).map(|j| equation[j] * values[j]).sum::<Fr>();
        }
        Ok(values)
    }

    /// The value at z of the Lagrange polynomial of a row.
    fn lagrange(&self, row: usize, z: Fr) -> Result<Fr, ProvingError> {
        let n = Fr::from(self.domain.n as u64);
        let w = self.domain.rotate(Fr::one(), row as i32);
        let by = invert_nonzero((z - w) * n, "a point of evaluation is in the domain")?;
        Ok(w * (z.pow_vartime([self.domain.n as u64]) - Fr::one()) * by)
    }

    /// The values at s of the pieces of l_active(X)·(δ(ωX) − δ(X))·Π τ_j(X) / (X^n − 1).
    fn form(&self, pieces: usize, delta: &[Fr], taus: &[Vec<Fr>]) -> Result<Vec<Fr>, ProvingError> {
        let n = self.domain.n;
        let at_the_end = |rows: &[Fr]| {
            let mut column = vec![Fr::zero(); n];
            column[n - rows.len()..].copy_from_slice(rows);
            self.domain.coefficients(&column)
        };
        let mut active = vec![Fr::one(); n];
        active[n - self.blinding - 1..].fill(Fr::zero());
        let active = self.domain.coefficients(&active);
        let delta = at_the_end(delta);
        let taus: Vec<Vec<Fr>> = taus.iter().map(|rows| at_the_end(rows)).collect();
        let mut values = vec![Fr::zero(); n];
        let quotient = divided(self.domain, pieces, |shift, numerators| {
            let transform = self.domain.coset(shift);
            transform.run(&delta, &mut values);
            for (i, v) in numerators.iter_mut().enumerate() {
                *v = values[(i + 1) % n] - values[i];
            }
            for factor in taus.iter().chain([&active]) {
                transform.run(factor, &mut values);
                numerators.iter_mut().zip(&values).for_each(|(v, by)| *v *= by);
            }
        })?;
        Ok(quotient.iter().map(|piece| evaluate(piece, &self.secret)).collect())
    }
}

/// Brings a matrix to reduced row echelon form; its rank.
fn reduce(rows: &mut [Vec<Fr>]) -> Result<usize, ProvingError> {
    let mut rank = 0;
    for column in 0..rows.first().map_or(0, Vec::len) {
        let Some(pivot) = (rank..rows.len()).find(|r| rows[*r][column] != Fr::zero()) else { continue };
        rows.swap(rank, pivot);
        let inverse = invert_nonzero(rows[rank][column], "a pivot")?;
        rows[rank].iter_mut().for_each(|v| *v *= inverse);
        let pivot = rows[rank].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(r, _)| *r != rank) {
            let factor = row[column];
            row.iter_mut().zip(&pivot).for_each(|(v, p)| *v -= factor * p);
        }
        rank += 1;
    }
    Ok(rank)
}
