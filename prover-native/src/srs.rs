//! Files of reference strings.
//!
//! Format (`.srs`):
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `VOUCHSR\0` |
//! | 2 | version, little-endian |
//! | 1 | 0: made locally for development, 1: from a ceremony |
//! | 4 | k |
//! | 64·2^k | s^i·G1, affine, coordinates in Montgomery form, little-endian |
//! | 64·2^k | L_i(s)·G1, L_i the Lagrange basis of the 2^k-th roots of unity |
//! | 128, 128 | G2, s·G2 |
//! | 32 | BLAKE2b-256 of all before |
//!
//! The points are halo2's `SerdeFormat::RawBytes`. Reading checks the digest, that every point is on the curve and not at infinity ([`Srs::from_raw`]; G1 has
//! prime order, G2 points are also multiplied by the order), and what [`Srs::check`] does.

mod import;

use std::path::Path;

use halo2_proofs::SerdeFormat;
use vouch_proving::{MAX_K, Srs};
use vouch_verifier::SrsKind;

pub use self::import::{DEFAULT_K, Source};
use crate::{ProverError, files};

const MAGIC: &[u8; 8] = b"VOUCHSR\0";
const VERSION: u16 = 1;
const HEADER: usize = 15;
const G1: usize = 64;
const G2: usize = 128;
const PERSONAL: &[u8; 16] = b"Vouch-srs-file\0\0";

/// A reference string in a file.
pub trait SrsFile: Sized {
    /// Writes the file.
    ///
    /// # Errors
    /// [`ProverError::File`].
    fn save(&self, path: &Path) -> Result<(), ProverError>;

    /// Reads a file and checks everything about it.
    ///
    /// # Errors
    /// [`ProverError::File`], [`ProverError::Format`], or [`ProvingError::Srs`](vouch_proving::ProvingError::Srs) if the points are not powers of a secret.
    fn load(path: &Path) -> Result<Self, ProverError>;

    /// Reads the first 2^k powers of a published file ([`DEFAULT_K`] or all there are, if `k` is none) and checks them.
    ///
    /// `kind` is what the caller says of the file's origin.
    ///
    /// # Errors
    /// [`ProverError::File`], [`ProverError::Format`] if it is no such file,
    /// [`ProvingError::SrsTooSmall`](vouch_proving::ProvingError::SrsTooSmall), or [`ProvingError::Srs`](vouch_proving::ProvingError::Srs) if the points are
    /// not powers of a secret, or nobody has contributed one.
    fn import(path: &Path, k: Option<u32>, kind: SrsKind) -> Result<(Self, Source), ProverError>;
}

impl SrsFile for Srs {
    fn save(&self, path: &Path) -> Result<(), ProverError> {
        let mut bytes = Vec::with_capacity(HEADER + (2 << self.k()) * G1 + 2 * G2 + 32);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.push(u8::from(self.kind == SrsKind::Ceremony));
        // halo2's own writer begins with k.
        self.params.write_custom(&mut bytes, SerdeFormat::RawBytes).map_err(|e| ProverError::format("SRS", e))?;
        let digest = vouch_proving::digest(PERSONAL, &[&bytes]);
        files::write(path, &[&bytes, &digest])
    }

    fn load(path: &Path) -> Result<Self, ProverError> {
        vouch_proving::cpu::check()?;
        let bytes = files::map(path)?;
        let wrong = |reason: String| ProverError::format("SRS", format!("{}: {reason}", path.display()));
        if bytes.len() < HEADER + 32 || &bytes[..8] != MAGIC {
            return Err(wrong("not a reference string of Vouch (`vouch srs import` reads those of ceremonies, `vouch srs generate` makes one for development)".into()));
        }
        let version = u16::from_le_bytes([bytes[8], bytes[9]]);
        if version != VERSION {
            return Err(wrong(format!("version {version}, this program reads version {VERSION}")));
        }
        let kind = match bytes[10] {
            0 => SrsKind::Development,
            1 => SrsKind::Ceremony,
            other => return Err(wrong(format!("unknown kind {other}"))),
        };
        let k = u32::from_le_bytes([bytes[11], bytes[12], bytes[13], bytes[14]]);
        if k > MAX_K {
            return Err(wrong(format!("k = {k}, at most {MAX_K} is supported")));
        }
        let expected = HEADER + (2usize << k) * G1 + 2 * G2 + 32;
        if bytes.len() != expected {
            return Err(wrong(format!("{} bytes, expected {expected} for k = {k}", bytes.len())));
        }
        let (content, digest) = bytes.split_at(bytes.len() - 32);
        if vouch_proving::digest(PERSONAL, &[content]) != digest {
            return Err(wrong("the digest does not match: the file is damaged".into()));
        }
        let srs = Self::from_raw(&content[11..], kind)?;
        srs.check()?;
        Ok(srs)
    }

    fn import(path: &Path, k: Option<u32>, kind: SrsKind) -> Result<(Self, Source), ProverError> {
        import::import(path, k, kind)
    }
}
