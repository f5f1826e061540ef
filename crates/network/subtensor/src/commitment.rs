//! The head of a validator's log as a commitment on the chain.
//!
//! ```text
//! bytes = "vouch-h1" ‖ epoch ‖ seq ‖ head (32 bytes) ‖ signature (64 bytes)      integers in 8 bytes little-endian
//! ```
//!
//! 120 bytes of the 128 that a commitment has. Chain and validator are those under which it is stored.

use vouch_protocol::{EpochHead, LogHash, PublicKey, Signature, SignedHead};

use crate::{SubtensorError, Value, ValueError};

const MARK: &[u8; 8] = b"vouch-h1";

/// A head that is on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadCommitment {
    /// The head.
    pub head: SignedHead,
    /// The block with it.
    pub block: u64,
}

/// The bytes of a head.
pub(crate) fn encode(signed: &SignedHead) -> Vec<u8> {
    let head = &signed.head;
    [MARK, &head.epoch.to_le_bytes()[..], &head.seq.to_le_bytes(), &head.head.0, &signed.signature.0].concat()
}

fn parse(bytes: &[u8], chain: &str, validator: PublicKey) -> Option<SignedHead> {
    let bytes = bytes.strip_prefix(MARK)?;
    let (epoch, rest) = bytes.split_first_chunk()?;
    let (seq, rest) = rest.split_first_chunk()?;
    let (head, rest) = rest.split_first_chunk()?;
    let signature: &[u8; 64] = rest.try_into().ok()?;
    let (epoch, seq) = (u64::from_le_bytes(*epoch), u64::from_le_bytes(*seq));
    let head = EpochHead { chain: chain.to_owned(), validator, epoch, seq, head: LogHash(*head) };
    let signed = SignedHead { head, signature: Signature(*signature) };
    // Somebody else's bytes, or a head of another chain.
    signed.verify().ok().map(|()| signed)
}

/// The head in the stored value of `Commitments.CommitmentOf`; `None` if there is none, or something else.
pub(crate) fn read(value: &Value, chain: &str, validator: PublicKey) -> Result<Option<HeadCommitment>, SubtensorError> {
    let wrong = |source: ValueError| SubtensorError::Value { what: "the commitment", source };
    let block = value.field("block").and_then(|v| v.number("block")).map_err(wrong)?;
    let info = value.field("info").and_then(|v| v.field("fields")).and_then(|v| v.list("fields")).map_err(wrong)?;
    // Raw bytes: a variant for each length, with the bytes in its field.
    let raw = |field: &Value| match field {
        Value::Variant(name, fields) if name.starts_with("Raw") => {
            fields.first()?.1.bytes("0").ok().map(<[u8]>::to_vec)
        }
        _ => None,
    };
    let head = info.iter().filter_map(raw).find_map(|bytes| parse(&bytes, chain, validator));
    Ok(head.map(|head| HeadCommitment { head, block }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_protocol::PartyKey;

    #[test]
    fn a_head_fits_and_is_the_signers() {
        let key = PartyKey::generate();
        let head = EpochHead { chain: "c".into(), validator: key.public(), epoch: 7, seq: 9, head: LogHash([3; 32]) };
        let signed = head.sign(&key).unwrap();
        let bytes = encode(&signed);
        assert_eq!(bytes.len(), 120);
        assert_eq!(parse(&bytes, "c", key.public()), Some(signed));
        assert_eq!(parse(&bytes, "d", key.public()), None, "of another chain");
        assert_eq!(parse(&bytes, "c", PartyKey::generate().public()), None, "of another validator");
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length], "c", key.public()), None);
        }
    }
}
