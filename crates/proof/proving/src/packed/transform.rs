//! Discrete Fourier transforms: values of a polynomial on a coset of the n-th roots of unity, and back.
//!
//! With eight lanes, coefficient 8i + l is in lane l of vector i. A polynomial of degree below n is Σ_l X^l·f_l(X^8), so
//!
//! 1. all f_l, of m = n/8 coefficients, are evaluated at once at the points (g·ω^k)^8 of k < m, and
//! 2. for eight k together, the eight f_l(…) are combined to the values at g·ω^(k + m·q), q < 8.
//!
//! Both steps walk down a tree of remainders: f mod (X^(2s) − c²) gives f mod (X^s − c) = low + c·high and f mod (X^s + c) = low − c·high. The coset's
//! shift g is in the constants c and costs nothing. Nothing is reduced on the way: a level adds at most 2p to a value, and 2^260 is more than 80p.

use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

#[cfg(target_arch = "x86_64")]
use super::ifma::{self, Eight};

/// A transform of one length, on one coset, in one direction.
#[derive(Debug)]
pub(crate) struct Transform {
    n: usize,
    root: Fr,
    shift: Fr,
    /// What the values are multiplied by, if not by 1.
    scale: Option<Fr>,
    /// Constants of the first step: nodes in breadth-first order, from 1.
    #[cfg(target_arch = "x86_64")]
    tree: Vec<[u64; 5]>,
    /// Constants of the second step: for every eight k, those of seven nodes, limb by limb, lane by lane.
    #[cfg(target_arch = "x86_64")]
    combine: Vec<[[[u64; 8]; 5]; 7]>,
}

impl Transform {
    /// Values at `shift·root^k`, k < n, of polynomials with n = 2^k coefficients.
    pub(crate) fn new(k: u32, root: Fr, shift: Fr, scale: Option<Fr>) -> Self {
        let n = 1 << k;
        #[cfg(target_arch = "x86_64")]
        let wide = n >= 64 && ifma::available();
        Self {
            n,
            root,
            shift,
            scale,
            #[cfg(target_arch = "x86_64")]
            tree: if wide { tree(n / 8, &root.pow_vartime([8]), &shift.pow_vartime([8])) } else { Vec::new() },
            #[cfg(target_arch = "x86_64")]
            combine: if wide { combine(n / 8, &root, &shift) } else { Vec::new() },
        }
    }

    /// Transforms `from` into `to`; both have n elements.
    pub(crate) fn run(&self, from: &[Fr], to: &mut [Fr]) {
        assert!(from.len() == self.n && to.len() == self.n);
        #[cfg(target_arch = "x86_64")]
        if !self.tree.is_empty() {
            // SAFETY: there are constants only where the processor has the instructions.
            unsafe { self.eight(from, to) };
            return;
        }
        self.one(from, to);
    }

    /// One by one: scaled by the powers of the shift, in bit-reversed order, and then combined in pairs.
    fn one(&self, from: &[Fr], to: &mut [Fr]) {
        let bits = self.n.ilog2();
        let mut power = self.scale.unwrap_or(Fr::one());
        for (i, v) in from.iter().enumerate() {
            to[reversed(i, bits)] = *v * power;
            power *= self.shift;
        }
        for level in 1..=bits {
            let half = 1usize << (level - 1);
            let root = self.root.pow_vartime([(self.n >> level) as u64]);
            let twiddles: Vec<Fr> = powers(&root, half);
            for block in to.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                for ((a, b), w) in low.iter_mut().zip(high).zip(&twiddles) {
                    let t = *b * w;
                    *b = *a - t;
                    *a += t;
                }
            }
        }
    }

    /// # Safety
    /// [`ifma::available`].
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    unsafe fn eight(&self, from: &[Fr], to: &mut [Fr]) {
        let m = self.n / 8;
        let mut data: Vec<Eight> = Vec::with_capacity(m);
        for eight in from.chunks_exact(8) {
            data.push(Eight::load_raw::<0>(eight));
        }
        // SAFETY: as for this function.
        unsafe { descend(&mut data, &self.tree, 1) };
        let bits = m.ilog2();
        let scale = self.scale.map(|s| Eight::constant(&ifma::split(ifma::words(&(s * Fr::from(16))))));
        for (block, constants) in self.combine.iter().enumerate() {
            let mut rows: [Eight; 8] = std::array::from_fn(|j| data[reversed(8 * block + j, bits)].carried());
            ifma::transpose_square(&mut rows);
            for (size, first) in [(4usize, 0usize), (2, 1), (1, 3)] {
                for node in 0..4 / size {
                    let c = Eight::load_limbs(&constants[first + node]);
                    for i in 2 * size * node..2 * size * node + size {
                        (rows[i], rows[i + size]) = butterfly(rows[i], rows[i + size], c);
                    }
                }
            }
            for (position, row) in rows.into_iter().enumerate() {
                let at = reversed(position, 3) * m + 8 * block;
                let row = row.carried();
                let row = match scale {
                    Some(scale) => row.times(scale).carried().reduced_once(),
                    None => row.reduced(),
                };
                row.store_raw(&mut to[at..at + 8]);
            }
        }
    }
}

/// All levels of the first step below a node, of the larger blocks first, so that small ones stay in the cache.
///
/// # Safety
/// [`ifma::available`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
unsafe fn descend(data: &mut [Eight], tree: &[[u64; 5]], node: usize) {
    let half = data.len() / 2;
    if half == 0 {
        return;
    }
    let c = Eight::constant(&tree[node]);
    let (low, high) = data.split_at_mut(half);
    for (a, b) in low.iter_mut().zip(high.iter_mut()) {
        (*a, *b) = butterfly(*a, *b, c);
    }
    // SAFETY: as for this function.
    unsafe {
        descend(low, tree, 2 * node);
        descend(high, tree, 2 * node + 1);
    }
}

/// low + c·high and low − c·high + 2p.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn butterfly(low: Eight, high: Eight, c: Eight) -> (Eight, Eight) {
    use super::ifma::{Modulus, Scalar};
    let t = high.carried().times(c);
    (low.plus(t), low.plus(Eight::constant(&Scalar::MULTIPLES[2])).minus(t))
}

#[cfg(target_arch = "x86_64")]
fn constant(c: &Fr) -> [u64; 5] {
    ifma::split(ifma::words(&(*c * Fr::from(16))))
}

/// For a node of depth d, the b-th there: c = shift^(s/2)·root^(e·s/2) with s = m/2^d and e the reversed bits of b.
#[cfg(target_arch = "x86_64")]
fn tree(m: usize, root: &Fr, shift: &Fr) -> Vec<[u64; 5]> {
    let roots = powers(root, m);
    let mut out = vec![[0; 5]; m.max(2)];
    for depth in 0..m.ilog2() {
        let half = (m >> depth) / 2;
        let by = shift.pow_vartime([half as u64]);
        for b in 0..1usize << depth {
            out[(1 << depth) + b] = constant(&(by * roots[reversed(b, depth) * half]));
        }
    }
    out
}

/// For r = shift·root^k: r^4, r²·{1, i}, r·{1, i, w, i·w}, with w = root^m of order 8 and i = w².
#[cfg(target_arch = "x86_64")]
fn combine(m: usize, root: &Fr, shift: &Fr) -> Vec<[[[u64; 8]; 5]; 7]> {
    let w = root.pow_vartime([m as u64]);
    let i = w.square();
    let mut r = *shift;
    (0..m / 8)
        .map(|_| {
            let mut block = [[[0; 8]; 5]; 7];
            for lane in 0..8 {
                let square = r.square();
                let constants = [square.square(), square, square * i, r, r * i, r * w, r * i * w];
                for (node, c) in block.iter_mut().zip(&constants) {
                    for (limb, v) in node.iter_mut().zip(constant(c)) {
                        limb[lane] = v;
                    }
                }
                r *= root;
            }
            block
        })
        .collect()
}

fn powers(of: &Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::one()), |p| Some(*p * of)).take(count).collect()
}

/// The lowest bits of a number in reversed order.
fn reversed(v: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { v.reverse_bits() >> (usize::BITS - bits) }
}

#[cfg(test)]
mod tests {
    use halo2_proofs::halo2curves::ff::PrimeField;
    use rand_core::SeedableRng;

    use super::*;

    /// The definition.
    fn naive(t: &Transform, from: &[Fr]) -> Vec<Fr> {
        powers(&t.root, t.n)
            .iter()
            .map(|x| {
                let x = t.shift * x;
                from.iter().rev().fold(Fr::zero(), |acc, c| acc * x + c) * t.scale.unwrap_or(Fr::one())
            })
            .collect()
    }

    #[test]
    fn agrees_with_the_definition() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for k in 0..9u32 {
            let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |r, _| r.square());
            for (shift, scale) in [
                (Fr::one(), None),
                (Fr::one(), Some(Fr::from(1 << k).invert().unwrap())),
                (Fr::MULTIPLICATIVE_GENERATOR, None),
                (Fr::random(&mut rng), Some(Fr::random(&mut rng))),
            ] {
                let t = Transform::new(k, root, shift, scale);
                for largest in [false, true] {
                    let from: Vec<Fr> =
                        (0..t.n).map(|_| if largest { -Fr::one() } else { Fr::random(&mut rng) }).collect();
                    let (mut one, mut best) = (vec![Fr::zero(); t.n], vec![Fr::zero(); t.n]);
                    t.one(&from, &mut one);
                    t.run(&from, &mut best);
                    let expected = naive(&t, &from);
                    assert_eq!(one, expected, "one by one, 2^{k}");
                    assert_eq!(best, expected, "2^{k}");
                }
            }
        }
    }

    #[test]
    fn long_transforms_have_inverses() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let k = 14;
        let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |r, _| r.square());
        let there = Transform::new(k, root, Fr::one(), None);
        let back = Transform::new(k, root.invert().unwrap(), Fr::one(), Some(Fr::from(1 << k).invert().unwrap()));
        let from: Vec<Fr> = (0..1 << k).map(|_| Fr::random(&mut rng)).collect();
        let (mut values, mut again) = (vec![Fr::zero(); 1 << k], vec![Fr::zero(); 1 << k]);
        there.run(&from, &mut values);
        back.run(&values, &mut again);
        assert_eq!(from, again);
    }
}
