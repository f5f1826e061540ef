//! Against published values, and two field libraries against each other.
#![allow(missing_docs)]

use ark_ff::{BigInteger, PrimeField as _};
use ff::{FromUniformBytes as _, PrimeField as _};
use halo2curves::bn256::Fr;
use proptest::prelude::*;
use vouch_poseidon::{HashError, Poseidon, tensor_salt};
use vouch_schema::{Salt, Section};

fn hex(x: &Fr) -> String {
    x.to_repr().as_ref().iter().rev().map(|b| format!("{b:02x}")).collect()
}

/// circomlib's `poseidon([1, 2])`: the first element of the permutation of (0, 1, 2).
#[test]
fn permutation_is_circomlibs() {
    let [x, ..] = Poseidon::<Fr>::new().permute([0, 1, 2].map(Fr::from));
    assert_eq!(hex(&x), "115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a");
}

#[test]
fn matrix_has_distinct_sums() {
    let poseidon = Poseidon::<Fr>::new();
    let all: Vec<Fr> = poseidon.mds().iter().flatten().copied().collect();
    for (i, a) in all.iter().enumerate() {
        assert_ne!(*a, Fr::zero());
        assert!(all[..i].iter().all(|b| a != b));
    }
    assert_eq!(poseidon.constants().len(), 65);
}

#[test]
fn values_beyond_32_bits_are_refused() {
    let poseidon = Poseidon::<Fr>::new();
    for got in [1 << 31, -(1 << 31) - 1, i64::MAX, i64::MIN] {
        assert_eq!(poseidon.hash(Fr::one(), &[0, got]), Err(HashError { index: 1, got }));
    }
    assert!(poseidon.hash(Fr::one(), &[(1 << 31) - 1, -(1 << 31)]).is_ok());
}

/// As the libraries reduce 512 bits; another one for each tensor.
#[test]
fn salts_are_uniform_elements() {
    let secret = [0xa7; 32];
    let mut params = blake2b_simd::Params::new();
    params.hash_length(64).personal(b"Vouch-tensorsalt");
    let hash = params.hash(&[&secret[..], &[1], b"y"].concat());
    let salt: Fr = tensor_salt(&Salt(secret), Section::Outputs, "y");
    assert_eq!(salt, Fr::from_uniform_bytes(hash.as_array()));
    let theirs: ark_bn254::Fr = tensor_salt(&Salt(secret), Section::Outputs, "y");
    assert_eq!(salt.to_repr().as_ref(), theirs.into_bigint().to_bytes_le());
    for other in [
        tensor_salt(&Salt(secret), Section::Inputs, "y"),
        tensor_salt(&Salt(secret), Section::Outputs, "x"),
        tensor_salt(&Salt([0; 32]), Section::Outputs, "y"),
    ] {
        assert_ne!(salt, other);
    }
}

proptest! {
    #[test]
    fn libraries_agree(salt: [u64; 4], values in prop::collection::vec(any::<i32>(), 0..40)) {
        let values: Vec<i64> = values.into_iter().map(i64::from).collect();
        let salt = salt.map(|l| l >> 4);
        let ours = Poseidon::new().hash(Fr::from_raw(salt), &values).unwrap();
        let salt = ark_bn254::Fr::from_bigint(ark_ff::BigInt(salt)).unwrap();
        let theirs = Poseidon::new().hash(salt, &values).unwrap();
        prop_assert_eq!(ours.to_repr().as_ref().to_vec(), theirs.into_bigint().to_bytes_le());
    }

    /// One change of salt, value, order or length changes the hash.
    #[test]
    fn everything_counts(values in prop::collection::vec(-9i64..9, 1..20), at: prop::sample::Index, by in 1i64..5) {
        let poseidon = Poseidon::new();
        let hash = |salt: u64, values: &[i64]| poseidon.hash(Fr::from(salt), values).unwrap();
        let first = hash(7, &values);
        prop_assert_ne!(first, hash(8, &values));
        let mut changed = values.clone();
        changed[at.index(values.len())] += by;
        prop_assert_ne!(first, hash(7, &changed));
        let mut longer = values.clone();
        longer.push(0);
        prop_assert_ne!(first, hash(7, &longer));
        longer.insert(0, i64::MIN >> 32);
        prop_assert_ne!(first, hash(7, &longer[..values.len()]));
    }
}
