//! The constants and the permutation against other implementations and against the specification.
//!
//! * [`the_permutation_is_circomlibjs`]: known answers of circomlibjs, all three elements of the state.
//! * [`the_constants_are_circomlibjs`]: a digest of its list of constants.
//! * [`the_constants_follow_the_specification`]: the Grain LFSR of eprint 2019/458, appendix F,
//!   written a second time, bit by bit.
//! * [`no_power_of_the_matrix_has_an_invariant_subspace`]: the security condition of the matrix.
#![allow(missing_docs)]

use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, Field, One, PrimeField, Zero};
use vouch_poseidon::{FULL_ROUNDS, PARTIAL_ROUNDS, Poseidon, State, WIDTH};

fn element(hex: &str) -> Fr {
    hex.chars().fold(Fr::zero(), |sum, c| sum * Fr::from(16u64) + Fr::from(c.to_digit(16).expect("hexadecimal")))
}

#[test]
fn the_permutation_is_circomlibjs() {
    let poseidon = Poseidon::<Fr>::new();
    let mut tried = 0;
    for line in include_str!("vectors/circomlibjs.txt").lines().filter(|line| !line.starts_with('#')) {
        let numbers: Vec<Fr> = line.split(' ').map(element).collect();
        let [a, b, c, x, y, z] = numbers[..] else { panic!("six numbers a line") };
        assert_eq!(poseidon.permute([a, b, c]), [x, y, z], "{line}");
        tried += 1;
    }
    assert_eq!(tried, 8);
}

/// BLAKE2b with 256 bits of all round constants and then the matrix, row by row, 32 bytes each,
/// most significant first, from the file `src/poseidon_constants.json` of circomlibjs 0.1.7 (width
/// 3).
const CIRCOMLIBJS: &str = "7b5cb7682e9fbb8d28b1616de3264605b8eac0fd10267dc6b42415a4aca6aa1a";

#[test]
fn the_constants_are_circomlibjs() {
    let poseidon = Poseidon::<Fr>::new();
    let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
    for number in poseidon.constants().iter().chain(poseidon.mds()).flatten() {
        state.update(&number.into_bigint().to_bytes_be());
    }
    assert_eq!(state.finalize().to_hex().as_str(), CIRCOMLIBJS);
}

/// The self-shrinking Grain register of the specification, as a list of bits.
struct Grain(std::collections::VecDeque<bool>);

impl Grain {
    fn new() -> Self {
        let fields = [(1, 2), (0, 4), (254, 12), (WIDTH, 12), (FULL_ROUNDS, 10), (PARTIAL_ROUNDS, 10)];
        let described = fields.iter().flat_map(|(v, bits)| (0..*bits).rev().map(move |i| v >> i & 1 == 1));
        let mut grain = Self(described.chain([true; 30]).collect());
        assert_eq!(grain.0.len(), 80);
        for _ in 0..160 {
            grain.update();
        }
        grain
    }

    fn update(&mut self) -> bool {
        let new = [0, 13, 23, 38, 51, 62].into_iter().fold(false, |sum, tap| sum ^ self.0[tap]);
        self.0.pop_front();
        self.0.push_back(new);
        new
    }

    fn bit(&mut self) -> bool {
        while !self.update() {
            self.update();
        }
        self.update()
    }

    /// 254 bits, most significant first.
    fn number(&mut self) -> BigInt<4> {
        let bits: Vec<bool> = std::iter::repeat_n(false, 2).chain((0..254).map(|_| self.bit())).collect();
        BigInt::from_bits_be(&bits)
    }
}

/// The number modulo p, by one subtraction: it is below 2^254, and p is above 2^253.
fn reduced(mut number: BigInt<4>) -> Fr {
    if number >= Fr::MODULUS {
        number.sub_with_borrow(&Fr::MODULUS);
    }
    Fr::from_bigint(number).expect("below the modulus")
}

#[test]
fn the_constants_follow_the_specification() {
    let mut grain = Grain::new();
    let mut below = || loop {
        if let Some(number) = Fr::from_bigint(grain.number()) {
            return number;
        }
    };
    let rounds: Vec<State<Fr>> = (0..FULL_ROUNDS + PARTIAL_ROUNDS).map(|_| std::array::from_fn(|_| below())).collect();
    let mds = loop {
        let numbers: Vec<Fr> = (0..2 * WIDTH).map(|_| reduced(grain.number())).collect();
        let distinct = numbers.iter().enumerate().all(|(i, a)| numbers[..i].iter().all(|b| a != b));
        let (x, y) = numbers.split_at(WIDTH);
        let inverses: Option<Vec<Fr>> = x.iter().flat_map(|x| y.iter().map(|y| (*x + *y).inverse())).collect();
        if let (true, Some(inverses)) = (distinct, inverses) {
            break inverses;
        }
    };
    let poseidon = Poseidon::<Fr>::new();
    assert_eq!(poseidon.constants(), rounds);
    assert_eq!(poseidon.mds().as_flattened(), mds);
}

/// A polynomial of degree below 3, lowest coefficient first.
type Quadratic = [Fr; 3];

/// The characteristic polynomial x³ + c_2·x² + c_1·x + c_0 of a matrix, without its leading
/// coefficient.
fn characteristic([[a, b, c], [d, e, f], [g, h, i]]: [State<Fr>; WIDTH]) -> Quadratic {
    let determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
    let minors = (a * e - b * d) + (a * i - c * g) + (e * i - f * h);
    [-determinant, minors, -(a + e + i)]
}

/// The product modulo x³ + f.
fn product(a: Quadratic, b: Quadratic, f: Quadratic) -> Quadratic {
    let mut wide = [Fr::zero(); 5];
    for (i, a) in a.iter().enumerate() {
        for (j, b) in b.iter().enumerate() {
            wide[i + j] += *a * b;
        }
    }
    for degree in [4, 3] {
        let leading = wide[degree];
        for (i, f) in f.iter().enumerate() {
            wide[degree - 3 + i] -= leading * f;
        }
    }
    [wide[0], wide[1], wide[2]]
}

/// The degree of the greatest common divisor.
fn common_degree(mut a: Vec<Fr>, mut b: Vec<Fr>) -> usize {
    let trim = |v: &mut Vec<Fr>| {
        while v.last().is_some_and(Fr::is_zero) {
            v.pop();
        }
    };
    trim(&mut b);
    while let Some(leading) = b.last().and_then(Field::inverse) {
        while a.len() >= b.len() {
            let (factor, shift) = (a[a.len() - 1] * leading, a.len() - b.len());
            for (i, b) in b.iter().enumerate() {
                a[shift + i] -= factor * b;
            }
            trim(&mut a);
        }
        std::mem::swap(&mut a, &mut b);
    }
    a.len() - 1
}

/// How many of its roots are in the field: a polynomial of degree 3 that has none is irreducible.
fn roots([c0, c1, c2]: Quadratic) -> usize {
    let (zero, one) = (Fr::zero(), Fr::one());
    let mut power = [one, zero, zero];
    for bit in Fr::MODULUS.to_bits_be() {
        power = product(power, power, [c0, c1, c2]);
        if bit {
            power = product(power, [zero, one, zero], [c0, c1, c2]);
        }
    }
    power[1] -= one;
    common_degree(vec![c0, c1, c2, one], power.to_vec())
}

/// The reference script checks with its algorithms 1 to 3 that neither the matrix M nor its powers
/// up to 4t let a subspace pass the partial rounds without an active S-box (eprint 2020/500). All
/// of them look for subspaces that a power of M maps to themselves. There is none if the
/// characteristic polynomial of that power is irreducible, which this test shows for the powers 1
/// to 4t.
#[test]
fn no_power_of_the_matrix_has_an_invariant_subspace() {
    let mds = *Poseidon::<Fr>::new().mds();
    let mut power = mds;
    for exponent in 1..=4 * WIDTH {
        assert_eq!(roots(characteristic(power)), 0, "power {exponent}");
        power = power.map(|row| std::array::from_fn(|j| (0..WIDTH).map(|k| row[k] * mds[k][j]).sum()));
    }
    // The test of the test: eigenvalues 2, 3 and 5, and a matrix whose only root is 7.
    let number = |v: u64| Fr::from(v);
    let diagonal: [State<Fr>; 3] =
        std::array::from_fn(|i| std::array::from_fn(|j| if i == j { number([2, 3, 5][i]) } else { number(0) }));
    assert_eq!(roots(characteristic(diagonal)), 3);
    let non_residue = (2u64..).map(number).find(|v| v.legendre().is_qnr()).expect("half of all are");
    let block =
        [[number(7), number(0), number(0)], [number(0), number(0), non_residue], [number(0), number(1), number(0)]];
    assert_eq!(roots(characteristic(block)), 1);
}
