//! The lines of the pairing, which depend on the point of G2 only: they are computed once for a key.

use super::group::{G2Affine, Jacobian, direction};
use super::integer::{at_x, digits};
use super::inversion::invert_all;
use super::quadratic::Fq2;

/// A line on the twisted curve: `y = slope x - offset`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) slope: Fq2,
    pub(super) offset: Fq2,
}

/// A point of G2 as the lines of its Miller loop, in the order of [`steps`]; of the identity there are none.
#[derive(Clone, Debug)]
pub(crate) struct PreparedG2 {
    pub(super) lines: Vec<Line>,
}

/// A step of the Miller loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// T becomes 2 T.
    Double,
    /// T becomes T + Q.
    Add,
    /// T becomes T - Q.
    Subtract,
}

/// The steps that make (6 x + 2) Q of Q, by the non-adjacent form: from the second highest digit on.
pub(super) fn steps() -> impl Iterator<Item = Step> {
    let digits = digits(&at_x([6, 2]), 2);
    digits.into_iter().rev().skip(1).flat_map(|digit| {
        let add = match digit {
            0 => None,
            1.. => Some(Step::Add),
            _ => Some(Step::Subtract),
        };
        std::iter::once(Step::Double).chain(add)
    })
}

impl PreparedG2 {
    /// The lines of a point of order r, or of the identity.
    pub(crate) fn new(point: &G2Affine) -> Self {
        if point.is_identity() {
            return Self { lines: Vec::new() };
        }
        // T before each step, and the other point of the line; a tangent has none.
        let (mut multiples, mut others) = (Vec::new(), Vec::new());
        let mut multiple = Jacobian::from(*point);
        let image = point.frobenius();
        let last = [Some(image), Some(-image.frobenius())];
        let other = |step| match step {
            Step::Double => None,
            Step::Add => Some(*point),
            Step::Subtract => Some(-*point),
        };
        for other in steps().map(other).chain(last) {
            multiples.push(multiple);
            others.push(other);
            multiple = other.map_or_else(|| multiple.double(), |other| multiple.add_affine(&other));
        }
        let multiples = Jacobian::all_to_affine(&multiples);
        let (rises, mut runs): (Vec<Fq2>, Vec<Fq2>) =
            multiples.iter().zip(&others).map(|(multiple, other)| direction(multiple, other.as_ref())).unzip();
        // None is zero: T is neither Q nor its opposite before it has made its multiple, since Q has order r.
        invert_all(&mut runs);
        let lines = multiples.iter().zip(rises).zip(runs).map(|((multiple, rise), run)| {
            let slope = rise * run;
            Line { slope, offset: slope * multiple.x - multiple.y }
        });
        Self { lines: lines.collect() }
    }
}
