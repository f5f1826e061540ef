//! What a compilation tells about itself.

use serde::{Deserialize, Serialize};
use vouch_program::WeightMode;

/// Everything worth knowing about a compiled model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompileReport {
    /// The model's name (its graph's, or the file's).
    pub model: String,
    /// BLAKE2b-256 of the ONNX file, hexadecimal.
    pub onnx_digest: String,
    /// The default operator set's version.
    pub opset: i64,
    /// Number of float parameters (elements of the float weights in use).
    pub parameters: usize,
    /// How often each operator occurs, by name.
    pub operators: Vec<OperatorCount>,
    /// One row for each site: an input, or an operator of the graph with all its applications.
    pub tensors: Vec<TensorReport>,
    /// One row for each lookup table.
    pub tables: Vec<TableReport>,
    /// The accuracy of the program, measured against the float model.
    pub accuracy: AccuracyReport,
    /// Where the ranges of intermediate values come from.
    pub ranges: RangeReport,
    /// The quantization that was chosen.
    pub configuration: Configuration,
    /// Anything that the user should look at.
    pub warnings: Vec<String>,
}

/// Occurrences of an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorCount {
    /// ONNX's name.
    pub operator: String,
    /// Number of nodes.
    pub count: usize,
}

/// One quantized tensor, or one family of tensors with a common scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TensorReport {
    /// Name.
    pub name: String,
    /// What computes it.
    pub op: String,
    /// Shape of one application.
    pub shape: Vec<u32>,
    /// Integers a unit.
    pub scale: f64,
    /// Lower end of its range in units.
    pub lo: f64,
    /// Upper end of its range in units.
    pub hi: f64,
}

/// One lookup table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableReport {
    /// The function.
    pub name: String,
    /// Integers a unit of the argument.
    pub scale: f64,
    /// Number of segments (rows of the circuit's table).
    pub segments: usize,
}

/// Errors of the program's outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccuracyReport {
    /// `tract`, or `graph` where tract cannot run the model.
    pub oracle: String,
    /// `calibration` or `random`; and the name of the file, if samples were given.
    pub source: String,
    /// Number of inputs.
    pub samples: usize,
    /// Largest absolute error.
    pub max_abs: f64,
    /// Mean absolute error.
    pub mean_abs: f64,
    /// Largest over the outputs of (largest absolute error / width of the output's observed range).
    pub max_relative: f64,
    /// The target for errors as a part of that width, of outputs without one of their own.
    pub target: f64,
    /// For each output tensor.
    pub outputs: Vec<OutputAccuracy>,
    /// The same for each set of inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<SampleSet>,
    /// At most 200 pairs (float, program) of output values.
    pub scatter: Vec<(f64, f64)>,
    /// Where an error is not acceptable, the tensor by whose quantization half of it has come about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costliest: Option<String>,
}

impl AccuracyReport {
    /// Largest over the outputs of (largest absolute error / largest acceptable error): at most 1 if all are acceptable.
    pub fn excess(&self) -> f64 {
        self.outputs.iter().map(|o| o.max_abs / o.acceptable(self.target)).fold(0.0, f64::max)
    }

    /// The outputs whose error is not acceptable.
    pub fn missed(&self) -> impl Iterator<Item = &OutputAccuracy> {
        self.outputs.iter().filter(|o| o.max_abs > o.acceptable(self.target))
    }

    /// The outputs whose error is neither acceptable nor accepted.
    pub fn refused(&self) -> impl Iterator<Item = &OutputAccuracy> {
        self.missed().filter(|o| o.accepted.is_none_or(|most| o.max_abs > most))
    }
}

/// Errors on the inputs of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleSet {
    /// `calibration`, `random`, or the name of a file.
    pub source: String,
    /// Number of inputs.
    pub samples: usize,
    /// For each output tensor.
    pub outputs: Vec<OutputAccuracy>,
}

/// Errors of one output.
///
/// Of a label (of a classifier, or of ArgMax) they and the range are in the unit of the scores that decide: the error is
/// by how much the score of the program's class is less than the largest one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputAccuracy {
    /// Its name.
    pub name: String,
    /// Largest absolute error.
    pub max_abs: f64,
    /// Mean absolute error.
    pub mean_abs: f64,
    /// Smallest float value seen.
    pub lo: f64,
    /// Largest float value seen.
    pub hi: f64,
    /// Largest acceptable absolute error, if it was demanded for this output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_error: Option<f64>,
    /// Largest absolute error that the caller has accepted although it misses the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<f64>,
    /// Where few samples differ because rounding an input to its scale moves it past a threshold, the largest error with
    /// that rounding; the others are then errors on the rounded inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_given: Option<f64>,
}

/// Values nearer to each other than this part of their magnitude count as one.
const ROUNDING: f64 = 1e-6;

impl OutputAccuracy {
    /// Width of the range in which float values were seen. A single value, and what only the rounding of floats of 32 bits
    /// keeps apart, has no range: then errors count against its magnitude.
    pub fn width(&self) -> f64 {
        let (width, size) = (self.hi - self.lo, self.hi.abs().max(self.lo.abs()));
        if width > ROUNDING * size { width } else { size.max(1e-9) }
    }

    /// Largest acceptable absolute error: the output's own, or `target` of its width.
    pub fn acceptable(&self, target: f64) -> f64 {
        self.max_error.unwrap_or_else(|| target * self.width())
    }
}

/// Ranges used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeReport {
    /// `interval`, `calibration`, or `random` where intervals are too wide and there is no calibration data.
    pub source: String,
    /// Calibration samples used.
    pub calibration_samples: usize,
    /// The margin of ranges that are not those of intervals.
    pub margin: f64,
    /// For each input: name, lower and upper end.
    pub inputs: Vec<InputRange>,
}

/// The range of one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRange {
    /// Its name.
    pub name: String,
    /// Unit, empty if unknown.
    pub unit: String,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// `option`, `schema` or `calibration`.
    pub source: String,
}

/// The chosen quantization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// Bits of a limb.
    pub limb_bits: u8,
    /// Most bits that a linear layer's sums drop.
    pub linear_drop: u8,
    /// Bits of the magnitude of inputs.
    pub first_bits: u32,
    /// Bits of the magnitude of values before the outputs.
    pub last_bits: u32,
    /// Binary exponent of the scale of smooth functions' values.
    pub function_bits: u32,
    /// Whether arguments of saturating functions are clamped.
    pub clamped: bool,
    /// Segments of all tables together.
    pub table_segments: usize,
    /// How many configurations were tried.
    pub tried: usize,
    /// How many inputs one proof is about, where it is to be cheapest.
    #[serde(default = "single")]
    pub batch: u32,
    /// Who may learn the weights from the published program: private, where it depends on them only through exponents.
    #[serde(default)]
    pub weights: WeightMode,
}

fn single() -> u32 {
    1
}
