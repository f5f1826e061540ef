//! Range checks and table lookups by logarithmic derivatives (logUp).
//!
//! One table of (tag, key, base, slope) in four fixed columns serves everything:
//!
//! | rows | tag | key | base | slope |
//! | --- | --- | --- | --- | --- |
//! | 0 | 0 | 0 | 0 | 0 |
//! | 1 … 2^b | 1 | v | v·2^b − 2^(2b−1) | 1 |
//! | then | 2 + f | s + 2^(b−1) | base of segment s of function f | its slope |
//!
//! The middle part is at once the range check of a limb v and the identity function (a plain rescale). The null row serves lanes' unused rows.
//! Pairs (tag, key) are distinct (but for repetitions of the null row), so they determine base and slope. The tag of a lookup is fixed by the
//! circuit: an index outside the function's segments is in no row, which is how a value outside a function's domain is refused.
//!
//! # Argument
//!
//! With challenges β, θ drawn after all looked-up cells and the multiplicities m are committed, write D = β + key + θ·value + θ²·slope + θ³·tag for a
//! looked-up entry and T̂ for the same of a table row. Then
//!
//! ```text
//! Σ_rows Σ_lookups 1/D  =  Σ_rows m/T̂
//! ```
//!
//! holds as an identity of rational functions in β only if every looked-up entry is in the table, because the poles on the left must cancel
//! and the characteristic exceeds the number of lookups. With N lookups in all rows and R rows of the table, a false statement passes with
//! probability at most (2·(N + R) + 3·R)/p < 2^-217:
//!
//! * 3·R/p: some entry is not in the table, but θ (degree 3) compresses it to the same element as one of the R rows;
//! * (N + R)/p: β is a root of the identity multiplied out, a polynomial of degree below N + R that is not zero;
//! * (N + R)/p: β makes one of the N + R denominators zero.
//!
//! The largest layout has 64 lanes of each kind with 17 limbs in 2^24 rows: N = 2·64·17·2^24 < 2^35.1, and p > 2^253.5.
//!
//! A helper column holds Σ 1/D for two or three lookups of its row (as many as degree 5 allows: a range check is linear, a function lookup quadratic), and
//! one running sum φ takes all helpers, up to two range checks D_1, D_2 directly, and the table:
//!
//! ```text
//! φ[i+1] − φ[i] = Σ h[i] + 1/D_1[i] + 1/D_2[i] − m[i]/T̂[i],     φ[0] = φ[u] = 0
//! ```
//!
//! on the rows i < u; the rows from u on are unused or blinded.
//! (Haböck, "Multivariate lookups based on logarithmic derivatives", eprint 2022/1530.)

use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed, SecondPhase, VirtualCells},
    poly::Rotation,
};

use super::{linear::LinearLane, product::ProductLane};
use crate::config::pow2;

/// An entry that is looked up.
pub struct Tuple {
    /// Which function.
    pub tag: Expression<Fr>,
    /// Which segment of it.
    pub key: Expression<Fr>,
    /// Its base.
    pub value: Expression<Fr>,
    /// Its slope.
    pub slope: Expression<Fr>,
}

/// Something looked up in every usable row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The function lookup of a linear lane.
    Linear(usize),
    /// The function lookup of a product lane.
    Product(usize),
    /// The range check of a limb: the column.
    Limb(Column<Advice>),
}

/// The columns of the argument.
#[derive(Clone, Debug)]
pub struct LookupChip {
    /// First phase: how often each row of the table is used.
    pub multiplicity: Column<Advice>,
    /// Second phase: sums of inverses.
    pub helpers: Vec<Column<Advice>>,
    /// What each helper sums.
    pub groups: Vec<Vec<Lookup>>,
    /// Range checks that the running sum takes directly (at most two).
    pub direct: Vec<Lookup>,
    /// Second phase: the running sum.
    pub phi: Column<Advice>,
    /// Table tags.
    pub tag: Column<Fixed>,
    /// Table keys.
    pub key: Column<Fixed>,
    /// Table bases.
    pub base: Column<Fixed>,
    /// Table slopes.
    pub slope: Column<Fixed>,
    /// 1 in the first row and in row u.
    pub edge: Column<Fixed>,
}

impl LookupChip {
    pub(crate) fn columns(
        meta: &mut ConstraintSystem<Fr>,
        linear: &[LinearLane],
        product: &[ProductLane],
        left_out: &dyn Fn(&Lookup) -> bool,
    ) -> Self {
        let mut functions: Vec<Lookup> =
            (0..linear.len()).map(Lookup::Linear).chain((0..product.len()).map(Lookup::Product)).collect();
        functions.retain(|lookup| !left_out(lookup));
        // The top limb is checked by the function lookup, whose keys are limited to the function's segments.
        let mut limbs: Vec<Lookup> = linear
            .iter()
            .map(|l| &l.limbs)
            .chain(product.iter().map(|p| &p.limbs))
            .flat_map(|limbs| limbs.iter().take(limbs.len().saturating_sub(1)).map(|c| Lookup::Limb(*c)))
            .filter(|lookup| !left_out(lookup))
            .collect();
        let direct: Vec<Lookup> = limbs.drain(..limbs.len().min(2)).collect();
        let mut groups: Vec<Vec<Lookup>> = Vec::new();
        for f in functions {
            let mut group = vec![f];
            group.extend(limbs.pop());
            groups.push(group);
        }
        groups.extend(limbs.chunks(3).map(<[Lookup]>::to_vec));
        Self {
            multiplicity: meta.advice_column_in(FirstPhase),
            helpers: groups.iter().map(|_| meta.advice_column_in(SecondPhase)).collect(),
            groups,
            direct,
            phi: meta.advice_column_in(SecondPhase),
            tag: meta.fixed_column(),
            key: meta.fixed_column(),
            base: meta.fixed_column(),
            slope: meta.fixed_column(),
            edge: meta.fixed_column(),
        }
    }

    pub(crate) fn gate(
        &self,
        meta: &mut ConstraintSystem<Fr>,
        limb_bits: u32,
        lanes: (&[LinearLane], &[ProductLane]),
        usable: Column<Fixed>,
        (beta, theta): (Challenge, Challenge),
    ) {
        let denominator = |meta: &mut VirtualCells<'_, Fr>, lookup: &Lookup| {
            let t = match *lookup {
                Lookup::Linear(i) => lanes.0[i].tuple(meta),
                Lookup::Product(i) => lanes.1[i].tuple(meta),
                Lookup::Limb(c) => {
                    // β + v + θ·(v·2^b − 2^(2b−1)) + θ² + θ³ = v·(1 + θ·2^b) + β + θ·(θ·(θ + 1) − 2^(2b−1))
                    let v = meta.query_advice(c, Rotation::cur());
                    let one = Expression::Constant(Fr::one());
                    let half = Expression::Constant(pow2(limb_bits.saturating_mul(2).saturating_sub(1)));
                    let constant = beta.expr() + theta.expr() * (theta.expr() * (theta.expr() + one) - half);
                    return v * (Expression::Constant(Fr::one()) + theta.expr() * pow2(limb_bits)) + constant;
                }
            };
            compress(beta, theta, t)
        };
        for (column, group) in self.helpers.iter().zip(&self.groups) {
            meta.create_gate("lookup: helper", |meta| {
                let q = meta.query_fixed(usable, Rotation::cur());
                let h = meta.query_advice(*column, Rotation::cur());
                let d: Vec<_> = group.iter().map(|l| denominator(meta, l)).collect();
                // h·Π D − Σ_i Π_{j≠i} D_j
                let mut product = h;
                for d in &d {
                    product = product * d.clone();
                }
                for i in 0..d.len() {
                    let mut others: Option<Expression<Fr>> = None;
                    for (j, d) in d.iter().enumerate() {
                        if i != j {
                            others = Some(others.map_or_else(|| d.clone(), |o| o * d.clone()));
                        }
                    }
                    product = product - others.unwrap_or(Expression::Constant(Fr::one()));
                }
                vec![q * product]
            });
        }
        meta.create_gate("lookup: running sum", |meta| {
            let q = meta.query_fixed(usable, Rotation::cur());
            let edge = meta.query_fixed(self.edge, Rotation::cur());
            let phi = meta.query_advice(self.phi, Rotation::cur());
            let next = meta.query_advice(self.phi, Rotation::next());
            let m = meta.query_advice(self.multiplicity, Rotation::cur());
            let mut at = |c| meta.query_fixed(c, Rotation::cur());
            let row = Tuple { tag: at(self.tag), key: at(self.key), value: at(self.base), slope: at(self.slope) };
            let table = compress(beta, theta, row);
            let mut step = next - phi.clone();
            for h in &self.helpers {
                step = step - meta.query_advice(*h, Rotation::cur());
            }
            // (step·T̂ + m)·Π D − T̂·Σ_i Π_{j≠i} D_j
            let d: Vec<_> = self.direct.iter().map(|l| denominator(meta, l)).collect();
            let mut out = step * table.clone() + m;
            for d in &d {
                out = out * d.clone();
            }
            match d.as_slice() {
                [] => {}
                [_] => out = out - table,
                [a, b, ..] => out = out - table * (a.clone() + b.clone()),
            }
            vec![q * out, edge * phi]
        });
    }
}

/// `β + key + θ·(value + θ·(slope + θ·tag))`.
fn compress(beta: Challenge, theta: Challenge, t: Tuple) -> Expression<Fr> {
    beta.expr() + t.key + theta.expr() * (t.value + theta.expr() * (t.slope + theta.expr() * t.tag))
}
