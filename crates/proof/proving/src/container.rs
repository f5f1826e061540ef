//! What `model.vouch`, `prover.key` and `.srs` files have in common.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | magic |
//! | 2 | version, little-endian |
//! | as the format says | parts: a length of 4 bytes, little-endian, and as many bytes |
//! | 32 | BLAKE2b-256 of all before, personalized |

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

use std::ops::RangeInclusive;

use vouch_envelope::Reader;

use crate::{ProvingError, digest};

/// Length of the digest.
const DIGEST: usize = 32;

/// A format.
#[derive(Clone, Debug)]
pub struct Container {
    /// What errors call it.
    pub name: &'static str,
    /// The first bytes.
    pub magic: [u8; 8],
    /// The versions that are read; the last is written.
    pub versions: RangeInclusive<u16>,
    /// The personalization of the digest.
    pub personal: [u8; 16],
    /// The error for other files: what it is not, and where one comes from.
    pub other: &'static str,
    /// What to do about a file of another version or with damage; empty if nothing helps.
    pub again: &'static str,
}

/// A file of the right magic and version, whose digest has not been compared yet.
#[derive(Clone, Debug)]
pub struct Opened<'a> {
    container: &'a Container,
    /// Everything before the digest.
    pub content: &'a [u8],
    digest: &'a [u8; DIGEST],
    /// What follows the version.
    pub reader: Reader<'a>,
}

impl Container {
    /// A new file's first bytes.
    #[must_use]
    pub fn begin(&self) -> Vec<u8> {
        let mut bytes = self.magic.to_vec();
        bytes.extend_from_slice(&self.versions.end().to_le_bytes());
        bytes
    }

    /// Appends a part after its length.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if the length does not fit 4 bytes.
    pub fn part(&self, bytes: &mut Vec<u8>, part: &[u8]) -> Result<(), ProvingError> {
        bytes.extend_from_slice(&u32::try_from(part.len()).map_err(|e| self.wrong(e))?.to_le_bytes());
        bytes.extend_from_slice(part);
        Ok(())
    }

    /// The last bytes of a file.
    #[must_use]
    pub fn digest(&self, content: &[u8]) -> [u8; DIGEST] {
        digest(&self.personal, &[content])
    }

    /// Checks magic and version.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if the bytes are another file, or of a version that is not read.
    pub fn open<'a>(&'a self, bytes: &'a [u8]) -> Result<Opened<'a>, ProvingError> {
        if !bytes.starts_with(&self.magic) {
            return Err(self.wrong(self.other));
        }
        let Some((content, digest)) = bytes.split_last_chunk() else {
            return Err(self.wrong(format!("{} bytes are too few", bytes.len())));
        };
        let mut reader = Reader::new(content);
        reader.array::<8>().map_err(|e| self.wrong(e))?;
        let version = reader.u16().map_err(|e| self.wrong(e))?;
        if !self.versions.contains(&version) {
            let (first, last) = (self.versions.start(), self.versions.end());
            let read = if first == last { format!("version {last}") } else { format!("versions {first} to {last}") };
            return Err(self.wrong(format!("version {version}, this program reads {read}{}", self.hint(": "))));
        }
        Ok(Opened { container: self, content, digest, reader })
    }

    /// An error of this format.
    pub fn wrong(&self, reason: impl ToString) -> ProvingError {
        ProvingError::format(self.name, reason)
    }

    fn hint(&self, before: &str) -> String {
        if self.again.is_empty() { String::new() } else { format!("{before}{}", self.again) }
    }
}

impl<'a> Opened<'a> {
    /// Compares the digest.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if the file is damaged.
    pub fn check_digest(&self) -> Result<(), ProvingError> {
        if self.container.digest(self.content) == *self.digest {
            return Ok(());
        }
        let hint = self.container.hint(", ");
        Err(self.container.wrong(format!("the digest does not match: the file is damaged{hint}")))
    }

    /// Reads a part.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if the part is longer than the file.
    pub fn part(&mut self, what: &'static str) -> Result<&'a [u8], ProvingError> {
        let len = self.reader.count_u32(what, self.content.len(), 1).map_err(|e| self.container.wrong(e))?;
        self.reader.take(len).map_err(|e| self.container.wrong(e))
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    /// [`ProvingError::Format`] if something is.
    pub fn finish(self) -> Result<(), ProvingError> {
        self.reader.finish().map_err(|e| self.container.wrong(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Container = Container {
        name: "box",
        magic: *b"VOUCHXX\0",
        versions: 2..=3,
        personal: *b"Vouch-box\0\0\0\0\0\0\0",
        other: "not a box",
        again: "make it again",
    };

    fn sealed(parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = FORMAT.begin();
        parts.iter().for_each(|part| FORMAT.part(&mut bytes, part).unwrap());
        let digest = FORMAT.digest(&bytes);
        [&bytes[..], &digest].concat()
    }

    fn refused(bytes: &[u8]) -> String {
        let opened = FORMAT.open(bytes).and_then(|mut opened| {
            opened.check_digest()?;
            opened.part("first")?;
            opened.finish()
        });
        opened.unwrap_err().to_string()
    }

    #[test]
    fn files_are_what_was_written() {
        let bytes = sealed(&[b"one", b""]);
        assert_eq!(bytes[..17], *b"VOUCHXX\0\x03\0\x03\0\0\0one");
        let mut opened = FORMAT.open(&bytes).unwrap();
        opened.check_digest().unwrap();
        assert_eq!((opened.part("first").unwrap(), opened.part("second").unwrap()), (&b"one"[..], &b""[..]));
        opened.finish().unwrap();
    }

    #[test]
    fn each_fault_is_named() {
        let bytes = sealed(&[b"one"]);
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            let content = bytes.len() - 32;
            let digest = FORMAT.digest(&bytes[..content]);
            bytes[content..].copy_from_slice(&digest);
            refused(&bytes)
        };
        assert_eq!(with(0, b'X'), "box: not a box");
        assert_eq!(with(8, 1), "box: version 1, this program reads versions 2 to 3: make it again");
        assert!(with(10, 200).contains("first"), "{}", with(10, 200));
        assert!(with(10, 2).contains("1 bytes follow"), "{}", with(10, 2));
        assert_eq!(refused(&bytes[..7]), "box: not a box");
        assert_eq!(refused(&bytes[..20]), "box: 20 bytes are too few");
        for at in 10..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            let error = refused(&damaged);
            assert_eq!(error, "box: the digest does not match: the file is damaged, make it again", "byte {at}");
        }
    }
}
