//! The prime fields Fq and Fr.
//!
//! An element a is kept in Montgomery's form, as the integer `a 2^256` modulo p (Montgomery, *Modular multiplication without
//! trial division*, 1985), always below p: then a product of two such integers, divided by 2^256, is the form of the product.

use std::iter::Sum;
use std::marker::PhantomData;

use super::integer::{self, Words, bits, difference, halve, sum};
#[cfg(target_arch = "wasm32")]
use super::limbs as kernel;
use super::operators;
use super::prime::{Coordinates, Prime, Scalars, added, subtracted};
#[cfg(not(target_arch = "wasm32"))]
use super::words as kernel;

/// The field of coordinates.
pub(crate) type Fq = Fp<Coordinates>;

/// The field of scalars.
pub(crate) type Fr = Fp<Scalars>;

/// An element of a prime field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fp<M> {
    /// `a 2^256` modulo p, below p.
    form: Words,
    prime: PhantomData<M>,
}

impl<M: Prime> Default for Fp<M> {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<M: Prime> Fp<M> {
    pub(crate) const ZERO: Self = Self::of_form([0; 4]);
    pub(crate) const ONE: Self = Self::of_form(M::R);

    pub(super) const fn of_form(form: Words) -> Self {
        Self { form, prime: PhantomData }
    }

    pub(super) const fn form(&self) -> &Words {
        &self.form
    }

    /// An integer, modulo p.
    pub(crate) const fn of(integer: u64) -> Self {
        Self::of_form([integer, 0, 0, 0]).times(&Self::of_form(M::R_SQUARED))
    }

    /// An integer, if it is below p.
    pub(crate) fn from_words(words: Words) -> Option<Self> {
        let (_, below) = difference(&words, &M::MODULUS);
        below.then(|| Self::of_form(words) * Self::of_form(M::R_SQUARED))
    }

    /// An integer of 256 bits, modulo p.
    pub(crate) fn from_integer(integer: Words) -> Self {
        // The second factor of a product need not be below p.
        Self::of_form(M::R_SQUARED) * Self::of_form(integer)
    }

    /// The element as an integer below p.
    pub(crate) fn to_words(self) -> Words {
        *self.times(&Self::of_form([1, 0, 0, 0])).form()
    }

    pub(crate) const fn is_zero(&self) -> bool {
        integer::is_zero(&self.form)
    }

    pub(crate) fn is_one(&self) -> bool {
        *self == Self::ONE
    }

    // In WebAssembly none of these is inlined: formulas of the extension fields would have hundreds of copies of each.

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) const fn plus(&self, other: &Self) -> Self {
        Self::of_form(added::<M>(&self.form, &other.form))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) const fn minus(&self, other: &Self) -> Self {
        Self::of_form(subtracted::<M>(&self.form, &other.form))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) const fn times(&self, other: &Self) -> Self {
        Self::of_form(kernel::multiply::<M>(&self.form, &other.form))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(crate) const fn square(&self) -> Self {
        Self::of_form(kernel::square::<M>(&self.form))
    }

    /// `(a0 + a1 u) (b0 + b1 u)`, with `u^2 = -1`.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(super) const fn times_pairs(a: [&Self; 2], b: [&Self; 2]) -> [Self; 2] {
        let ([a0, a1], [b0, b1]) = (a, b);
        let [c0, c1] = kernel::multiply_pairs::<M>([&a0.form, &a1.form], [&b0.form, &b1.form]);
        [Self::of_form(c0), Self::of_form(c1)]
    }

    #[inline]
    pub(crate) const fn negated(&self) -> Self {
        Self::ZERO.minus(self)
    }

    #[inline]
    pub(crate) const fn double(&self) -> Self {
        self.plus(self)
    }

    /// Half of the element.
    pub(super) const fn half(&self) -> Self {
        // p is odd: of a and a + p one is even.
        let even = if integer::is_odd(&self.form) { sum(&self.form, &M::MODULUS) } else { self.form };
        Self::of_form(halve(&even))
    }

    /// A power. The exponent's words are in order, the lowest first.
    pub(crate) fn pow(&self, exponent: impl AsRef<[u64]>) -> Self {
        bits(exponent.as_ref()).fold(Self::ONE, |power, bit| if bit { power.square() * self } else { power.square() })
    }
}

operators::ring!([M: Prime] Fp<M>);
operators::field!([M: Prime] Fp<M>);

impl<M: Prime> From<u64> for Fp<M> {
    fn from(integer: u64) -> Self {
        Self::of(integer)
    }
}

impl<M: Prime> From<u128> for Fp<M> {
    fn from(integer: u128) -> Self {
        let [low, high] = [integer & u128::from(u64::MAX), integer >> 64].map(|word| u64::try_from(word).unwrap_or(0));
        Self::of_form([low, high, 0, 0]) * Self::of_form(M::R_SQUARED)
    }
}

impl<M: Prime> Sum for Fp<M> {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(Self::ZERO, |sum, element| sum + element)
    }
}

impl<'a, M: Prime> Sum<&'a Self> for Fp<M> {
    fn sum<I: Iterator<Item = &'a Self>>(elements: I) -> Self {
        elements.copied().sum()
    }
}
