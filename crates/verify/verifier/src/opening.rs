//! The pairing equation that is left of a proof, not yet checked.
//!
//! ```text
//! e(quotient, [s]) = e(combination, [1])
//! ```
//!
//! The combination is a sum of scalars times points. Scalars of the key's points are kept apart from those of the proof's
//! own, so that the equations of several proofs for one key can be added.

use crate::bn254::{Fr, G1Affine, PreparedG2, product_is_one};
use crate::error::VerifyError;
use crate::msm::msm;

/// The points of a key.
#[derive(Debug, Clone)]
pub(crate) struct Bases {
    /// Commitments of the fixed columns.
    pub(crate) fixed: Vec<G1Affine>,
    /// Commitments of the permutation's polynomials.
    pub(crate) sigmas: Vec<G1Affine>,
    /// Commitments to weights, of all lanes one after the other.
    pub(crate) weights: Vec<G1Affine>,
    /// Commitments to the Lagrange polynomials of the rows that blind them.
    pub(crate) blinding_rows: Vec<G1Affine>,
    /// [s] in G2, prepared.
    pub(crate) s_g2: PreparedG2,
    /// -[1] in G2, prepared.
    pub(crate) minus_g2: PreparedG2,
}

impl Bases {
    /// The lists of points of G1.
    fn lists(&self) -> [&[G1Affine]; 4] {
        [&self.fixed, &self.sigmas, &self.weights, &self.blinding_rows]
    }
}

/// One equation, or a sum of several.
#[derive(Debug)]
pub(crate) struct DeferredPairing {
    fixed: Vec<Fr>,
    sigmas: Vec<Fr>,
    weights: Vec<Fr>,
    blinding_rows: Vec<Fr>,
    generator: Fr,
    terms: Vec<(G1Affine, Fr)>,
    quotient: Vec<(G1Affine, Fr)>,
}

impl DeferredPairing {
    /// The equation 0 = 0.
    pub(crate) fn new(bases: &Bases) -> Self {
        let [fixed, sigmas, weights, blinding_rows] = bases.lists().map(|points| vec![Fr::ZERO; points.len()]);
        let (terms, quotient) = (Vec::new(), Vec::new());
        Self { fixed, sigmas, weights, blinding_rows, generator: Fr::ZERO, terms, quotient }
    }

    /// Adds `scalar · [fixed column]` to the combination.
    pub(crate) fn add_fixed(&mut self, column: usize, scalar: Fr) -> Result<(), VerifyError> {
        add(&mut self.fixed, column, scalar)
    }

    /// Adds `scalar · [polynomial of the permutation]` to the combination.
    pub(crate) fn add_sigma(&mut self, column: usize, scalar: Fr) -> Result<(), VerifyError> {
        add(&mut self.sigmas, column, scalar)
    }

    /// Adds `scalar · [weight column]` to the combination.
    pub(crate) fn add_weight(&mut self, column: usize, scalar: Fr) -> Result<(), VerifyError> {
        add(&mut self.weights, column, scalar)
    }

    /// Adds `scalar · [L_row]` to the combination, for a row that blinds private weights.
    pub(crate) fn add_blinding_row(&mut self, row: usize, scalar: Fr) -> Result<(), VerifyError> {
        add(&mut self.blinding_rows, row, scalar)
    }

    /// Adds `scalar · [1]` to the combination.
    pub(crate) fn add_generator(&mut self, scalar: Fr) {
        self.generator += scalar;
    }

    /// Adds `scalar · point` to the combination, for a point of the proof.
    pub(crate) fn add_point(&mut self, point: G1Affine, scalar: Fr) {
        self.terms.push((point, scalar));
    }

    /// Adds a point to the quotient.
    pub(crate) fn add_quotient(&mut self, point: G1Affine) {
        self.quotient.push((point, Fr::ONE));
    }

    /// Adds `factor` times another equation. With random factors, the sum holds only if all of them do.
    pub(crate) fn add_equation(&mut self, other: &Self, factor: Fr) {
        for (sums, scalars) in [
            (&mut self.fixed, &other.fixed),
            (&mut self.sigmas, &other.sigmas),
            (&mut self.weights, &other.weights),
            (&mut self.blinding_rows, &other.blinding_rows),
        ] {
            for (sum, scalar) in sums.iter_mut().zip(scalars) {
                *sum += factor * scalar;
            }
        }
        self.generator += factor * other.generator;
        let scaled = |&(point, scalar): &(G1Affine, Fr)| (point, factor * scalar);
        self.terms.extend(other.terms.iter().map(scaled));
        self.quotient.extend(other.quotient.iter().map(scaled));
    }

    /// Whether the equation holds.
    pub(crate) fn holds(&self, bases: &Bases) -> bool {
        let mut terms = self.terms.clone();
        for (points, scalars) in
            bases.lists().into_iter().zip([&self.fixed, &self.sigmas, &self.weights, &self.blinding_rows])
        {
            terms.extend(points.iter().copied().zip(scalars.iter().copied()));
        }
        terms.push((G1Affine::GENERATOR, self.generator));

        let left = match self.quotient.as_slice() {
            [(point, factor)] if factor.is_one() => *point,
            several => msm(several).to_affine(),
        };
        let right = msm(&terms).to_affine();
        // e(left, [s]) · e(right, -[1]) = 1
        product_is_one(&[(left, &bases.s_g2), (right, &bases.minus_g2)])
    }
}

fn add(sums: &mut [Fr], position: usize, scalar: Fr) -> Result<(), VerifyError> {
    *sums.get_mut(position).ok_or(VerifyError::Missing { what: "commitment" })? += scalar;
    Ok(())
}
