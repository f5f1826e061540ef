// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "../src/IVouchVerifier.sol";
import {VouchVerifier} from "../src/VouchVerifier.sol";

/// @dev What these tests use of forge's cheat codes.
interface FileVm {
    function readFileBinary(string calldata path) external view returns (bytes memory);
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external;
}

/// Proofs that the prover made (crates/proof/proving/tests/evm.rs) of y = x0 x1 + 3 x0, for (3, -2) and (-4, 4).
abstract contract VerifierBase {
    FileVm internal constant vm = FileVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    string internal constant DIR = "../crates/verify/verifier/tests/fixtures/";
    bytes32 internal constant NONCE = 0x0707070707070707070707070707070707070707070707070707070707070707;
    /// No call of `verify` takes more, whatever its arguments.
    uint256 internal constant MOST_GAS = 1_000_000;

    VouchVerifier internal verifier;
    bytes32 internal model;
    bytes internal key;
    bytes internal proof;
    bytes internal other;
    bytes internal values;
    bytes internal otherValues;

    function setUp() public virtual {
        verifier = new VouchVerifier(true);
        key = vm.readFileBinary(string.concat(DIR, "evm.key"));
        model = verifier.registerKey(key);
        proof = _proof("evm-0.envelope");
        other = _proof("evm-1.envelope");
        values = abi.encodePacked(int64(3), int64(-2), int64(3));
        otherValues = abi.encodePacked(int64(-4), int64(4), int64(-28));
    }

    /// What follows the public values of an envelope: three of one byte each.
    function _proof(string memory file) internal view returns (bytes memory part) {
        bytes memory envelope = vm.readFileBinary(string.concat(DIR, file));
        uint256 start = 74 + 5 + 2 + 5 + 1 + 4;
        part = new bytes(envelope.length - start);
        for (uint256 i; i < part.length; ++i) {
            part[i] = envelope[start + i];
        }
    }

    function _claims() internal view returns (IVouchVerifier.Claim[] memory claims) {
        claims = new IVouchVerifier.Claim[](2);
        claims[0] = IVouchVerifier.Claim(proof, values, NONCE);
        claims[1] = IVouchVerifier.Claim(other, otherValues, NONCE);
    }

    /// Changes a word of bytes, which starts anywhere.
    function _change(bytes memory data, uint256 start, uint256 change) internal pure {
        assembly {
            let word := add(add(data, 0x20), start)
            mstore(word, xor(mload(word), change))
        }
    }

    /// Whether a refusal is one of the contract's errors about arguments.
    function _named(bytes memory reason) internal pure returns (bool) {
        bytes4 name = reason.length >= 4 ? bytes4(reason) : bytes4(0);
        return name == IVouchVerifier.UnknownModel.selector || name == IVouchVerifier.ProofLength.selector
            || name == IVouchVerifier.PublicValuesLength.selector || name == IVouchVerifier.ValueOutOfRange.selector
            || name == IVouchVerifier.HashNotCanonical.selector || name == IVouchVerifier.MessageNotCanonical.selector
            || name == IVouchVerifier.DegenerateChallenge.selector
            || name == IVouchVerifier.CalldataNotCanonical.selector || name == IVouchVerifier.NoClaims.selector;
    }
}
