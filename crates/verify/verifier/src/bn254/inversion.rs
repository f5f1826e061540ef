//! Inverses in the prime fields, and of many elements at once.

use super::field::Fp;
use super::integer::{Words, difference, halve, is_odd, is_zero};
use super::operators::Field;
use super::prime::Prime;

impl<M: Prime> Fp<M> {
    /// `1 / a`, if a is not zero.
    ///
    /// The binary extended Euclidean algorithm (Guajardo, Kumar, Paar, Pelzl, *Efficient software-implementation of finite
    /// fields with applications to cryptography*, 2006, algorithm 16). Throughout, modulo p,
    ///
    /// ```text
    /// u = a b / s,    v = a c / s,
    /// ```
    ///
    /// where s is the square of 2^256, for a in Montgomery's form: then b or c is the form of the inverse once u or v is one.
    /// They shrink until then, since the greatest common divisor of a and p is 1.
    pub(crate) fn inverse(&self) -> Option<Self> {
        const ONE: Words = [1, 0, 0, 0];
        if self.is_zero() {
            return None;
        }
        let (mut u, mut v) = (*self.form(), M::MODULUS);
        let (mut b, mut c) = (Self::of_form(M::R_SQUARED), Self::ZERO);
        while u != ONE && v != ONE {
            while !is_odd(&u) && !is_zero(&u) {
                (u, b) = (halve(&u), b.half());
            }
            while !is_odd(&v) && !is_zero(&v) {
                (v, c) = (halve(&v), c.half());
            }
            match difference(&u, &v) {
                (rest, false) => (u, b) = (rest, b - c),
                (_, true) => (v, c) = (difference(&v, &u).0, c - b),
            }
        }
        Some(if u == ONE { b } else { c })
    }
}

/// Replaces elements by their inverses, and leaves zeros: one inversion and three products for each element (Montgomery,
/// *Speeding the Pollard and elliptic curve methods of factorization*, 1987, section 10.3.1).
pub(crate) fn invert_all<F: Field>(elements: &mut [F]) {
    let mut product = F::ONE;
    let mut before = Vec::with_capacity(elements.len());
    for element in elements.iter().filter(|element| !element.is_zero()) {
        before.push(product);
        product *= *element;
    }
    // A product of elements that are not zero has an inverse.
    let Some(mut inverse) = product.inverse() else { return };
    let places = elements.iter_mut().rev().filter(|element| !element.is_zero());
    for (element, before) in places.zip(before.into_iter().rev()) {
        let own = inverse * before;
        inverse *= *element;
        *element = own;
    }
}
