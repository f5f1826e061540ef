//! Addresses as text: SS58.
//!
//! ```text
//! text = base58(prefix ‖ key ‖ first 2 bytes of BLAKE2b-512("SS58PRE" ‖ prefix ‖ key))
//! ```
//!
//! The prefix is 42, of Substrate in general, which Bittensor uses; others are refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_protocol::PublicKey;

const PREFIX: u8 = 42;
/// An address has 47 or 48 letters; more cannot be one.
const MAX_TEXT: usize = 64;

/// A public key that is written as an SS58 address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(pub PublicKey);

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It has other letters, or another length.
    #[error("`{0}` is not an SS58 address")]
    Text(String),
    /// It is of another network.
    #[error("the address has the prefix {0}, not Bittensor's 42")]
    Prefix(u8),
    /// A letter is wrong.
    #[error("`{0}`: the checksum is wrong; copy the address again")]
    Checksum(String),
}

fn checksum(bytes: &[u8]) -> [u8; 2] {
    let hash = blake2b_simd::State::new().update(b"SS58PRE").update(bytes).finalize();
    let [a, b, ..] = *hash.as_array();
    [a, b]
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![PREFIX];
        bytes.extend_from_slice(&self.0.0);
        bytes.extend_from_slice(&checksum(&bytes));
        f.write_str(&bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let short: String = text.chars().take(MAX_TEXT).collect();
        let wrong = || AddressError::Text(short.clone());
        if text.len() > MAX_TEXT {
            return Err(wrong());
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| wrong())?;
        let bytes: [u8; 35] = bytes.try_into().map_err(|_| wrong())?;
        let (body, sum) = bytes.split_at(33);
        if checksum(body) != *sum {
            return Err(AddressError::Checksum(short));
        }
        match body {
            [PREFIX, key @ ..] => Ok(Self(PublicKey(key.try_into().map_err(|_| wrong())?))),
            _ => Err(AddressError::Prefix(bytes[0])),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Substrate's development key //Alice.
    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    const ALICE_KEY: &str = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

    #[test]
    fn an_address_is_its_key() {
        let address: Address = ALICE.parse().unwrap();
        assert_eq!((address.0.to_string().as_str(), address.to_string().as_str()), (ALICE_KEY, ALICE));
    }

    #[test]
    fn wrong_addresses_are_refused() {
        let parse = |text: &str| text.parse::<Address>().unwrap_err();
        let typo = ALICE.replace("KutQY", "KutQZ");
        assert_eq!(parse(&typo), AddressError::Checksum(typo.clone()));
        for text in ["", "5", "0OIl", &ALICE[1..], &ALICE.repeat(9)] {
            assert!(matches!(parse(text), AddressError::Text(_) | AddressError::Checksum(_)), "{text}");
        }
        // Polkadot's form of the same key.
        assert_eq!(parse("15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"), AddressError::Prefix(0));
    }
}
