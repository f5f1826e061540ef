//! Reference strings from a secret that is known here: with one table of multiples of the generator, each point takes an addition
//! for each byte of its scalar. halo2's own `setup` multiplies each from nothing, in seven times the time.

use halo2_proofs::{
    arithmetic::parallelize,
    halo2curves::{
        bn256::{Bn256, Fr, G1, G1Affine, G2Affine},
        ff::{BatchInvert, Field, PrimeField},
        group::{Curve, Group},
    },
    poly::kzg::commitment::ParamsKZG,
};
use rand_core::{OsRng, RngCore};

/// Values of a byte.
const BYTE: usize = 256;

/// The multiples of the generator by each value of each byte of a scalar.
struct Generator(Vec<G1Affine>);

#[expect(clippy::arithmetic_side_effects, reason = "additions of points")]
impl Generator {
    fn new() -> Self {
        let (mut place, mut multiples) = (G1::generator(), Vec::new());
        for _ in Fr::ZERO.to_repr() {
            let mut multiple = G1::identity();
            for _ in 0..BYTE {
                multiples.push(multiple);
                multiple += place;
            }
            place = multiple;
        }
        Self(normal(&multiples))
    }

    fn times(&self, scalar: &Fr) -> G1 {
        let repr = scalar.to_repr();
        let bytes = repr.iter().zip(self.0.chunks_exact(BYTE));
        bytes.filter_map(|(byte, multiples)| multiples.get(usize::from(*byte))).fold(G1::identity(), |sum, p| sum + p)
    }

    fn times_each(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        let mut points = vec![G1Affine::default(); scalars.len()];
        parallelize(&mut points, |points, start| {
            let own = scalars.iter().skip(start).take(points.len());
            let multiples: Vec<G1> = own.map(|scalar| self.times(scalar)).collect();
            G1::batch_normalize(&multiples, points);
        });
        points
    }
}

fn normal(points: &[G1]) -> Vec<G1Affine> {
    let mut affine = vec![G1Affine::default(); points.len()];
    G1::batch_normalize(points, &mut affine);
    affine
}

/// 2^k powers of a secret that is drawn and dropped; the same points as halo2's `setup` from the same randomness.
pub(super) fn params(k: u32, rng: impl RngCore) -> ParamsKZG<Bn256> {
    let s = Fr::random(rng);
    let n = 1u64 << k;
    let powers = |base: Fr| std::iter::successors(Some(Fr::ONE), move |power| Some(*power * base));
    let count = usize::try_from(n).unwrap_or(usize::MAX);
    let of_secret: Vec<Fr> = powers(s).take(count).collect();
    // L_i(s) = (s^n − 1)/n · ω^i/(s − ω^i).
    let mut root = Fr::ROOT_OF_UNITY;
    for _ in k..Fr::S {
        root = root.square();
    }
    let roots: Vec<Fr> = powers(root).take(count).collect();
    let mut lagrange: Vec<Fr> = roots.iter().map(|root| s - root).collect();
    lagrange.iter_mut().batch_invert();
    let factor = (s.pow_vartime([n]) - Fr::ONE) * Fr::from(n).invert().unwrap_or(Fr::ZERO);
    lagrange.iter_mut().zip(&roots).for_each(|(value, root)| *value *= *root * factor);

    let generator = Generator::new();
    let (g, g_lagrange) = (generator.times_each(&of_secret), generator.times_each(&lagrange));
    let g2 = G2Affine::generator();
    // halo2 makes parameters of parts only from other parameters.
    ParamsKZG::<Bn256>::setup(1, OsRng).from_parts(k, g, Some(g_lagrange), g2, (g2 * s).to_affine())
}

#[cfg(test)]
mod tests {
    use halo2_proofs::SerdeFormat;
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn the_points_are_those_of_halo2() {
        for k in [1, 2, 5, 9] {
            let rng = || ChaCha8Rng::seed_from_u64(u64::from(k));
            let bytes = |params: ParamsKZG<Bn256>| {
                let mut bytes = Vec::new();
                params.write_custom(&mut bytes, SerdeFormat::RawBytes).unwrap();
                bytes
            };
            assert_eq!(bytes(params(k, rng())), bytes(ParamsKZG::setup(k, rng())), "k = {k}");
        }
    }
}
