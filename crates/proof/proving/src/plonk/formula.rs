//! Formulas over columns, compiled for evaluation in many rows.
//!
//! A [`Formula`] is a directed acyclic graph of cells, constants, sums, differences and products, in which equal parts are the same node and operations on
//! constants are done while it is built: a challenge is a constant by the time a formula is needed. [`Formula::compile`] orders the nodes, assigns
//! registers, and inserts reductions where a bound ([`crate::packed`]) would become too large.

use std::collections::HashMap;

use halo2_proofs::halo2curves::bn256::Fr;

use crate::packed::{Kernel, LOAD_BOUND, MAX_BOUND, Packed, dispatch, product_bound};

/// A node of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node(usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// Column and rotation.
    Cell(usize, i32),
    Constant(Fr),
    Sum(Node, Node),
    Difference(Node, Node),
    Product(Node, Node),
}

/// A formula under construction.
#[derive(Debug, Default)]
pub(crate) struct Formula {
    parts: Vec<Part>,
    known: HashMap<Part, Node>,
    half: Option<Half>,
}

/// Every second row of the columns: those with even numbers, or those with odd ones.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    /// Whether the rows are odd.
    pub(crate) odd: bool,
    /// Where the other rows of a column are, of those that need them.
    pub(crate) others: HashMap<usize, usize>,
}

impl Half {
    /// A cell among the halves of columns. Row 2t + odd, rotated by r, is row 2·(t + r/2) + odd if r is even, and one of the
    /// others if it is odd.
    fn cell(&self, column: usize, rotation: i32) -> (usize, i32) {
        if rotation.rem_euclid(2) == 0 {
            return (column, rotation / 2);
        }
        (self.others[&column], (rotation + i32::from(self.odd)).div_euclid(2))
    }
}

impl Formula {
    /// A formula over half of the rows of each column, in which rotations are those of whole columns.
    pub(crate) fn over(half: Option<Half>) -> Self {
        Self { half, ..Self::default() }
    }

    fn node(&mut self, part: Part) -> Node {
        *self.known.entry(part).or_insert_with(|| {
            self.parts.push(part);
            Node(self.parts.len() - 1)
        })
    }

    fn value(&self, n: Node) -> Option<Fr> {
        match self.parts[n.0] {
            Part::Constant(c) => Some(c),
            _ => None,
        }
    }

    /// A column's cell, so many rows below the present one.
    pub(crate) fn cell(&mut self, column: usize, rotation: i32) -> Node {
        let (column, rotation) = self.half.as_ref().map_or((column, rotation), |half| half.cell(column, rotation));
        self.node(Part::Cell(column, rotation))
    }

    /// A constant.
    pub(crate) fn constant(&mut self, c: Fr) -> Node {
        self.node(Part::Constant(c))
    }

    /// a + b.
    pub(crate) fn add(&mut self, a: Node, b: Node) -> Node {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => self.constant(x + y),
            (Some(x), _) if x == Fr::zero() => b,
            (_, Some(y)) if y == Fr::zero() => a,
            _ => self.node(Part::Sum(a.min(b), a.max(b))),
        }
    }

    /// a − b.
    pub(crate) fn sub(&mut self, a: Node, b: Node) -> Node {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => self.constant(x - y),
            (_, Some(y)) => {
                let negative = self.constant(-y);
                self.add(a, negative)
            }
            _ => self.node(Part::Difference(a, b)),
        }
    }

    /// a·b.
    pub(crate) fn mul(&mut self, a: Node, b: Node) -> Node {
        let one = Fr::one();
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => self.constant(x * y),
            (Some(x), _) if x == Fr::zero() => a,
            (_, Some(y)) if y == Fr::zero() => b,
            (Some(x), _) if x == one => b,
            (_, Some(y)) if y == one => a,
            _ => self.node(Part::Product(a.min(b), a.max(b))),
        }
    }

    /// The two factors of a product.
    pub(crate) fn factors(&self, n: Node) -> Option<(Node, Node)> {
        match self.parts[n.0] {
            Part::Product(a, b) => Some((a, b)),
            _ => None,
        }
    }

    /// The expression that computes a node.
    pub(crate) fn compile(&self, result: Node) -> CompiledExpression {
        let mut compiler = Compiler {
            formula: self,
            uses: vec![0; self.parts.len()],
            registers: HashMap::new(),
            bounds: Vec::new(),
            free: Vec::new(),
            expression: CompiledExpression::default(),
        };
        compiler.constants(result);
        compiler.count(result);
        compiler.expression.result = compiler.compute(result);
        compiler.expression.registers = compiler.bounds.len();
        compiler.expression
    }
}

impl Node {
    fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Load { to: usize, column: usize, rotation: i32 },
    Add { to: usize, a: usize, b: usize },
    Sub { to: usize, a: usize, b: usize, bound: u32 },
    Mul { to: usize, a: usize, b: usize },
}

/// A compiled formula.
#[derive(Debug, Default)]
pub(crate) struct CompiledExpression {
    /// In the first registers.
    constants: Vec<Fr>,
    registers: usize,
    steps: Vec<Step>,
    result: usize,
}

struct Compiler<'a> {
    formula: &'a Formula,
    /// Uses of each node that are still to come.
    uses: Vec<usize>,
    registers: HashMap<Node, usize>,
    /// Of each register's present value.
    bounds: Vec<u32>,
    free: Vec<usize>,
    expression: CompiledExpression,
}

impl Compiler<'_> {
    /// Gives constants their registers, the first of which is 1.
    fn constants(&mut self, result: Node) {
        self.expression.constants.push(Fr::one());
        self.bounds.push(1);
        for (i, part) in self.formula.parts.iter().enumerate().take(result.0 + 1) {
            if let Part::Constant(c) = part {
                self.registers.insert(Node(i), self.bounds.len());
                self.expression.constants.push(*c);
                self.bounds.push(1);
            }
        }
    }

    fn count(&mut self, n: Node) {
        self.uses[n.0] += 1;
        if self.uses[n.0] > 1 {
            return;
        }
        if let Part::Sum(a, b) | Part::Difference(a, b) | Part::Product(a, b) = self.formula.parts[n.0] {
            self.count(a);
            self.count(b);
        }
    }

    fn register(&mut self, bound: u32) -> usize {
        let r = self.free.pop().unwrap_or_else(|| {
            self.bounds.push(0);
            self.bounds.len() - 1
        });
        self.bounds[r] = bound;
        r
    }

    /// Reduces a register in place.
    fn reduce(&mut self, r: usize) {
        self.expression.steps.push(Step::Mul { to: r, a: r, b: 0 });
        self.bounds[r] = product_bound(self.bounds[r], 1);
    }

    /// The register of a node, which is computed if it is not yet there.
    fn compute(&mut self, n: Node) -> usize {
        if let Some(r) = self.registers.get(&n) {
            return *r;
        }
        let to = match self.formula.parts[n.0] {
            Part::Constant(_) => 0,
            Part::Cell(column, rotation) => {
                let to = self.register(LOAD_BOUND);
                self.expression.steps.push(Step::Load { to, column, rotation });
                to
            }
            part @ (Part::Sum(x, y) | Part::Difference(x, y) | Part::Product(x, y)) => {
                let (a, b) = (self.compute(x), self.compute(y));
                // Constants and results below 20p are never worth a reduction.
                let sum = !matches!(part, Part::Product(..));
                for r in [a, b] {
                    if (sum && self.bounds[a] + self.bounds[b] > MAX_BOUND || !sum && self.bounds[r] > 40)
                        && self.bounds[r] > LOAD_BOUND
                    {
                        self.reduce(r);
                    }
                }
                let (p, q) = (self.bounds[a], self.bounds[b]);
                self.done(x);
                self.done(y);
                let to = self.register(if sum { p + q } else { product_bound(p, q) });
                self.expression.steps.push(match part {
                    Part::Sum(..) => Step::Add { to, a, b },
                    Part::Difference(..) => Step::Sub { to, a, b, bound: q },
                    _ => Step::Mul { to, a, b },
                });
                to
            }
        };
        self.registers.insert(n, to);
        to
    }

    /// One use fewer is to come.
    fn done(&mut self, n: Node) {
        self.uses[n.0] -= 1;
        if self.uses[n.0] == 0 && self.formula.value(n).is_none() {
            self.free.extend(self.registers.get(&n));
        }
    }
}

impl CompiledExpression {
    /// Evaluates in the rows from `start` on into `out`, whose length should be a multiple of eight. Columns wrap around.
    pub(crate) fn evaluate(&self, columns: &[&[Fr]], start: usize, out: &mut [Fr]) {
        dispatch(out.len(), Evaluate { expression: self, columns, start, out });
    }
}

struct Evaluate<'a> {
    expression: &'a CompiledExpression,
    columns: &'a [&'a [Fr]],
    start: usize,
    out: &'a mut [Fr],
}

impl Kernel for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Packed>(self) {
        let CompiledExpression { constants, registers, steps, result } = self.expression;
        let mut file = vec![L::splat(&Fr::zero()); *registers];
        for (r, c) in file.iter_mut().zip(constants) {
            *r = L::splat(c);
        }
        for (i, out) in self.out.chunks_exact_mut(L::WIDTH).enumerate() {
            let row = self.start + i * L::WIDTH;
            for step in steps {
                match *step {
                    Step::Load { to, column, rotation } => {
                        let column = self.columns[column];
                        let n = column.len();
                        let at = (row + n).wrapping_add_signed(rotation as isize) % n;
                        file[to] = if at + L::WIDTH <= n {
                            // More columns than the processor keeps track of by itself.
                            L::announce(&column[at + L::WIDTH..]);
                            L::load(&column[at..])
                        } else {
                            let wrapped: [Fr; 8] = std::array::from_fn(|j| column[(at + j) % n]);
                            L::load(&wrapped)
                        };
                    }
                    Step::Add { to, a, b } => file[to] = file[a].add(file[b]),
                    Step::Sub { to, a, b, bound } => file[to] = file[a].sub(file[b], bound),
                    Step::Mul { to, a, b } => file[to] = file[a].mul(file[b]),
                }
            }
            file[*result].store(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use halo2_proofs::halo2curves::ff::Field;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn direct(f: &Formula, n: Node, columns: &[Vec<Fr>], row: usize) -> Fr {
        match f.parts[n.0] {
            Part::Constant(c) => c,
            Part::Cell(c, r) => columns[c][(row as i64 + i64::from(r)).rem_euclid(columns[c].len() as i64) as usize],
            Part::Sum(a, b) => direct(f, a, columns, row) + direct(f, b, columns, row),
            Part::Difference(a, b) => direct(f, a, columns, row) - direct(f, b, columns, row),
            Part::Product(a, b) => direct(f, a, columns, row) * direct(f, b, columns, row),
        }
    }

    #[test]
    fn programs_compute_their_formulas() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for round in 0..60 {
            let n = if round % 3 == 0 { 12 } else { 32 };
            let columns: Vec<Vec<Fr>> = (0..4)
                .map(|c| (0..n).map(|_| if c == 0 { -Fr::one() } else { Fr::random(&mut rng) }).collect())
                .collect();
            let mut f = Formula::default();
            let mut nodes: Vec<Node> =
                (0..4).flat_map(|c| [-7, 0, 1].map(|r| (c, r))).map(|(c, r)| f.cell(c, r)).collect();
            nodes.extend([Fr::zero(), Fr::one(), -Fr::one(), Fr::random(&mut rng)].map(|c| f.constant(c)));
            let mut last = nodes[0];
            for _ in 0..14 {
                // Mostly recent nodes, so that bounds add up; depth is limited as the direct evaluation is exponential.
                let a = if rng.gen_bool(0.6) { last } else { nodes[rng.gen_range(0..nodes.len())] };
                let b = if rng.gen_bool(0.3) { last } else { nodes[rng.gen_range(0..nodes.len())] };
                last = match (round + rng.gen_range(0..3)) % 5 {
                    0 | 1 => f.add(a, b),
                    2 | 3 => f.sub(b, a),
                    _ => f.mul(a, b),
                };
                nodes.push(last);
            }
            let expression = f.compile(last);
            let slices: Vec<&[Fr]> = columns.iter().map(Vec::as_slice).collect();
            let mut out = vec![Fr::zero(); n];
            let half = n / 2;
            expression.evaluate(&slices, 0, &mut out[..half]);
            expression.evaluate(&slices, half, &mut out[half..]);
            for (row, v) in out.iter().enumerate() {
                assert_eq!(*v, direct(&f, last, &columns, row), "round {round} row {row}");
            }
        }
    }
}
