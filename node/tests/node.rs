//! The node's tests. They are one program, because each program links all that a node is made of; the tests of hashed
//! tensors (`hashed.rs`) are another, because they listen to what the whole process logs.
#![allow(missing_docs)]

mod abuse;
mod callers;
mod channels;
mod crash;
mod deposits;
mod deposits_chain;
mod engine;
mod evidence;
mod free_riders;
mod miners;
mod network;
mod private_card;
mod queue;
mod reference;
mod registry;
mod strategies;
mod support;
