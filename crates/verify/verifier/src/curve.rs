//! BN254: the fields, groups and pairing that everything here is computed in.
//!
//! Natively these are the types of `ark_bn254`. WebAssembly has no multiplication of 64-bit integers to 128 bits, on
//! which they rely, so there the same curve is put together over a multiplication that does without (`limbs`). Tests
//! compare the two.

#[cfg(any(target_arch = "wasm32", test))]
mod config;
#[cfg(test)]
mod differential;
#[cfg(any(target_arch = "wasm32", test))]
mod limbs;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G1Projective, G2Affine, g1::Config as G1Config};
#[cfg(target_arch = "wasm32")]
pub(crate) use config::{Bn254, Fq, Fq2, Fr, G1Affine, G1Config, G1Projective, G2Affine};
