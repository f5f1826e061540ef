//! Why a chain is refused.

use std::fmt;

use thiserror::Error;
use vouch_envelope::{ChainFormatError, Link, Section};

use crate::error::VerifyError;
use crate::real::Real;

#[cfg(test)]
mod tests;

/// Why a link does not hold.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LinkError {
    /// An end of the link is not within one public tensor.
    #[error("expected {section} {start} to {end} of proof {proof} within one public tensor, got none that has them")]
    Tensor {
        /// Outputs or inputs.
        section: Section,
        /// The proof.
        proof: u32,
        /// First value.
        start: usize,
        /// After the last value.
        end: usize,
    },
    /// Equal integers would be different numbers.
    #[error("scale: output {from} has {}, input {to} has {}", Real(*output), Real(*input))]
    Scale {
        /// The output tensor.
        from: String,
        /// Its scale.
        output: f64,
        /// The input tensor.
        to: String,
        /// Its scale.
        input: f64,
    },
    /// Equal numbers would be different quantities.
    #[error("unit: output {from} has `{output}`, input {to} has `{input}`")]
    Unit {
        /// The output tensor.
        from: String,
        /// Its unit.
        output: String,
        /// The input tensor.
        to: String,
        /// Its unit.
        input: String,
    },
    /// A proof has fewer values than its key says.
    #[error("expected the values of both proofs, got fewer")]
    Missing,
    /// The later proof is about another value than the earlier one.
    #[error("value {position}: the output is {output}, the input {input}")]
    Value {
        /// Position in the link.
        position: usize,
        /// The output.
        output: i64,
        /// The input.
        input: i64,
    },
}

impl LinkError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tensor { .. } => "link-tensor",
            Self::Scale { .. } => "link-scale",
            Self::Unit { .. } => "link-unit",
            Self::Missing => "link-missing",
            Self::Value { .. } => "link-value",
        }
    }
}

/// Why a chain is not accepted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ChainError {
    /// The bytes are no chain.
    #[error("format: {0}")]
    Format(#[from] ChainFormatError),
    /// The chain has another number of proofs.
    #[error("proofs: expected {expected}, got {got}")]
    Proofs {
        /// Number that the caller expects.
        expected: usize,
        /// Number in the chain.
        got: usize,
    },
    /// The chain claims other links than the caller expects.
    #[error("links: link {link}: expected {}, got {}", Named(expected), Named(got))]
    Claimed {
        /// The first position at which they differ.
        link: usize,
        /// What the caller expects there.
        expected: Option<Link>,
        /// What the chain claims.
        got: Option<Link>,
    },
    /// A proof is not accepted.
    #[error("proof {proof}: {source}")]
    Proof {
        /// Which proof.
        proof: usize,
        /// Why.
        source: VerifyError,
    },
    /// A link does not hold.
    #[error("link {link} ({at}): {source}")]
    Link {
        /// Which link.
        link: usize,
        /// The link.
        at: Link,
        /// Why.
        source: LinkError,
    },
}

impl ChainError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format(error) => error.code(),
            Self::Proofs { .. } => "proof-count",
            Self::Claimed { .. } => "links",
            Self::Proof { source, .. } => source.code(),
            Self::Link { source, .. } => source.code(),
        }
    }
}

struct Named<'a>(&'a Option<Link>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(link) => link.fmt(f),
            None => f.write_str("none"),
        }
    }
}
