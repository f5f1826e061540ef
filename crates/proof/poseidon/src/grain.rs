//! Constants from the Grain LFSR.
//!
//! The register starts with a description of the instance: field type (1, 2 bits), S-box (0: x^α, 4 bits), bits of the field (254, 12 bits), width (12 bits), full and
//! partial rounds (10 bits each), thirty ones. Its first 160 bits are thrown away; then bits come in pairs, and the second counts if the first is 1.
//! Round constants are numbers of 254 bits, most significant first, thrown away from p on. The matrix is Cauchy's: `1/(x_i + y_j)`, for numbers drawn in the same way
//! but reduced.

use crate::{Element, FULL_ROUNDS, PARTIAL_ROUNDS, ROUNDS, State, WIDTH};

/// The field's order, least significant limb first.
pub(crate) const MODULUS: [u64; 4] =
    [0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029];
const BITS: usize = 254;
const REGISTER: usize = 80;

struct Grain {
    /// The oldest bit is the lowest.
    register: u128,
}

impl Grain {
    fn new() -> Self {
        let mut register = 0u128;
        let mut filled = 0u32;
        let mut push = |value: usize, bits: u32| {
            for i in (0..bits).rev() {
                register |= u128::from(value >> i & 1 == 1) << filled;
                filled += 1;
            }
        };
        push(1, 2);
        push(0, 4);
        push(BITS, 12);
        push(WIDTH, 12);
        push(FULL_ROUNDS, 10);
        push(PARTIAL_ROUNDS, 10);
        push((1 << 30) - 1, 30);
        let mut grain = Self { register };
        for _ in 0..160 {
            grain.step();
        }
        grain
    }

    fn step(&mut self) -> bool {
        let bit = [62, 51, 38, 23, 13, 0].into_iter().fold(0, |sum, i| sum ^ (self.register >> i & 1));
        self.register = self.register >> 1 | bit << (REGISTER - 1);
        bit == 1
    }

    fn bit(&mut self) -> bool {
        loop {
            let (counts, bit) = (self.step(), self.step());
            if counts {
                return bit;
            }
        }
    }

    /// A number of 254 bits, least significant limb first.
    fn number(&mut self) -> [u64; 4] {
        let mut limbs = [0u64; 4];
        for _ in 0..BITS {
            let mut carry = u64::from(self.bit());
            for limb in &mut limbs {
                let out = *limb >> 63;
                *limb = *limb << 1 | carry;
                carry = out;
            }
        }
        limbs
    }

    fn below_modulus(&mut self) -> [u64; 4] {
        loop {
            let number = self.number();
            if number.iter().rev().lt(MODULUS.iter().rev()) {
                return number;
            }
        }
    }
}

/// The number modulo p.
pub(crate) fn element<F: Element, const N: usize>(limbs: [u64; N]) -> F {
    let half = F::from(1 << 32);
    let shift = half * half;
    limbs.into_iter().rev().fold(F::from(0), |sum, limb| sum * shift + F::from(limb))
}

/// x^(p−2).
fn inverse<F: Element>(x: F) -> F {
    let mut exponent = MODULUS;
    exponent[0] -= 2;
    exponent.iter().rev().flat_map(|limb| (0..64).rev().map(move |i| limb >> i & 1 == 1)).fold(
        F::from(1),
        |power, bit| {
            let square = power * power;
            if bit { square * x } else { square }
        },
    )
}

pub(crate) fn constants<F: Element>() -> (Vec<State<F>>, [State<F>; WIDTH]) {
    let mut grain = Grain::new();
    let rounds = (0..ROUNDS).map(|_| std::array::from_fn(|_| element(grain.below_modulus()))).collect();
    // The authors draw again if two numbers are equal or a sum is zero; for these parameters neither happens (tested).
    let x: State<F> = std::array::from_fn(|_| element(grain.number()));
    let y: State<F> = std::array::from_fn(|_| element(grain.number()));
    (rounds, x.map(|x| y.map(|y| inverse(x + y))))
}
