// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "../src/IVouchVerifier.sol";
import {VouchVerifier} from "../src/VouchVerifier.sol";
import {NotAnEvmKey} from "../src/KeyCompiler.sol";

/// @dev What these tests use of forge's cheat codes.
interface FileVm {
    function readFileBinary(string calldata path) external view returns (bytes memory);
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external;
}

/// Proofs that the prover made (crates/proof/proving/tests/evm.rs) of y = x0 x1 + 3 x0, for (3, -2) and (-4, 4).
contract VerifierTest {
    FileVm internal constant vm = FileVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    string internal constant DIR = "../crates/verify/verifier/tests/fixtures/";
    bytes32 internal constant NONCE = 0x0707070707070707070707070707070707070707070707070707070707070707;
    /// No call of `verify` takes more, whatever its arguments.
    uint256 internal constant MOST_GAS = 1_000_000;

    VouchVerifier internal verifier;
    bytes32 internal model;
    bytes internal proof;
    bytes internal other;
    bytes internal values;

    function setUp() public {
        verifier = new VouchVerifier(true);
        model = verifier.registerKey(vm.readFileBinary(string.concat(DIR, "evm.key")));
        proof = _proof("evm-0.envelope");
        other = _proof("evm-1.envelope");
        values = abi.encodePacked(int64(3), int64(-2), int64(3));
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

    /// Calls, and checks that a refusal has a name and that the gas is bounded.
    function _verdict(bytes32 id, bytes memory proof_, bytes memory values_, bytes32 nonce)
        internal
        view
        returns (bool)
    {
        uint256 gas = gasleft();
        try verifier.verify(id, proof_, values_, nonce) returns (bool verdict) {
            require(gas - gasleft() < MOST_GAS, "gas");
            return verdict;
        } catch (bytes memory reason) {
            require(gas - gasleft() < MOST_GAS, "gas");
            require(reason.length >= 4, "a revert without a name");
            bytes4 name = bytes4(reason);
            require(
                name == IVouchVerifier.UnknownModel.selector || name == IVouchVerifier.ProofLength.selector
                    || name == IVouchVerifier.PublicValuesLength.selector
                    || name == IVouchVerifier.ValueOutOfRange.selector
                    || name == IVouchVerifier.MessageNotCanonical.selector
                    || name == IVouchVerifier.DegenerateChallenge.selector,
                "another name"
            );
            return false;
        }
    }

    function test_honest_proofs() public view {
        require(verifier.verify(model, proof, values, NONCE));
        bytes memory values1 = abi.encodePacked(int64(-4), int64(4), int64(-28));
        require(verifier.verify(model, other, values1, NONCE));
    }

    function test_two_proofs_at_once() public {
        IVouchVerifier.Claim[] memory claims = new IVouchVerifier.Claim[](2);
        claims[0] = IVouchVerifier.Claim(proof, values, NONCE);
        claims[1] = IVouchVerifier.Claim(other, abi.encodePacked(int64(-4), int64(4), int64(-28)), NONCE);
        require(verifier.verifyMany(model, claims));
        claims[1].nonce = bytes32(0);
        require(!verifier.verifyMany(model, claims));
        vm.expectRevert(IVouchVerifier.NoClaims.selector);
        verifier.verifyMany(model, new IVouchVerifier.Claim[](0));
    }

    function test_a_key_is_registered_once() public {
        bytes memory key = vm.readFileBinary(string.concat(DIR, "evm.key"));
        address code = verifier.keyOf(model);
        require(code != address(0));
        require(verifier.registerKey(key) == model);
        require(verifier.keyOf(model) == code);
        VouchVerifier strict = new VouchVerifier(false);
        vm.expectRevert(IVouchVerifier.DevelopmentSetup.selector);
        strict.registerKey(key);
    }

    function test_keys_of_other_profiles() public {
        bytes memory key = vm.readFileBinary(string.concat(DIR, "small.key"));
        vm.expectRevert(NotAnEvmKey.selector);
        verifier.registerKey(key);
    }

    function test_outputs_are_decoded() public view {
        IVouchVerifier.Output[] memory outputs = verifier.decodeOutputs(model, values);
        require(outputs.length == 1 && outputs[0].values.length == 1 && outputs[0].values[0] == 3);
        require(keccak256(bytes(outputs[0].name)) == keccak256("y"));
        // 1.0
        require(outputs[0].scaleBits == 0x3ff0000000000000);
    }

    function testFuzz_a_changed_proof(uint256 place, uint256 change) public view {
        bytes memory changed = proof;
        place = place % (changed.length / 32);
        change = change == 0 ? 1 : change;
        assembly {
            let word := add(add(changed, 0x20), mul(0x20, place))
            mstore(word, xor(mload(word), change))
        }
        require(!_verdict(model, changed, values, NONCE));
    }

    function testFuzz_other_values(int64 x0, int64 x1, int64 y) public view {
        if (x0 == 3 && x1 == -2 && y == 3) return;
        require(!_verdict(model, proof, abi.encodePacked(x0, x1, y), NONCE));
        // Within the ranges, too.
        x0 = x0 % 5;
        x1 = x1 % 5;
        if (x0 == 3 && x1 == -2) return;
        require(!_verdict(model, proof, abi.encodePacked(x0, x1, int64(3)), NONCE));
    }

    function testFuzz_any_bytes(bytes32 id, bytes calldata proof_, bytes calldata values_, bytes32 nonce) public view {
        require(!_verdict(id, proof_, values_, nonce));
        require(!_verdict(model, proof_, values_, nonce));
        require(!_verdict(model, proof_, values, nonce));
        if (nonce != NONCE) require(!_verdict(model, proof, values, nonce));
    }

    /// A key is refused by name, or is that of another model.
    function testFuzz_a_changed_key(uint256 place, uint8 change) public {
        bytes memory key = vm.readFileBinary(string.concat(DIR, "evm.key"));
        place = place % key.length;
        change = change == 0 ? 1 : change;
        key[place] = bytes1(uint8(key[place]) ^ change);
        try verifier.registerKey{gas: 30_000_000}(key) returns (bytes32 id) {
            require(id != model);
            require(!_verdict(id, proof, values, NONCE));
        } catch (bytes memory reason) {
            require(reason.length >= 4, "a revert without a name");
        }
    }
}
