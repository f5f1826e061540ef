//! BN254: the fields, groups and pairing that everything here is computed in.
//!
//! The curve belongs to the family of Barreto and Naehrig (<https://eprint.iacr.org/2005/133>). All of its numbers follow
//! from one, x = 4965661367192848881:
//!
//! ```text
//! p = 36 x^4 + 36 x^3 + 24 x^2 + 6 x + 1      coordinates are in Fq, the integers modulo p
//! r = 36 x^4 + 36 x^3 + 18 x^2 + 6 x + 1      scalars are in Fr, the integers modulo r; r is the order of the groups
//!
//! G1: y^2 = x^3 + 3           over Fq
//! G2: y^2 = x^3 + 3 / ξ       over Fq2 = Fq[u] / (u^2 + 1), with ξ = 9 + u; the points of order r
//! GT: the elements of order r of Fq12 = Fq2[w] / (w^6 - ξ)
//! ```
//!
//! Constants are computed from these numbers when the crate is compiled. Where a formula is from a paper, it is named.
//!
//! From the bottom up: `integer.rs` has integers of 256 bits, `prime.rs` the primes, `words.rs` and `limbs.rs` products modulo a prime in two ways,
//! `field.rs` the prime fields, `inversion.rs` and `root.rs` what takes longer, `quadratic.rs`, `cubic.rs` and `tower.rs`
//! the extensions, `group.rs` and `twist.rs` the groups, `lines.rs`, `pairing.rs` and `exponentiation.rs` the pairing.
//!
//! Nothing here takes the same time for all values: a verifier has no secrets.

mod cubic;
#[cfg(test)]
mod differential;
mod exponentiation;
mod field;
mod group;
mod integer;
mod inversion;
#[cfg(any(target_arch = "wasm32", test))]
mod limbs;
mod lines;
mod operators;
mod pairing;
mod prime;
mod quadratic;
mod root;
#[cfg(test)]
pub(crate) mod sample;
mod tower;
mod twist;
#[cfg(any(not(target_arch = "wasm32"), test))]
mod words;

pub(crate) use field::{Fp, Fq, Fr};
pub(crate) use group::{Affine, Coordinate, G1, G1Affine, G2Affine, direction};
pub(crate) use integer::{Words, bits, digits, exponent_of_two, halve};
pub(crate) use inversion::invert_all;
pub(crate) use lines::PreparedG2;
pub(crate) use pairing::product_is_one;
pub(crate) use prime::Prime;
#[cfg(test)]
pub(crate) use prime::Scalars;
pub(crate) use quadratic::Fq2;
