//! The optimal ate pairing (Vercauteren, *Optimal pairings*, <https://eprint.iacr.org/2008/096>, section IV).
//!
//! For P in G1 and Q in G2, with f_{n,Q} the function whose zeros and poles are `n (Q) - (n Q) - (n - 1) (O)`, with l_{A,B} the
//! line through A and B, and with ψ the Frobenius map on G2,
//!
//! ```text
//! e(P, Q) = (f_{6x+2,Q}(P) · l_{[6x+2]Q, ψ(Q)}(P) · l_{[6x+2]Q + ψ(Q), -ψ²(Q)}(P)) ^ ((p^12 - 1) / r)
//! ```
//!
//! Miller's loop computes f from lines. Pairs share its squares, and the final exponentiation.
//!
//! The twist of the line `y = λ x - c` through points of the twisted curve, at P, is (Aranha and others, *Faster explicit
//! formulas for computing pairings over ordinary curves*, <https://eprint.iacr.org/2010/526>, section 4)
//!
//! ```text
//! y_P - λ x_P w + c w^3
//! ```
//!
//! Here it is divided by y_P, since the final exponentiation makes a factor of Fq one: the power `p^6 - 1` of it is one.

use super::field::Fq;
use super::group::G1Affine;
use super::inversion::invert_all;
use super::lines::{Line, PreparedG2, Step, steps};
use super::tower::Fq12;

/// A point of G1 as lines are evaluated at it, and the lines that are left.
struct Pair<'a> {
    /// `-x / y`.
    x: Fq,
    /// `1 / y`.
    y: Fq,
    lines: std::slice::Iter<'a, Line>,
}

impl Pair<'_> {
    /// The product of f and the next line at the point.
    fn apply(&mut self, f: &mut Fq12) {
        if let Some(line) = self.lines.next() {
            *f = f.times_line(&line.slope.scaled(&self.x), &line.offset.scaled(&self.y));
        }
    }
}

/// The product of the pairs' values in Miller's loop, up to factors that the final exponentiation makes one. A pair with an
/// identity has the value one.
pub(super) fn miller_loop(pairs: &[(G1Affine, &PreparedG2)]) -> Fq12 {
    let pairs: Vec<_> = pairs.iter().filter(|(point, _)| !point.is_identity()).collect();
    // No point of G1 has y = 0.
    let mut inverses: Vec<Fq> = pairs.iter().map(|(point, _)| point.y).collect();
    invert_all(&mut inverses);
    let pairs = pairs.into_iter().zip(inverses);
    let mut pairs: Vec<Pair<'_>> =
        pairs.map(|((point, prepared), y)| Pair { x: -(point.x * y), y, lines: prepared.lines.iter() }).collect();

    let mut f = Fq12::ONE;
    for step in steps() {
        if step == Step::Double {
            f = f.square();
        }
        pairs.iter_mut().for_each(|pair| pair.apply(&mut f));
    }
    // The lines through ψ(Q) and -ψ²(Q).
    for _ in 0..2 {
        pairs.iter_mut().for_each(|pair| pair.apply(&mut f));
    }
    f
}

/// Whether the product of the pairings of all pairs is one.
pub(crate) fn product_is_one(pairs: &[(G1Affine, &PreparedG2)]) -> bool {
    miller_loop(pairs).final_exponentiation() == Some(Fq12::ONE)
}
