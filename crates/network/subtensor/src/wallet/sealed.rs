//! Encrypted key files.
//!
//! ```text
//! file = "$NACL" ‖ nonce (24 bytes) ‖ XSalsa20-Poly1305(key, JSON)
//! key  = argon2i(password, salt of all wallets, 8 passes, 512 MiB)
//! ```

use argon2::{Algorithm, Argon2, Params, Version};
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};

use crate::WalletError;

const MARK: &[u8] = b"$NACL";
/// Old forms, by how they start.
const LEGACY: &[(&[u8], &str)] = &[(b"$ANSIBLE_VAULT", "ansible-vault"), (b"gAAAAA", "Fernet")];
/// The salt of every wallet: it is part of the format.
const SALT: &[u8; 16] = b"\x13q\x83\xdf\xf1Z\t\xbc\x9c\x90\xb5Q\x879\xe9\xb1";
const MEMORY_KIB: u32 = 512 << 10;
const PASSES: u32 = 8;
const NONCE: usize = 24;

/// Whether a file is encrypted, in whichever form.
pub(super) fn is_meant(content: &[u8]) -> bool {
    content.starts_with(MARK) || LEGACY.iter().any(|(start, _)| content.starts_with(start))
}

/// Decrypts a file. Takes seconds and 512 MiB, as the format wants.
pub(super) fn open(content: &[u8], password: &str) -> Result<Vec<u8>, WalletError> {
    if let Some((_, name)) = LEGACY.iter().find(|(start, _)| content.starts_with(start)) {
        return Err(WalletError::Legacy(name));
    }
    let format = |reason: &str| WalletError::Format(reason.to_owned());
    let rest = content.strip_prefix(MARK).ok_or_else(|| format("it is not encrypted"))?;
    let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or_else(|| format("the file is cut off"))?;
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(|e| format(&e.to_string()))?;
    let mut key = Key::default();
    Argon2::new(Algorithm::Argon2i, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), SALT, &mut key)
        .map_err(|e| format(&e.to_string()))?;
    let cipher = XSalsa20Poly1305::new(&key);
    cipher.decrypt(Nonce::from_slice(nonce), sealed).map_err(|_| WalletError::Password)
}
