//! Files of strangers for the prover: reference strings, and proving keys, which servers give to browsers.
#![allow(missing_docs)]

use std::ops::Range;

use halo2_proofs::{
    SerdeFormat,
    halo2curves::{
        bn256::{Bn256, Fr, G1Affine, G2Affine},
        ff::{Field, PrimeField},
        group::Curve,
        serde::SerdeObject,
    },
    poly::kzg::commitment::ParamsKZG,
};
use rand_core::OsRng;
use vouch_circuit::Objective;
use vouch_envelope::Nonce;
use vouch_program::Program;
use vouch_proving::{ProverKey, ProvingError, Srs, plan};
use vouch_testing::random_program;
use vouch_verifier::SrsKind;

/// More than any modulus.
const TOO_LARGE: [u8; 32] = [0xff; 32];

fn key_over(program: &Program, srs: impl FnOnce(u32) -> Srs) -> ProverKey {
    let plan = plan(program, 1, Objective::default(), None).unwrap();
    ProverKey::generate(&plan, &srs(plan.k())).unwrap()
}

/// Powers of a secret.
fn srs_of(secret: Fr, k: u32) -> Srs {
    let powers = (0..1u64 << k).map(|i| (G1Affine::generator() * secret.pow_vartime([i])).to_affine()).collect();
    let s_g2 = (G2Affine::generator() * secret).to_affine();
    let params = ParamsKZG::<Bn256>::setup(1, OsRng).from_parts(k, powers, None, G2Affine::generator(), s_g2);
    Srs { params, kind: SrsKind::Ceremony }
}

/// Where the parts of a proving key are: header, verifying key, blinding of weights, reference string, halo2's key, powers
/// for the evm profile.
fn parts(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut at = 10;
    let mut part = |width: usize| {
        let mut len = [0u8; 8];
        len[..width].copy_from_slice(&bytes[at..at + width]);
        let start = at + width;
        at = start + u64::from_le_bytes(len) as usize;
        start..at
    };
    [4, 4, 4, 8, 8, 8].map(&mut part).to_vec()
}

/// A key with one of its parts changed, and the digest and lengths that belong to it.
fn changed(bytes: &[u8], which: usize, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = bytes[..10].to_vec();
    let mut change = Some(change);
    for (i, range) in parts(bytes).into_iter().enumerate() {
        let mut part = bytes[range].to_vec();
        if i == which
            && let Some(change) = change.take()
        {
            change(&mut part);
        }
        match i {
            0..=2 => out.extend((part.len() as u32).to_le_bytes()),
            _ => out.extend((part.len() as u64).to_le_bytes()),
        }
        out.extend(part);
    }
    let digest = vouch_proving::digest(b"Vouch-prover-key", &[&out]);
    out.extend(digest);
    out
}

fn refused(bytes: &[u8], program: &Program) -> String {
    match ProverKey::from_bytes(bytes, program) {
        Ok(_) => panic!("accepted"),
        Err(e) => e.to_string(),
    }
}

const HEADER: usize = 0;
const SRS: usize = 3;
const PK: usize = 4;

/// Over a reference string whose secret is a row's root of unity, a commitment is the value in that row.
#[test]
fn keys_that_leak_are_refused() {
    let (program, _) = random_program(1);
    for row in [0u64, 1, 5] {
        let key = key_over(&program, |k| {
            let mut root = Fr::ROOT_OF_UNITY;
            (k..Fr::S).for_each(|_| root = root.square());
            srs_of(root.pow_vartime([row]), k)
        });
        let (bytes, n) = (key.to_bytes().unwrap(), 1usize << key.header.params.k);
        // There, all Lagrange polynomials but one are 0.
        let reason = refused(&bytes, &program);
        assert!(reason.contains("Lagrange point") && reason.contains("at infinity"), "row {row}: {reason}");
        let with_others = changed(&bytes, SRS, |srs| srs.copy_within(4..4 + 64 * n, 4 + 64 * n));
        let reason = refused(&with_others, &program);
        assert!(reason.contains("its secret is a root of unity"), "row {row}: {reason}");
    }
    // Any other secret is one.
    let honest = key_over(&program, |k| srs_of(Fr::from(3), k));
    assert!(ProverKey::from_bytes(&honest.to_bytes().unwrap(), &program).is_ok());
}

#[test]
fn the_reference_string_is_that_of_the_verifying_key() {
    let (program, _) = random_program(2);
    let key = key_over(&program, Srs::development);
    let (bytes, k) = (key.to_bytes().unwrap(), key.header.params.k);
    let n = 1usize << k;
    let raw = |srs: &Srs| {
        let mut bytes = Vec::new();
        srs.params.write_custom(&mut bytes, SerdeFormat::RawBytes).unwrap();
        bytes
    };
    let others = raw(&Srs::development(k));
    let reason = refused(&changed(&bytes, SRS, |srs| srs.clone_from(&others)), &program);
    assert!(reason.contains("it is not that of the verifying key"), "{reason}");
    // Powers of another secret under the right points of G2.
    let g1 = |srs: &mut Vec<u8>| srs[..4 + 128 * n].copy_from_slice(&others[..4 + 128 * n]);
    let reason = refused(&changed(&bytes, SRS, g1), &program);
    assert!(reason.contains("not powers of the secret"), "{reason}");
    let longer = raw(&Srs::development(k + 1));
    let reason = refused(&changed(&bytes, SRS, |srs| srs.clone_from(&longer)), &program);
    assert!(reason.contains("are not those of 2^k powers"), "{reason}");

    // A Lagrange point or a later power that is another point: no proof is given out.
    for at in [4 + 64 * 3, 4 + 64 * (n + 3), 4 + 64 * (2 * n - 1)] {
        let other = G1Affine::generator().to_raw_bytes();
        let bytes = changed(&bytes, SRS, |srs| srs[at..at + 64].copy_from_slice(&other));
        let key = ProverKey::from_bytes(&bytes, &program).unwrap();
        let (_, inputs) = random_program(2);
        let proved = key.prove(&inputs, Nonce([1; 32])).map(|_| ());
        assert!(matches!(proved, Err(ProvingError::SelfCheck(_))), "{at}: {proved:?}");
    }
}

/// Every point of a reference string is looked at, in a key and in halo2's raw form, of which `.srs` files are made.
#[test]
fn points_are_on_the_curve() {
    let (program, _) = random_program(3);
    let key = key_over(&program, Srs::development);
    let (bytes, k) = (key.to_bytes().unwrap(), key.header.params.k);
    let n = 1usize << k;
    let srs = bytes[parts(&bytes)[SRS].clone()].to_vec();
    assert_eq!(Srs::from_raw(&srs, SrsKind::Development).unwrap().k(), k);
    let mut cases = vec![(0, "power 0".to_owned()), (3, "power 3".into()), (n - 1, format!("power {}", n - 1))];
    cases.extend([(n, "Lagrange point 0".into()), (2 * n - 1, format!("Lagrange point {}", n - 1))]);
    // A point of G2 has the length of two.
    cases.extend([(2 * n, "power in G2 0".into()), (2 * n + 2, "power in G2 1".into())]);
    for (at, name) in cases {
        let (at, len) = (4 + 64 * at, if at < 2 * n { 64 } else { 128 });
        let off = |srs: &mut Vec<u8>| srs[at] ^= 1;
        let infinity = |srs: &mut Vec<u8>| srs[at..at + len].fill(0);
        let large = |srs: &mut Vec<u8>| srs[at..at + 32].copy_from_slice(&TOO_LARGE);
        type Change<'a> = &'a dyn Fn(&mut Vec<u8>);
        for (change, what) in [
            (&off as Change<'_>, "not a point of the curve"),
            (&infinity, "the point at infinity"),
            (&large, "not a point of the curve"),
        ] {
            let expected = format!("{name} is {what}");
            let reason = refused(&changed(&bytes, SRS, change), &program);
            assert!(reason.ends_with(&expected), "{expected}: {reason}");
            let mut srs = srs.clone();
            change(&mut srs);
            let reason = Srs::from_raw(&srs, SrsKind::Development).unwrap_err().to_string();
            assert!(reason.ends_with(&expected), "{expected}: {reason}");
        }
    }
    for len in [0, 3, 4, srs.len() - 1] {
        assert!(matches!(Srs::from_raw(&srs[..len], SrsKind::Development), Err(ProvingError::Srs(_))));
    }
    for k in [k + 1, 25, 60, u32::MAX] {
        let other = [&k.to_le_bytes(), &srs[4..]].concat();
        assert!(matches!(Srs::from_raw(&other, SrsKind::Development), Err(ProvingError::Srs(_))), "k = {k}");
    }
}

/// Numbers in a header that no key of the program has.
#[test]
fn headers_are_those_of_the_program() {
    let (program, _) = random_program(2);
    let bytes = key_over(&program, Srs::development).to_bytes().unwrap();
    assert!(ProverKey::from_bytes(&changed(&bytes, HEADER, |_| ()), &program).is_ok());
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let bytes = changed(&bytes, HEADER, |header| {
            let mut json = serde_json::from_slice(header).unwrap();
            change(&mut json);
            *header = serde_json::to_vec(&json).unwrap();
        });
        refused(&bytes, &program)
    };
    for (field, wrong) in [
        ("weight_columns", 0u64),
        ("weight_columns", 1 << 40),
        ("linear_lanes", 400),
        ("product_lanes", u64::MAX),
        ("matrix_lanes", 400),
        ("hash_lanes", 400),
    ] {
        let reason = with(&|header| header["params"][field] = wrong.into());
        assert!(reason.contains(&format!("{field}: expected")), "{field} = {wrong}: {reason}");
    }
    for k in [0u64, 1, 30, 64, u64::from(u32::MAX)] {
        assert!(with(&|header| header["params"]["k"] = k.into()).contains("another number of rows"), "k = {k}");
    }
    for batch in [1u64 << 20, u64::from(u32::MAX)] {
        assert!(with(&|header| header["batch"] = batch.into()).contains("values: expected"), "batch of {batch}");
    }
    assert!(with(&|header| header["params"]["linear_limbs"] = 9.into()).contains("features"));
}

/// halo2's part: its lengths are the circuit's, its numbers below the modulus. halo2 itself would panic.
#[test]
fn proving_keys_have_the_form_of_the_circuit() {
    let (program, inputs) = random_program(2);
    let key = key_over(&program, Srs::development);
    let (bytes, k) = (key.to_bytes().unwrap(), key.header.params.k);
    let again = ProverKey::from_bytes(&bytes, &program).unwrap();
    assert!(again.prove(&inputs, Nonce([1; 32])).is_ok());
    let with = |change: &dyn Fn(&mut Vec<u8>)| refused(&changed(&bytes, PK, change), &program);
    let own = key.verifier.description();
    let points = 10 + 64 * (own.fixed_commitments.len() + own.permutation_commitments.len());
    let polynomial = 4 + (32usize << k);
    let form = "another form than that of the circuit";
    for at in [0, 1, 5, 6, 7] {
        assert!(with(&|pk| pk[at] ^= 1).contains(form), "byte {at}");
    }
    assert!(with(&|pk| pk.truncate(pk.len() - 1)).contains(form));
    assert!(with(&|pk| pk.push(0)).contains(form));
    assert!(with(&Vec::clear).contains(form));
    assert!(with(&|pk| pk[10] ^= 1).contains("not a point of the curve"));
    assert!(with(&|pk| pk[points + 3] ^= 1).contains("a polynomial of another length"));
    assert!(with(&|pk| pk[points + 3 * polynomial + 3] ^= 1).contains("another number of polynomials"));
    assert!(with(&|pk| pk[points + 4..points + 36].copy_from_slice(&TOO_LARGE)).contains("below the modulus"));
    assert!(with(&|pk| pk.iter_mut().rev().take(32).for_each(|b| *b = 0xff)).contains("below the modulus"));
}
