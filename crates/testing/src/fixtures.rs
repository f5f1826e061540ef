//! Frozen keys and proofs: bytes that every version must accept.

/// A small key, made by halo2 (`size_and_time` in `tests/tests/verifier_differential.rs` writes it and its proofs).
pub const SMALL_KEY: &[u8] = include_bytes!("../../verify/verifier/tests/fixtures/small.key");
/// Two proofs for [`SMALL_KEY`].
pub const SMALL: [&[u8]; 2] = [
    include_bytes!("../../verify/verifier/tests/fixtures/small-0.envelope"),
    include_bytes!("../../verify/verifier/tests/fixtures/small-1.envelope"),
];

/// A larger key, made by halo2.
pub const LARGE_KEY: &[u8] = include_bytes!("../../verify/verifier/tests/fixtures/large.key");
/// Two proofs for [`LARGE_KEY`].
pub const LARGE: [&[u8]; 2] = [
    include_bytes!("../../verify/verifier/tests/fixtures/large-0.envelope"),
    include_bytes!("../../verify/verifier/tests/fixtures/large-1.envelope"),
];

/// The key of a forecast: `x`, 2 values; outputs `hours` and `spread`, both in h with scale 16.
///
/// The models of chains and their proofs are those of `prover-native/tests/chains.rs`.
pub const FORECAST_KEY: &[u8] = include_bytes!("../../verify/verifier/tests/fixtures/chain/forecast.key");
/// The key of an allocation: `horizon` in d, `hours` of 2 values in h, `delay` in h with scale 8.
pub const ALLOCATION_KEY: &[u8] = include_bytes!("../../verify/verifier/tests/fixtures/chain/allocation.key");
/// Two forecasts whose hours go into an allocation.
pub const HONEST_CHAIN: &[u8] = include_bytes!("../../verify/verifier/tests/fixtures/chain/honest.chain");
/// Three proofs that hold, but the last is about other hours than the second has computed.
pub const UNLINKED_CHAIN: &[u8] = include_bytes!("../../verify/verifier/tests/fixtures/chain/unlinked.chain");
