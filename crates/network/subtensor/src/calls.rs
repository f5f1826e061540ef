//! The calls that are signed.
//!
//! Their bytes are those of the committed metadata. A runtime that defines other numbers or other arguments for a call is
//! refused: a node that lies about its runtime cannot make a key sign something else.

use std::net::IpAddr;

use parity_scale_codec::Encode;
use vouch_protocol::PublicKey;

use crate::{Runtime, SubtensorError};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Sets weights at once.
    SetWeights {
        /// The subnet.
        netuid: u16,
        /// UIDs.
        uids: Vec<u16>,
        /// Their weights.
        weights: Vec<u16>,
        /// The subnet's version of weights.
        version_key: u64,
    },
    /// Sets weights that the chain opens later.
    CommitTimelockedWeights {
        /// The subnet.
        netuid: u16,
        /// The encrypted weights.
        commit: Vec<u8>,
        /// The round of drand that opens them.
        reveal_round: u64,
        /// The chain's version of the scheme.
        version: u16,
    },
    /// Says where a miner serves.
    ServeAxon {
        /// The subnet.
        netuid: u16,
        /// Version of the program.
        version: u32,
        /// Its address.
        ip: IpAddr,
        /// Its port.
        port: u16,
    },
    /// Publishes up to 128 bytes.
    SetCommitment {
        /// The subnet.
        netuid: u16,
        /// The bytes.
        data: Vec<u8>,
    },
    /// Registers a hotkey, paid by the account that signs.
    BurnedRegister {
        /// The subnet.
        netuid: u16,
        /// The key.
        hotkey: PublicKey,
    },
}

/// Number of TCP in an axon's field `protocol`, as Bittensor's own client writes it.
const PROTOCOL: u8 = 4;
/// Longest commitment in one piece, bytes.
pub(crate) const MAX_COMMITMENT: usize = 128;

impl Call {
    /// Its pallet and name.
    pub(crate) fn path(&self) -> (&'static str, &'static str) {
        match self {
            Self::SetWeights { .. } => ("SubtensorModule", "set_weights"),
            Self::CommitTimelockedWeights { .. } => ("SubtensorModule", "commit_timelocked_weights"),
            Self::ServeAxon { .. } => ("SubtensorModule", "serve_axon"),
            Self::SetCommitment { .. } => ("Commitments", "set_commitment"),
            Self::BurnedRegister { .. } => ("SubtensorModule", "burned_register"),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.path().1
    }

    /// Its bytes on a runtime.
    ///
    /// # Errors
    /// [`SubtensorError::Changed`] if the runtime reads other bytes; [`SubtensorError::Metadata`].
    pub fn encode(&self, runtime: &Runtime) -> Result<Vec<u8>, SubtensorError> {
        let (pallet, name) = self.path();
        let expected = Runtime::committed().call_shape(pallet, name)?;
        let got = runtime.call_shape(pallet, name).ok();
        if got.as_ref() != Some(&expected) {
            return Err(SubtensorError::Changed { call: name, spec_version: runtime.spec_version });
        }
        let mut bytes = expected.0.to_vec();
        self.arguments(&mut bytes)?;
        Ok(bytes)
    }

    fn arguments(&self, out: &mut Vec<u8>) -> Result<(), SubtensorError> {
        match self {
            Self::SetWeights { netuid, uids, weights, version_key } => {
                (netuid, uids, weights, version_key).encode_to(out);
            }
            Self::CommitTimelockedWeights { netuid, commit, reveal_round, version } => {
                (netuid, commit, reveal_round, version).encode_to(out);
            }
            Self::ServeAxon { netuid, version, ip, port } => {
                let (number, ip_type) = match ip {
                    IpAddr::V4(ip) => (u128::from(u32::from(*ip)), 4u8),
                    IpAddr::V6(ip) => (u128::from(*ip), 6),
                };
                (netuid, version, number, port, ip_type, PROTOCOL, 0u8, 0u8).encode_to(out);
            }
            Self::SetCommitment { netuid, data } => {
                // A list of one field; the variant of raw bytes has their number in its own.
                let tag = u8::try_from(data.len() + 1).ok().filter(|_| data.len() <= MAX_COMMITMENT);
                let tag = tag.ok_or_else(|| {
                    let reason = format!("expected at most {MAX_COMMITMENT} bytes, got {}", data.len());
                    SubtensorError::answer("a commitment", reason)
                })?;
                (netuid, 1u8 << 2, tag).encode_to(out);
                out.extend_from_slice(data);
            }
            Self::BurnedRegister { netuid, hotkey } => (netuid, hotkey.0).encode_to(out),
        }
        Ok(())
    }
}
