//! Hotkeys of Bittensor wallets: `~/.bittensor/wallets/WALLET/hotkeys/HOTKEY`.
//!
//! A file is JSON with `secretSeed` or `secretPhrase`, or that JSON encrypted with a password. Coldkeys are never read.

mod sealed;

use std::path::Path;

use serde::Deserialize;
use sha2::Sha512;
use vouch_envelope::hex;
use vouch_protocol::{PartyKey, PublicKey};

use crate::{Address, WalletError};

/// A key file has less than 1 kB.
const MAX_FILE: u64 = 64 << 10;
/// Rounds of the hash that makes a seed of a phrase, as Substrate has it.
const PHRASE_ROUNDS: u32 = 2048;
/// `cryptoType` of sr25519, where it is given.
const SR25519: u8 = 1;

/// A key of a wallet.
#[derive(Debug, Clone)]
pub struct Hotkey {
    /// The key.
    pub key: PartyKey,
    /// Its address.
    pub address: Address,
}

/// The JSON of a key. Other fields are of no interest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    secret_seed: Option<String>,
    secret_phrase: Option<String>,
    private_key: Option<String>,
    public_key: Option<String>,
    ss58_address: Option<String>,
    crypto_type: Option<u8>,
}

fn seed(content: &Content) -> Result<[u8; 32], WalletError> {
    let format = |reason: &str| WalletError::Format(reason.to_owned());
    if let Some(text) = &content.secret_seed {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        return hex::decode_array(digits).map_err(|_| format("`secretSeed` is not 32 bytes in hexadecimal"));
    }
    if let Some(phrase) = &content.secret_phrase {
        let mnemonic = bip39::Mnemonic::parse_in(bip39::Language::English, phrase.trim())
            .map_err(|e| WalletError::Format(format!("`secretPhrase`: {e}")))?;
        // Substrate makes the seed of the phrase's entropy, not of its words.
        let mut long = [0; 64];
        pbkdf2::pbkdf2_hmac::<Sha512>(&mnemonic.to_entropy(), b"mnemonic", PHRASE_ROUNDS, &mut long);
        let (seed, _) = long.split_at(32);
        return seed.try_into().map_err(|_| format("`secretPhrase`"));
    }
    if content.private_key.is_some() {
        return Err(format("it has neither `secretSeed` nor `secretPhrase`: make the hotkey again from its phrase"));
    }
    Err(WalletError::PublicOnly)
}

impl Hotkey {
    /// Whether the content of a file is meant as a key of a wallet.
    pub fn is_meant(content: &[u8]) -> bool {
        content.trim_ascii_start().starts_with(b"{") || sealed::is_meant(content)
    }

    /// Reads a file. `password` is asked if it is encrypted.
    ///
    /// # Errors
    /// [`WalletError`], also if others than its owner may read it.
    pub fn read(path: &Path, password: impl FnOnce() -> Option<String>) -> Result<Self, WalletError> {
        let metadata = std::fs::metadata(path).map_err(WalletError::File)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(WalletError::Permissions { mode });
            }
        }
        if metadata.len() > MAX_FILE {
            return Err(WalletError::Size { most: MAX_FILE, got: metadata.len() });
        }
        Self::from_bytes(&std::fs::read(path).map_err(WalletError::File)?, password)
    }

    /// Reads the content of a file.
    ///
    /// # Errors
    /// [`WalletError`].
    pub fn from_bytes(content: &[u8], password: impl FnOnce() -> Option<String>) -> Result<Self, WalletError> {
        if sealed::is_meant(content) {
            let password = password().ok_or(WalletError::NoPassword)?;
            return Self::from_json(&sealed::open(content, &password)?);
        }
        Self::from_json(content)
    }

    fn from_json(json: &[u8]) -> Result<Self, WalletError> {
        // The parser's own words could repeat a part of the secret.
        let content: Content = serde_json::from_slice(json).map_err(|e| {
            WalletError::Format(format!("JSON with a key was expected (line {}, column {})", e.line(), e.column()))
        })?;
        if content.crypto_type.is_some_and(|kind| kind != SR25519) {
            return Err(WalletError::Kind);
        }
        let key = PartyKey::from_seed(&seed(&content)?).map_err(|e| WalletError::Format(e.to_string()))?;
        let got = Address(key.public());
        let stated = [
            content.ss58_address.as_ref().and_then(|text| text.parse::<Address>().ok()),
            content
                .public_key
                .as_ref()
                .and_then(|text| hex::decode_array(text.strip_prefix("0x").unwrap_or(text)).ok())
                .map(|bytes| Address(PublicKey(bytes))),
        ];
        match stated.into_iter().flatten().find(|stated| *stated != got) {
            Some(expected) => Err(WalletError::Mismatch { expected, got }),
            None => Ok(Self { key, address: got }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    const SEED: &str = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";

    fn json(content: &str) -> Result<Hotkey, WalletError> {
        Hotkey::from_bytes(content.as_bytes(), || None)
    }

    #[test]
    fn a_seed_is_a_key() {
        let text =
            format!(r#"{{"secretSeed":"{SEED}","ss58Address":"{ALICE}","accountId":"0x00","secretPhrase":null}}"#);
        assert_eq!(json(&text).unwrap().address.to_string(), ALICE);
    }

    #[test]
    fn what_is_no_hotkey_is_refused() {
        let refused = |text: &str| json(text).unwrap_err();
        let bob = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
        let other = refused(&format!(r#"{{"secretSeed":"{SEED}","ss58Address":"{bob}"}}"#));
        assert!(matches!(other, WalletError::Mismatch { .. }), "{other}");
        let public = refused(&format!(r#"{{"ss58Address":"{ALICE}"}}"#));
        assert!(matches!(public, WalletError::PublicOnly));
        let kind = refused(&format!(r#"{{"secretSeed":"{SEED}","cryptoType":0}}"#));
        assert!(matches!(kind, WalletError::Kind));
        assert!(refused(r#"{"privateKey":"0x00"}"#).to_string().contains("from its phrase"));
        assert!(matches!(refused(r#"{"secretPhrase":"bottom drive"}"#), WalletError::Format(_)));
        // An error says nothing of the secret.
        let secret = refused(r#"{"secretSeed":{"abandon":1}}"#).to_string();
        assert!(!secret.contains("abandon"), "{secret}");
    }

    #[test]
    fn old_encryption_is_named() {
        let refused = |content: &[u8]| Hotkey::from_bytes(content, || Some("x".into())).unwrap_err();
        assert!(matches!(refused(b"$ANSIBLE_VAULT;1.1;AES256\n33"), WalletError::Legacy("ansible-vault")));
        assert!(matches!(refused(b"gAAAAABj"), WalletError::Legacy("Fernet")));
        assert!(matches!(refused(b"$NACL"), WalletError::Format(_)));
        assert!(matches!(Hotkey::from_bytes(b"$NACLxx", || None), Err(WalletError::NoPassword)));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hotkey");
        std::fs::write(&path, format!(r#"{{"secretSeed":"{SEED}"}}"#)).unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        assert!(matches!(Hotkey::read(&path, || None), Err(WalletError::Permissions { mode: 0o644 })));
        mode(0o600);
        assert_eq!(Hotkey::read(&path, || None).unwrap().address.to_string(), ALICE);
        std::fs::write(&path, vec![b'{'; 1 << 17]).unwrap();
        assert!(matches!(Hotkey::read(&path, || None), Err(WalletError::Size { .. })));
    }
}
