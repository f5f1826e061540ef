//! Selective disclosure: the holder of a tensor that a proof shows as a hash proves a single fact about it, against the same hash.
//!
//! A fact is a [`Statement`]: `lo ≤ Σ weights_i·x_i ≤ hi` about the tensor's integers x. A value is the row of weights with one 1 and lo = hi; a range of a
//! value, a difference, a mean are others of the kind. The statement is public, the values are not, and nothing else about them is learned.
//!
//! Each tensor has a small [`Program`](vouch_program::Program) of its own ([`disclosure_program`]), with keys of its own. The program is a function of the
//! tensor's description in the model's verifying key, and the keys of the program and the reference string: anybody can make them again and compare.
//!
//! ```text
//! TensorSpec --disclosure_program--> Program --keys(Srs)--> ProverKey --prove_statement--> ProofEnvelope --verify_statement--> VerifiedClaim
//! ```

mod error;
mod form;
mod program;
#[cfg(feature = "prove")]
mod prove;
mod statement;
mod verify;

pub use error::DisclosureError;
pub use form::{Form, MAX_DISCLOSED, MAX_WEIGHT};
pub use program::disclosure_program;
#[cfg(feature = "prove")]
pub use prove::{disclosure_keys, load_key, prove_statement};
pub use statement::Statement;
pub use verify::{expected_of, spec_of, statement_of, verify_statement};
