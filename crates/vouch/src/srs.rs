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
//! The points are halo2's `SerdeFormat::RawBytes`. Reading checks the digest; that every point is on the curve and not at infinity (G1 has prime
//! order, G2 points are also multiplied by the order); and that the points are powers of one secret.

mod import;

use std::path::Path;

use halo2_proofs::SerdeFormat;
use vouch_proving::{MAX_K, ProvingError, container::Container};
use vouch_verifier::SrsKind;

pub use self::import::{DEFAULT_K, Source};
use crate::{Error, Result, files};

const FORMAT: Container = Container {
    name: "SRS",
    magic: *b"VOUCHSR\0",
    versions: 1..=1,
    personal: *b"Vouch-srs-file\0\0",
    other: "not a reference string of Vouch (`vouch srs import` reads those of ceremonies, `vouch srs generate` makes one for development)",
    again: "",
};
/// Magic, version, kind and k.
const HEADER: usize = 15;
const G1: usize = 64;
const G2: usize = 128;

/// A structured reference string: powers of a secret that nobody may know, as points. Keys are made with it.
///
/// A key for a circuit of 2^k rows needs 2^k powers; longer strings are cut.
#[derive(Clone, Debug)]
pub struct Srs(vouch_proving::Srs);

impl Srs {
    /// Makes a reference string of 2^k powers (k of at most 24) from the system's randomness. Nobody else can know that
    /// the secret was dropped: for development only, and verifiers refuse keys that are made with it unless they are
    /// told otherwise.
    #[must_use]
    pub fn development(k: u32) -> Self {
        Self(vouch_proving::Srs::development(k))
    }

    /// Reads a file (`.srs`) and checks everything about it.
    ///
    /// # Errors
    /// Kind `System` if the file cannot be read, `Damaged` if it is not such a file, its digest does not match, or its
    /// points are not powers of one secret.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        read(path.as_ref())
    }

    /// Takes over the first 2^k powers of a ceremony's published file: a `.ptau` file of snarkjs for BN254, or halo2's
    /// parameters, raw or processed. Without `k`, 2^[`DEFAULT_K`] powers, or all if there are fewer.
    ///
    /// `kind` is the caller's statement about the file's origin.
    ///
    /// # Errors
    /// Kind `System` if the file cannot be read; `Damaged` if it has neither format, has fewer powers, its points are not
    /// powers of one secret, or nobody has contributed a secret.
    pub fn import(path: impl AsRef<Path>, k: Option<u32>, kind: SrsKind) -> Result<(Self, Source)> {
        import::import(path.as_ref(), k, kind)
    }

    /// Writes the file (`.srs`).
    ///
    /// # Errors
    /// Kind `System`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut bytes = FORMAT.begin();
        bytes.reserve(HEADER + (2 << self.k()) * G1 + 2 * G2);
        bytes.push(u8::from(self.kind() == SrsKind::Ceremony));
        // halo2's own writer begins with k.
        self.0.params.write_custom(&mut bytes, SerdeFormat::RawBytes).map_err(|e| Error::format("SRS", e))?;
        let digest = FORMAT.digest(&bytes);
        files::write(path.as_ref(), &[&bytes, &digest])
    }

    /// log2 of the number of powers.
    pub fn k(&self) -> u32 {
        self.0.k()
    }

    /// Whether it was made for development or is a ceremony's.
    pub fn kind(&self) -> SrsKind {
        self.0.kind
    }

    /// Identifies the secret, whatever the number of powers: 32 bytes, to compare with others who imported the ceremony.
    pub fn identity(&self) -> [u8; 32] {
        self.0.identity()
    }

    /// The points, for this project's own tools: the type is the proof system's and changes with it.
    #[doc(hidden)]
    pub fn as_proving(&self) -> &vouch_proving::Srs {
        &self.0
    }
}

#[doc(hidden)]
impl From<vouch_proving::Srs> for Srs {
    fn from(srs: vouch_proving::Srs) -> Self {
        Self(srs)
    }
}

fn read(path: &Path) -> Result<Srs> {
    vouch_proving::cpu::check()?;
    let bytes = files::map(path)?;
    let srs = parse(&bytes).map_err(|e| Error::in_file(path, e))?;
    srs.check()?;
    Ok(Srs(srs))
}

fn parse(bytes: &[u8]) -> Result<vouch_proving::Srs, ProvingError> {
    let wrong = |reason: String| FORMAT.wrong(reason);
    let mut file = FORMAT.open(bytes)?;
    let kind = file.reader.u8().map_err(|e| FORMAT.wrong(e))?;
    let k = file.reader.u32().map_err(|e| FORMAT.wrong(e))?;
    let kind = match kind {
        0 => SrsKind::Development,
        1 => SrsKind::Ceremony,
        other => return Err(wrong(format!("unknown kind {other}"))),
    };
    if k > MAX_K {
        return Err(wrong(format!("k = {k}, at most {MAX_K} is supported")));
    }
    let expected = HEADER + (2usize << k) * G1 + 2 * G2;
    if file.content.len() != expected {
        let (got, expected) = (bytes.len(), expected + 32);
        return Err(wrong(format!("{got} bytes, expected {expected} for k = {k}")));
    }
    file.check_digest()?;
    // halo2's own form begins with k.
    vouch_proving::Srs::from_raw(&file.content[HEADER - 4..], kind)
}
