//! vouch-prover
