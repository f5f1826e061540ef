//! The float graph as an integer program.
//!
//! * A [`Plan`](plan::Plan) gives every value a scale: values with common scales (a site's, or the columns of a matrix that share a
//!   function) form a *slot*.
//! * [`emit`](emit::emit) writes the program: functions are fused into the sum that they are applied to, operands of one
//!   sum are brought to fitting scales, factors between scales are exact or precise to many bits.

mod emit;
mod linear;
mod mat_mul;
mod plan;
mod product;
mod scales;
mod select;
mod table;

use vouch_program::{Program, WeightMode, Wire};

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

/// The nearest integer. Where there is none of 62 bits (or the value is not a number) it is `i64::MAX`, which a program refuses
/// as an overflow: a cast would make another number of it, of NaN a zero.
pub(crate) fn integer(v: f64) -> i64 {
    let rounded = v.round();
    if rounded.abs() < 2f64.powi(62) { rounded as i64 } else { i64::MAX }
}

/// A quantized graph.
#[derive(Clone, Debug)]
pub(crate) struct Quantized {
    pub(crate) program: Program,
    pub(crate) tensors: Vec<TensorReport>,
    pub(crate) tables: Vec<TableReport>,
    /// For each value of the graph, the wire that holds it and its scale, if one does.
    pub(crate) wires: Vec<Option<(Wire, f64)>>,
}

impl Quantized {
    /// The real numbers that a run of the program has for the graph's values.
    pub(crate) fn values(&self, trace: &vouch_program::Trace) -> Vec<Option<f64>> {
        self.wires.iter().map(|w| w.map(|(w, scale)| trace.values[w.index()] as f64 / scale)).collect()
    }

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
            I::Select(s) => {
                let (rows, cols) =
                    self.program.matrices().get(s.matrix.0 as usize).map_or((0, 0), |m| (m.rows, m.cols));
                6 * s.x.len() * cols as usize + rows as usize
            }
            I::Product(p) => 12 * p.len as usize,
            I::Max(m) => 6 * m.x.len(),
            I::MatMul(m) => 6 * m.rows() * m.cols() + 4 * (m.x.len() + m.y.len()),
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

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn what_is_no_integer_becomes_one_that_is_refused() {
        let exact =
            [(0.4, 0), (0.5, 1), (-1.5, -2), (-3.0, -3), (2f64.powi(61), 1 << 61), (-2f64.powi(61), -(1 << 61))];
        for (v, expected) in exact {
            assert_eq!(integer(v), expected);
        }
        for v in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e30, -1e30, 2f64.powi(62)] {
            assert_eq!(integer(v), i64::MAX, "{v}");
            let mut b = vouch_program::Program::builder(8);
            let x = b.input("x", &[1], 1.0, vouch_program::Interval::new(0, 1));
            let m = b.matrix("m", 1, 1, vec![integer(v)], vec![vouch_program::Requant::exact()]);
            let y = b.linear("y", m, 1, 1, x.wires());
            b.output("y", &[1], 1.0, y.wires());
            assert!(matches!(b.finish(), Err(vouch_program::ProgramError::Overflow { .. })));
        }
    }
}
