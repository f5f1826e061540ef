//! Deposits: points, addresses and amounts.
