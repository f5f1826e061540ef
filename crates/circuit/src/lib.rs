//! vouch-circuit
