//! Reference strings of ceremonies: real `.ptau` files, made by snarkjs (`ptau/make.sh`), and halo2's own files.

use std::{collections::HashSet, fs, path::Path};

use halo2_proofs::{
    SerdeFormat,
    halo2curves::{
        bn256::{Fr, G1Affine, G2Affine},
        ff::{Field, PrimeField},
        group::Curve,
        serde::SerdeObject,
    },
    poly::commitment::ParamsProver,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use vouch::{Error, Source, Srs};
use vouch_proving::ProvingError;
use vouch_verifier::SrsKind;

const PTAU: &[u8] = include_bytes!("ptau/beacon5.ptau");
const NOBODY: &[u8] = include_bytes!("ptau/nobody5.ptau");
const OTHER_CURVE: &[u8] = include_bytes!("ptau/bls4.ptau");

fn import(bytes: &[u8], k: Option<u32>) -> Result<(Srs, Source), Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, bytes).unwrap();
    Srs::import(&path, k, SrsKind::Ceremony)
}

fn refused(bytes: &[u8], why: &str) {
    let said = import(bytes, None).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains(why), "no `{why}` in: {said}");
}

/// The prover's own error.
fn cause(result: Result<(Srs, Source), Error>) -> ProvingError {
    let error = result.map(|_| ()).unwrap_err();
    match error.get_ref().and_then(|e| e.downcast_ref()) {
        Some(ProvingError::SrsTooSmall { needed, got }) => ProvingError::SrsTooSmall { needed: *needed, got: *got },
        Some(ProvingError::Srs(reason)) => ProvingError::Srs(reason.clone()),
        _ => panic!("{error}"),
    }
}

/// Start and length of a section's content.
fn section(bytes: &[u8], wanted: u32) -> (usize, usize) {
    let mut at = 12;
    loop {
        let number = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let size = u64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()) as usize;
        if number == wanted {
            return (at + 12, size);
        }
        at += 12 + size;
    }
}

/// The Lagrange points that halo2 computes are those that snarkjs computed (which orders the roots of unity its own way).
#[test]
fn a_ptau_file_is_what_snarkjs_says_it_is() {
    let (start, _) = section(PTAU, 12);
    let mut identities = HashSet::new();
    for k in 1..=5 {
        let (srs, source) = import(PTAU, Some(k)).unwrap();
        assert_eq!((srs.k(), srs.kind(), source), (k, SrsKind::Ceremony, Source::Ptau { power: 5, contributions: 3 }));
        identities.insert(srs.identity());
        let n = 1 << k;
        // Section 12 has the points of 2^0, 2^1, ... one after the other.
        let theirs: HashSet<[u8; 64]> =
            (n - 1..2 * n - 1).map(|i| PTAU[start + 64 * i..start + 64 * (i + 1)].try_into().unwrap()).collect();
        let mut raw = Vec::new();
        srs.as_proving().params.write_custom(&mut raw, SerdeFormat::RawBytes).unwrap();
        let ours: HashSet<[u8; 64]> =
            raw[4 + 64 * n..4 + 128 * n].chunks_exact(64).map(|point| point.try_into().unwrap()).collect();
        assert_eq!((ours.len(), ours == theirs), (n, true), "k = {k}");
    }
    assert_eq!(identities.len(), 1, "the identity does not depend on the number of powers");
    assert_eq!(import(PTAU, None).unwrap().0.k(), 5);
}

#[test]
fn what_is_imported_is_saved_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("srs");
    for kind in [SrsKind::Ceremony, SrsKind::Development] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ptau/beacon5.ptau");
        let (srs, _) = Srs::import(&from, None, kind).unwrap();
        srs.save(&path).unwrap();
        let read = Srs::open(&path).unwrap();
        assert_eq!((read.identity(), read.kind(), read.k()), (srs.identity(), kind, 5));
    }
    refused(&fs::read(&path).unwrap(), "a file of Vouch already");
}

#[test]
fn halo2s_files_hold_the_same() {
    let (srs, _) = import(PTAU, None).unwrap();
    for (format, compressed) in [(SerdeFormat::RawBytes, false), (SerdeFormat::Processed, true)] {
        let mut bytes = Vec::new();
        srs.as_proving().params.write_custom(&mut bytes, format).unwrap();
        for k in 1..=5 {
            let (again, source) = import(&bytes, Some(k)).unwrap();
            assert_eq!(source, Source::Halo2 { k: 5, compressed });
            assert_eq!(again.identity(), srs.identity());
            assert_eq!(again.as_proving().params.get_g(), &srs.as_proving().params.get_g()[..1 << k]);
        }
        assert!(matches!(cause(import(&bytes, Some(6))), ProvingError::SrsTooSmall { needed: 6, got: 5 }));
        bytes.push(0);
        refused(&bytes, "neither a .ptau file nor halo2's parameters");
    }
}

/// Consecutive powers of a secret that is in the domain: all that is checked of a ceremony but this holds.
#[test]
fn secrets_in_the_domain_are_refused() {
    let (k, n) = (5u32, 32u64);
    let mut root = Fr::ROOT_OF_UNITY;
    for _ in k..Fr::S {
        root = root.square();
    }
    for exponent in [1, 2, 16, 31] {
        let secret = root.pow_vartime([exponent]);
        let powers: Vec<G1Affine> =
            (0..n).map(|i| (G1Affine::generator() * secret.pow_vartime([i])).to_affine()).collect();
        let mut bytes = k.to_le_bytes().to_vec();
        // The Lagrange points are not looked at.
        for point in powers.iter().chain(&powers) {
            bytes.extend(point.to_raw_bytes());
        }
        bytes.extend(G2Affine::generator().to_raw_bytes());
        bytes.extend((G2Affine::generator() * secret).to_affine().to_raw_bytes());
        refused(&bytes, "its secret is a root of unity");
    }
}

#[test]
fn wrong_files_hear_why() {
    refused(b"", "ends too early");
    refused(b"pta", "ends too early");
    refused(&[0xff; 500], "neither a .ptau file nor");
    refused(NOBODY, "nobody has contributed");
    refused(OTHER_CURVE, "another curve");
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = PTAU.to_vec();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    refused(&changed(4, &[2]), "version 2");
    refused(&changed(8, &[0xff; 4]), "sections are more than");
    let (header, _) = section(PTAU, 1);
    refused(&changed(header - 8, &[0xff; 8]), "are left");
    refused(&changed(header + 36, &[29]), "2^29 powers");
    refused(&changed(header + 36, &[4]), "section 2 has");
    let (g1, _) = section(PTAU, 2);
    refused(&changed(g1 - 12, &[1]), "section 1 is there twice");
    refused(&changed(g1 - 12, &[9]), "section 2 (powers in G1) is missing");
    // The secret 1, told to be somebody's.
    let (contributions, _) = section(NOBODY, 7);
    let mut file = NOBODY.to_vec();
    file[contributions] = 1;
    refused(&file, "its secret is a root of unity");
    assert!(matches!(cause(import(PTAU, Some(6))), ProvingError::SrsTooSmall { needed: 6, got: 5 }));
    assert!(import(PTAU, Some(0)).is_err());
}

/// A point that is on the curve, but is not the power that belongs there; two powers exchanged; any byte of those that are read.
#[test]
fn other_points_are_refused() {
    let (g1, _) = section(PTAU, 2);
    let (g2, _) = section(PTAU, 3);
    for i in 0..32 {
        let mut file = PTAU.to_vec();
        let place = g1 + 64 * i..g1 + 64 * (i + 1);
        let point = G1Affine::from_raw_bytes(&file[place.clone()]).unwrap();
        file[place].copy_from_slice(&(-point).to_raw_bytes());
        assert!(matches!(cause(import(&file, None)), ProvingError::Srs(_)), "power {i} negated");
    }
    let mut file = PTAU.to_vec();
    file.copy_within(g1 + 64 * 7..g1 + 64 * 8, g1 + 64 * 8);
    refused(&file, "not consecutive powers");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..150 {
        let mut file = PTAU.to_vec();
        let place = (rng.next_u32() as usize) % (64 * 32 + 2 * 128);
        let at = if place < 64 * 32 { g1 + place } else { g2 + place - 64 * 32 };
        file[at] ^= 1 << (rng.next_u32() % 8);
        assert!(import(&file, None).is_err(), "byte {at}");
    }
}

#[test]
fn no_file_panics() {
    for len in (0..PTAU.len()).step_by(97) {
        assert!(import(&PTAU[..len], None).is_err(), "{len} bytes");
    }
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..300 {
        let mut file = PTAU.to_vec();
        for _ in 0..1 + rng.next_u32() % 4 {
            let at = rng.next_u32() as usize % 200;
            file[at] = rng.next_u32() as u8;
        }
        let _ = import(&file, None);
    }
}
