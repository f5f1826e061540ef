// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "../src/IVouchVerifier.sol";
import {VerifierBase} from "./VerifierBase.sol";

/// Takes the calls of the verifier, and does nothing but read all arguments: what it refuses is no ABI encoding.
contract Decoder {
    function verify(bytes32, bytes calldata proof, bytes calldata publicValues, bytes32)
        external
        pure
        returns (uint256)
    {
        return proof.length + publicValues.length;
    }

    function verifyMany(bytes32, IVouchVerifier.Claim[] calldata claims) external pure returns (uint256 sum) {
        for (uint256 i; i < claims.length; ++i) {
            IVouchVerifier.Claim calldata claim = claims[i];
            unchecked {
                sum += claim.proof.length + claim.publicValues.length + uint256(claim.nonce);
            }
        }
    }

    function decodeOutputs(bytes32, bytes calldata publicValues) external pure returns (uint256) {
        return publicValues.length;
    }

    function registerKey(bytes calldata key) external pure returns (uint256) {
        return key.length;
    }
}

/// The bytes of calls: one form for each statement, and for any other bytes a bounded refusal.
contract CalldataTest is VerifierBase {
    Decoder internal decoder;
    bytes internal one;
    bytes internal many;

    function setUp() public override {
        super.setUp();
        decoder = new Decoder();
        one = abi.encodeCall(IVouchVerifier.verify, (model, proof, values, NONCE));
        many = abi.encodeCall(IVouchVerifier.verifyMany, (model, _claims()));
    }

    /// Whether a call returns true. Else it returns false, or reverts with a named error, or without one if Solidity's decoder finds
    /// no arguments in these bytes.
    function _true(bytes memory data) internal view returns (bool) {
        uint256 gas = gasleft();
        (bool fine, bytes memory answer) = address(verifier).staticcall{gas: 30_000_000}(data);
        // Reading any call's bytes takes little beside what a verification may take.
        require(gas - gasleft() < 2 * MOST_GAS + 100 * data.length, "gas");
        if (fine) return abi.decode(answer, (bool));
        if (_named(answer)) return false;
        require(answer.length == 0, "another error");
        (bool decoded,) = address(decoder).staticcall(data);
        require(!decoded, "a revert without a name");
        return false;
    }

    function _refused(bytes memory data, bytes4 name) internal view {
        (bool fine, bytes memory answer) = address(verifier).staticcall(data);
        require(!fine && answer.length >= 4 && bytes4(answer) == name, "not refused by this name");
    }

    function test_honest_calls() public view {
        require(_true(one) && _true(many));
    }

    function test_bytes_after_the_arguments() public view {
        for (uint256 more = 1; more <= 64; ++more) {
            _refused(bytes.concat(one, new bytes(more)), IVouchVerifier.CalldataNotCanonical.selector);
            _refused(bytes.concat(many, new bytes(more)), IVouchVerifier.CalldataNotCanonical.selector);
        }
    }

    function test_bytes_that_are_missing() public view {
        for (uint256 length; length < one.length; ++length) {
            require(!_true(_cut(one, length)), "short");
        }
        for (uint256 length; length < many.length; length += 7) {
            require(!_true(_cut(many, length)), "short");
        }
    }

    function _cut(bytes memory data, uint256 length) internal pure returns (bytes memory cut) {
        cut = bytes.concat(data);
        assembly {
            mstore(cut, length)
        }
    }

    /// The same arguments with the values before the proof, and with a word between them.
    function test_other_places_of_the_arguments() public view {
        bytes4 name = IVouchVerifier.CalldataNotCanonical.selector;
        bytes memory padded = bytes.concat(values, new bytes((32 - values.length % 32) % 32));
        bytes memory first = abi.encodePacked(uint256(values.length), padded);
        bytes memory second = abi.encodePacked(uint256(proof.length), proof);
        bytes4 selector = IVouchVerifier.verify.selector;
        _refused(abi.encodePacked(selector, model, 0x80 + first.length, uint256(0x80), NONCE, first, second), name);
        uint256 after_ = 0x80 + second.length;
        _refused(abi.encodePacked(selector, model, uint256(0x80), after_ + 32, NONCE, second, uint256(0), first), name);
        _refused(abi.encodePacked(selector, model, uint256(0xa0), after_ + 32, NONCE, uint256(0), second, first), name);
        // As they are written above, in their order: this is the one form.
        require(_true(abi.encodePacked(selector, model, uint256(0x80), after_, NONCE, second, first)));
    }

    /// Claims in another order than that of their offsets, and one that two offsets share.
    function test_other_places_of_claims() public view {
        bytes memory data = many;
        uint256 offsets = 4 + 0x60;
        uint256 a;
        uint256 b;
        assembly {
            let at0 := add(add(data, 0x20), offsets)
            a := mload(at0)
            b := mload(add(at0, 0x20))
            mstore(at0, b)
            mstore(add(at0, 0x20), a)
        }
        _refused(data, IVouchVerifier.CalldataNotCanonical.selector);
        data = many;
        _change(data, offsets + 0x20, a ^ b);
        _refused(data, IVouchVerifier.CalldataNotCanonical.selector);
    }

    function test_padding_that_is_not_zero() public view {
        for (uint256 place = values.length; place < 32; ++place) {
            bytes memory data = one;
            data[data.length - 32 + place] = 0x01;
            _refused(data, IVouchVerifier.CalldataNotCanonical.selector);
            data = many;
            data[data.length - 32 + place] = 0x80;
            _refused(data, IVouchVerifier.CalldataNotCanonical.selector);
        }
    }

    /// Offsets and lengths that are right modulo 2^32, 2^64, 2^128 or 2^255.
    function test_high_bits() public view {
        uint8[4] memory bits = [32, 64, 128, 255];
        for (uint256 i; i < bits.length; ++i) {
            uint256[4] memory words = [uint256(0x24), 0x44, 0x84, 0x84 + 32 + proof.length];
            for (uint256 j; j < words.length; ++j) {
                bytes memory data = one;
                _change(data, words[j], 1 << bits[i]);
                require(!_true(data), "high bits");
            }
            for (uint256 word = 0x24; word < 0x124; word += 32) {
                bytes memory data = many;
                _change(data, word, 1 << bits[i]);
                require(!_true(data), "high bits");
            }
        }
    }

    /// Each word of both calls, one after the other, in several ways.
    function test_each_word_of_a_call() public view {
        uint256[4] memory changes = [uint256(1), 1 << 255, type(uint256).max, 32];
        for (uint256 i; i < changes.length; ++i) {
            for (uint256 word = 4; word < one.length; word += 32) {
                bytes memory data = one;
                _change(data, word, changes[i]);
                require(!_true(data), "verify");
            }
            for (uint256 word = 4 + 32 * i; word < many.length; word += 96) {
                bytes memory data = many;
                _change(data, word, changes[i]);
                require(!_true(data), "verifyMany");
            }
        }
    }

    function testFuzz_changed_calls(bool both, uint256[3] calldata places, uint256[3] calldata changes, uint256 length)
        public
        view
    {
        bytes memory honest = both ? many : one;
        bytes memory data = bytes.concat(honest);
        for (uint256 i; i < 3; ++i) {
            _change(data, places[i] % (data.length - 31), changes[i]);
        }
        if (length % 4 == 0) data = _cut(data, (length >> 2) % data.length);
        if (length % 4 == 1) data = bytes.concat(data, abi.encode(changes));
        require(keccak256(data) == keccak256(honest) || !_true(data), "accepted");
    }

    function testFuzz_any_call(uint256 which, bytes calldata any) public view {
        bytes4[2] memory names = [IVouchVerifier.verify.selector, IVouchVerifier.verifyMany.selector];
        require(!_true(bytes.concat(names[which % 2], any)));
        require(!_true(bytes.concat(names[which % 2], model, any)));
    }

    /// Public values of any kind, of which nothing is verified: outputs, or a refusal with a name.
    function testFuzz_outputs_of_any_values(bytes32 id, bytes calldata any, int64[3] calldata three) public view {
        bytes32[2] memory ids = [id, model];
        bytes[2] memory all = [any, abi.encodePacked(three[0], three[1], three[2])];
        for (uint256 i; i < 4; ++i) {
            uint256 gas = gasleft();
            try verifier.decodeOutputs(ids[i / 2], all[i % 2]) returns (IVouchVerifier.Output[] memory outputs) {
                require(outputs.length == 1 && outputs[0].values[0] == three[2], "outputs");
            } catch (bytes memory reason) {
                require(_named(reason), "a revert without a name");
            }
            require(gas - gasleft() < MOST_GAS, "gas");
        }
    }
}
