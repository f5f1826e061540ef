//! Keccak-256 as Ethereum has it: the padding of Keccak's submission, not that of SHA-3.
//!
//! Written to be small as WebAssembly: a proof is a few kilobytes.

/// Bytes of a block.
const RATE: usize = 136;
const ROUNDS: usize = 24;
/// Where the lanes go, from lane 1 on: each takes the place of the next.
const PLACES: [usize; 24] = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
/// By how many bits they turn: t (t + 1) / 2 modulo 64.
const TURNS: [u32; 24] = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
/// The bits of the first lane that a round's constant may have: 2^j − 1.
const BITS: [u32; 7] = [0, 1, 3, 7, 15, 31, 63];

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
        permute(&mut state);
    }
    let mut hash = [0; 32];
    for (word, lane) in hash.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *word = lane.to_le_bytes();
    }
    hash
}

/// Keccak-f[1600] (FIPS 202, section 3).
fn permute(state: &mut [u64; 25]) {
    let mut register = 1u8;
    for _ in 0..ROUNDS {
        // θ
        let mut columns = [0u64; 5];
        for row in state.as_chunks::<5>().0 {
            for (column, lane) in columns.iter_mut().zip(row) {
                *column ^= lane;
            }
        }
        let [a, b, c, d, e] = columns;
        let mixed = [(e, b), (a, c), (b, d), (c, e), (d, a)].map(|(left, right)| left ^ right.rotate_left(1));
        for row in state.as_chunks_mut::<5>().0 {
            for (lane, mixed) in row.iter_mut().zip(mixed) {
                *lane ^= mixed;
            }
        }
        // ρ and π
        let [_, mut moving, ..] = *state;
        for (place, turn) in PLACES.into_iter().zip(TURNS) {
            if let Some(lane) = state.get_mut(place) {
                moving = std::mem::replace(lane, moving.rotate_left(turn));
            }
        }
        // χ
        for row in state.as_chunks_mut::<5>().0 {
            let [a, b, c, d, e] = *row;
            *row = [a ^ (!b & c), b ^ (!c & d), c ^ (!d & e), d ^ (!e & a), e ^ (!a & b)];
        }
        // ι: bits of the first lane, by a shift register.
        for bit in BITS {
            if register & 1 == 1
                && let [first, ..] = state
            {
                *first ^= 1u64.rotate_left(bit);
            }
            register = (register << 1) ^ if register & 0x80 == 0 { 0 } else { 0x71 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that Ethereum's own documents give for nothing and for a call, and lengths around a block's.
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
