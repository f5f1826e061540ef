//! Compiled constraints against halo2's expressions and the equations of the permutation argument,
//! row by row, with and without AVX-512 IFMA.

use halo2_proofs::halo2curves::ff::PrimeField;
use halo2_proofs::plonk::{Any, Column, Expression};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{
    poly::divide,
    quotient::{numerator, ratios},
    *,
};
use crate::packed::tests::{both_ways, hard_scalars};

/// So few rows that every rotation wraps around.
const ROWS: usize = 24;

/// Columns in the order that formulas have them, all random: instance, advice, fixed, those of the
/// permutation, its products, `l_0`, `l_last`, `l_active`, X.
struct Direct<'a> {
    cs: &'a ConstraintSystem<Fr>,
    permuted: Vec<Column<Any>>,
    columns: Vec<Vec<Fr>>,
    challenges: Vec<Fr>,
    c: Combine,
}

impl<'a> Direct<'a> {
    fn new(cs: &'a ConstraintSystem<Fr>, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let permuted = cs.permutation().get_columns();
        let sets = permuted.len().div_ceil(cs.degree() - 2);
        let own = cs.num_instance_columns() + cs.num_advice_columns() + cs.num_fixed_columns();
        let count = own + permuted.len() + sets + 4;
        let mut random = || Fr::random(&mut rng);
        let columns = (0..count).map(|_| (0..ROWS).map(|_| random()).collect()).collect();
        let challenges = (0..cs.num_challenges()).map(|_| random()).collect();
        let c = Combine { beta: random(), gamma: random(), y: random() };
        Self { cs, permuted, columns, challenges, c }
    }

    fn cell(&self, column: usize, row: usize, rotation: i32) -> Fr {
        self.columns[column][(row as i64 + i64::from(rotation)).rem_euclid(ROWS as i64) as usize]
    }

    /// From the end: X is the last column.
    fn special(&self, from_end: usize, row: usize) -> Fr {
        self.columns[self.columns.len() - from_end][row]
    }

    fn place(&self, column: &Column<Any>) -> usize {
        let advice = self.cs.num_instance_columns();
        match column.column_type() {
            Any::Instance => column.index(),
            Any::Advice(_) => advice + column.index(),
            Any::Fixed => advice + self.cs.num_advice_columns() + column.index(),
        }
    }

    fn gate(&self, e: &Expression<Fr>, row: usize) -> Fr {
        let advice = self.cs.num_instance_columns();
        let fixed = advice + self.cs.num_advice_columns();
        e.evaluate(
            &|c| c,
            &|_| panic!("a selector"),
            &|q| self.cell(fixed + q.column_index(), row, q.rotation().0),
            &|q| self.cell(advice + q.column_index(), row, q.rotation().0),
            &|q| self.cell(q.column_index(), row, q.rotation().0),
            &|c| self.challenges[c.index()],
            &|a| -a,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, c| a * c,
        )
    }

    /// Π (v + β·δ^j·X + γ) and Π (v + β·σ_j + γ) of each set of columns.
    fn sides(&self, row: usize) -> Vec<(Fr, Fr)> {
        let sigma = self.columns.len() - 4 - self.sets() - self.permuted.len();
        let Combine { beta, gamma, .. } = self.c;
        let factors = self.permuted.iter().enumerate().map(|(j, column)| {
            let v = self.cell(self.place(column), row, 0) + gamma;
            let own = beta * Fr::DELTA.pow_vartime([j as u64]) * self.special(1, row);
            (v + own, v + beta * self.cell(sigma + j, row, 0))
        });
        let factors: Vec<(Fr, Fr)> = factors.collect();
        let product = |set: &[(Fr, Fr)]| set.iter().fold((Fr::one(), Fr::one()), |p, f| (p.0 * f.0, p.1 * f.1));
        factors.chunks(self.cs.degree() - 2).map(product).collect()
    }

    fn sets(&self) -> usize {
        self.permuted.len().div_ceil(self.cs.degree() - 2)
    }

    /// All constraints, in halo2's order, combined by Horner's rule in y.
    fn constraints(&self, row: usize) -> Fr {
        let gates = self.cs.gates().iter().flat_map(|g| g.polynomials());
        let mut all: Vec<Fr> = gates.map(|e| self.gate(e, row)).collect();
        let sets = self.sets();
        let z = |set: usize, rotation: i32| self.cell(self.columns.len() - 4 - sets + set, row, rotation);
        let [l_0, l_last, l_active] = [4, 3, 2].map(|from_end| self.special(from_end, row));
        all.push(l_0 * (Fr::one() - z(0, 0)));
        all.push(l_last * (z(sets - 1, 0).square() - z(sets - 1, 0)));
        let last = -(self.cs.blinding_factors() as i32 + 1);
        all.extend((1..sets).map(|set| l_0 * (z(set, 0) - z(set - 1, last))));
        let sides = self.sides(row).into_iter().enumerate();
        all.extend(sides.map(|(set, (own, other))| l_active * (z(set, 1) * other - z(set, 0) * own)));
        all.into_iter().fold(Fr::zero(), |sum, v| sum * self.c.y + v)
    }

    fn check(&self, what: &str) {
        let columns: Vec<&[Fr]> = self.columns.iter().map(Vec::as_slice).collect();
        let run = |expression: &CompiledExpression| {
            both_ways(|| {
                let mut out = vec![Fr::zero(); ROWS];
                expression.evaluate(&columns, 0, &mut out);
                out
            })
        };
        let expected: Vec<Fr> = (0..ROWS).map(|row| self.constraints(row)).collect();
        assert_eq!(run(&numerator(self.cs, &self.challenges, &self.c, None)), expected, "{what}");
        for (set, (above, below)) in ratios(self.cs, &self.c).iter().enumerate() {
            let sides: Vec<(Fr, Fr)> = (0..ROWS).map(|row| self.sides(row)[set]).collect();
            let sides: (Vec<Fr>, Vec<Fr>) = sides.into_iter().unzip();
            assert_eq!((run(above), run(below)), sides, "{what}: set {set}");
        }
    }
}

#[test]
fn circuits_of_every_feature() {
    for (seed, (params, cs)) in (0..).zip(crate::circuits::of_every_feature()) {
        Direct::new(&cs, seed).check(&format!("{params:?}"));
    }
}

/// Up to 400 polynomials at once (more than are added between two reductions), of lengths that eight
/// does and does not divide, with the largest values there are.
#[test]
fn combinations_values_and_quotients() {
    let hard = hard_scalars();
    for (count, len) in [(1, 8), (2, 16), (31, 24), (32, 8), (33, 520), (64, 1024), (65, 12), (200, 520), (400, 8)] {
        let polys: Vec<Vec<Fr>> = (0..count)
            .map(|j| {
                (0..len).map(|i| if count % 2 == 0 { -Fr::one() } else { hard[(31 * j + i) % hard.len()] }).collect()
            })
            .collect();
        let factors: Vec<Fr> = (0..count).map(|j| if j % 2 == 0 { -Fr::one() } else { hard[j % hard.len()] }).collect();
        let slices: Vec<&[Fr]> = polys.iter().map(Vec::as_slice).collect();
        let expected: Vec<Fr> = (0..len).map(|i| polys.iter().zip(&factors).map(|(p, f)| p[i] * f).sum()).collect();
        let sum = both_ways(|| combine(&slices, &factors));
        assert_eq!(sum, expected, "{count} polynomials of length {len}");
        for x in [Fr::zero(), Fr::one(), -Fr::one(), hard[len % hard.len()]] {
            let value = sum.iter().rev().fold(Fr::zero(), |value, c| value * x + c);
            assert_eq!(both_ways(|| evaluate(&sum, &x)), value, "length {len}");
            // quotient·(X − x) + value
            let quotient = divide(&sum, &x);
            for (i, c) in sum.iter().enumerate() {
                let below = if i == 0 { value } else { quotient[i - 1] };
                assert_eq!(below - quotient[i] * x, *c, "coefficient {i} of length {len}");
            }
            assert_eq!(quotient[len - 1], Fr::zero());
        }
    }
}
