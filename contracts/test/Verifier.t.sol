// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "../src/IVouchVerifier.sol";
import {VouchVerifier} from "../src/VouchVerifier.sol";
import {VerifierBase} from "./VerifierBase.sol";
import {NotAnEvmKey} from "../src/KeyCompiler.sol";
import {Q} from "../src/KeyReader.sol";

contract VerifierTest is VerifierBase {
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
            require(_named(reason), "a revert without a name");
            return false;
        }
    }

    function test_honest_proofs() public view {
        require(verifier.verify(model, proof, values, NONCE));
        require(verifier.verify(model, other, otherValues, NONCE));
    }

    function test_two_proofs_at_once() public {
        IVouchVerifier.Claim[] memory claims = _claims();
        require(verifier.verifyMany(model, claims));
        claims[1].nonce = bytes32(0);
        require(!verifier.verifyMany(model, claims));
        vm.expectRevert(IVouchVerifier.NoClaims.selector);
        verifier.verifyMany(model, new IVouchVerifier.Claim[](0));
    }

    /// The last point of a proof, h2, is in no challenge of its own. With h2 + D in one proof and h2 - D in another of the same
    /// statement, the errors of both equations cancel, unless each has a factor that depends on h2.
    function test_errors_do_not_cancel() public view {
        IVouchVerifier.Claim[] memory claims = _claims();
        claims[0].proof = _moved(proof, 2);
        claims[1] = IVouchVerifier.Claim(_moved(proof, Q - 2), values, NONCE);
        require(!verifier.verify(model, claims[0].proof, values, NONCE));
        require(!verifier.verifyMany(model, claims));
        (claims[0], claims[1]) = (claims[1], claims[0]);
        require(!verifier.verifyMany(model, claims));
    }

    /// A proof with (1, y) added to its last point.
    function _moved(bytes memory from, uint256 y) internal view returns (bytes memory moved) {
        moved = bytes.concat(from);
        assembly {
            let last := add(add(moved, 0x20), sub(mload(moved), 0x40))
            let input := mload(0x40)
            mcopy(input, last, 0x40)
            mstore(add(input, 0x40), 1)
            mstore(add(input, 0x60), y)
            if iszero(staticcall(gas(), 6, input, 0x80, last, 0x40)) { revert(0, 0) }
        }
    }

    function test_a_key_is_registered_once() public {
        address code = verifier.keyOf(model);
        require(code != address(0));
        require(verifier.registerKey(key) == model);
        require(verifier.keyOf(model) == code);
        VouchVerifier strict = new VouchVerifier(false);
        vm.expectRevert(IVouchVerifier.DevelopmentSetup.selector);
        strict.registerKey(key);
    }

    function test_keys_of_other_profiles() public {
        bytes memory small = vm.readFileBinary(string.concat(DIR, "small.key"));
        vm.expectRevert(NotAnEvmKey.selector);
        verifier.registerKey(small);
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
        _change(changed, 32 * (place % (changed.length / 32)), change == 0 ? 1 : change);
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
        bytes memory changed = key;
        place = place % changed.length;
        changed[place] = bytes1(uint8(changed[place]) ^ (change == 0 ? 1 : change));
        try verifier.registerKey{gas: 30_000_000}(changed) returns (bytes32 id) {
            require(id != model);
            require(!_verdict(id, proof, values, NONCE));
        } catch (bytes memory reason) {
            require(reason.length >= 4, "a revert without a name");
        }
    }
}
