//! sr25519 keys, and the files that hold them.
//!
//! A key file is one line: `vouch-sr25519-v1 ` and the 32 bytes of the mini secret in hexadecimal, expanded as
//! Substrate does. Only its owner may read it; a file that others can read is refused.

use std::fmt;
use std::io::Write;
use std::path::Path;

use rand_core::OsRng;
use schnorrkel::{ExpansionMode, Keypair, MiniSecretKey, signing_context};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_envelope::{hex, hex_text};

use crate::{KeyFileError, SignatureError};

const DERIVED: &[u8] = b"vouch-derived-v1\0";
const FILE_START: &str = "vouch-sr25519-v1 ";

/// A party's public key: 64 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(pub [u8; 32]);

hex_text!(PublicKey);

/// A signature: 128 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(pub [u8; 64]);

impl PublicKey {
    /// Checks a signature of `message`, made for `context`.
    pub fn verify(&self, context: &[u8], message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key = schnorrkel::PublicKey::from_bytes(&self.0).map_err(|_| SignatureError::Key)?;
        let signature = schnorrkel::Signature::from_bytes(&signature.0).map_err(|_| SignatureError::Forged)?;
        key.verify(signing_context(context).bytes(message), &signature).map_err(|_| SignatureError::Forged)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl TryFrom<String> for Signature {
    type Error = hex::HexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex::decode_array(&text).map(Self)
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.to_string()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

/// A party's key pair. Its secret is wiped from memory when it is dropped, and never shown.
#[derive(Clone)]
pub struct PartyKey {
    secret: MiniSecretKey,
    pair: Keypair,
}

impl fmt::Debug for PartyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartyKey({})", self.public())
    }
}

impl PartyKey {
    /// A new key, from the operating system's random numbers.
    pub fn generate() -> Self {
        Self::expand(MiniSecretKey::generate_with(OsRng))
    }

    /// The key of a mini secret of 32 bytes, as Substrate's seeds are.
    ///
    /// # Errors
    /// [`SignatureError::Key`].
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, SignatureError> {
        Ok(Self::expand(MiniSecretKey::from_bytes(seed).map_err(|_| SignatureError::Key)?))
    }

    fn expand(secret: MiniSecretKey) -> Self {
        let pair = secret.expand_to_keypair(ExpansionMode::Ed25519);
        Self { secret, pair }
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.pair.public.to_bytes())
    }

    /// Signs `message` for `context`.
    pub fn sign(&self, context: &[u8], message: &[u8]) -> Signature {
        Signature(self.pair.sign(signing_context(context).bytes(message)).to_bytes())
    }

    /// A secret of 32 bytes for one purpose, the same whenever it is asked for. It says nothing about the key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(DERIVED);
        hash.update(self.secret.as_bytes());
        hash.update(purpose);
        hash.finalize().into()
    }

    /// Writes the key to a new file that only its owner may read; an existing file is never replaced.
    ///
    /// # Errors
    /// [`KeyFileError::File`].
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        let file = |source| KeyFileError::File { path: path.to_owned(), source };
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir).map_err(file)?;
        // Temporary files are made with mode 0600.
        let mut temporary = tempfile::NamedTempFile::new_in(dir).map_err(file)?;
        writeln!(temporary, "{FILE_START}{}", hex::encode(&self.secret.to_bytes())).map_err(file)?;
        temporary.as_file().sync_all().map_err(file)?;
        temporary.persist_noclobber(path).map_err(|e| file(e.error))?;
        Ok(())
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError`], also if others than its owner may read it.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let file = |source| KeyFileError::File { path: path.to_owned(), source };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path).map_err(file)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyFileError::Permissions { path: path.to_owned(), mode });
            }
        }
        let text = std::fs::read_to_string(path).map_err(file)?;
        let format = || KeyFileError::Format { path: path.to_owned() };
        let digits = text.trim_end().strip_prefix(FILE_START).ok_or_else(format)?;
        let bytes: [u8; 32] = hex::decode_array(digits).map_err(|_| format())?;
        Ok(Self::expand(MiniSecretKey::from_bytes(&bytes).map_err(|_| format())?))
    }

    /// Reads a key file, or makes one where there is none.
    ///
    /// # Errors
    /// As [`PartyKey::load`] and [`PartyKey::save`].
    pub fn load_or_create(path: &Path) -> Result<Self, KeyFileError> {
        if path.exists() {
            return Self::load(path);
        }
        let key = Self::generate();
        key.save(path)?;
        Ok(key)
    }
}
