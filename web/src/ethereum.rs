//! The chain that deposits are on: read through the validator's own path for JSON-RPC (so that the page's policy allows no
//! other address), and written through the wallet of this browser. The contract that checks proofs is asked at a node that the
//! user chooses, by a worker that may.

pub(crate) mod history;
pub(crate) mod node;
pub(crate) mod read;
pub(crate) mod rpc;
pub(crate) mod source;
pub(crate) mod wallet;

pub(crate) use read::Contract;
pub(crate) use source::Source;
