//! Everything here against arkworks' BN254, which shares no code with it.

mod fields;
mod groups;
mod kernels;
mod pairings;
