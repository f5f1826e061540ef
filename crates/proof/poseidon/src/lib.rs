//! Poseidon over the scalar field of BN254, and the salted hash of a tensor of integers.
//!
//! The instance is circomlib's and most others': state of three elements, S-box x⁵, 8 full and 57 partial rounds, which gives 128 bits of security (Grassi,
//! Khovratovich, Rechberger, Roy, Schofnegger, "Poseidon: a new hash function for zero-knowledge proof systems", eprint 2019/458; constants by
//! its Grain LFSR, as in the authors' `generate_parameters_grain.sage`).
//!
//! The code works on any type that is the field ([`Element`]): the prover's and the verifier's are different libraries.
//!
//! # The hash of a tensor
//!
//! ```text
//! e_j  = Σ_{i<7} (v_{7j+i} + 2^31)·2^(32·(6−i))          seven integers of 32 bits in one element (the last ones may be fewer: Σ_{i<m} … 2^(32·(m−1−i)))
//! hash = sponge of (salt, e_0, e_1, …), two elements at a time, with the number of integers as the first value of the capacity
//! ```
//!
//! *Binding*: packing is injective for a given number of integers, which the capacity holds, and the sponge is collision-resistant. *Hiding*: the salt is a uniform
//! element that is used for one tensor and absorbed together with the first integers, so that the hash of a tensor says nothing about it to somebody
//! who does not have the salt, even if there are only two tensors that it could be.

#![forbid(unsafe_code)]

mod grain;
mod hash;
mod salt;

use std::ops::{Add, Mul};

pub use hash::{HashError, VALUE_BITS, VALUES_IN_ELEMENT, digest};
pub use salt::tensor_salt;

/// Elements of the scalar field of BN254.
pub trait Element: Copy + Add<Output = Self> + Mul<Output = Self> + From<u64> {}
impl<F: Copy + Add<Output = F> + Mul<Output = F> + From<u64>> Element for F {}

/// Elements of the state; two of them take input.
pub const WIDTH: usize = 3;
/// Rounds with three S-boxes: half of them first, half last.
pub const FULL_ROUNDS: usize = 8;
/// Rounds with one S-box, in the middle.
pub const PARTIAL_ROUNDS: usize = 57;
/// All rounds.
pub const ROUNDS: usize = FULL_ROUNDS + PARTIAL_ROUNDS;

/// The state: capacity, then the two elements that take input.
pub type State<F> = [F; WIDTH];

/// The permutation's constants.
///
/// A round adds `constants`, applies the S-box (in partial rounds to the first element only), and multiplies by `mds`.
#[derive(Clone, Debug)]
pub struct Poseidon<F> {
    constants: Vec<State<F>>,
    mds: [State<F>; WIDTH],
}

impl<F: Element> Default for Poseidon<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Element> Poseidon<F> {
    /// Computes the constants (a millisecond or two).
    pub fn new() -> Self {
        let (constants, mds) = grain::constants();
        Self { constants, mds }
    }

    /// The constants of each round.
    pub fn constants(&self) -> &[State<F>] {
        &self.constants
    }

    /// The matrix; element `i` of the next state is the product of row `i` with the state.
    pub fn mds(&self) -> &[State<F>; WIDTH] {
        &self.mds
    }

    /// Whether all elements go through the S-box in a round.
    pub fn is_full(round: usize) -> bool {
        !(FULL_ROUNDS / 2..FULL_ROUNDS / 2 + PARTIAL_ROUNDS).contains(&round)
    }

    /// One round.
    pub fn round(&self, round: usize, state: State<F>) -> State<F> {
        let Some(constants) = self.constants.get(round) else { return state };
        let [a, b, c] = state;
        let [ka, kb, kc] = *constants;
        let [a, b, c] = [a + ka, b + kb, c + kc];
        let boxed = if Self::is_full(round) { [power5(a), power5(b), power5(c)] } else { [power5(a), b, c] };
        self.mds.map(|row| product(row, boxed))
    }

    /// The permutation.
    pub fn permute(&self, state: State<F>) -> State<F> {
        (0..ROUNDS).fold(state, |state, round| self.round(round, state))
    }
}

fn power5<F: Element>(x: F) -> F {
    let square = x * x;
    square * square * x
}

fn product<F: Element>([x, y, z]: State<F>, [a, b, c]: State<F>) -> F {
    x * a + y * b + z * c
}
