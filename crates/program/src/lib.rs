//! vouch-program
