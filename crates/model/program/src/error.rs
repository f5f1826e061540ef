//! What can be wrong with a program, and with a run of one.

use thiserror::Error;

/// A program that breaks one of its rules.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// Limbs must be wide enough to be useful and small enough for a table.
    #[error("limb_bits is {got}, expected 4 to 16")]
    LimbBits {
        /// As read.
        got: u8,
    },
    /// A list's length does not follow from the shapes.
    #[error("{what} of `{name}` has {got} elements, expected {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Of which tensor or instruction.
        name: String,
        /// Its length.
        got: usize,
        /// What the shapes say.
        expected: usize,
    },
    /// An operand that is not defined before its use.
    #[error("`{name}` uses wire {wire}, but only {defined} wires are defined there")]
    UndefinedWire {
        /// Which instruction or output.
        name: String,
        /// The wire.
        wire: u32,
        /// How many exist at that point.
        defined: usize,
    },
    /// A reference to a matrix or table that does not exist.
    #[error("`{name}` refers to {what} {index}, which does not exist")]
    UndefinedReference {
        /// Which instruction.
        name: String,
        /// `matrix` or `table`.
        what: &'static str,
        /// The index.
        index: u32,
    },
    /// An empty or over-long list where that makes no sense.
    #[error("`{name}`: {reason}")]
    Malformed {
        /// Which part.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Values could leave the range in which the interpreter is exact.
    #[error("`{name}` can reach {bound}, beyond the limit of 2^{limit_bits}")]
    Overflow {
        /// Which instruction.
        name: String,
        /// The largest magnitude possible.
        bound: i128,
        /// The limit's exponent.
        limit_bits: u32,
    },
    /// No input can satisfy the instruction's range.
    #[error("`{name}` never stays inside its range")]
    EmptyRange {
        /// Which instruction.
        name: String,
    },
    /// A tensor that is neither an input nor an output.
    #[error("there is no input or output `{name}`: there are {known}")]
    UnknownTensor {
        /// The name given.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// The bytes are not a program.
    #[error("not a program: {0}")]
    Decode(String),
}

/// An input that the program refuses.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The program's weights are private, and are not there.
    #[error(
        "this program has no weights: it is what the owner of a private model publishes, and only the owner can run it"
    )]
    NoWeights,
    /// Wrong number of input values.
    #[error("got {got} input values, expected {expected}")]
    InputLength {
        /// As given.
        got: usize,
        /// The program's.
        expected: usize,
    },
    /// An input value outside its declared bounds.
    #[error(
        "input `{tensor}`[{index}] is {real} (integer {value}), outside the declared range [{lo}, {hi}]: compile with a wider --input-range or correct the input"
    )]
    InputRange {
        /// Name of the input.
        tensor: String,
        /// Flat index of the element.
        index: usize,
        /// The integer.
        value: i64,
        /// The integer in units of the tensor.
        real: f64,
        /// Lower bound in units.
        lo: f64,
        /// Upper bound in units.
        hi: f64,
    },
    /// A requantized sum that leaves the range the circuit can represent.
    #[error(
        "`{tensor}`[{index}] reaches {value}, outside its range [{lo}, {hi}] (integers before the activation): compile with a wider --input-range or with --calibration data that covers this input"
    )]
    OutOfRange {
        /// Name of the instruction.
        tensor: String,
        /// Flat index of the element.
        index: usize,
        /// The value after rescaling.
        value: i64,
        /// Lower bound.
        lo: i64,
        /// Upper bound.
        hi: i64,
    },
    /// An index that is no row of the matrix that it selects from.
    #[error("`{tensor}`[{index}]: there is no row {value}, the rows are 0 to {}: correct the input that is this index", rows.saturating_sub(1))]
    NoSuchRow {
        /// Name of the instruction.
        tensor: String,
        /// Which of its indices.
        index: usize,
        /// Its value.
        value: i64,
        /// Rows of the matrix.
        rows: u32,
    },
    /// Operands of a maximum too far apart.
    #[error(
        "`{tensor}`[{index}]: operands of the maximum are {spread} apart, at most {limit} can be proved: compile with a coarser scale or --calibration data that covers this input"
    )]
    MaxSpread {
        /// Name of the instruction.
        tensor: String,
        /// Group.
        index: usize,
        /// max − min.
        spread: i64,
        /// The most that the circuit can represent.
        limit: i64,
    },
}
