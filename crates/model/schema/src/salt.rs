//! The secret behind the hashes of hashed tensors.

use std::fmt;

use crate::hex_text;

/// The secret from which the salts of a proof's tensors are derived: 32 random bytes, 64 lower-case hexadecimal digits as
/// text. Anyone who has it can check guesses of the hashed values. Draw a new one for each proof, and give it only to
/// parties that may know the values.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Salt(pub [u8; 32]);

hex_text!(Salt);

#[cfg(feature = "random")]
impl Salt {
    /// 32 bytes from the operating system.
    pub fn random() -> Self {
        use rand_core::{OsRng, RngCore};

        let mut bytes = [0; 32];
        OsRng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

/// Does not show the secret.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_written_and_not_shown() {
        let salt = Salt([0xa5; 32]);
        assert_eq!(salt.to_string(), "a5".repeat(32));
        assert_eq!(salt.to_string().parse(), Ok(salt));
        assert_eq!(format!("{salt:?}"), "Salt");
    }
}
