//! Randomness of the operating system.

use rand_core::{OsRng, RngCore};

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// A number below `n`, each with the same probability.
pub(crate) fn uniform(n: u64) -> u64 {
    let n = n.max(1);
    let zone = u64::MAX - u64::MAX % n;
    loop {
        let draw = OsRng.next_u64();
        if draw < zone {
            return draw % n;
        }
    }
}

/// Puts items in random order.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, uniform(i as u64 + 1) as usize);
    }
}
