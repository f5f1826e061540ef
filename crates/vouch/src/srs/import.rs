//! Reference strings of ceremonies, in the formats in which they are published.
//!
//! | format | content |
//! | --- | --- |
//! | `.ptau` (snarkjs, "Perpetual Powers of Tau" for BN254) | sections of an iden3 binary file; of them 1 (header), 2 (s^i·G1), 3 (s^i·G2), and the number of contributions in 7 |
//! | halo2, raw | k, then 2^k powers and 2^k Lagrange points of 64 bytes, G2 and s·G2 of 128 |
//! | halo2, processed | the same with compressed points of 32 and 64 bytes |
//!
//! Files are streamed: only the powers that are asked for are read. Lagrange points are not taken from the file but computed (a Fourier transform of the powers), and
//! the result is checked like any reference string. What no program can check is that the file's secret was forgotten: that is so if
//! one of those who contributed was honest. `snarkjs powersoftau verify` checks the contributions' own proofs; the identity is for comparing with others who imported
//! the same ceremony.
//!
//! Source: snarkjs 0.7, `src/powersoftau_utils.js`, and `@iden3/binfileutils`; halo2's `ParamsKZG::write_custom`.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use halo2_proofs::{
    halo2curves::{
        bn256::{G1Affine, G2Affine},
        group::GroupEncoding,
        serde::SerdeObject,
    },
    poly::kzg::commitment::ParamsKZG,
};
use rand_core::OsRng;
use vouch_proving::{MAX_K, ProvingError};
use vouch_verifier::SrsKind;

use super::{G1, G2, Srs};
use crate::{Error, Result};

/// Powers that are taken of longer files unless more are asked for: a circuit rarely has more rows, and each doubling takes twice as long.
pub const DEFAULT_K: u32 = 16;

/// p of BN254's base field, little-endian.
const PRIME: [u8; 32] = [
    0x47, 0xfd, 0x7c, 0xd8, 0x16, 0x8c, 0x20, 0x3c, 0x8d, 0xca, 0x71, 0x68, 0x91, 0x6a, 0x81, 0x97, 0x5d, 0x58, 0x81,
    0x81, 0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30,
];

/// What a file was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// snarkjs' `.ptau`.
    Ptau {
        /// log2 of the number of powers in G2; one more in G1.
        power: u32,
        /// How many have contributed, a beacon included.
        contributions: u32,
    },
    /// halo2's `ParamsKZG`.
    Halo2 {
        /// log2 of the number of powers.
        k: u32,
        /// Whether its points are compressed.
        compressed: bool,
    },
}

impl Source {
    /// log2 of the number of powers that there are.
    pub fn k(self) -> u32 {
        match self {
            Self::Ptau { power, .. } => power,
            Self::Halo2 { k, .. } => k,
        }
    }
}

/// Why a file was not understood: what the system says, or what is wrong with it.
enum Wrong {
    Io(io::Error),
    Format(String),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn wrong<T>(reason: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::Format(reason.into()))
}

/// See [`Srs::import`].
pub(super) fn import(path: &Path, k: Option<u32>, kind: SrsKind) -> Result<(Srs, Source)> {
    vouch_proving::cpu::check()?;
    let file_error = |source| Error::file(path, source);
    let file = File::open(path).map_err(file_error)?;
    let len = file.metadata().map_err(file_error)?.len();
    let told = |wrong| match wrong {
        Wrong::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Error::format("SRS", format!("{}: the file ends too early", path.display()))
        }
        Wrong::Io(error) => file_error(error),
        Wrong::Format(reason) => Error::format("SRS", format!("{}: {reason}", path.display())),
    };
    let mut reader = Points { from: BufReader::with_capacity(1 << 20, file), len };
    let (source, start) = reader.source().map_err(told)?;
    let k = k.unwrap_or(source.k().min(DEFAULT_K));
    if k > source.k() {
        return Err(ProvingError::SrsTooSmall { needed: k, got: source.k() }.into());
    }
    if k == 0 || k > MAX_K {
        return Err(Error::format("SRS", format!("k = {k}: 1 to {MAX_K} are supported")));
    }
    let (g, g2) = reader.points(source, start, k).map_err(told)?;
    // halo2's function takes parameters that it does not look at.
    let params = ParamsKZG::setup(1, OsRng).from_parts(k, g, None, g2[0], g2[1]);
    let srs = vouch_proving::Srs { params, kind };
    srs.check()?;
    Ok((Srs(srs), source))
}

/// Where the points of G1 and G2 begin.
#[derive(Clone, Copy)]
struct Start {
    g1: u64,
    g2: u64,
}

struct Points<R> {
    from: R,
    len: u64,
}

impl<R: Read + Seek> Points<R> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn source(&mut self) -> Result<(Source, Start), Wrong> {
        let magic: [u8; 4] = self.bytes()?;
        if &magic == b"ptau" {
            return self.ptau();
        }
        if &magic == b"VOUC" {
            return wrong("this is a file of Vouch already: give it to `vouch setup --srs`");
        }
        let k = u32::from_le_bytes(magic);
        if k <= 28 {
            for (compressed, g1, g2) in [(false, G1 as u64, G2 as u64), (true, G1 as u64 / 2, G2 as u64 / 2)] {
                let powers = g1 << k;
                if self.len == 4 + 2 * powers + 2 * g2 {
                    return Ok((Source::Halo2 { k, compressed }, Start { g1: 4, g2: 4 + 2 * powers }));
                }
            }
        }
        wrong(format!(
            "neither a .ptau file nor halo2's parameters (it begins with {magic:02x?} and has {} bytes)",
            self.len
        ))
    }

    /// The sections of a `.ptau` file: number, length, content.
    fn ptau(&mut self) -> Result<(Source, Start), Wrong> {
        let version = self.u32()?;
        if version != 1 {
            return wrong(format!("version {version} of .ptau, this program reads version 1"));
        }
        let count = self.u32()?;
        if count > 64 {
            return wrong(format!("{count} sections are more than a .ptau file has"));
        }
        let mut sections = [None; 8];
        for _ in 0..count {
            let number = self.u32()?;
            let size = u64::from_le_bytes(self.bytes()?);
            let start = self.from.stream_position()?;
            let end = match start.checked_add(size) {
                Some(end) if end <= self.len => end,
                _ => {
                    return wrong(format!(
                        "section {number} says that it has {size} bytes, {} are left",
                        self.len - start
                    ));
                }
            };
            if let Some(place) = sections.get_mut(number as usize)
                && place.replace((start, size)).is_some()
            {
                return wrong(format!("section {number} is there twice"));
            }
            self.from.seek(SeekFrom::Start(end))?;
        }
        let section = |number: usize, what: &str| match sections[number] {
            Some(section) => Ok(section),
            None => wrong(format!("section {number} ({what}) is missing")),
        };
        let (header, _) = section(1, "header")?;
        self.from.seek(SeekFrom::Start(header))?;
        if self.u32()? != 32 || self.bytes::<32>()? != PRIME {
            return wrong("it is for another curve than BN254 (snarkjs calls it bn128)");
        }
        let power = self.u32()?;
        if power == 0 || power > 28 {
            return wrong(format!("2^{power} powers"));
        }
        let (g1, size) = section(2, "powers in G1")?;
        let expected = ((2 << power) - 1) * G1 as u64;
        if size != expected {
            return wrong(format!("section 2 has {size} bytes, expected {expected}"));
        }
        let (g2, size) = section(3, "powers in G2")?;
        let expected = (1 << power) * G2 as u64;
        if size != expected {
            return wrong(format!("section 3 has {size} bytes, expected {expected}"));
        }
        let (contributions, _) = section(7, "contributions")?;
        self.from.seek(SeekFrom::Start(contributions))?;
        let contributions = self.u32()?;
        if contributions == 0 {
            return wrong("nobody has contributed to this ceremony: its secret is 1");
        }
        Ok((Source::Ptau { power, contributions }, Start { g1, g2 }))
    }

    /// The next point, of `RAW` bytes unless it is compressed; none if those are no point of the curve.
    fn point<P: GroupEncoding + SerdeObject, const RAW: usize>(&mut self, compressed: bool) -> io::Result<Option<P>> {
        if !compressed {
            return Ok(P::from_raw_bytes(&self.bytes::<RAW>()?));
        }
        let mut bytes = P::Repr::default();
        self.from.read_exact(bytes.as_mut())?;
        Ok(P::from_bytes(&bytes).into())
    }

    fn points(&mut self, source: Source, start: Start, k: u32) -> Result<(Vec<G1Affine>, [G2Affine; 2]), Wrong> {
        let compressed = matches!(source, Source::Halo2 { compressed: true, .. });
        let mut powers = Vec::with_capacity(1 << k);
        self.from.seek(SeekFrom::Start(start.g1))?;
        for i in 0..1u64 << k {
            match self.point::<G1Affine, G1>(compressed)? {
                Some(point) => powers.push(point),
                None => return wrong(format!("power {i} is not a point of the curve")),
            }
        }
        self.from.seek(SeekFrom::Start(start.g2))?;
        let mut second = [G2Affine::default(); 2];
        for (i, place) in second.iter_mut().enumerate() {
            match self.point::<G2Affine, G2>(compressed)? {
                Some(point) => *place = point,
                None => return wrong(format!("power {i} in G2 is not a point of the curve")),
            }
        }
        Ok((powers, second))
    }
}
