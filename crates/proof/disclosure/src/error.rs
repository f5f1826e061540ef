//! Errors of statements, their keys and their proofs.

use thiserror::Error;
use vouch_program::ProgramError;
use vouch_verifier::VerifyError;

/// What can go wrong between a statement and its verification.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum DisclosureError {
    /// A tensor that proofs do not show as a hash.
    #[error("`{name}` is {visibility}: facts are proved about hashed inputs")]
    NotHashed { name: String, visibility: &'static str },
    /// A tensor with too many values, or with values too large for a program to add them up.
    #[error(
        "`{name}` has {values} values of up to {magnitude}: facts are proved about at most {} values, whose weighted sums fit a program",
        crate::MAX_DISCLOSED
    )]
    TooLarge { name: String, values: usize, magnitude: u64 },
    /// A statement about another tensor.
    #[error("the statement is about `{got}`, the key about `{expected}`")]
    OtherTensor { expected: String, got: String },
    /// An element that is not there.
    #[error("`{name}` has {values} values, there is none with index {index} (the first is 0)")]
    Index { name: String, values: usize, index: usize },
    /// A number of weights or values that is not the tensor's.
    #[error("`{name}` has {expected} values, got {got} {what}")]
    Length { name: String, what: &'static str, expected: usize, got: usize },
    /// A weight that the program does not take.
    #[error("weight {index} is {got}: weights are integers from -{max} to {max}")]
    Weight { index: usize, got: i64, max: i64 },
    /// A bound that no weighted sum reaches.
    #[error("the bound {got} is out of reach: weighted sums of `{name}` are from -{max} to {max}")]
    Bound { name: String, got: i64, max: i64 },
    /// A statement that nothing fulfils.
    #[error("the lower bound {lo} is above the upper bound {hi}")]
    Empty { lo: i64, hi: i64 },
    /// Values outside the tensor's range.
    #[error("value {index} of `{name}` is {got}, outside {min} to {max}")]
    Value { name: String, index: usize, got: i64, min: i64, max: i64 },
    /// Public inputs that stand for no statement.
    #[error("the public values are no statement about `{name}`")]
    Inputs { name: String },
    /// A statement that is not true of the values: there is no proof of it.
    #[error("the statement is false: the weighted sum is {sum}, not between {lo} and {hi}")]
    False { sum: i64, lo: i64, hi: i64 },
    /// A key that is not for facts about a tensor.
    #[error("this is no key of a disclosure: {reason}")]
    Key { reason: String },
    /// The program is malformed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Keys or a proof could not be made.
    #[cfg(feature = "prove")]
    #[error(transparent)]
    Proving(#[from] vouch_proving::ProvingError),
    /// The proof is refused.
    #[error(transparent)]
    Refused(#[from] VerifyError),
}
