//! BLAKE2b-256, with which the formats of keys, models and reference strings end.

/// BLAKE2b-256 with a personalization.
pub fn digest(personal: &[u8; 16], parts: &[&[u8]]) -> [u8; 32] {
    let mut params = blake2b_simd::Params::new();
    let mut state = params.hash_length(32).personal(personal).to_state();
    for part in parts {
        state.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(state.finalize().as_bytes());
    out
}
