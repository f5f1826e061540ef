//! Identities of 32 bytes, written as 64 hexadecimal digits.

use std::fmt;

/// The text forms of a type around an array of bytes: lower-case hexadecimal in `Display`, `FromStr` and, with
/// `#[serde(try_from = "String", into = "String")]`, in JSON.
#[macro_export]
macro_rules! hex_text {
    ($name:ident) => {
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&$crate::hex::encode(&self.0))
            }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::hex::HexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hex::decode_array(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::hex::HexError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(bytes: $name) -> Self {
                bytes.to_string()
            }
        }
    };
}

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The bytes of the identity.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        hex_text!($name);
    };
}

identity! {
    /// Identity of a model: a hash of its verifying key's bytes.
    ModelId
}

identity! {
    /// A number that the caller chooses for a request, so that a proof answers this request only.
    Nonce
}

identity! {
    /// The salted hash of a tensor: a field element (Poseidon over BN254's scalar field), most significant byte first.
    TensorHash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let id = ModelId(std::array::from_fn(|i| i as u8 * 7));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("12".parse::<Nonce>(), Err(crate::hex::HexError::Length { expected: 64, got: 2 }));
    }
}
