//! What the clients of a validator compute: page, node, audit and command line share it.
//!
//! | module | contents |
//! | --- | --- |
//! | [`key`] | what a verifying key says about its model |
//! | [`inputs`] | the integers of named inputs, and what is expected of a proof about them |
//! | [`hidden`] | hashes of hidden tensors, and the files that tensors are recognized by |
//! | [`strategy`] | two models as a chain of proofs: links, expected inputs, the numbers of a chain |
//! | [`report`], [`failure`] | reports of the verifier and failures of a validator, in words |
//! | [`numbers`], [`words`], [`typed`] | how numbers, units and identities are written, and what is typed |
//! | [`fact`] | facts about hidden inputs |
//! | [`tamper`] | the changes of "try to cheat" |
//! | [`deposits`] | an account of the deposit contract: rules, events, words |
//! | [`onchain`] | a proof, checked by the contract on Ethereum |
//! | [`allocation`] | the restaking model in floating point, for what nobody has proved |
//!
//! The crate does no input or output, and knows neither a clock nor a browser. It links no prover, and verifies nothing:
//! what it says of a proof is worth as much as the verdict on the proof.

#![forbid(unsafe_code)]

pub mod allocation;
pub mod deposits;
pub mod fact;
pub mod failure;
pub mod hidden;
pub mod inputs;
pub mod key;
pub mod numbers;
pub mod onchain;
pub mod report;
pub mod strategy;
pub mod tamper;
pub mod typed;
pub mod words;
