//! An evaluator of the whole constraint system, independent of halo2's `MockProver`, fast enough to try a change of every cell.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::{collections::HashMap, ops::Range, sync::Arc};

use halo2_proofs::{
    dev::MockProver,
    halo2curves::bn256::Fr,
    plonk::{Any, Column as Halo2Column, ConstraintSystem, Expression},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_circuit::{
    Cell, Challenges, CircuitParams, Column, FirstPhase, HashRow, Layout, ModelCircuit, ModelConfig, ProductRow,
    SecondPhase, Selection, chips::lookup::Lookup, choose,
};
use vouch_program::{Program, Trace};

pub mod mutant;

use mutant::Mutant;

pub struct Bench {
    pub program: Arc<Program>,
    pub layout: Arc<Layout>,
    pub config: ModelConfig,
    pub cs: ConstraintSystem<Fr>,
    pub fixed: Vec<Vec<Fr>>,
    pub challenges: Challenges,
    /// The columns of weights that the key commits to.
    pub weights: Vec<Vec<Vec<Fr>>>,
    /// The constraint that is left out, if any.
    pub mutant: Option<Mutant>,
}

/// All columns of a filled circuit.
#[derive(Clone)]
pub struct Columns {
    pub advice: Vec<Vec<Fr>>,
    pub instance: Vec<Fr>,
}

impl Bench {
    pub fn new(program: Program) -> Self {
        let estimate = choose(&program, 1, Default::default(), None).unwrap();
        Self::with_params(program, estimate.params)
    }

    pub fn with_params(program: Program, params: CircuitParams) -> Self {
        Self::without(program, params, None)
    }

    /// A circuit from which a constraint was left out.
    pub fn without(program: Program, params: CircuitParams, mutant: Option<Mutant>) -> Self {
        let mut layout = Layout::new(&program, &params).unwrap();
        if mutant == Some(Mutant::Tags) {
            layout.selections.iter_mut().for_each(|selection| selection.tag = 1);
        }
        let mut cs = ConstraintSystem::default();
        let config = match mutant {
            Some(Mutant::Lookup(site)) => {
                let whole = ModelConfig::configure(&mut ConstraintSystem::default(), &params);
                ModelConfig::configure_without(&mut cs, &params, &|lookup| site.holds(&whole, lookup))
            }
            _ => ModelConfig::configure(&mut cs, &params),
        };
        assert_eq!(cs.degree(), 5);
        assert!(cs.blinding_factors() <= 5, "the layout assumes six blinding rows");
        let n = params.n();
        let mut fixed = vec![vec![Fr::zero(); n]; cs.num_fixed_columns()];
        for (c, row, v) in ModelCircuit::fixed(&program, &layout, &config) {
            fixed[c.index()][row] = v;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut draw = || Fr::from_raw([rng.r#gen(), rng.r#gen(), rng.r#gen(), rng.r#gen::<u64>() >> 3]);
        let challenges = Challenges { mu: draw(), sigma: draw(), tau: draw(), beta: draw(), theta: draw() };
        let columns = |lane| {
            let all = 0..params.weight_columns;
            all.map(|column| ModelCircuit::committed_weights(&program, &layout, lane, column)).collect()
        };
        let weights = (0..ModelCircuit::committed_lanes(&params)).map(columns).collect();
        let (program, layout) = (Arc::new(program), Arc::new(layout));
        let mut bench = Self { program, layout, config, cs, fixed, challenges, weights, mutant };
        match bench.mutant {
            Some(Mutant::Equal(pair)) => bench.confuse(pair),
            Some(Mutant::FirstSum) => bench.free_sum(false),
            Some(Mutant::LastSum) => bench.free_sum(true),
            _ => {}
        }
        bench
    }

    pub fn first(&self, trace: &Trace) -> FirstPhase {
        FirstPhase::new(&self.program, &self.layout, trace, &self.salts()).unwrap()
    }

    /// halo2's `MockProver` accepts the honest witness, and rejects it with one of every `step` cells changed.
    pub fn mock_prover_agrees(&self, trace: &Trace, step: usize, name: &str) {
        let honest = self.first(trace);
        let run = |first: &FirstPhase| {
            let circuit = ModelCircuit::with_first_phase(self.program.clone(), self.layout.clone(), first.clone());
            MockProver::run(self.layout.params.k, &circuit, vec![first.instance.clone()]).unwrap().verify()
        };
        assert_eq!(run(&honest), Ok(()), "{name}");
        for place in self.binding().into_iter().step_by(step) {
            let mut first = honest.clone();
            *place.of(&mut first) += Fr::one();
            self.recount(&mut first);
            assert!(run(&first).is_err(), "{name}: {place:?}");
        }
    }

    /// One for each hashed tensor.
    pub fn salts(&self) -> Vec<Fr> {
        (0..self.layout.hashes.len()).map(|i| Fr::from(1000 + i as u64)).collect()
    }

    pub fn second(&self, first: &FirstPhase) -> SecondPhase {
        SecondPhase::new(&self.program, &self.layout, &self.config, first, &self.challenges)
    }

    pub fn columns(&self, first: &FirstPhase, second: &SecondPhase) -> Columns {
        let n = self.layout.params.n();
        let mut advice = vec![vec![Fr::zero(); n]; self.cs.num_advice_columns()];
        let mut put = |c: usize, v: &[Fr]| advice[c][..v.len()].copy_from_slice(v);
        for (lane, v) in self.config.linear.iter().zip(&first.linear) {
            for (c, v) in lane.limbs.iter().zip(&v.limbs) {
                put(c.index(), v);
            }
            put(lane.slope.index(), &v.slope);
            put(lane.y.index(), &v.y);
        }
        for (lane, v) in self.config.product.iter().zip(&first.product) {
            for (c, v) in lane.limbs.iter().zip(&v.limbs).chain(lane.operands.iter().zip(&v.operands)) {
                put(c.index(), v);
            }
            put(lane.slope.index(), &v.slope);
            put(lane.y.index(), &v.y);
            put(lane.r.index(), &v.r);
        }
        for (lane, v) in self.config.hash.iter().zip(&first.hash) {
            for (c, v) in lane.state.iter().zip(&v.state).chain(lane.work.iter().zip(&v.work)) {
                put(c.index(), v);
            }
        }
        for (lane, v) in self.config.linear.iter().zip(&second.linear_acc) {
            put(lane.acc.index(), v);
        }
        for (weights, w) in self.config.weights().zip(&second.weights) {
            put(weights.combined().unwrap().index(), w);
        }
        for (i, lane) in self.config.select.iter().enumerate() {
            put(lane.index.index(), &first.select[i]);
            put(lane.value.index(), &second.select_value[i]);
            put(lane.psi.index(), &second.select_psi[i]);
        }
        for ((lane, x), acc) in self.config.matrix.iter().zip(&second.matrix_x).zip(&second.matrix_acc) {
            put(lane.x.index(), x);
            put(lane.acc.index(), acc);
        }
        if let Some(chip) = &self.config.lookup {
            put(chip.multiplicity.index(), &first.multiplicity);
            for (c, v) in chip.helpers.iter().zip(&second.helpers) {
                put(c.index(), v);
            }
            put(chip.phi.index(), &second.phi);
        }
        Columns { advice, instance: first.instance.clone() }
    }

    /// The first broken gate or copy.
    pub fn violation(&self, c: &Columns) -> Option<String> {
        let p = &self.layout.params;
        let rows = p.usable() + 1;
        for (number, gate) in self.cs.gates().iter().enumerate() {
            for (i, poly) in gate.polynomials().iter().enumerate().filter(|(i, _)| self.keeps(number, *i)) {
                for row in 0..rows {
                    if self.eval(poly, row, c) != Fr::zero() {
                        return Some(format!("{} [{i}] at row {row}", gate.name()));
                    }
                }
            }
        }
        // The argument outside the circuit, on the rows that it is about.
        let free = matches!(self.mutant, Some(Mutant::PrivateWeights | Mutant::VirtualWeights));
        let committed = if free { &[] } else { self.weights.as_slice() };
        for (weights, columns) in self.config.weights().zip(committed) {
            let combined = &c.advice[weights.combined().unwrap().index()];
            for row in 0..self.layout.params.usable() {
                let w = columns.iter().fold(Fr::zero(), |w, c| w * self.challenges.mu + c[row]);
                if combined[row] != w {
                    return Some(format!("weights at row {row}"));
                }
            }
        }
        for (a, b) in self.copies() {
            if self.cell(a, c) != self.cell(b, c) {
                return Some(format!("copy {a:?} = {b:?}"));
            }
        }
        None
    }

    pub fn cell(&self, cell: vouch_circuit::Cell, c: &Columns) -> Fr {
        let cell = self.config.cell(cell).unwrap();
        let column: Halo2Column<Any> = cell.column;
        match column.column_type() {
            Any::Advice(_) => c.advice[column.index()][cell.row_offset],
            Any::Fixed => self.fixed[column.index()][cell.row_offset],
            Any::Instance => c.instance.get(cell.row_offset).copied().unwrap_or(Fr::zero()),
        }
    }

    pub fn eval(&self, e: &Expression<Fr>, row: usize, c: &Columns) -> Fr {
        let n = self.layout.params.n() as i64;
        let at = |r: i32| ((row as i64 + i64::from(r)).rem_euclid(n)) as usize;
        match e {
            Expression::Constant(v) => *v,
            Expression::Selector(_) => unreachable!("no selectors are used"),
            Expression::Fixed(q) => self.fixed[q.column_index()][at(q.rotation().0)],
            Expression::Advice(q) => c.advice[q.column_index()][at(q.rotation().0)],
            Expression::Instance(q) => c.instance.get(at(q.rotation().0)).copied().unwrap_or(Fr::zero()),
            Expression::Challenge(ch) => {
                let v = &self.challenges;
                let all = [
                    (self.config.mu, v.mu),
                    (self.config.tau, v.tau),
                    (self.config.beta, v.beta),
                    (self.config.theta, v.theta),
                ];
                all.iter().find(|(k, _)| k.index() == ch.index()).map_or(v.sigma, |(_, v)| *v)
            }
            Expression::Negated(a) => -self.eval(a, row, c),
            Expression::Sum(a, b) => self.eval(a, row, c) + self.eval(b, row, c),
            Expression::Product(a, b) => {
                let a = self.eval(a, row, c);
                if a == Fr::zero() { a } else { a * self.eval(b, row, c) }
            }
            Expression::Scaled(a, f) => self.eval(a, row, c) * f,
        }
    }

    /// What a cheating prover would do after changing cells: count again what is looked up, as far as it is in the table.
    pub fn recount(&self, first: &mut FirstPhase) {
        let Some(chip) = &self.config.lookup else { return };
        let p = &self.layout.params;
        let mut table: HashMap<[[u8; 32]; 4], usize> = HashMap::new();
        let entry =
            |row: usize| [&chip.tag, &chip.key, &chip.base, &chip.slope].map(|c| self.fixed[c.index()][row].to_bytes());
        for row in 0..p.usable() {
            table.entry(entry(row)).or_insert(row);
        }
        let mut counts = vec![0u64; p.usable() + 1];
        let mut look = |e: [Fr; 4]| {
            if let Some(row) = table.get(&e.map(|v| v.to_bytes())) {
                counts[*row] += 1;
            }
        };
        let b = Fr::from(1u64 << p.limb_bits);
        let half = Fr::from(1u64 << (2 * p.limb_bits - 1));
        let mut function = |limbs: &[Vec<Fr>], slope: &[Fr], y: &[Fr], fixed: [usize; 2], q: Option<usize>| {
            let top = limbs.len() - 1;
            for i in 0..p.usable() {
                let y = q.map_or(y[i], |q| self.fixed[q][i] * y[i]);
                let [tag, offset] = fixed.map(|c| self.fixed[c][i]);
                look([tag, limbs[top][i], y - offset - slope[i] * limbs[top - 1][i], slope[i]]);
            }
        };
        let lookups: Vec<Lookup> = chip.groups.iter().flatten().chain(&chip.direct).copied().collect();
        for lookup in &lookups {
            match *lookup {
                Lookup::Linear(lane) => {
                    let (c, v) = (&self.config.linear[lane], &first.linear[lane]);
                    function(&v.limbs, &v.slope, &v.y, [c.tag.index(), c.offset.index()], None);
                }
                Lookup::Product(lane) => {
                    let (c, v) = (&self.config.product[lane], &first.product[lane]);
                    function(&v.limbs, &v.slope, &v.y, [c.tag.index(), c.offset.index()], Some(c.q_product.index()));
                }
                Lookup::Limb(_) => {}
            }
        }
        let linear = self.config.linear.iter().zip(&first.linear).flat_map(|(c, v)| c.limbs.iter().zip(&v.limbs));
        let product = self.config.product.iter().zip(&first.product).flat_map(|(c, v)| c.limbs.iter().zip(&v.limbs));
        for (_, limbs) in linear.chain(product).filter(|(column, _)| lookups.contains(&Lookup::Limb(**column))) {
            for l in &limbs[..p.usable()] {
                look([Fr::one(), *l, *l * b - half, Fr::one()]);
            }
        }
        first.multiplicity = counts.into_iter().map(Fr::from).collect();
        for selection in &self.layout.selections {
            let own = &mut first.select[selection.at.lane.index()];
            let start = selection.at.row.index();
            let (entries, reads) = self.places(selection);
            own[entries.clone()].fill(Fr::zero());
            for read in reads {
                let entry = entries.clone().find(|row| Fr::from((row - start) as u64) == own[read]);
                entry.into_iter().for_each(|row| own[row] += Fr::one());
            }
        }
    }

    /// Rows of a selection's matrix, and of its indices.
    pub fn places(&self, selection: &Selection) -> (Range<usize>, Range<usize>) {
        let start = selection.at.row.index();
        let end = start + self.program.matrices()[selection.check.matrix].rows as usize;
        (start..end, end..end + selection.reads.len())
    }

    /// Every first-phase cell that a used row gives a meaning to, as a function that reaches it.
    pub fn binding(&self) -> Vec<Place> {
        let mut out = Vec::new();
        for (lane, rows) in self.layout.linear.iter().enumerate() {
            for row in 0..rows.len() {
                out.extend((0..self.layout.params.linear_limbs).map(|i| Place::LinearLimb(lane, i, row)));
                out.extend([Place::LinearSlope(lane, row), Place::LinearY(lane, row)]);
            }
        }
        for (lane, rows) in self.layout.product.iter().enumerate() {
            for (row, r) in rows.iter().enumerate() {
                let (operands, limbs) = match r {
                    ProductRow::Product { instruction, .. } => match &self.program.instructions()[*instruction] {
                        vouch_program::Instruction::Product(q) => (2 * q.terms.len(), self.layout.params.product_limbs),
                        _ => unreachable!(),
                    },
                    ProductRow::Bound { .. } => (4, self.layout.params.product_limbs),
                    ProductRow::Max { .. } => (3, 4),
                };
                out.extend((0..operands).map(|i| Place::Operand(lane, i, row)));
                out.extend((0..limbs).map(|i| Place::ProductLimb(lane, i, row)));
                out.extend([Place::ProductY(lane, row), Place::ProductR(lane, row), Place::ProductSlope(lane, row)]);
            }
        }
        for (lane, rows) in self.layout.hash.iter().enumerate() {
            for (row, r) in rows.iter().enumerate() {
                let (state, work): (&[usize], &[usize]) = match *r {
                    // Before the first element of a tensor there is nothing in the way.
                    HashRow::Pack { .. } if row == 0 || !matches!(rows[row - 1], HashRow::Pack { .. }) => (&[], &[0]),
                    HashRow::Pack { .. } => (&[], &[0, 1]),
                    HashRow::Packed => (&[], &[1]),
                    HashRow::Input { pair: 0, .. } => (&[], &[1, 2]),
                    HashRow::Input { .. } => (&[0, 1, 2], &[1, 2]),
                    HashRow::Round(round) if (4..61).contains(&round) => (&[0, 1, 2], &[0]),
                    HashRow::Round(_) => (&[0, 1, 2], &[0, 1, 2]),
                    HashRow::Digest => (&[0, 1, 2], &[]),
                };
                out.extend(state.iter().map(|i| Place::HashState(lane, *i, row)));
                out.extend(work.iter().map(|i| Place::HashWork(lane, *i, row)));
            }
        }
        for selection in &self.layout.selections {
            let lane = selection.at.lane.index();
            out.extend(self.places(selection).1.map(|row| Place::SelectIndex(lane, row)));
        }
        out
    }
}

impl Bench {
    /// The first-phase cells that are equal to `home` by copies (in one step; homes are hubs).
    pub fn class(&self, home: Cell) -> Vec<Place> {
        let inputs = &self.program.tensors()[..self.program.inputs().len()];
        let public_inputs: usize = inputs.iter().map(|(v, wires)| v.public_values(wires.len())).sum();
        let place = |c: Cell| {
            let row = c.row.index();
            match c.column {
                Column::LinearY(l) => Some(Place::LinearY(l.index(), row)),
                Column::Operand(l, i) => Some(Place::Operand(l.index(), i, row)),
                Column::ProductY(l) => Some(Place::ProductY(l.index(), row)),
                Column::ProductR(l) => Some(Place::ProductR(l.index(), row)),
                Column::HashState(l) => Some(Place::HashState(l.index(), 1, row)),
                Column::HashWork(l, i) => Some(Place::HashWork(l.index(), i, row)),
                Column::SelectIndex(l) => Some(Place::SelectIndex(l.index(), row)),
                // Outputs may follow: the statement is then a wrong one.
                Column::Instance if row >= public_inputs => Some(Place::Instance(row)),
                _ => None,
            }
        };
        let mut cells = vec![home];
        let mut i = 0;
        while i < cells.len() {
            for (a, b) in &self.layout.copies {
                for (a, b) in [(*a, *b), (*b, *a)] {
                    if a == cells[i] && !cells.contains(&b) && b.column != Column::Constant {
                        cells.push(b);
                    }
                }
            }
            i += 1;
        }
        cells.into_iter().filter_map(place).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    LinearLimb(usize, usize, usize),
    LinearSlope(usize, usize),
    LinearY(usize, usize),
    Operand(usize, usize, usize),
    ProductLimb(usize, usize, usize),
    ProductSlope(usize, usize),
    ProductY(usize, usize),
    ProductR(usize, usize),
    HashState(usize, usize, usize),
    HashWork(usize, usize, usize),
    SelectIndex(usize, usize),
    Instance(usize),
}

impl Place {
    pub fn row(self) -> usize {
        match self {
            Self::LinearSlope(_, r) | Self::LinearY(_, r) => r,
            Self::ProductSlope(_, r) | Self::ProductY(_, r) | Self::ProductR(_, r) => r,
            Self::HashState(_, _, r) | Self::HashWork(_, _, r) | Self::Instance(r) => r,
            Self::SelectIndex(_, r) => r,
            Self::LinearLimb(_, _, r) | Self::Operand(_, _, r) | Self::ProductLimb(_, _, r) => r,
        }
    }

    pub fn of(self, f: &mut FirstPhase) -> &mut Fr {
        match self {
            Self::LinearLimb(l, i, r) => &mut f.linear[l].limbs[i][r],
            Self::LinearSlope(l, r) => &mut f.linear[l].slope[r],
            Self::LinearY(l, r) => &mut f.linear[l].y[r],
            Self::Operand(l, i, r) => &mut f.product[l].operands[i][r],
            Self::ProductLimb(l, i, r) => &mut f.product[l].limbs[i][r],
            Self::ProductSlope(l, r) => &mut f.product[l].slope[r],
            Self::ProductY(l, r) => &mut f.product[l].y[r],
            Self::ProductR(l, r) => &mut f.product[l].r[r],
            Self::HashState(l, i, r) => &mut f.hash[l].state[i][r],
            Self::HashWork(l, i, r) => &mut f.hash[l].work[i][r],
            Self::SelectIndex(l, r) => &mut f.select[l][r],
            Self::Instance(r) => &mut f.instance[r],
        }
    }
}
