//! Field arithmetic on several elements at once.
//!
//! A [`Kernel`] is written once, over [`Packed`]; [`dispatch`] runs it with [`One`] element at a time, or with eight where the processor has AVX-512 IFMA
//! (Intel since Ice Lake, AMD since Zen 4): a product of eight pairs then takes about as long as two or three one by one.
//!
//! Packed elements are lazily reduced. A value is known to be below a small multiple of the modulus, its *bound*; operations say what bound they need and give. The
//! largest bound is [`MAX_BOUND`].

#[cfg(target_arch = "x86_64")]
pub(crate) mod ifma;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod transform;

use halo2_proofs::halo2curves::bn256::Fr;

/// No value may reach this multiple of the modulus: 2^260 is 84 times it.
pub(crate) const MAX_BOUND: u32 = 80;
/// The bound of what is loaded; that of a splatted constant is 1.
pub(crate) const LOAD_BOUND: u32 = 16;

/// The bound of a product of values with bounds `a` and `b`, each at most [`MAX_BOUND`]: `1 + a·b·p/2^260`, rounded up.
pub(crate) fn product_bound(a: u32, b: u32) -> u32 {
    1 + (a * b).div_ceil(84)
}

/// Some scalars, on which the same operation works at once.
pub(crate) trait Packed: Copy {
    /// How many.
    const WIDTH: usize;
    /// The first [`Self::WIDTH`] elements of a slice that has so many; bound [`LOAD_BOUND`].
    fn load(from: &[Fr]) -> Self;
    /// Says that a slice's first elements will be loaded soon.
    #[inline(always)]
    fn announce(_: &[Fr]) {}
    /// The same element in all lanes; bound 1.
    fn splat(v: &Fr) -> Self;
    /// Stores a value of any bound into the first [`Self::WIDTH`] elements of a slice that has so many.
    fn store(self, to: &mut [Fr]);
    /// The sum; its bound is the sum of the bounds.
    fn add(self, other: Self) -> Self;
    /// The difference, where `bound` is the other's bound, which the result's grows by.
    fn sub(self, other: Self, bound: u32) -> Self;
    /// The product, with the bound [`product_bound`].
    fn mul(self, other: Self) -> Self;
}

/// A computation that works with any number of lanes.
///
/// `run` must be `#[inline(always)]` and must not leave the thread, so that it is compiled for the processor it runs on.
pub(crate) trait Kernel {
    /// What it computes.
    type Output;
    /// Computes it.
    fn run<L: Packed>(self) -> Self::Output;
}

/// Runs a kernel with as many lanes as the processor has, if they divide `len`.
pub(crate) fn dispatch<K: Kernel>(len: usize, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if len.is_multiple_of(ifma::Eight::WIDTH) && ifma::available() {
        // SAFETY: the processor has the instructions.
        return unsafe { ifma::run(kernel) };
    }
    let _ = len;
    kernel.run::<One>()
}

/// A single element, always reduced.
#[derive(Clone, Copy)]
pub(crate) struct One(Fr);

impl Packed for One {
    const WIDTH: usize = 1;

    #[inline(always)]
    fn load(from: &[Fr]) -> Self {
        Self(from[0])
    }

    #[inline(always)]
    fn splat(v: &Fr) -> Self {
        Self(*v)
    }

    #[inline(always)]
    fn store(self, to: &mut [Fr]) {
        to[0] = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    #[inline(always)]
    fn sub(self, other: Self, _: u32) -> Self {
        Self(self.0 - other.0)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}
