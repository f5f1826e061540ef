//! The cost model: which layout is cheapest.
use serde::{Deserialize, Serialize};
use vouch_program::{Instruction, Program};

use crate::{
    CircuitError, CircuitParams, Layout,
    cells::Count,
    config::{PIECES, PRODUCT_COLUMNS},
    gas::{MAX_GROUP, Openings},
    layout::{Plan, place},
    number::real,
    params::{BLINDING_ROWS, MAX_K, MAX_LANES, MAX_WEIGHT_COLUMNS},
};

/// What to optimise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Least proving time.
    #[default]
    Prover,
    /// Fewest proof bytes.
    Proof,
    /// Least memory while proving.
    Memory,
    /// Least gas of a verification on Ethereum, with groups as large as it takes. For keys of the evm profile.
    Gas,
}

/// What a layout costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The layout.
    pub params: CircuitParams,
    /// Advice columns, of both phases.
    pub advice: usize,
    /// Advice columns of the second phase, whose values are field elements of full width.
    pub second_phase: usize,
    /// Fixed columns.
    pub fixed: usize,
    /// Columns in the permutation argument.
    pub permutation: usize,
    /// Proof size.
    pub proof_bytes: usize,
    /// Proving key size.
    pub prover_key_bytes: usize,
    /// Verifying key size (commitments; the gates add 1 to 2 kB).
    pub verifier_key_bytes: usize,
    /// Peak memory of a process that makes one proof.
    pub memory_bytes: usize,
    /// CPU seconds of a proof on the reference machine (docs/benchmarks.md).
    pub prove_seconds: f64,
    /// Commitments to private weights in the verifying key.
    pub weight_commitments: usize,
    /// What proofs of the evm profile open.
    pub openings: Openings,
    /// Rows used of those available: linear, product, matrix lanes, table.
    pub rows: [(usize, usize); 4],
}

/// The cheapest layout for a program about a batch of that many inputs; with `k`, that with 2^k rows.
///
/// # Errors
/// [`CircuitError::TooLarge`] if there is none, or what is wrong with the program.
pub fn choose(program: &Program, batch: u32, objective: Objective, k: Option<u32>) -> Result<Estimate, CircuitError> {
    cheapest(program, batch, objective, k, true)
}

/// As [`choose`], among the layouts that have their fixed weights in columns of the circuit.
///
/// # Errors
/// As [`choose`].
pub fn choose_with_fixed_columns(
    program: &Program,
    batch: u32,
    objective: Objective,
    k: Option<u32>,
) -> Result<Estimate, CircuitError> {
    cheapest(program, batch, objective, k, false)
}

fn cheapest(
    program: &Program,
    batch: u32,
    objective: Objective,
    k: Option<u32>,
    virtual_columns: bool,
) -> Result<Estimate, CircuitError> {
    let (least, most) = k.map_or((program.limb_bits().saturating_add(1), MAX_K), |k| (k, k));
    let mut best: Option<Estimate> = None;
    for k in least..=most {
        let mut base = CircuitParams::minimal(program, k)?;
        base.virtual_weights &= virtual_columns;
        if Layout::table_rows(program) > base.usable() || program.public_len() > base.usable() {
            continue;
        }
        // So few rows that no number of lanes is enough are seen without a plan.
        if linear_outputs(program) > Count::new(base.usable()) * Count::new(MAX_LANES) {
            continue;
        }
        let plan = Plan::new(program, &base)?;
        let mut cheaper: Vec<(f64, Estimate)> =
            candidates(program, &base, &plan).into_iter().map(|e| (e.weight(objective, batch), e)).collect();
        let least = best.as_ref().map_or(f64::INFINITY, |b| b.weight(objective, batch));
        cheaper.retain(|(weight, _)| *weight < least);
        // Of equal ones the first; placing every row of a candidate takes much longer than counting them.
        cheaper.sort_by(|a, b| a.0.total_cmp(&b.0));
        let fits = |e: &Estimate| e.params.check(program).is_ok() && place(program, &e.params, plan.clone()).is_ok();
        best = cheaper.into_iter().map(|(_, e)| e).find(fits).or(best);
        // Twice the rows than the smallest that works cannot become cheaper any more than two steps later.
        if best.as_ref().and_then(|b| k.checked_sub(b.params.k)).is_some_and(|later| later >= 2) {
            break;
        }
    }
    best.ok_or(CircuitError::TooLarge { max_k: MAX_K })
}

/// Outputs of all products with matrices: each takes a row.
fn linear_outputs(program: &Program) -> Count {
    let linear =
        |i: &&Instruction| matches!(i, Instruction::Linear(_) | Instruction::MatMul(_) | Instruction::Select(_));
    program.instructions().iter().filter(linear).map(|i| program.arity_out(i)).sum()
}

impl Estimate {
    /// What the layout costs, for comparisons with the same objective and the same batch.
    pub fn weight(&self, objective: Objective, batch: u32) -> f64 {
        match objective {
            // The smaller proof is better for everyone else: 6 kB for each input count as much as the time does. A commitment to private weights is
            // a point of the verifier's, as the commitment to a fixed column is, whose evaluation and opening are in the proof: half as much.
            Objective::Prover => {
                let bytes = self.proof_bytes + 16 * Count::new(self.weight_commitments);
                self.prove_seconds * (1.0 + real(bytes.get()) / (6_000.0 * f64::from(batch.max(1))))
            }
            // Ties go to the faster one.
            Objective::Proof => real(self.proof_bytes) + self.prove_seconds / 1e3,
            Objective::Memory => real(self.memory_bytes) + self.prove_seconds,
            Objective::Gas => {
                real(usize::try_from(self.openings.gas(MAX_GROUP)).unwrap_or(usize::MAX)) + self.prove_seconds / 1e3
            }
        }
    }
}

fn candidates(program: &Program, base: &CircuitParams, plan: &Plan) -> Vec<Estimate> {
    let usable = base.usable();
    let linear_rows = plan.leaves.iter().map(Vec::len).sum::<Count>();
    let mut out = Vec::new();
    let mut p = base.clone();
    p.linear_lanes = lanes(&plan.leaves.iter().map(Vec::len).collect::<Vec<_>>(), usable, true);
    p.product_lanes = plan.products.len().div_ceil(usable);
    p.two_term_lanes = plan.two_terms.div_ceil(usable);
    let blocks = Layout::hash_blocks(program);
    if blocks.iter().any(|rows| *rows > usable) {
        return out;
    }
    p.hash_lanes = lanes(&blocks, usable, false);
    if p.linear_lanes > MAX_LANES || p.product_lanes > MAX_LANES || p.hash_lanes > MAX_LANES {
        return out;
    }
    let selections: Vec<usize> = plan.selections.iter().map(|s| s.rows(program).get()).collect();
    if selections.iter().any(|rows| *rows > usable) {
        return out;
    }
    p.select_lanes = lanes(&selections, usable, false);
    if p.select_lanes > MAX_LANES {
        return out;
    }
    // A row that is selected lies across the columns.
    let least = plan.selections.iter().map(|s| s.check.packs()).max().unwrap_or(1);
    let widest = plan.checks.iter().map(super::layout::Check::packs).max().unwrap_or(0).max(least);
    for c in weight_columns(widest.clamp(1, p.most_weight_columns())).chain([least]).filter(|c| *c >= least) {
        p.weight_columns = c;
        let matrix_rows = plan.weight_rows(c) + plan.chain_rows();
        let checks = !plan.checks.is_empty() || !plan.equal.is_empty();
        p.matrix_lanes = if checks { matrix_rows.div_ceil(usable).get().max(1) } else { 0 };
        if p.matrix_lanes > MAX_LANES || !p.has_room_for_weights() {
            continue;
        }
        let of = |used: Count, lanes: usize| (used.get(), (lanes * Count::new(usable)).get());
        let linear = of(linear_rows, p.linear_lanes);
        let product = of(Count::new(plan.products.len()), p.product_lanes);
        let table = (Layout::table_rows(program), usable);
        out.push(estimate(&p, program, [linear, product, of(matrix_rows, p.matrix_lanes), table]));
        // Another lane where continuations of chains need the room.
        p.matrix_lanes = p.matrix_lanes.saturating_add(1);
        if (3..=MAX_LANES).contains(&p.matrix_lanes) && p.has_room_for_weights() {
            out.push(estimate(&p, program, [linear, product, of(matrix_rows, p.matrix_lanes), table]));
        }
    }
    out
}

/// Numbers of weight columns to try: each up to 48, then a sixteenth more each time.
fn weight_columns(most: usize) -> impl Iterator<Item = usize> {
    let next = move |c: &usize| c.checked_add((c >> 4).max(1)).filter(|c| *c <= most);
    let each = 1..=most.min(MAX_WEIGHT_COLUMNS);
    each.chain(std::iter::successors(next(&MAX_WEIGHT_COLUMNS), next))
}

/// Lanes that first-fit needs, longest first if they may be sorted.
fn lanes(leaves: &[usize], usable: usize, sort: bool) -> usize {
    let mut sorted = leaves.to_vec();
    if sort {
        sorted.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut free: Vec<usize> = Vec::new();
    for len in sorted {
        // More than there can be, however many.
        if free.len() > MAX_LANES {
            break;
        }
        match free.iter_mut().find_map(|f| Some((f.checked_sub(len)?, f))) {
            Some((rest, f)) => *f = rest,
            None => free.push(usable.saturating_sub(len)),
        }
    }
    free.len()
}

/// Counts columns and predicts sizes and times.
fn estimate(p: &CircuitParams, program: &Program, rows: [(usize, usize); 4]) -> Estimate {
    let n = Count::new(p.n());
    let linear_lanes = Count::new(p.linear_lanes);
    let product_lanes = Count::new(p.product_lanes);
    let matrix_lanes = Count::new(p.matrix_lanes);
    let hash_lanes = Count::new(p.hash_lanes);
    let select_lanes = Count::new(p.select_lanes);
    let (linear_limbs, product_limbs) = (Count::new(p.linear_limbs), Count::new(p.product_limbs));
    let two = Count::new(2);
    let operands = Count::new(p.all_operands());
    let grid = usize::from(p.grid);
    let mat_mul = usize::from(p.mat_mul);
    let functions = linear_lanes + product_lanes;
    // Without lanes there is no lookup argument either, only an advice column and a fixed column that no gate uses.
    let lookup = functions.min(Count::new(1));
    let limbs = linear_lanes * (linear_limbs - 1) + product_lanes * (product_limbs - 1);
    let paired = limbs.less(two).min(functions);
    let helpers = functions + (limbs.less(two) - paired).div_ceil(3);
    let first = linear_lanes * (linear_limbs + 2)
        + operands
        + product_lanes * (product_limbs + 3)
        + 6 * hash_lanes
        + select_lanes
        + 1;
    let weight_lanes = matrix_lanes + select_lanes;
    let weights = weight_lanes * p.weight_columns;
    let none = Count::default();
    let (fixed_weights, weight_commitments, combined, virtual_columns) = match (p.private_weights, p.virtual_weights) {
        (true, _) => (matrix_lanes * (Count::new(1) + mat_mul), weights, weight_lanes, none),
        (false, true) => (none, weights, none, weight_lanes),
        (false, false) => (weights, none, none, none),
    };
    let second_phase = linear_lanes + 2 * weight_lanes + combined + helpers + lookup;
    let advice = first + second_phase + virtual_columns;
    let fixed = 2
        + linear_lanes * (Count::new(4) + grid)
        + product_lanes * (Count::new(4) + usize::from(p.max))
        + p.two_term_lanes.min(p.product_lanes)
        + matrix_lanes * (Count::new(3) + grid + mat_mul)
        + 4 * select_lanes
        + fixed_weights
        + 8 * hash_lanes
        + 5 * lookup;
    let permutation = 2 + 2 * linear_lanes + operands + 2 * product_lanes + 2 * weight_lanes + 4 * hash_lanes;
    let products = permutation.div_ceil(PRODUCT_COLUMNS);
    let commitments = advice - virtual_columns + products + 1 + PIECES + 2;
    let rotated = linear_lanes + weight_lanes + 4 * hash_lanes + lookup;
    let unused = 2 * (1 - lookup);
    let evaluations = advice + rotated + fixed - unused + 1 + permutation + (3 * products).less(Count::new(1));
    // By time and rows: the first phase at one row and at two, the second at one and at two, products but the last, the last, the
    // quotient.
    let states = 4 * hash_lanes;
    let running = linear_lanes + weight_lanes + lookup;
    let nowhere = unused.div_ceil(2);
    let one = Count::new(1);
    let sets =
        [first.less(states).less(nowhere), states, second_phase.less(running), running, products.less(one), one, one];
    let openings = Openings {
        sets: sets.map(Count::get).to_vec(),
        own: (fixed.less(nowhere) + permutation).get(),
        // All but the random polynomial's.
        evaluations: evaluations.less(one).get(),
        cells: program.public_len(),
    };
    // One point and a response for each blinding row (docs/private-weights.md).
    let blinding = if p.private_weights { BLINDING_ROWS } else { 0 };
    let link = if p.private_weights { Count::new(blinding) + 1 } else { Count::default() };
    let full = second_phase + products + 1 + PIECES + 2;
    // CPU seconds and bytes of the whole process, fitted to 20 layouts of six models and a batch (docs/benchmarks.md); all
    // within 12 % of what was measured. The first term is the start and the key; the second multi-scalar multiplication with
    // full scalars, whose buckets get cheaper with n; the third transforms, gates and everything else that is done for each
    // column.
    let columns = real((advice + fixed + permutation).get());
    let row = 5.6e-6 * real(full.get()) / f64::from(p.k) + 8.0e-7 * columns;
    let kept = advice + fixed + permutation + products + 4;
    // From 2^19 rows on, the quotient is computed on half a coset at a time.
    let cell = if p.k < 19 { 119 } else { 101 };
    let weights_of_program = Count::new(program.parameters());
    Estimate {
        params: p.clone(),
        advice: advice.get(),
        second_phase: second_phase.get(),
        fixed: fixed.get(),
        permutation: permutation.get(),
        proof_bytes: (32 * (commitments + evaluations + link)).get(),
        prover_key_bytes: (32 * n * (2 * fixed + 3 * permutation + 3)).get(),
        verifier_key_bytes: (32 * (fixed + permutation + weight_commitments + blinding) + 512).get(),
        memory_bytes: (18_300_000 + cell * n * kept + 8 * weights_of_program).get(),
        prove_seconds: 0.022 + real(n.get()) * row,
        weight_commitments: weight_commitments.get(),
        openings,
        rows,
    }
}
