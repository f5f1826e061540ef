//! The secret behind the hashes of hashed tensors.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use vouch_envelope::hex::{self, HexError};

/// What the hashes of a proof's hashed tensors are salted with: 32 random bytes, 64 lower-case hexadecimal digits in JSON. Whoever has it can check guesses of the values, so
/// it is a new one for each question, and goes to nobody but those who are given the values, too.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt(pub [u8; 32]);

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// Does not show the secret.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

impl FromStr for Salt {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::decode_array(text).map(Self)
    }
}

impl TryFrom<String> for Salt {
    type Error = HexError;

    fn try_from(text: String) -> Result<Self, HexError> {
        text.parse()
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        salt.to_string()
    }
}
