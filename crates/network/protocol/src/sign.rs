//! Signed requests.
//!
//! Four headers carry the signature of a request: the caller's key, a nonce, the moment at which the request expires,
//! and the signature itself. It covers, each with its length in 8 bytes little-endian before it: method, path with
//! query, caller's key, recipient's key, SHA-256 of the body, nonce, expiry (8 bytes little-endian).
//!
//! Whoever receives a request must also remember the nonce until the request has expired: see [`verify`].

use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};
use vouch_envelope::hex;

use crate::{PartyKey, PublicKey, Signature, SignatureError};

/// Header: the caller's public key.
pub const HEADER_KEY: &str = "x-vouch-key";
/// Header: the request's nonce, 16 bytes.
pub const HEADER_NONCE: &str = "x-vouch-nonce";
/// Header: when the request expires, milliseconds since 1970.
pub const HEADER_EXPIRES: &str = "x-vouch-expires";
/// Header: the signature.
pub const HEADER_SIGNATURE: &str = "x-vouch-signature";
/// A request that expires later than this from now is refused: its nonce would have to be kept too long.
pub const MAX_VALIDITY_MS: u64 = 120_000;

const CONTEXT: &[u8] = b"vouch-request-v1";

/// A number that makes a request one of a kind.
pub type RequestNonce = [u8; 16];

/// The four headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedHeaders {
    /// The caller.
    pub key: PublicKey,
    /// The request's nonce.
    pub nonce: RequestNonce,
    /// When the request expires, milliseconds since 1970.
    pub expires_ms: u64,
    /// The signature.
    pub signature: Signature,
}

impl SignedHeaders {
    /// Names and values, to be sent.
    pub fn to_pairs(&self) -> [(&'static str, String); 4] {
        [
            (HEADER_KEY, self.key.to_string()),
            (HEADER_NONCE, hex::encode(&self.nonce)),
            (HEADER_EXPIRES, self.expires_ms.to_string()),
            (HEADER_SIGNATURE, self.signature.to_string()),
        ]
    }

    /// Reads the headers; `get` gives the value of a header that is there once.
    ///
    /// # Errors
    /// [`SignatureError::Header`] names the header that is missing or malformed.
    pub fn parse<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, SignatureError> {
        fn field<T>(name: &'static str, value: Option<T>) -> Result<T, SignatureError> {
            value.ok_or(SignatureError::Header { name })
        }
        let digits = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
        Ok(Self {
            key: field(HEADER_KEY, get(HEADER_KEY).and_then(|v| v.parse().ok()))?,
            nonce: field(HEADER_NONCE, get(HEADER_NONCE).and_then(|v| hex::decode_array(v).ok()))?,
            expires_ms: field(HEADER_EXPIRES, get(HEADER_EXPIRES).filter(digits).and_then(|v| v.parse().ok()))?,
            signature: Signature(field(
                HEADER_SIGNATURE,
                get(HEADER_SIGNATURE).and_then(|v| hex::decode_array(v).ok()),
            )?),
        })
    }
}

fn message(
    method: &str,
    path: &str,
    caller: &PublicKey,
    recipient: &PublicKey,
    body: &[u8],
    nonce: &RequestNonce,
    expires_ms: u64,
) -> Vec<u8> {
    let digest = Sha256::digest(body);
    let expires = expires_ms.to_le_bytes();
    let parts: [&[u8]; 7] =
        [method.as_bytes(), path.as_bytes(), &caller.0, &recipient.0, digest.as_slice(), nonce, &expires];
    let mut message = Vec::with_capacity(256 + path.len());
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part);
    }
    message
}

/// Signs a request to `recipient` with a new nonce.
pub fn sign(
    key: &PartyKey,
    recipient: &PublicKey,
    method: &str,
    path: &str,
    body: &[u8],
    expires_ms: u64,
) -> SignedHeaders {
    let mut nonce = [0; 16];
    OsRng.fill_bytes(&mut nonce);
    let caller = key.public();
    let signature = key.sign(CONTEXT, &message(method, path, &caller, recipient, body, &nonce, expires_ms));
    SignedHeaders { key: caller, nonce, expires_ms, signature }
}

/// Checks a request that `recipient` received at `now_ms`. Whether the caller is known, and whether the nonce has been
/// used, is for the recipient to say.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(
    headers: &SignedHeaders,
    recipient: &PublicKey,
    method: &str,
    path: &str,
    body: &[u8],
    now_ms: u64,
) -> Result<(), SignatureError> {
    if headers.expires_ms <= now_ms {
        return Err(SignatureError::Expired { expires_ms: headers.expires_ms, now_ms });
    }
    if headers.expires_ms - now_ms > MAX_VALIDITY_MS {
        return Err(SignatureError::TooFar { expires_ms: headers.expires_ms, now_ms });
    }
    let message = message(method, path, &headers.key, recipient, body, &headers.nonce, headers.expires_ms);
    headers.key.verify(CONTEXT, &message, &headers.signature)
}
