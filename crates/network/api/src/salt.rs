//! The secret behind the hashes of hashed tensors.

use std::fmt;

use serde::{Deserialize, Serialize};
use vouch_envelope::hex_text;

/// What the hashes of a proof's hashed tensors are salted with: 32 random bytes, 64 lower-case hexadecimal digits in JSON. Whoever has it can check guesses of the values, so
/// it is a new one for each question, and goes to nobody but those who are given the values, too.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt(pub [u8; 32]);

hex_text!(Salt);

/// Does not show the secret.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}
