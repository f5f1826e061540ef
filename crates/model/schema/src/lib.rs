//! The words that all parties of a proof share: which tensors a model has, what a proof shows of them, what a caller
//! expects, and the identities and salts that these refer to.
//!
//! * [`Schema`] lists a model's input and output tensors. A [`TensorSpec`] has a name, a shape, a unit, a scale, bounds
//!   and a [`Visibility`].
//! * [`TensorSpec::quantize`] turns real numbers into the integers that a proof is about: `round(real * scale)`, in range.
//! * [`Expected`] says what the caller of a verification expects.
//! * [`ModelId`], [`Nonce`], [`TensorHash`] and [`Salt`] are 32 bytes each, written in lower-case hexadecimal ([`hex`]).
//!
//! The crate has types and no cryptography. Prover, verifier, node and page describe tensors with it; each computes
//! with its own code.
//!
//! ```
//! use vouch_schema::{TensorSpec, ValueError, Visibility};
//!
//! let hours = TensorSpec {
//!     name: "hours".into(),
//!     shape: vec![2],
//!     unit: "h".into(),
//!     scale: 256.0,
//!     min: 0,
//!     max: 24 * 256,
//!     visibility: Visibility::Public,
//! };
//! assert_eq!(hours.quantize(&[0.5, 24.0]), Ok(vec![128, 6144]));
//! assert!(matches!(hours.quantize(&[0.5, 25.0]), Err(ValueError::Range { index: 1, .. })));
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::integer_division,
        clippy::as_conversions,
        clippy::string_slice,
        clippy::panic_in_result_fn,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::let_underscore_must_use,
        clippy::wildcard_enum_match_arm,
        clippy::disallowed_methods,
        clippy::disallowed_types
    )
)]

mod expected;
pub mod hex;
mod id;
pub mod num;
mod salt;
mod schema;
mod section;
mod tensor;

pub use expected::Expected;
pub use id::{ModelId, Nonce, TensorHash};
pub use salt::Salt;
pub use schema::Schema;
pub use section::Section;
pub use tensor::{MAX_VALUES, TensorSpec, UnknownVisibility, ValueError, Visibility};
