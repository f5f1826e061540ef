//! vouch-verifier
