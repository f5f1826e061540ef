//! vouch-compiler
