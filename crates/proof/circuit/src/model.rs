//! The circuit as halo2 sees it.
use std::sync::Arc;

use halo2_proofs::{
    circuit::{self, Layouter, Region, SimpleFloorPlanner, Value},
    halo2curves::bn256::Fr,
    plonk::{Advice, Any, Challenge, Circuit, Column as Halo2Column, ConstraintSystem, Error, Fixed},
};
use vouch_poseidon::{Poseidon, VALUE_BITS};
use vouch_program::{Instruction, Program, Requant, Trace};

use crate::{
    Challenges, CircuitError, CircuitParams, FirstPhase, Layout, ModelConfig, SecondPhase,
    cells::Count,
    chips::{hash::POSEIDON, matrix::WeightColumns},
    config::{inverse_pow2, pow2, scaled, signed},
    layout::{Cell, Column, HashRow, Mul, ProductRow, Weights},
    number::long,
    witness::{IDENTITY, bound, column_length, table_entries, tag},
};

/// Advice columns with their values.
pub type Columns = Vec<(Halo2Column<Advice>, Vec<Fr>)>;

/// The circuit of one program: with a witness for proving, without one for key generation.
#[derive(Clone, Debug)]
pub struct ModelCircuit {
    program: Arc<Program>,
    layout: Arc<Layout>,
    witness: Option<FirstPhase>,
    /// Fixed columns and copies are needed for keys, not for proofs.
    structure: bool,
}

impl ModelCircuit {
    /// The circuit without a witness.
    pub fn new(program: Arc<Program>, layout: Arc<Layout>) -> Self {
        Self { program, layout, witness: None, structure: true }
    }

    /// The circuit with the witness of a run.
    ///
    /// # Errors
    /// If the trace is not one of this program, or there is not one salt for each hashed tensor.
    pub fn prove(
        program: Arc<Program>,
        layout: Arc<Layout>,
        trace: &Trace,
        salts: &[Fr],
    ) -> Result<Self, CircuitError> {
        let witness = FirstPhase::new(&program, &layout, trace, salts)?;
        Ok(Self { program, layout, witness: Some(witness), structure: false })
    }

    /// The circuit with any first phase, and with its fixed columns: for tests that try to cheat.
    pub fn with_first_phase(program: Arc<Program>, layout: Arc<Layout>, witness: FirstPhase) -> Self {
        Self { program, layout, witness: Some(witness), structure: true }
    }

    /// The instance column.
    pub fn instance(&self) -> Option<&[Fr]> {
        self.witness.as_ref().map(|w| w.instance.as_slice())
    }

    /// The values of all fixed columns that are not zero, and all constants.
    pub fn fixed(program: &Program, layout: &Layout, config: &ModelConfig) -> Vec<(Halo2Column<Fixed>, usize, Fr)> {
        let p = &layout.params;
        let u = p.usable();
        let one = Fr::one();
        let mut out: Vec<(Halo2Column<Fixed>, usize, Fr)> = Vec::new();
        out.extend((0..u).map(|row| (config.usable, row, one)));
        out.extend(layout.constants.iter().enumerate().map(|(row, c)| (config.constants, row, signed(i128::from(*c)))));
        for (lane, rows) in config.linear.iter().zip(&layout.linear) {
            for (row, r) in rows.iter().enumerate() {
                let Some(rq) = r.requant(program) else { continue };
                function(&mut out, rq, lane.tag, lane.offset, row);
                match (r.mul, lane.by_sigma) {
                    (Mul::Pow2(e), _) => out.push((lane.by_const, row, pow2(e))),
                    (Mul::Mu(e), _) => out.push((lane.by_mu, row, inverse_pow2(e))),
                    (Mul::Sigma(e), Some(c)) => out.push((c, row, inverse_pow2(e))),
                    _ => {}
                }
            }
        }
        for (lane, rows) in config.product.iter().zip(&layout.product) {
            for (row, r) in rows.iter().enumerate() {
                match *r {
                    ProductRow::Product { instruction, .. } => {
                        let Instruction::Product(q) = &program.instructions()[instruction] else { continue };
                        function(&mut out, &q.requant, lane.tag, lane.offset, row);
                        out.push((lane.q_product, row, one));
                        // The plan has refused products that drop more than the lane.
                        let up = p.drop_of(p.product_limbs).saturating_sub(u32::from(q.requant.drop));
                        for (t, column) in q.terms.iter().zip(&lane.factors) {
                            out.push((*column, row, scaled(t.factor, up)));
                        }
                    }
                    ProductRow::Bound { input, upper } => {
                        let end = bound(program, input, upper);
                        out.push((lane.tag, row, Fr::from(IDENTITY)));
                        out.push((lane.offset, row, signed(i128::from(end.offset))));
                        out.push((lane.q_product, row, one));
                        let up = p.drop_of(p.product_limbs);
                        for (factor, column) in [end.sign, end.constant].into_iter().zip(&lane.factors) {
                            out.push((*column, row, scaled(factor, up)));
                        }
                    }
                    ProductRow::Max { .. } => out.extend(lane.q_max.map(|c| (c, row, one))),
                }
            }
        }
        for piece in &layout.pieces {
            let Some(lane) = config.matrix.get(piece.lane.index()) else { continue };
            for (i, r) in piece.rows.iter().enumerate() {
                let row = (piece.row + i).index();
                match (r.mul, lane.by_sigma) {
                    (Mul::Pow2(_), _) => out.push((lane.by_one, row, one)),
                    (Mul::Mu(_), _) => out.push((lane.by_mu, row, one)),
                    (Mul::Sigma(_), Some(c)) => out.push((c, row, one)),
                    (Mul::Tau, _) => out.push((lane.by_tau, row, one)),
                    (Mul::Operand(e), _) => out.extend(lane.by_operand.map(|column| (column, row, pow2(e)))),
                    _ => {}
                }
                match r.weights {
                    Weights::Unit => out.extend(lane.weights.unit().map(|column| (column, row, one))),
                    Weights::Nothing => {}
                    Weights::Packed { .. } if lane.weights.combined().is_some() => {
                        out.extend(lane.weights.weighted().map(|column| (column, row, one)));
                    }
                    Weights::Packed { check, operand, chunk } => {
                        let check = &layout.checks[check];
                        let packs = check.packed(program, p, operand, chunk);
                        out.extend(lane.weights.fixed().iter().zip(packs).map(|(column, pack)| (*column, row, pack)));
                    }
                }
            }
        }
        for selection in &layout.selections {
            let Some(lane) = config.select.get(selection.at.lane.index()) else { continue };
            let entries = selection.entries(program);
            let row = |i: usize| (selection.at.row + i).index();
            for entry in 0..entries {
                let at = row(entry);
                out.push((lane.table, at, one));
                out.push((lane.row, at, Fr::from(long(entry))));
                if !lane.weights.fixed().is_empty() {
                    let packs = selection.check.packed(program, p, entry, 0);
                    out.extend(lane.weights.fixed().iter().zip(packs).map(|(column, pack)| (*column, at, pack)));
                }
            }
            out.extend((0..selection.reads.len()).map(|i| (lane.read, row((Count::new(entries) + i).get()), one)));
            let all = 0..selection.rows(program).get();
            out.extend(all.map(|i| (lane.tag, row(i), Fr::from(selection.tag))));
        }
        for (lane, rows) in config.hash.iter().zip(&layout.hash) {
            for (row, r) in rows.iter().enumerate() {
                match *r {
                    HashRow::Pack { first, .. } => {
                        out.push((lane.pack, row, one));
                        out.push((lane.constants[0], row, if first { Fr::zero() } else { pow2(VALUE_BITS) }));
                    }
                    HashRow::Input { hash, pair } => {
                        out.push((lane.input, row, one));
                        if pair == 0 {
                            out.push((lane.constants[0], row, Fr::from(long(layout.hashes[hash].wires.len()))));
                        } else {
                            out.push((lane.keep, row, one));
                        }
                    }
                    HashRow::Round(round) => {
                        let on = if Poseidon::<Fr>::is_full(round) { lane.full } else { lane.partial };
                        out.push((on, row, one));
                        let constants = POSEIDON.constants()[round];
                        out.extend(lane.constants.iter().zip(constants).map(|(c, k)| (*c, row, k)));
                    }
                    HashRow::Packed | HashRow::Digest => {}
                }
            }
        }
        if let Some(chip) = &config.lookup {
            out.extend([0, u].map(|row| (chip.edge, row, one)));
            for (row, e) in table_entries(program, layout, u).into_iter().enumerate() {
                out.extend([chip.tag, chip.key, chip.base, chip.slope].into_iter().zip(e).map(|(c, v)| (c, row, v)));
            }
        }
        // A constant 0 is assigned, too: halo2's checker tells a cell that was never assigned from 0.
        out.retain(|(column, _, v)| *v != Fr::zero() || *column == config.constants);
        out
    }

    /// Lanes whose weights the key commits to: matrix lanes, then select lanes. None if weights are fixed columns of the circuit.
    pub fn committed_lanes(p: &CircuitParams) -> usize {
        if p.private_weights || p.virtual_weights { (Count::new(p.matrix_lanes) + p.select_lanes).get() } else { 0 }
    }

    /// A column of weights that the key commits to, of one of the [lanes](Self::committed_lanes), down to the last row that
    /// blinding leaves alone.
    pub fn committed_weights(program: &Program, layout: &Layout, lane: usize, column: usize) -> Vec<Fr> {
        let p = &layout.params;
        let mut out = vec![Fr::zero(); column_length(p)];
        let last = p.weight_columns.checked_sub(1) == Some(column);
        for piece in layout.pieces.iter().filter(|piece| piece.lane == lane) {
            for (i, r) in piece.rows.iter().enumerate() {
                let row = piece.row + i;
                match r.weights {
                    Weights::Nothing => {}
                    Weights::Unit if p.private_weights || !last => {}
                    // The last column has the power μ^0.
                    Weights::Unit => out[row] = Fr::one(),
                    Weights::Packed { check, operand, chunk } => {
                        out[row] = layout.checks[check].pack(program, p, operand, chunk, column);
                    }
                }
            }
        }
        let select = lane.checked_sub(p.matrix_lanes);
        for selection in layout.selections.iter().filter(|s| select == Some(s.at.lane.index())) {
            for entry in 0..selection.entries(program) {
                out[selection.at.row + entry] = selection.check.pack(program, p, entry, 0, column);
            }
        }
        out
    }

    /// The first phase's columns, down to the last row that is not random. Columns that are not named are zero.
    pub fn first_phase(&self, config: &ModelConfig) -> Columns {
        let Some(w) = &self.witness else { return Vec::new() };
        let mut out = Vec::new();
        let mut push = |column: Halo2Column<Advice>, values: &Vec<Fr>| out.push((column, values.clone()));
        for (lane, v) in config.linear.iter().zip(&w.linear) {
            lane.limbs.iter().zip(&v.limbs).for_each(|(c, v)| push(*c, v));
            push(lane.slope, &v.slope);
            push(lane.y, &v.y);
        }
        for (lane, v) in config.product.iter().zip(&w.product) {
            lane.operands.iter().zip(&v.operands).for_each(|(c, v)| push(*c, v));
            lane.limbs.iter().zip(&v.limbs).for_each(|(c, v)| push(*c, v));
            push(lane.slope, &v.slope);
            push(lane.y, &v.y);
            push(lane.r, &v.r);
        }
        config.select.iter().zip(&w.select).for_each(|(lane, v)| push(lane.index, v));
        for (lane, v) in config.hash.iter().zip(&w.hash) {
            lane.state.iter().zip(&v.state).for_each(|(c, v)| push(*c, v));
            lane.work.iter().zip(&v.work).for_each(|(c, v)| push(*c, v));
        }
        if let Some(chip) = &config.lookup {
            push(chip.multiplicity, &w.multiplicity);
        }
        out
    }

    /// The second phase's columns, given all challenges in halo2's order.
    pub fn second_phase(&self, config: &ModelConfig, challenges: &[Fr]) -> Columns {
        let draw = |c: Challenge| challenges.get(c.index()).copied().unwrap_or(Fr::zero());
        self.second(
            config,
            &Challenges {
                mu: draw(config.mu),
                sigma: config.sigma.map_or(Fr::zero(), draw),
                tau: draw(config.tau),
                beta: draw(config.beta),
                theta: draw(config.theta),
            },
        )
    }

    fn second(&self, config: &ModelConfig, ch: &Challenges) -> Columns {
        let Some(first) = &self.witness else { return Vec::new() };
        let w = SecondPhase::new(&self.program, &self.layout, config, first, ch);
        let mut out: Columns = config.linear.iter().map(|lane| lane.acc).zip(w.linear_acc).collect();
        out.extend(config.matrix.iter().map(|lane| lane.x).zip(w.matrix_x));
        out.extend(config.matrix.iter().map(|lane| lane.acc).zip(w.matrix_acc));
        out.extend(config.select.iter().map(|lane| lane.value).zip(w.select_value));
        out.extend(config.select.iter().map(|lane| lane.psi).zip(w.select_psi));
        out.extend(config.weights().filter_map(WeightColumns::combined).zip(w.weights));
        if let Some(chip) = &config.lookup {
            out.extend(chip.helpers.iter().copied().zip(w.helpers));
            out.push((chip.phi, w.phi));
        }
        out
    }
}

fn function(
    out: &mut Vec<(Halo2Column<Fixed>, usize, Fr)>,
    rq: &Requant,
    tags: Halo2Column<Fixed>,
    offsets: Halo2Column<Fixed>,
    row: usize,
) {
    out.push((tags, row, Fr::from(tag(rq))));
    out.push((offsets, row, signed(i128::from(rq.lookup.map_or(0, |l| l.offset)))));
}

fn assign(region: &mut Region<'_, Fr>, columns: Columns) {
    for (column, values) in columns {
        for (row, v) in values.into_iter().enumerate() {
            region.assign_advice(column, row, Value::known(v));
        }
    }
}

impl ModelConfig {
    /// halo2's name of a cell.
    pub fn cell(&self, cell: Cell) -> Option<circuit::Cell> {
        let column: Halo2Column<Any> = match cell.column {
            Column::Instance => self.instance.into(),
            Column::Constant => self.constants.into(),
            Column::LinearY(i) => self.linear.get(i.index())?.y.into(),
            Column::LinearAcc(i) => self.linear.get(i.index())?.acc.into(),
            Column::Operand(i, j) => (*self.product.get(i.index())?.operands.get(j)?).into(),
            Column::ProductY(i) => self.product.get(i.index())?.y.into(),
            Column::ProductR(i) => self.product.get(i.index())?.r.into(),
            Column::HashState(i) => self.hash.get(i.index())?.state[1].into(),
            Column::HashWork(i, j) => (*self.hash.get(i.index())?.work.get(j)?).into(),
            Column::MatrixX(i) => self.matrix.get(i.index())?.x.into(),
            Column::MatrixAcc(i) => self.matrix.get(i.index())?.acc.into(),
            Column::SelectIndex(i) => self.select.get(i.index())?.index.into(),
            Column::SelectValue(i) => self.select.get(i.index())?.value.into(),
        };
        Some(circuit::Cell { row_offset: cell.row.index(), column })
    }
}

impl Circuit<Fr> for ModelCircuit {
    type Config = ModelConfig;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = CircuitParams;

    fn without_witnesses(&self) -> Self {
        Self { witness: None, structure: true, ..self.clone() }
    }

    fn params(&self) -> CircuitParams {
        self.layout.params.clone()
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: CircuitParams) -> ModelConfig {
        ModelConfig::configure(meta, &params)
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> ModelConfig {
        ModelConfig::configure(meta, &CircuitParams::default())
    }

    fn synthesize(&self, config: ModelConfig, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_region(
            || "first phase",
            |mut region| {
                if self.structure {
                    for (column, row, value) in Self::fixed(&self.program, &self.layout, &config) {
                        region.assign_fixed(column, row, value);
                    }
                    for (a, b) in &self.layout.copies {
                        // A copy of a cell that has no column would be a constraint that is missing.
                        let a = config.cell(*a).ok_or(Error::Synthesis)?;
                        let b = config.cell(*b).ok_or(Error::Synthesis)?;
                        region.constrain_equal(a, b);
                    }
                }
                assign(&mut region, self.first_phase(&config));
                Ok(())
            },
        )?;
        layouter.next_phase();
        let draw = |layouter: &mut dyn FnMut(Challenge) -> Value<Fr>, c: Challenge| {
            let mut out = None;
            layouter(c).map(|v| out = Some(v));
            out
        };
        let mut get = |c| layouter.get_challenge(c);
        let drawn = (|| {
            Some(Challenges {
                mu: draw(&mut get, config.mu)?,
                sigma: match config.sigma {
                    Some(c) => draw(&mut get, c)?,
                    None => Fr::zero(),
                },
                tau: draw(&mut get, config.tau)?,
                beta: draw(&mut get, config.beta)?,
                theta: draw(&mut get, config.theta)?,
            })
        })();
        if let Some(ch) = drawn {
            layouter.assign_region(
                || "second phase",
                |mut region| {
                    assign(&mut region, self.second(&config, &ch));
                    Ok(())
                },
            )?;
        }
        Ok(())
    }
}
