//! Random programs, for tests.

#[path = "../../circuit/tests/support/random.rs"]
mod random;

use std::collections::BTreeMap;

pub(crate) use random::random_program;
use vouch_program::{Program, Visibility};

/// The program with a hashed input, unless that has too many bits to be hidden.
pub(crate) fn hidden(program: Program) -> Program {
    let names = BTreeMap::from([("x".to_owned(), Visibility::Hashed)]);
    program.clone().with_visibility(&names).unwrap_or(program)
}
