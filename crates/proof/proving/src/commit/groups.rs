//! Sums of groups of points in affine coordinates.
//!
//! Neighbours in a group are added, in all groups at once, until each has one point. All additions of a round share one inversion, and with AVX-512 IFMA
//! ([`crate::packed`]) eight are done at once, in [`wide`].

use halo2_proofs::halo2curves::bn256::Fq;

#[cfg(target_arch = "x86_64")]
mod wide;

/// A point in affine coordinates; (0, 0), which is not on the curve y² = x³ + 3, is the identity.
pub(super) type Point = (Fq, Fq);

pub(super) fn is_identity(p: &Point) -> bool {
    p.0 == Fq::zero() && p.1 == Fq::zero()
}

/// An addition of a round: where the two neighbours are, and where their sum goes.
#[derive(Clone, Copy, Debug)]
struct Pair {
    from: u32,
    to: u32,
}

/// The sum of each group `points[starts[g]..starts[g + 1]]`. An empty group's sum is the identity.
pub(super) fn sum_groups(mut points: Vec<Point>, mut starts: Vec<u32>) -> Vec<Point> {
    let mut pairs: Vec<Pair> = Vec::with_capacity(points.len() / 2);
    let mut sums: Vec<Point> = Vec::new();
    loop {
        pairs.clear();
        let (mut write, mut begin) = (0u32, 0u32);
        for start in &mut starts {
            let end = *start;
            // The group before ends here.
            let count = end - begin;
            pairs.extend((0..count / 2).map(|i| Pair { from: begin + 2 * i, to: write + i }));
            write += count.div_ceil(2);
            begin = end;
            *start = write;
        }
        if pairs.is_empty() {
            break;
        }
        sums.clear();
        sums.resize(write as usize, (Fq::zero(), Fq::zero()));
        alone(&points, &starts, &mut sums, &pairs);
        add_pairs(&points, &pairs, &mut sums);
        std::mem::swap(&mut points, &mut sums);
    }
    starts.windows(2).map(|s| if s[0] == s[1] { (Fq::zero(), Fq::zero()) } else { points[s[0] as usize] }).collect()
}

/// Copies the points that have no partner: those between the additions' places.
fn alone(points: &[Point], ends: &[u32], sums: &mut [Point], pairs: &[Pair]) {
    let (mut read, mut write) = (0u32, 0u32);
    let end = ends.last().copied().unwrap_or(0);
    let past = Pair { from: points.len() as u32, to: end };
    for pair in pairs.iter().chain([&past]) {
        while write < pair.to {
            sums[write as usize] = points[read as usize];
            write += 1;
            read += 1;
        }
        write = pair.to + 1;
        read = pair.from + 2;
    }
}

/// All additions of a round.
fn add_pairs(points: &[Point], pairs: &[Pair], sums: &mut [Point]) {
    #[cfg(target_arch = "x86_64")]
    if pairs.len() >= 32 && crate::packed::ifma::available() {
        // SAFETY: the processor has the instructions.
        unsafe { wide::add_pairs(points, pairs, sums) };
        return;
    }
    one_by_one(points, pairs, sums);
}

fn one_by_one(points: &[Point], pairs: &[Pair], sums: &mut [Point]) {
    // Running products of the denominators.
    let mut products: Vec<Fq> = Vec::with_capacity(pairs.len());
    let mut product = Fq::one();
    for pair in pairs {
        let [a, b] = neighbours(points, pair);
        products.push(product);
        product *= denominator(a, b);
    }
    // No denominator is zero: see there. Were one, all sums here would be wrong, and the proof would not verify.
    let inverse = Option::<Fq>::from(product.invert());
    debug_assert!(inverse.is_some(), "a denominator is zero");
    let mut inverse = inverse.unwrap_or(Fq::zero());
    for (pair, product) in pairs.iter().zip(&products).rev() {
        let [a, b] = neighbours(points, pair);
        sums[pair.to as usize] = add(a, b, &(inverse * product));
        inverse *= denominator(a, b);
    }
}

fn neighbours<'a>(points: &'a [Point], pair: &Pair) -> [&'a Point; 2] {
    let at = pair.from as usize;
    [&points[at], &points[at + 1]]
}

/// What the slope of an addition is divided by; 1 where no division is needed.
fn denominator(a: &Point, b: &Point) -> Fq {
    if is_identity(a) || is_identity(b) {
        Fq::one()
    } else if a.0 != b.0 {
        b.0 - a.0
    } else if a.1 == b.1 {
        a.1.double()
    } else {
        Fq::one()
    }
}

/// a + b, given the inverse of [`denominator`].
fn add(a: &Point, b: &Point, inverse: &Fq) -> Point {
    if is_identity(a) {
        return *b;
    }
    if is_identity(b) {
        return *a;
    }
    let slope = if a.0 != b.0 {
        (b.1 - a.1) * inverse
    } else if a.1 == b.1 {
        let square = a.0.square();
        (square.double() + square) * inverse
    } else {
        return (Fq::zero(), Fq::zero());
    };
    let x = slope.square() - a.0 - b.0;
    (x, slope * (a.0 - x) - a.1)
}

#[cfg(test)]
mod tests {
    use halo2_proofs::halo2curves::{
        bn256::{G1, G1Affine},
        group::{Curve, Group},
    };
    use rand::{Rng, SeedableRng};

    use super::*;

    fn point(p: &G1) -> Point {
        let p = p.to_affine();
        (p.x, p.y)
    }

    #[test]
    fn agrees_with_the_group_law() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let base: Vec<G1> = (0..40).map(|_| G1::random(&mut rng)).collect();
        for round in 0..30 {
            let mut starts = vec![0u32];
            let (mut points, mut expected) = (Vec::new(), Vec::new());
            for _ in 0..rng.gen_range(1..80) {
                let mut sum = G1::identity();
                for _ in 0..rng.gen_range(0..24) {
                    // Few different points in some rounds, so that equal, opposite and infinite ones meet.
                    let few = if round % 2 == 0 { 2 } else { base.len() };
                    let p = base[rng.gen_range(0..few)];
                    let p = [p, -p, p, G1::identity()][rng.gen_range(0..if round % 2 == 0 { 4 } else { 3 })];
                    sum += p;
                    points.push(if bool::from(p.is_identity()) { (Fq::zero(), Fq::zero()) } else { point(&p) });
                }
                starts.push(points.len() as u32);
                expected.push(sum);
            }
            let sums = sum_groups(points, starts);
            for (s, e) in sums.iter().zip(&expected) {
                let identity = bool::from(e.is_identity());
                assert!(if identity { is_identity(s) } else { *s == point(e) }, "round {round}");
                assert!(identity || G1Affine { x: s.0, y: s.1 } == e.to_affine());
            }
        }
    }
}
