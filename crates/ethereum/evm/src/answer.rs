//! What the contract answers, and whether what answers is the contract.

use alloy_primitives::{B256, b256, keccak256};
use alloy_sol_types::{SolCall, SolInterface};

use crate::contract::VouchVerifier::{VouchVerifierErrors, verifyCall};

/// Keccak-256 of the contract's code, with zeros for its immutable value.
const CODE: B256 = b256!("0xbe548c66f75fc6fd801831be8d0f3ca656d5516da82b14f09c0333d747152fa7");
/// Where the code has its immutable value, `allowsDevelopment`: words, by their first byte.
const IMMUTABLES: [usize; 2] = [225, 480];
/// Bytes of a word.
const WORD: usize = 32;

/// What the code at an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// There is none.
    Nothing,
    /// Another contract's, or another version's.
    Other,
    /// `VouchVerifier`, as this release has it.
    Verifier {
        /// Whether it takes keys of development setups, whose makers can forge proofs.
        allows_development: bool,
    },
}

impl Code {
    /// Compares the answer of `eth_getCode` with the code of this release.
    pub fn of(code: &[u8]) -> Self {
        if code.is_empty() {
            return Self::Nothing;
        }
        let mut plain = code.to_vec();
        let mut values = Vec::new();
        for at in IMMUTABLES {
            let Some(word) = plain.get_mut(at..at + WORD) else { return Self::Other };
            values.push(B256::from_slice(word));
            word.fill(0);
        }
        let allows = |expected: u8| values.iter().all(|value| *value == B256::with_last_byte(expected));
        match keccak256(&plain) == CODE {
            true if allows(0) => Self::Verifier { allows_development: false },
            true if allows(1) => Self::Verifier { allows_development: true },
            _ => Self::Other,
        }
    }
}

/// An error of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name in the contract.
    pub name: &'static str,
    /// Its arguments.
    pub error: VouchVerifierErrors,
}

/// What a call of `verify` gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The proof holds.
    Valid,
    /// It does not.
    NotValid,
    /// The contract refuses an argument.
    Refused(Refusal),
}

impl Answer {
    /// Reads what a call returned. None if `verify` returns no such thing.
    pub fn returned(data: &[u8]) -> Option<Self> {
        let valid = verifyCall::abi_decode_returns_validate(data).ok()?;
        // Solidity's decoder would take more than the one word.
        (data.len() == WORD).then_some(if valid { Self::Valid } else { Self::NotValid })
    }

    /// Reads what a call that reverted said. None if it is not an error of this contract.
    pub fn reverted(data: &[u8]) -> Option<Self> {
        let error = VouchVerifierErrors::abi_decode_validate(data).ok()?;
        let name = VouchVerifierErrors::name_by_selector(error.selector())?;
        Some(Self::Refused(Refusal { name, error }))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;
    use alloy_sol_types::SolError;

    use super::*;
    use crate::contract::VouchVerifier::{MessageNotCanonical, UnknownModel};

    /// The committed contract's code; a node has its immutable values filled in.
    fn deployed(allows_development: u8) -> Vec<u8> {
        let file = include_str!("../../../../contracts/artifacts/VouchVerifier.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        let mut code = hex::decode(file["deployedBytecode"].as_str().unwrap()).unwrap();
        let places = file["immutables"].as_array().unwrap();
        assert_eq!(places.iter().map(|place| place["start"].as_u64().unwrap()).collect::<Vec<_>>(), [225, 480]);
        for place in places {
            assert_eq!(place["length"], 32);
            code[place["start"].as_u64().unwrap() as usize + 31] = allows_development;
        }
        code
    }

    #[test]
    fn the_contract_is_known_by_its_code() {
        let committed = keccak256(deployed(0));
        assert_eq!(committed, CODE, "the contract has changed: its code's hash is {committed}");
        assert_eq!(Code::of(&deployed(0)), Code::Verifier { allows_development: false });
        assert_eq!(Code::of(&deployed(1)), Code::Verifier { allows_development: true });
        assert_eq!(Code::of(&[]), Code::Nothing);
        let mut others = vec![deployed(2), deployed(1)[..23_000].to_vec(), vec![0x60; 300], vec![0]];
        for at in [0, 225, 511, 600, 23_500] {
            let mut other = deployed(1);
            other[at] ^= 0x80;
            others.push(other);
        }
        // The two places are one value.
        let mut torn = deployed(1);
        torn[225 + 31] = 0;
        others.push(torn);
        for other in others {
            assert_eq!(Code::of(&other), Code::Other);
        }
    }

    #[test]
    fn answers_have_one_form() {
        let word = |last: u8| B256::with_last_byte(last).to_vec();
        assert_eq!(Answer::returned(&word(1)), Some(Answer::Valid));
        assert_eq!(Answer::returned(&word(0)), Some(Answer::NotValid));
        for wrong in [vec![], vec![1], word(2), [word(1), word(1)].concat(), vec![0xff; 32]] {
            assert_eq!(Answer::returned(&wrong), None, "{wrong:02x?}");
        }
    }

    #[test]
    fn errors_have_names() {
        let error = MessageNotCanonical { offset: alloy_primitives::U256::from(64) };
        let refusal =
            Refusal { name: "MessageNotCanonical", error: VouchVerifierErrors::MessageNotCanonical(error.clone()) };
        assert_eq!(Answer::reverted(&error.abi_encode()), Some(Answer::Refused(refusal)));
        let unknown = UnknownModel { modelId: B256::repeat_byte(7) };
        let Some(Answer::Refused(Refusal { name, .. })) = Answer::reverted(&unknown.abi_encode()) else { panic!() };
        assert_eq!(name, "UnknownModel");
        let short = unknown.abi_encode()[..20].to_vec();
        for wrong in [vec![], vec![0x08, 0xc3, 0x79, 0xa0], short] {
            assert_eq!(Answer::reverted(&wrong), None, "{wrong:02x?}");
        }
    }
}
