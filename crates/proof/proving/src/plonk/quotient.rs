//! The quotient polynomial: all constraints, combined with powers of y, divided by X^n − 1.
//!
//! The combination has degree below 5n, so the quotient is known by its values on a few cosets of the n-th roots of unity; one coset at a time is computed,
//! which keeps memory at one value per column and row.

use std::collections::HashMap;

use halo2_proofs::{
    halo2curves::{
        bn256::Fr,
        ff::{Field, PrimeField, WithSmallOrderMulGroup},
    },
    plonk::{Any, Column, ConstraintSystem, Expression},
};
use rayon::prelude::*;

use super::{
    block::Block,
    formula::{CompiledExpression, Formula, Half, Node},
    poly::{Domain, combine, fold, invert_nonzero, points},
};
use crate::{ProvingError, packed::transform::Transform};

/// Rows that one thread evaluates together.
pub(super) const ROWS: usize = 256;

/// Places of columns among those that formulas are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    advice: usize,
    fixed: usize,
    sigma: usize,
    product: usize,
    special: usize,
}

/// Challenges of the permutation argument and the combination of constraints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Combine {
    pub(super) beta: Fr,
    pub(super) gamma: Fr,
    pub(super) y: Fr,
}

impl Places {
    /// Instance columns are first, then advice, fixed, and the permutation's; then `l_0`, `l_last`, `l_active` and X.
    pub(super) fn new(cs: &ConstraintSystem<Fr>) -> Self {
        let advice = cs.num_instance_columns();
        let fixed = advice + cs.num_advice_columns();
        let sigma = fixed + cs.num_fixed_columns();
        let columns = cs.permutation().get_columns().len();
        let product = sigma + columns;
        Self { advice, fixed, sigma, product, special: product + columns.div_ceil(cs.degree() - 2) }
    }

    fn of(&self, column: &Column<Any>) -> usize {
        match column.column_type() {
            Any::Instance => column.index(),
            Any::Advice(_) => self.advice + column.index(),
            Any::Fixed => self.fixed + column.index(),
        }
    }
}

/// A gate's polynomial, with challenges put in.
fn gate(f: &mut Formula, places: &Places, challenges: &[Fr], e: &Expression<Fr>) -> Node {
    let mut of = |e| gate(f, places, challenges, e);
    match e {
        Expression::Constant(c) => f.constant(*c),
        Expression::Challenge(c) => f.constant(challenges[c.index()]),
        Expression::Instance(q) => f.cell(q.column_index(), q.rotation().0),
        Expression::Advice(q) => f.cell(places.advice + q.column_index(), q.rotation().0),
        Expression::Fixed(q) => f.cell(places.fixed + q.column_index(), q.rotation().0),
        Expression::Sum(a, b) => match &**b {
            Expression::Negated(b) => {
                let (a, b) = (of(a), of(b));
                f.sub(a, b)
            }
            _ => {
                let (a, b) = (of(a), of(b));
                f.add(a, b)
            }
        },
        Expression::Negated(a) => {
            let (a, zero) = (of(a), Fr::zero());
            let zero = f.constant(zero);
            f.sub(zero, a)
        }
        Expression::Product(a, b) => {
            let (a, b) = (of(a), of(b));
            f.mul(a, b)
        }
        Expression::Scaled(a, c) => {
            let a = of(a);
            let c = f.constant(*c);
            f.mul(a, c)
        }
        // The circuit has none: `ModelConfig` declares fixed columns.
        Expression::Selector(_) => f.constant(Fr::zero()),
    }
}

/// `Π (v + β·δ^j·X + γ)` and `Π (v + β·σ_j + γ)` over the columns of each product of the permutation argument.
fn sides(f: &mut Formula, cs: &ConstraintSystem<Fr>, places: &Places, c: &Combine) -> Vec<(Node, Node)> {
    let x = f.cell(places.special + 3, 0);
    let (beta, gamma) = (f.constant(c.beta), f.constant(c.gamma));
    let mut shifted = c.beta;
    let columns = cs.permutation().get_columns();
    let mut sigma = places.sigma;
    columns
        .chunks(cs.degree() - 2)
        .map(|chunk| {
            let one = f.constant(Fr::one());
            let (mut identity, mut permuted) = (one, one);
            for column in chunk {
                let v = f.cell(places.of(column), 0);
                let v = f.add(v, gamma);
                let by = f.constant(shifted);
                let own = f.mul(x, by);
                let own = f.add(v, own);
                identity = f.mul(identity, own);
                let other = f.cell(sigma, 0);
                let other = f.mul(other, beta);
                let other = f.add(v, other);
                permuted = f.mul(permuted, other);
                shifted *= Fr::DELTA;
                sigma += 1;
            }
            (identity, permuted)
        })
        .collect()
}

/// Numerators and denominators of the permutation's products, row by row.
pub(super) fn ratios(cs: &ConstraintSystem<Fr>, c: &Combine) -> Vec<(CompiledExpression, CompiledExpression)> {
    let mut f = Formula::default();
    let sides = sides(&mut f, cs, &Places::new(cs), c);
    sides.into_iter().map(|(identity, permuted)| (f.compile(identity), f.compile(permuted))).collect()
}

/// Every constraint, in the order of their powers of y.
fn constraints(f: &mut Formula, cs: &ConstraintSystem<Fr>, challenges: &[Fr], c: &Combine) -> Vec<Node> {
    let places = Places::new(cs);
    let gates = cs.gates().iter().flat_map(|g| g.polynomials());
    let mut out: Vec<Node> = gates.map(|e| gate(f, &places, challenges, e)).collect();
    let sides = sides(f, cs, &places, c);
    let Some(last_set) = sides.len().checked_sub(1) else { return out };
    let [l_0, l_last, l_active] = [0, 1, 2].map(|i| f.cell(places.special + i, 0));
    let last_rotation = -(cs.blinding_factors() as i32 + 1);
    let one = f.constant(Fr::one());
    let first = f.cell(places.product, 0);
    let zero = f.sub(one, first);
    out.push(f.mul(l_0, zero));
    let last = f.cell(places.product + last_set, 0);
    let square = f.mul(last, last);
    let zero = f.sub(square, last);
    out.push(f.mul(l_last, zero));
    for set in 1..=last_set {
        let z = f.cell(places.product + set, 0);
        let before = f.cell(places.product + set - 1, last_rotation);
        let zero = f.sub(z, before);
        out.push(f.mul(l_0, zero));
    }
    for (set, (identity, permuted)) in sides.into_iter().enumerate() {
        let z = f.cell(places.product + set, 0);
        let next = f.cell(places.product + set, 1);
        let left = f.mul(next, permuted);
        let right = f.mul(z, identity);
        let zero = f.sub(left, right);
        out.push(f.mul(l_active, zero));
    }
    out
}

/// The expression for all constraints together. Those with a factor in common (most are switched by the same column) are added before it is applied.
pub(super) fn numerator(
    cs: &ConstraintSystem<Fr>,
    challenges: &[Fr],
    c: &Combine,
    half: Option<Half>,
) -> CompiledExpression {
    let mut f = Formula::over(half);
    let all = constraints(&mut f, cs, challenges, c);
    let mut uses = std::collections::HashMap::new();
    for (a, b) in all.iter().filter_map(|n| f.factors(*n)) {
        *uses.entry(a).or_insert(0usize) += 1;
        *uses.entry(b).or_insert(0usize) += 1;
    }
    let mut groups: Vec<(Node, Node)> = Vec::new();
    let mut power = Fr::one();
    let (one, zero) = (f.constant(Fr::one()), f.constant(Fr::zero()));
    for n in all.into_iter().rev() {
        let (switch, rest) = match f.factors(n) {
            Some((a, b)) if uses[&a] >= uses[&b] => (a, b),
            Some((a, b)) => (b, a),
            None => (one, n),
        };
        let y = f.constant(power);
        let term = f.mul(rest, y);
        let at = groups.iter().position(|(s, _)| *s == switch).unwrap_or_else(|| {
            groups.push((switch, zero));
            groups.len() - 1
        });
        groups[at].1 = f.add(groups[at].1, term);
        power *= c.y;
    }
    let result = groups.into_iter().fold(zero, |sum, (switch, terms)| {
        let term = f.mul(switch, terms);
        f.add(sum, term)
    });
    f.compile(result)
}

/// From 2^19 rows on, memory is dearer than the 10 % of time that it costs to take a seventh off it.
const HALVES: u32 = 19;

/// The pieces of the quotient, of n coefficients each. `polys` are the coefficients of all columns, in the order of [`Places`] up to `l_active`.
pub(super) fn quotient(
    cs: &ConstraintSystem<Fr>,
    domain: &Domain,
    polys: &[&[Fr]],
    challenges: &[Fr],
    c: &Combine,
) -> Result<Vec<Vec<Fr>>, ProvingError> {
    let of = Quotient { cs, domain, polys, challenges, c };
    if domain.k >= HALVES { of.in_halves() } else { of.at_once() }
}

/// What a quotient is of.
struct Quotient<'a> {
    cs: &'a ConstraintSystem<Fr>,
    domain: &'a Domain,
    polys: &'a [&'a [Fr]],
    challenges: &'a [Fr],
    c: &'a Combine,
}

impl Quotient<'_> {
    /// The quotient, with the values of all columns on one coset at a time.
    fn at_once(&self) -> Result<Vec<Vec<Fr>>, ProvingError> {
        let Self { cs, domain, polys, challenges, c } = *self;
        let expression = numerator(cs, challenges, c, None);
        let mut values = Block::new(polys.len() + 1, domain.n)?;
        divided(domain, cs.degree() - 1, |shift, numerators| {
            let transform = domain.coset(shift);
            values.columns_mut().enumerate().for_each(|(i, v)| match polys.get(i) {
                Some(p) => transform.run(p, v),
                // The last is X.
                None => points(shift, domain.omega, v),
            });
            let slices = values.columns();
            numerators
                .par_chunks_mut(ROWS)
                .enumerate()
                .for_each(|(i, out)| expression.evaluate(&slices, i * ROWS, out));
        })
    }

    /// The quotient, with the values on half a coset at a time: the even points, then the odd ones. A column that is rotated has
    /// its values on both halves.
    ///
    /// With m = n/2 and (s·ω)^m = −s^m, a polynomial f_low + X^m·f_high is `f_low ± s^m·f_high` on the points s·ω^(2t) and s·ω^(2t+1).
    fn in_halves(&self) -> Result<Vec<Vec<Fr>>, ProvingError> {
        let Self { cs, domain, polys, challenges, c } = *self;
        let (m, step) = (domain.n / 2, domain.omega.square());
        let columns = polys.len() + 1;
        let rotated = rotated(cs);
        let others: HashMap<usize, usize> =
            rotated.iter().enumerate().map(|(i, column)| (*column, columns + i)).collect();
        let expressions =
            [false, true].map(|odd| numerator(cs, challenges, c, Some(Half { odd, others: others.clone() })));
        let mut own = Block::new(columns, m)?;
        let mut odd = Block::new(rotated.len(), m)?;
        let mut half = vec![Fr::zero(); m];
        divided(domain, cs.degree() - 1, |shift, numerators| {
            let shifts = [shift, shift * domain.omega];
            let transform = |half: usize| Transform::new(domain.k - 1, step, shifts[half], None);
            let transforms: [Transform; 2] = rayon::join(|| transform(0), || transform(1)).into();
            let by = shifts.map(|shift| shift.pow_vartime([m as u64]));
            let to = |poly: &[Fr], half: usize, values: &mut [Fr]| {
                let (low, high) = poly.split_at(m);
                transforms[half].run(&fold(low, high, &by[half]), values);
            };
            for (number, expression) in expressions.iter().enumerate() {
                if number == 0 {
                    odd.columns_mut().enumerate().for_each(|(i, values)| to(polys[rotated[i]], 1, values));
                }
                own.columns_mut().enumerate().for_each(|(i, values)| match polys.get(i) {
                    // Its odd values are there, and its even ones stay.
                    Some(_) if number == 1 && others.contains_key(&i) => {}
                    Some(p) => to(p, number, values),
                    // The last is X.
                    None => points(shifts[number], step, values),
                });
                let mut slices = own.columns();
                slices.extend(odd.columns());
                if number == 1 {
                    others.iter().for_each(|(own, other)| slices.swap(*own, *other));
                }
                half.par_chunks_mut(ROWS).enumerate().for_each(|(i, out)| expression.evaluate(&slices, i * ROWS, out));
                numerators.par_chunks_mut(2).zip(&half).with_min_len(1024).for_each(|(pair, v)| pair[number] = *v);
            }
        })
    }
}

/// Columns of which a formula takes cells an odd number of rows away.
fn rotated(cs: &ConstraintSystem<Fr>) -> Vec<usize> {
    let places = Places::new(cs);
    let odd = |rotation: i32| rotation.rem_euclid(2) == 1;
    let advice = cs.advice_queries().iter().filter(|(_, r)| odd(r.0)).map(|(c, _)| places.advice + c.index());
    let fixed = cs.fixed_queries().iter().filter(|(_, r)| odd(r.0)).map(|(c, _)| places.fixed + c.index());
    let instance = cs.instance_queries().iter().filter(|(_, r)| odd(r.0)).map(|(c, _)| c.index());
    // Each product goes on in the next row.
    let mut all: Vec<usize> = advice.chain(fixed).chain(instance).chain(places.product..places.special).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The pieces of N/(X^n − 1), of n coefficients each, for a polynomial N of degree below n·(pieces + 1) that is 0 on the n-th roots of unity.
/// `numerator` writes N's values on the coset of a shift.
pub(super) fn divided(
    domain: &Domain,
    pieces: usize,
    mut numerator: impl FnMut(Fr, &mut [Fr]),
) -> Result<Vec<Vec<Fr>>, ProvingError> {
    let n = domain.n;
    let parts = pieces.next_power_of_two();
    let root = domain.root(domain.k + parts.ilog2());
    let mut numerators = vec![Fr::zero(); n];
    // The quotient modulo X^n − shift^n for each coset.
    let mut remainders: Vec<Vec<Fr>> = Vec::with_capacity(parts);
    let mut shift = Fr::ZETA;
    for _ in 0..parts {
        numerator(shift, &mut numerators);
        let mut remainder = domain.coefficients(&numerators);
        let vanishing = shift.pow_vartime([n as u64]) - Fr::one();
        let mut by = invert_nonzero(vanishing, "X^n - 1 on a coset")?;
        let inverse = invert_nonzero(shift, "the shift of a coset")?;
        for v in &mut remainder {
            *v *= by;
            by *= inverse;
        }
        remainders.push(remainder);
        shift *= root;
    }
    // h = Σ_m X^(n·m)·h_m, so its remainders are Σ_m c_j^m·h_m with c_j = ζ^n·i^j, i of order `parts`.
    let order = invert_nonzero(root.pow_vartime([n as u64]), "a root of unity")?;
    let first = invert_nonzero(Fr::ZETA.pow_vartime([n as u64]), "a root of unity")?;
    let scale = invert_nonzero(Fr::from(parts as u64), "the number of cosets")?;
    let slices: Vec<&[Fr]> = remainders.iter().map(Vec::as_slice).collect();
    (0..pieces as u64)
        .map(|m| {
            let by = order.pow_vartime([m]);
            let start = scale * first.pow_vartime([m]);
            let factors: Vec<Fr> = std::iter::successors(Some(start), |f| Some(*f * by)).take(parts).collect();
            Ok(combine(&slices, &factors))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::circuits;

    /// The quotient's pieces are the same, whatever the numerator is: also of one that is no multiple of X^n − 1.
    #[test]
    fn halves_have_the_quotient_of_the_whole() {
        for (seed, (params, cs)) in (0..).zip(circuits::of_every_feature()) {
            let domain = Domain::new(7);
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let places = Places::new(&cs);
            let polys: Vec<Vec<Fr>> =
                (0..places.special + 3).map(|_| (0..domain.n).map(|_| Fr::random(&mut rng)).collect()).collect();
            let polys: Vec<&[Fr]> = polys.iter().map(Vec::as_slice).collect();
            let challenges: Vec<Fr> = (0..cs.num_challenges()).map(|_| Fr::random(&mut rng)).collect();
            let c = Combine { beta: Fr::random(&mut rng), gamma: Fr::random(&mut rng), y: Fr::random(&mut rng) };
            let of = Quotient { cs: &cs, domain: &domain, polys: &polys, challenges: &challenges, c: &c };
            assert_eq!(of.in_halves().unwrap(), of.at_once().unwrap(), "{params:?}");
        }
    }
}
