//! The prover's tests: the command line, and real proofs of small programs. Those that compile the shipped models are
//! another program (`shipped_models.rs`), as they take most of the memory.
#![allow(missing_docs)]

mod chains;
mod cli;
mod cli_chain;
mod cli_compile;
mod cli_evm;
mod disclose;
mod hidden;
mod private;
mod program;
mod proofs;
mod publish;
mod srs_import;
