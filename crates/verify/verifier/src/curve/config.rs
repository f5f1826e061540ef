//! The curve of `ark_bn254`, over fields that multiply with small limbs. All constants are those of `ark_bn254`.

use ark_bn254::{Fq as ArkFq, Fq2 as ArkFq2, Fr as ArkFr};
use ark_ec::bn::{self, Bn, BnConfig, TwistType};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, CurveConfig};
use ark_ff::{
    AdditiveGroup, BigInt, Field, Fp, Fp2, Fp2Config, Fp6, Fp6Config, Fp12Config, Fp256, MontBackend, MontConfig,
};

use super::limbs::{self, Modulus};

macro_rules! field {
    ($(#[$doc:meta])* $config:ident, $field:ident, $ark_config:ty, $import:ident, $ark:ty) => {
        $(#[$doc])*
        pub(crate) struct $config;

        $(#[$doc])*
        pub(crate) type $field = Fp256<MontBackend<$config, 4>>;

        impl $config {
            const LIMBS: &Modulus = &Modulus::new(Self::MODULUS.0, Self::INV);
        }

        /// The same element.
        pub(super) const fn $import(element: $ark) -> $field {
            // Both are in Montgomery form with the factor 2^256.
            Fp::new_unchecked(element.0)
        }

        impl MontConfig<4> for $config {
            const MODULUS: BigInt<4> = <$ark_config as MontConfig<4>>::MODULUS;
            const GENERATOR: $field = $import(<$ark_config as MontConfig<4>>::GENERATOR);
            const TWO_ADIC_ROOT_OF_UNITY: $field = $import(<$ark_config as MontConfig<4>>::TWO_ADIC_ROOT_OF_UNITY);

            // Never inlined: formulas of the extension fields would have hundreds of copies of each.
            #[inline(never)]
            fn add_assign(a: &mut $field, b: &$field) {
                a.0.0 = limbs::add(&a.0.0, &b.0.0, Self::LIMBS);
            }

            #[inline(never)]
            fn sub_assign(a: &mut $field, b: &$field) {
                a.0.0 = limbs::subtract(&a.0.0, &b.0.0, Self::LIMBS);
            }

            #[inline(never)]
            fn double_in_place(a: &mut $field) {
                a.0.0 = limbs::add(&a.0.0, &a.0.0, Self::LIMBS);
            }

            #[inline(never)]
            fn neg_in_place(a: &mut $field) {
                a.0.0 = limbs::subtract(&[0; 4], &a.0.0, Self::LIMBS);
            }

            #[inline(never)]
            fn mul_assign(a: &mut $field, b: &$field) {
                a.0.0 = limbs::multiply(&a.0.0, &b.0.0, Self::LIMBS);
            }

            #[inline(never)]
            fn square_in_place(a: &mut $field) {
                a.0.0 = limbs::square(&a.0.0, Self::LIMBS);
            }

            #[inline]
            fn sum_of_products<const M: usize>(a: &[$field; M], b: &[$field; M]) -> $field {
                if let ([a0, a1], [b0, b1]) = (a.as_slice(), b.as_slice()) {
                    return sum_of_two(a0, b0, a1, b1);
                }
                return a.iter().zip(b).map(|(a, b)| *a * b).sum();

                #[inline(never)]
                fn sum_of_two(a: &$field, b: &$field, c: &$field, d: &$field) -> $field {
                    Fp::new_unchecked(BigInt(limbs::multiply_two(
                        &a.0.0, &b.0.0, &c.0.0, &d.0.0, $config::LIMBS,
                    )))
                }
            }
        }
    };
}

field!(
    /// The field of coordinates.
    FqConfig, Fq, ark_bn254::FqConfig, fq, ArkFq
);
field!(
    /// The field of scalars.
    FrConfig, Fr, ark_bn254::FrConfig, fr, ArkFr
);

/// The same element.
pub(super) const fn fq2(element: ArkFq2) -> Fq2 {
    Fq2::new(fq(element.c0), fq(element.c1))
}

macro_rules! import_all {
    ($import:ident, $list:expr; $($i:literal)+) => { &[$($import($list[$i])),+] };
}

pub(crate) type Fq2 = Fp2<Fq2Config>;

/// u^2 = -1.
pub(crate) struct Fq2Config;

impl Fp2Config for Fq2Config {
    type Fp = Fq;
    const NONRESIDUE: Fq = fq(ark_bn254::Fq2Config::NONRESIDUE);
    const FROBENIUS_COEFF_FP2_C1: &'static [Fq] = import_all!(fq, ark_bn254::Fq2Config::FROBENIUS_COEFF_FP2_C1; 0 1);

    #[inline(always)]
    fn mul_fp_by_nonresidue_in_place(element: &mut Fq) -> &mut Fq {
        element.neg_in_place()
    }
}

/// v^3 = u + 9.
#[derive(Clone, Copy)]
pub(crate) struct Fq6Config;

impl Fp6Config for Fq6Config {
    type Fp2Config = Fq2Config;
    const NONRESIDUE: Fq2 = fq2(ark_bn254::Fq6Config::NONRESIDUE);
    const FROBENIUS_COEFF_FP6_C1: &'static [Fq2] =
        import_all!(fq2, ark_bn254::Fq6Config::FROBENIUS_COEFF_FP6_C1; 0 1 2 3 4 5);
    const FROBENIUS_COEFF_FP6_C2: &'static [Fq2] =
        import_all!(fq2, ark_bn254::Fq6Config::FROBENIUS_COEFF_FP6_C2; 0 1 2 3 4 5);

    /// `(a + b u) (9 + u) = 9 a - b + (9 b + a) u`.
    #[inline(always)]
    fn mul_fp2_by_nonresidue_in_place(element: &mut Fq2) -> &mut Fq2 {
        let Fq2 { c0, c1, .. } = *element;
        let mut eight = *element;
        eight.double_in_place().double_in_place().double_in_place();
        *element = Fq2::new(eight.c0 + c0 - c1, eight.c1 + c1 + c0);
        element
    }
}

/// w^2 = v.
#[derive(Clone, Copy)]
pub(crate) struct Fq12Config;

impl Fp12Config for Fq12Config {
    type Fp6Config = Fq6Config;
    const NONRESIDUE: Fp6<Fq6Config> = Fp6::new(Fq2::ZERO, Fq2::ONE, Fq2::ZERO);
    const FROBENIUS_COEFF_FP12_C1: &'static [Fq2] =
        import_all!(fq2, ark_bn254::Fq12Config::FROBENIUS_COEFF_FP12_C1; 0 1 2 3 4 5 6 7 8 9 10 11);
}

/// The curve y^2 = x^3 + 3.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct G1Config;

impl CurveConfig for G1Config {
    type BaseField = Fq;
    type ScalarField = Fr;
    const COFACTOR: &'static [u64] = &[1];
    const COFACTOR_INV: Fr = Fr::ONE;
}

impl SWCurveConfig for G1Config {
    const COEFF_A: Fq = Fq::ZERO;
    const COEFF_B: Fq = fq(ark_bn254::g1::Config::COEFF_B);
    const GENERATOR: Affine<Self> =
        Affine::new_unchecked(fq(ark_bn254::g1::G1_GENERATOR_X), fq(ark_bn254::g1::G1_GENERATOR_Y));

    #[inline(always)]
    fn mul_by_a(_: Fq) -> Fq {
        Fq::ZERO
    }

    #[inline]
    fn is_in_correct_subgroup_assuming_on_curve(_: &Affine<Self>) -> bool {
        true
    }
}

/// The twist y^2 = x^3 + 3 / (9 + u).
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct G2Config;

impl CurveConfig for G2Config {
    type BaseField = Fq2;
    type ScalarField = Fr;
    const COFACTOR: &'static [u64] = ark_bn254::g2::Config::COFACTOR;
    const COFACTOR_INV: Fr = fr(ark_bn254::g2::Config::COFACTOR_INV);
}

impl SWCurveConfig for G2Config {
    const COEFF_A: Fq2 = Fq2::ZERO;
    const COEFF_B: Fq2 = fq2(ark_bn254::g2::Config::COEFF_B);
    const GENERATOR: Affine<Self> =
        Affine::new_unchecked(fq2(ark_bn254::g2::G2_GENERATOR_X), fq2(ark_bn254::g2::G2_GENERATOR_Y));

    #[inline(always)]
    fn mul_by_a(_: Fq2) -> Fq2 {
        Fq2::ZERO
    }

    /// `ψ(P) = [6 x^2] P`, where ψ is the untwisted Frobenius map (<https://eprint.iacr.org/2022/352>, section 4.3).
    fn is_in_correct_subgroup_assuming_on_curve(point: &Affine<Self>) -> bool {
        const SIX_X_SQUARED: [u64; 2] = [17_887_900_258_952_609_094, 8_020_209_761_171_036_667];
        let mut image = *point;
        image.x.frobenius_map_in_place(1);
        image.y.frobenius_map_in_place(1);
        image.x *= Config::TWIST_MUL_BY_Q_X;
        image.y *= Config::TWIST_MUL_BY_Q_Y;
        point.mul_bigint(SIX_X_SQUARED) == image
    }
}

/// The pairing.
pub(crate) struct Config;

impl BnConfig for Config {
    const X: &'static [u64] = ark_bn254::Config::X;
    const X_IS_NEGATIVE: bool = ark_bn254::Config::X_IS_NEGATIVE;
    const ATE_LOOP_COUNT: &'static [i8] = ark_bn254::Config::ATE_LOOP_COUNT;
    const TWIST_TYPE: TwistType = ark_bn254::Config::TWIST_TYPE;
    const TWIST_MUL_BY_Q_X: Fq2 = fq2(ark_bn254::Config::TWIST_MUL_BY_Q_X);
    const TWIST_MUL_BY_Q_Y: Fq2 = fq2(ark_bn254::Config::TWIST_MUL_BY_Q_Y);
    type Fp = Fq;
    type Fp2Config = Fq2Config;
    type Fp6Config = Fq6Config;
    type Fp12Config = Fq12Config;
    type G1Config = G1Config;
    type G2Config = G2Config;
}

pub(crate) type Bn254 = Bn<Config>;
pub(crate) type G1Affine = bn::G1Affine<Config>;
#[cfg_attr(test, allow(dead_code))]
pub(crate) type G1Projective = bn::G1Projective<Config>;
pub(crate) type G2Affine = bn::G2Affine<Config>;

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::pairing::Pairing;
    use ark_ec::{CurveGroup, PrimeGroup};
    use ark_ff::{BigInteger, PrimeField};
    use proptest::prelude::*;

    /// Words below the modulus, with those at the borders.
    fn below(modulus: BigInt<4>) -> impl Strategy<Value = BigInt<4>> {
        let edge = move |distance: u64| {
            let mut value = modulus;
            value.sub_with_borrow(&BigInt::from(distance));
            value
        };
        prop_oneof![
            8 => any::<[u64; 4]>().prop_map(BigInt),
            1 => (1..4u64).prop_map(edge),
            1 => (0..4u64).prop_map(BigInt::from),
            1 => (0..256u32).prop_map(|bit| { let mut value = BigInt::from(1u64); value <<= bit; value }),
        ]
        .prop_map(move |mut value| {
            while value >= modulus {
                value.sub_with_borrow(&modulus);
            }
            value
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn fields_agree_with_arkworks(
            q in proptest::array::uniform4(below(FqConfig::MODULUS)),
            r in proptest::array::uniform4(below(FrConfig::MODULUS)),
        ) {
            let [a, b, c, d] = q.map(ArkFq::new_unchecked);
            prop_assert_eq!(fq(a) * fq(b), fq(a * b));
            prop_assert_eq!(fq(a).square(), fq(a.square()));
            prop_assert_eq!(Fq::sum_of_products(&[fq(a), fq(b)], &[fq(c), fq(d)]), fq(a * c + b * d));
            prop_assert_eq!(fq(a) + fq(b), fq(a + b));
            prop_assert_eq!(fq(a) - fq(b), fq(a - b));
            prop_assert_eq!((-fq(a), fq(a).double()), (fq(-a), fq(a.double())));
            let [a, b, c, d] = r.map(ArkFr::new_unchecked);
            prop_assert_eq!(fr(a) + fr(b), fr(a + b));
            prop_assert_eq!(fr(a) - fr(b), fr(a - b));
            prop_assert_eq!((-fr(a), fr(a).double()), (fr(-a), fr(a.double())));
            prop_assert_eq!(fr(a) * fr(b), fr(a * b));
            prop_assert_eq!(fr(a).square(), fr(a.square()));
            prop_assert_eq!(Fr::sum_of_products(&[fr(a), fr(b)], &[fr(c), fr(d)]), fr(a * c + b * d));
            prop_assert_eq!(fr(a).inverse(), a.inverse().map(fr));
            prop_assert_eq!(fr(a).into_bigint(), a.into_bigint());
        }
    }

    #[test]
    fn constants_agree_with_arkworks() {
        assert_eq!((Fq::ONE, Fr::ONE), (fq(ArkFq::ONE), fr(ArkFr::ONE)));
        assert_eq!(FqConfig::INV, <ark_bn254::FqConfig as MontConfig<4>>::INV);
        let largest = ArkFq::from(-1i64);
        assert_eq!(fq(largest) * fq(largest), Fq::ONE);
        assert_eq!(Fq::from(9u64).sqrt().map(|root| root.square()), Some(Fq::from(9u64)));
        assert_eq!(Fq12Config::NONRESIDUE.c1, fq2(ark_bn254::Fq12Config::NONRESIDUE.c1));
    }

    #[test]
    fn groups_and_pairing_agree_with_arkworks() {
        let (g, h) = (ark_bn254::G1Projective::generator(), ark_bn254::G2Projective::generator());
        for scalar in [1u64, 2, 77, u64::MAX] {
            let power = ArkFr::from(scalar).pow([scalar, 5]);
            let (p, q) = ((g * power).into_affine(), (h * power).into_affine());
            let mine = (G1Affine::generator() * fr(power)).into_affine();
            assert_eq!((mine.x, mine.y), (fq(p.x), fq(p.y)));
            let twisted = (G2Affine::generator() * fr(power)).into_affine();
            assert_eq!((twisted.x, twisted.y), (fq2(q.x), fq2(q.y)));
            assert!(twisted.is_in_correct_subgroup_assuming_on_curve());
            let theirs = ark_bn254::Bn254::multi_pairing([p, -g.into_affine()], [q, h.into_affine()]).0;
            let ours = Bn254::multi_pairing([mine, -G1Affine::generator()], [twisted, G2Affine::generator()]).0;
            let theirs = [theirs.c0, theirs.c1].map(|c| [c.c0, c.c1, c.c2].map(fq2));
            assert_eq!([ours.c0, ours.c1].map(|c| [c.c0, c.c1, c.c2]), theirs);
        }
        let outside =
            (1u64..).find_map(|x| Affine::<G2Config>::get_point_from_x_unchecked(Fq2::from(x), false)).unwrap();
        assert!(!outside.is_zero() && !outside.is_in_correct_subgroup_assuming_on_curve());
    }
}
