//! vouch-envelope
