//! What a miner answers for a model with hashed outputs: their values beside the envelope, which has only their hashes.
//!
//! | bytes | content |
//! | --- | --- |
//! | 4 | number of values, little-endian |
//! | 1 to 10 each | the integers of all hashed outputs, in the key's order: zigzag LEB128, minimal length |
//! | the rest | the envelope |

use vouch_envelope::{CursorError, MAX_VALUES, Reader, Writer};

/// Writes an answer.
pub fn encode_answer(values: &[i64], envelope: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.u32(u32::try_from(values.len()).unwrap_or(u32::MAX));
    values.iter().for_each(|&value| writer.zigzag(value));
    writer.raw(envelope);
    writer.into_bytes()
}

/// Values and envelope of an answer. Nothing of it is believed: the hash of the values has to be that of an envelope that was verified.
///
/// # Errors
/// [`CursorError`] if there is no list of values at the beginning.
pub fn decode_answer(bytes: &[u8]) -> Result<(Vec<i64>, &[u8]), CursorError> {
    let mut reader = Reader::new(bytes);
    let count = reader.count_u32("output values", MAX_VALUES, 1)?;
    let values = (0..count).map(|_| reader.zigzag()).collect::<Result<_, _>>()?;
    let envelope = reader.take(reader.remaining())?;
    Ok((values, envelope))
}

/// Most bytes that an answer has before its envelope.
pub fn answer_overhead(values: usize) -> usize {
    4usize.saturating_add(values.saturating_mul(10))
}
