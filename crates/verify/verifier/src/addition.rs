//! Many independent additions of points at once.
//!
//! In affine coordinates an addition takes an inversion, two products and a square. One inversion serves all of them
//! (Montgomery's trick, three products for each), so that an addition takes five products and a square, where one in
//! mixed coordinates takes eleven.

use crate::bn254::{Fq, G1Affine, direction, invert_all};

/// The line through two points, or the tangent of one: its slope is rise / run.
struct Line {
    rise: Fq,
    run: Fq,
}

/// The line that gives the sum; or the sum, if none does: one of the points is the identity, or they cancel.
fn line(a: &G1Affine, b: &G1Affine) -> Result<Line, G1Affine> {
    if a.is_identity() {
        return Err(*b);
    }
    if b.is_identity() {
        return Err(*a);
    }
    if a.x != b.x {
        let (rise, run) = direction(a, Some(b));
        return Ok(Line { rise, run });
    }
    // No point has y = 0: the group's order is odd.
    if a.y != b.y || a.y.is_zero() {
        return Err(G1Affine::IDENTITY);
    }
    let (rise, run) = direction(a, None);
    Ok(Line { rise, run })
}

/// The sums of pairs.
pub(crate) fn add_pairs(pairs: &[(G1Affine, G1Affine)]) -> Vec<G1Affine> {
    let lines: Vec<_> = pairs.iter().map(|(a, b)| line(a, b)).collect();
    // A run is never zero, but for those that are not used: zeros stay zeros.
    let mut inverses: Vec<Fq> =
        lines.iter().map(|line| line.as_ref().map_or_else(|_| Fq::ZERO, |line| line.run)).collect();
    invert_all(&mut inverses);
    let sums = pairs.iter().zip(lines).zip(&inverses).map(|(((a, b), line), inverse)| match line {
        Err(sum) => sum,
        Ok(Line { rise, .. }) => {
            let slope = rise * inverse;
            let x = slope.square() - a.x - b.x;
            G1Affine { x, y: slope * (a.x - x) - a.y }
        }
    });
    sums.collect()
}

/// The sum of each list.
pub(crate) fn sum_each(mut lists: Vec<Vec<G1Affine>>) -> Vec<G1Affine> {
    let mut pairs = Vec::new();
    loop {
        pairs.clear();
        for list in &lists {
            let (whole, _) = list.as_chunks::<2>();
            pairs.extend(whole.iter().map(|[a, b]| (*a, *b)));
        }
        if pairs.is_empty() {
            return lists.into_iter().map(|list| list.first().copied().unwrap_or(G1Affine::IDENTITY)).collect();
        }
        let mut sums = add_pairs(&pairs).into_iter();
        for list in &mut lists {
            let half = list.len() >> 1;
            let odd = if list.len() & 1 == 1 { list.last().copied() } else { None };
            list.clear();
            list.extend(sums.by_ref().take(half).chain(odd));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bn254::G1;
    use crate::field::from_i64;

    fn multiple(scalar: i64) -> G1Affine {
        G1::multiple(&G1Affine::GENERATOR, &from_i64(scalar).to_words()).to_affine()
    }

    #[test]
    fn pairs_of_every_kind_are_added() {
        let scalars = [0, 1, 2, 7, -7, 7, 5];
        let pairs: Vec<_> = scalars.iter().flat_map(|a| scalars.map(|b| (*a, b))).collect();
        let points: Vec<_> = pairs.iter().map(|(a, b)| (multiple(*a), multiple(*b))).collect();
        let expected: Vec<_> = pairs.iter().map(|(a, b)| multiple(a + b)).collect();
        assert_eq!(add_pairs(&points), expected);
        assert!(add_pairs(&[]).is_empty());
    }

    #[test]
    fn lists_of_every_length_are_summed() {
        let lists: Vec<Vec<i64>> = vec![vec![], vec![3], vec![1, -1], vec![1, -1, 4], vec![2; 9], (-3..40).collect()];
        let expected: Vec<G1Affine> =
            lists.iter().map(|list| list.iter().map(|s| G1::from(multiple(*s))).sum::<G1>().to_affine()).collect();
        let points = lists.iter().map(|list| list.iter().map(|s| multiple(*s)).collect()).collect();
        assert_eq!(sum_each(points), expected);
        assert!(sum_each(vec![]).is_empty());
    }
}
