//! The final exponentiation of the pairing.

use super::integer::{X, digits};
use super::tower::Fq12;

/// Width of the windows of the exponent x.
const WINDOW: u8 = 4;

impl Fq12 {
    /// The power `(p^12 - 1) / r`, times a factor that is not divisible by r: of two values either both or none has the power
    /// one. `None` for zero.
    ///
    /// ```text
    /// (p^12 - 1) / r = (p^6 - 1) (p^2 + 1) · (p^4 - p^2 + 1) / r
    /// ```
    pub(super) fn final_exponentiation(&self) -> Option<Self> {
        let f = self.conjugate() * self.inverse()?;
        let f = f.frobenius().frobenius() * f;
        Some(f.hard_part())
    }

    /// The power `2 x (6 x^2 + 3 x + 1) (p^4 - p^2 + 1) / r` of an element whose power `p^4 - p^2 + 1` is one
    /// (Fuentes-Castañeda, Knapp, Rodríguez-Henríquez, *Faster hashing to G2*, SAC 2011, section 5):
    ///
    /// ```text
    /// 1 + 6 x + 12 x^2 + 12 x^3  +  (4 x + 6 x^2 + 12 x^3) p  +  (6 x + 6 x^2 + 12 x^3) p^2  +  (-1 + 4 x + 6 x^2 + 12 x^3) p^3
    /// ```
    ///
    /// Inverses are conjugates here.
    fn hard_part(&self) -> Self {
        let two = self.power_x().cyclotomic_square(); // 2 x
        let six = two.cyclotomic_square() * two; // 6 x
        let square = six.power_x(); // 6 x^2
        let cube = square.cyclotomic_square().power_x(); // 12 x^3
        let second = cube * square * six; // 6 x + 6 x^2 + 12 x^3
        let first = second * two.conjugate(); // 4 x + 6 x^2 + 12 x^3
        let zeroth = second * square * self;
        let third = first * self.conjugate();
        zeroth * first.frobenius() * second.frobenius().frobenius() * third.frobenius().frobenius().frobenius()
    }

    /// The power x of an element whose power `p^4 - p^2 + 1` is one.
    fn power_x(&self) -> Self {
        // f, f^3, f^5, f^7
        let square = self.cyclotomic_square();
        let mut odd = [*self; 1 << (WINDOW - 2)];
        let mut power = *self;
        for slot in odd.iter_mut().skip(1) {
            power *= square;
            *slot = power;
        }
        digits(&[X, 0, 0, 0], WINDOW).into_iter().rev().fold(Self::ONE, |power, digit| {
            let power = power.cyclotomic_square();
            match odd.get(usize::from(digit.unsigned_abs() >> 1)) {
                Some(factor) if digit > 0 => power * factor,
                Some(factor) if digit < 0 => power * factor.conjugate(),
                _ => power,
            }
        })
    }
}
