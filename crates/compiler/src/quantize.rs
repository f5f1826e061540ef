//! The float graph as an integer program.
//!
//! * A [`Plan`](plan::Plan) gives every value a scale: values with common scales (a site's, or the columns of a matrix that share a
//!   function) form a *slot*.
//! * [`emit`](emit::emit) writes the program: functions are fused into the sum that they are applied to, operands of one
//!   sum are brought to fitting scales, factors between scales are exact or precise to many bits.

mod emit;
mod linear;
mod plan;
mod product;
mod scales;
mod table;

use vouch_program::{Program, WeightMode};

use crate::{
    CompileError, TableReport, TensorReport,
    graph::{Graph, Ranges, Span},
};

/// One way to quantize.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Bits of a limb (b).
    pub(crate) limb_bits: u8,
    /// Bits that linear sums drop.
    pub(crate) drop: u8,
    /// Bits of the magnitude of inputs.
    pub(crate) first_bits: u32,
    /// Bits of the magnitude of values just before the outputs. Layers between have bits between.
    pub(crate) last_bits: u32,
    /// Exponent of the scale of smooth functions' values.
    pub(crate) function_bits: u32,
    /// Who learns the weights. If nobody does, the program depends on them only through exponents of ranges.
    pub(crate) weights: WeightMode,
}

/// A quantized graph.
#[derive(Clone, Debug)]
pub(crate) struct Quantized {
    pub(crate) program: Program,
    pub(crate) tensors: Vec<TensorReport>,
    pub(crate) tables: Vec<TableReport>,
}

impl Quantized {
    /// Segments of all tables.
    pub(crate) fn segments(&self) -> usize {
        self.tables.iter().map(|t| t.segments).sum()
    }

    /// A rough number of cells of the circuit.
    pub(crate) fn cost(&self) -> usize {
        use vouch_program::Instruction as I;
        let cells = |i: &I| match i {
            I::Linear(l) => {
                let cols = self.program.matrices().get(l.matrix.0 as usize).map_or(0, |m| m.cols as usize);
                6 * l.positions as usize * cols
            }
            I::Product(p) => 12 * p.len as usize,
            I::Max(m) => 6 * m.x.len(),
        };
        self.program.instructions().iter().map(cells).sum()
    }
}

/// Quantizes a graph whose inputs lie in `inputs`.
pub(crate) fn quantize(
    graph: &Graph,
    ranges: &Ranges,
    inputs: &[Span],
    config: &Config,
) -> Result<Quantized, CompileError> {
    let plan = plan::Plan::new(graph, ranges, inputs, config)?;
    emit::emit(graph, &plan, config)
}

/// The largest power of two s with magnitude · s ≤ 2^bits.
pub(crate) fn scale_for(magnitude: f64, bits: u32) -> f64 {
    if magnitude <= 0.0 {
        return 2f64.powi(bits as i32);
    }
    let exponent = (f64::from(bits) - magnitude.log2() + 1e-9).floor();
    2f64.powi(exponent.clamp(-80.0, 40.0) as i32)
}
