//! A bounded run of the fuzz targets' bodies on changed fixtures, with a fixed seed.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vouch_testing::fixtures::{HONEST_CHAIN as CHAIN, SMALL, SMALL_KEY as KEY};

const ENVELOPE: &[u8] = SMALL[0];

/// Changes some bytes, or cuts, repeats or inserts some.
fn mutate(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.gen_range(1..4) {
        if bytes.is_empty() {
            return;
        }
        let at = rng.gen_range(0..bytes.len());
        let len = rng.gen_range(0..=40.min(bytes.len() - at));
        match rng.gen_range(0..8) {
            0..=2 => bytes[at] ^= 1 << rng.gen_range(0..8),
            3 => bytes[at] = *[0, 1, 0x7f, 0x80, 0xff].get(rng.gen_range(0..5)).unwrap_or(&0),
            4 => bytes.truncate(at),
            5 => drop(bytes.drain(at..at + len)),
            6 => {
                let copied = bytes[at..at + len].to_vec();
                bytes.splice(at..at, copied);
            }
            _ => rng.fill_bytes(&mut bytes[at..at + len]),
        }
    }
}

fn run(seed: u64, iterations: usize, fixture: &[u8], body: fn(&[u8])) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    body(fixture);
    body(&[]);
    for _ in 0..iterations {
        let mut bytes = fixture.to_vec();
        mutate(&mut rng, &mut bytes);
        body(&bytes);
    }
}

#[test]
fn envelopes_are_decoded_safely() {
    run(1, 20_000, ENVELOPE, bodies::envelope_decode);
}

#[test]
fn keys_are_loaded_safely() {
    run(2, 3_000, KEY, bodies::key_decode);
}

#[test]
fn envelopes_are_verified_safely() {
    run(3, 500, ENVELOPE, bodies::verify_envelope);
}

#[test]
fn chains_are_decoded_safely() {
    run(4, 20_000, CHAIN, bodies::chain_decode);
}

#[test]
fn chains_are_verified_safely() {
    run(5, 150, CHAIN, bodies::verify_chain_bytes);
}
