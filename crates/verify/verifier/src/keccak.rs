//! Keccak-256 as Ethereum has it: the padding of Keccak's submission, not that of SHA-3.

/// Bytes of a block.
const RATE: usize = 136;

/// The hash of several parts, one after the other.
pub(crate) fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut padded = parts.concat();
    padded.push(1);
    padded.resize(padded.len().next_multiple_of(RATE), 0);
    if let Some(last) = padded.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0u64; 25];
    for block in padded.chunks_exact(RATE) {
        for (lane, word) in state.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane ^= u64::from_le_bytes(*word);
        }
        keccak::f1600(&mut state);
    }
    let mut hash = [0; 32];
    for (word, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *word = lane.to_le_bytes();
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that Ethereum's own documents give for nothing and for a short text, and lengths around a block's.
    #[test]
    fn is_keccak_256() {
        let hex = |parts: &[&[u8]]| vouch_envelope::hex::encode(&keccak256(parts));
        assert_eq!(hex(&[]), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex(&[b"transfer", b"(address,uint256)"])[..8], *"a9059cbb");
        for len in [RATE - 1, RATE, RATE + 1, 3 * RATE] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * i) as u8).collect();
            assert_eq!(keccak256(&[&bytes]), alloy_primitives::keccak256(&bytes).0, "{len}");
        }
    }
}
