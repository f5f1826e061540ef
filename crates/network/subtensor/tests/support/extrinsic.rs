//! Reads and checks what is submitted.

use std::net::{IpAddr, SocketAddr};

use parity_scale_codec::{Compact, Decode, Encode};
use vouch_protocol::{PublicKey, Signature};

use super::chain::World;

pub const SPEC_VERSION: u32 = 365;
pub const TRANSACTION_VERSION: u32 = 1;

/// A call, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    SetWeights { netuid: u16, uids: Vec<u16>, weights: Vec<u16>, version_key: u64 },
    Commit { netuid: u16, commit: Vec<u8>, reveal_round: u64, version: u16 },
    ServeAxon { netuid: u16, address: SocketAddr },
    SetCommitment { netuid: u16, data: Vec<u8> },
    BurnedRegister { netuid: u16, hotkey: PublicKey },
}

/// A transaction that a block may have.
#[derive(Debug, Clone)]
pub struct Checked {
    pub bytes: Vec<u8>,
    pub signer: PublicKey,
    pub nonce: u32,
    /// The last block in which it is valid.
    pub last: u64,
    pub call: Decoded,
}

impl Decoded {
    pub fn name(&self) -> &'static str {
        match self {
            Self::SetWeights { .. } => "set_weights",
            Self::Commit { .. } => "commit_timelocked_weights",
            Self::ServeAxon { .. } => "serve_axon",
            Self::SetCommitment { .. } => "set_commitment",
            Self::BurnedRegister { .. } => "burned_register",
        }
    }

    pub fn read(mut bytes: &[u8]) -> Result<Self, String> {
        fn next<T: Decode>(bytes: &mut &[u8]) -> Result<T, String> {
            T::decode(bytes).map_err(|e| e.to_string())
        }
        let b = &mut bytes;
        let call = match next::<(u8, u8)>(b)? {
            (7, 0) => Self::SetWeights { netuid: next(b)?, uids: next(b)?, weights: next(b)?, version_key: next(b)? },
            (7, 113) => Self::Commit { netuid: next(b)?, commit: next(b)?, reveal_round: next(b)?, version: next(b)? },
            (7, 4) => {
                let (netuid, _version, ip, port): (u16, u32, u128, u16) = next(b)?;
                let (kind, _protocol, _, _): (u8, u8, u8, u8) = next(b)?;
                let ip: IpAddr = match kind {
                    4 => IpAddr::from(u32::try_from(ip).map_err(|e| e.to_string())?.to_be_bytes()),
                    _ => IpAddr::from(ip.to_be_bytes()),
                };
                Self::ServeAxon { netuid, address: SocketAddr::new(ip, port) }
            }
            (18, 0) => {
                let netuid = next(b)?;
                let Compact(fields) = next::<Compact<u32>>(b)?;
                let tag: u8 = next(b)?;
                if fields != 1 || !(1..=129).contains(&tag) || b.len() != usize::from(tag) - 1 {
                    return Err(format!("{fields} fields, tag {tag}, {} bytes", b.len()));
                }
                let data = std::mem::take(b).to_vec();
                Self::SetCommitment { netuid, data }
            }
            (7, 7) => Self::BurnedRegister { netuid: next(b)?, hotkey: PublicKey(next(b)?) },
            other => return Err(format!("call {other:?}")),
        };
        if b.is_empty() { Ok(call) } else { Err(format!("{} bytes after the call", b.len())) }
    }
}

/// First and last block of a mortal era, as of block `now`: Substrate's own arithmetic, written again.
fn era(bytes: [u8; 2], now: u64) -> Result<(u64, u64), String> {
    let encoded = u64::from(u16::from_le_bytes(bytes));
    let period = 2u64 << (encoded % 16);
    let factor = (period >> 12).max(1);
    let phase = (encoded >> 4) * factor;
    if period < 4 || phase >= period {
        return Err(format!("era {encoded}"));
    }
    let birth = (now.max(phase) - phase) / period * period + phase;
    Ok((birth, birth + period - 1))
}

/// Checks a transaction as of the newest block.
pub fn check(world: &World, bytes: &[u8]) -> Result<Checked, String> {
    let mut b = bytes;
    let text = |e: parity_scale_codec::Error| e.to_string();
    let Compact(length) = Compact::<u32>::decode(&mut b).map_err(text)?;
    if length as usize != b.len() {
        return Err(format!("length {length}, got {}", b.len()));
    }
    let (version, address): (u8, u8) = Decode::decode(&mut b).map_err(text)?;
    let signer = PublicKey(Decode::decode(&mut b).map_err(text)?);
    let (scheme, signature): (u8, [u8; 64]) = Decode::decode(&mut b).map_err(text)?;
    if (version, address, scheme) != (0x84, 0, 1) {
        return Err(format!("version {version:#x}, address {address}, scheme {scheme}"));
    }
    let extra = b;
    if b.first() == Some(&0) {
        return Err("immortal".into());
    }
    let lifetime: [u8; 2] = Decode::decode(&mut b).map_err(text)?;
    let Compact(nonce) = Compact::<u32>::decode(&mut b).map_err(text)?;
    let Compact(tip) = Compact::<u64>::decode(&mut b).map_err(text)?;
    let mode: u8 = Decode::decode(&mut b).map_err(text)?;
    if (tip, mode) != (0, 0) {
        return Err(format!("tip {tip}, mode {mode}"));
    }
    let (first, last) = era(lifetime, world.newest())?;
    let birth = world.blocks.get(first as usize).ok_or("Transaction has an ancient birth block")?;
    let extra = &extra[..extra.len() - b.len()];
    let implicit = (SPEC_VERSION, TRANSACTION_VERSION, world.blocks[0].hash, birth.hash, 0u8).encode();
    let mut payload = [b, extra, &implicit].concat();
    if payload.len() > 256 {
        payload = blake2b_simd::Params::new().hash_length(32).hash(&payload).as_bytes().to_vec();
    }
    signer.verify(b"substrate", &payload, &Signature(signature)).map_err(|_| "Transaction has a bad signature")?;
    match nonce.cmp(&world.nonce(&signer)) {
        std::cmp::Ordering::Less => return Err("Transaction is outdated".into()),
        std::cmp::Ordering::Greater => return Err(format!("number {nonce} is in the future")),
        std::cmp::Ordering::Equal => {}
    }
    Ok(Checked { bytes: bytes.to_vec(), signer, nonce, last, call: Decoded::read(b)? })
}
