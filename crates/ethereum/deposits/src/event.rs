use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEventInterface;

use crate::contract::VouchDeposit::VouchDepositEvents;

/// A log as `eth_getLogs` returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLog {
    /// The contract that emitted it.
    pub address: Address,
    /// Signature and indexed values.
    pub topics: Vec<B256>,
    /// The other values.
    pub data: Vec<u8>,
}

/// A log of the contract that is none of its events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a log of the contract is none of its events: {reason}")]
pub struct DecodeError {
    /// What the decoder says.
    pub reason: String,
}

/// Decodes a log, or returns `None` for one that another contract emitted.
///
/// # Errors
///
/// The contract emitted it, and it is none of the events of the ABI: the address or the ABI is a wrong one.
pub fn decode(contract: Address, log: &RawLog) -> Result<Option<VouchDepositEvents>, DecodeError> {
    if log.address != contract {
        return Ok(None);
    }
    let event = VouchDepositEvents::decode_raw_log(&log.topics, &log.data);
    event.map(Some).map_err(|error| DecodeError { reason: error.to_string() })
}
