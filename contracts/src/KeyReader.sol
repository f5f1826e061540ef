// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// The order of BN254's scalar field.
uint256 constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
// The modulus of BN254's base field.
uint256 constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

// The state of BLAKE2b-256 with the personalization `Vouch-model-id`, before its first block.
uint256 constant BLAKE_LOW = 0x28c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5;
uint256 constant BLAKE_HIGH = 0xd182e6ad7f520e511f6c3e2b8c68059b3dd23498c3f4ee701d44123e70a9e05b;

/// The bytes end before a field does.
error Truncated();
/// Bytes follow the last field.
error TrailingBytes();
/// A number, flag or code is not in its only form, or not one that the format has.
error NotCanonical(uint256 offset);
/// The coordinate at this byte belongs to no point of the curve.
error NotOnCurve(uint256 offset);
/// A point of G2 is the identity, or not of the subgroup of prime order.
error NotInSubgroup();

/// Reads the parts of a verifying key: docs/formats.md, "Encodings".
library KeyReader {
    /// Where the next byte is, and where the last one ends.
    struct Reader {
        uint256 pos;
        uint256 end;
        uint256 start;
    }

    function over(bytes memory data) internal pure returns (Reader memory reader) {
        uint256 start;
        assembly {
            start := add(data, 0x20)
        }
        reader = Reader(start, start + data.length, start);
    }

    function offset(Reader memory reader) internal pure returns (uint256) {
        unchecked {
            return reader.pos - reader.start;
        }
    }

    /// Skips bytes, and returns where they are.
    function skip(Reader memory reader, uint256 length) internal pure returns (uint256 pos) {
        unchecked {
            pos = reader.pos;
            if (length > reader.end - pos) revert Truncated();
            reader.pos = pos + length;
        }
    }

    function u8(Reader memory reader) internal pure returns (uint256 value) {
        uint256 pos = skip(reader, 1);
        assembly {
            value := byte(0, mload(pos))
        }
    }

    /// LEB128 in its shortest form, below 2^64.
    function varint(Reader memory reader) internal pure returns (uint256 value) {
        unchecked {
            uint256 shift;
            while (true) {
                uint256 next = u8(reader);
                value |= (next & 0x7f) << shift;
                if (next < 0x80) {
                    if ((next == 0 && shift != 0) || value > type(uint64).max) revert NotCanonical(offset(reader));
                    return value;
                }
                shift += 7;
                if (shift > 63) revert NotCanonical(offset(reader));
            }
        }
    }

    /// A varint of the zigzag code, of 64 bits.
    function zigzag(Reader memory reader) internal pure returns (int256) {
        unchecked {
            uint256 code = varint(reader);
            return code & 1 == 0 ? int256(code >> 1) : -int256(code >> 1) - 1;
        }
    }

    /// A varint of at most `limit`.
    function number(Reader memory reader, uint256 limit) internal pure returns (uint256 value) {
        unchecked {
            value = varint(reader);
            if (value > limit) revert NotCanonical(offset(reader));
        }
    }

    /// 32 bytes, least significant first.
    function word(Reader memory reader) internal pure returns (uint256 value) {
        uint256 pos = skip(reader, 32);
        assembly {
            value := mload(pos)
        }
        value = reversed(value);
    }

    /// The bytes of a word in the other order.
    function reversed(uint256 v) internal pure returns (uint256) {
        unchecked {
            uint256 m = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            v = ((v >> 8) & m) | ((v & m) << 8);
            m = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            v = ((v >> 16) & m) | ((v & m) << 16);
            m = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            v = ((v >> 32) & m) | ((v & m) << 32);
            m = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            v = ((v >> 64) & m) | ((v & m) << 64);
            return (v >> 128) | (v << 128);
        }
    }

    /// A scalar below the order.
    function scalar(Reader memory reader) internal pure returns (uint256 value) {
        unchecked {
            value = word(reader);
            if (value >= R) revert NotCanonical(offset(reader));
        }
    }

    /// A compressed point of G1; the identity is (0, 0).
    function g1(Reader memory reader) internal view returns (uint256 x, uint256 y) {
        unchecked {
            x = word(reader);
            uint256 flags = x >> 254;
            x &= type(uint256).max >> 2;
            if (flags & 2 != 0) {
                if (flags != 2 || x != 0) revert NotCanonical(offset(reader));
                return (0, 0);
            }
            if (x >= Q) revert NotCanonical(offset(reader));
            uint256 square = addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
            y = root(square);
            if (mulmod(y, y, Q) != square) revert NotOnCurve(offset(reader));
            if (y & 1 != flags & 1) y = Q - y;
        }
    }

    /// A compressed point of G2, as the precompiled contract takes it: x and y, of each the second coefficient first.
    function g2(Reader memory reader) internal view returns (uint256[4] memory point) {
        uint256 x0 = word(reader);
        uint256 x1 = word(reader);
        uint256 flags = x1 >> 254;
        x1 &= type(uint256).max >> 2;
        if (flags & 2 != 0) revert NotInSubgroup();
        if (x0 >= Q || x1 >= Q) revert NotCanonical(offset(reader));
        // x³ + 3 / (9 + u)
        (uint256 a0, uint256 a1) = multiply2(x0, x1, x0, x1);
        (a0, a1) = multiply2(a0, a1, x0, x1);
        a0 = addmod(a0, 0x2b149d40ceb8aaae81be18991be06ac3b5b4c5e559dbefa33267e6dc24a138e5, Q);
        a1 = addmod(a1, 0x009713b03af0fed4cd2cafadeed8fdf4a74fa084e52d1852e4a2bd0685c315d2, Q);
        (uint256 y0, uint256 y1) = root2(a0, a1);
        (uint256 s0, uint256 s1) = multiply2(y0, y1, y0, y1);
        if (s0 != a0 || s1 != a1) revert NotOnCurve(offset(reader));
        if (y0 & 1 != flags & 1) {
            // The other root has the other parity, unless y0 is zero.
            if (y0 == 0) revert NotCanonical(offset(reader));
            (y0, y1) = (Q - y0, y1 == 0 ? 0 : Q - y1);
        }
        point = [x1, x0, y1, y0];
        // The precompiled contract refuses points outside of the subgroup.
        uint256[6] memory input = [0, 0, x1, x0, y1, y0];
        bool fine;
        assembly {
            fine := staticcall(200000, 8, input, 0xc0, 0x00, 0x20)
        }
        if (!fine) revert NotInSubgroup();
    }

    /// `(a0 + a1 u)(b0 + b1 u)` with u² = −1.
    function multiply2(uint256 a0, uint256 a1, uint256 b0, uint256 b1) private pure returns (uint256, uint256) {
        unchecked {
            return
                (addmod(mulmod(a0, b0, Q), Q - mulmod(a1, b1, Q), Q), addmod(mulmod(a0, b1, Q), mulmod(a1, b0, Q), Q));
        }
    }

    /// A square root modulo Q, if there is one.
    function root(uint256 a) private view returns (uint256) {
        unchecked {
            return power(a, (Q + 1) / 4, Q);
        }
    }

    /// A square root of a0 + a1 u, if there is one.
    function root2(uint256 a0, uint256 a1) private view returns (uint256 y0, uint256 y1) {
        unchecked {
            if (a1 == 0) {
                y0 = root(a0);
                if (mulmod(y0, y0, Q) == a0) return (y0, 0);
                return (0, root(a0 == 0 ? 0 : Q - a0));
            }
            uint256 norm = root(addmod(mulmod(a0, a0, Q), mulmod(a1, a1, Q), Q));
            uint256 half = (Q + 1) / 2;
            uint256 square = mulmod(addmod(a0, norm, Q), half, Q);
            y0 = root(square);
            if (mulmod(y0, y0, Q) != square) y0 = root(mulmod(addmod(a0, Q - norm, Q), half, Q));
            y1 = mulmod(a1, power(addmod(y0, y0, Q), Q - 2, Q), Q);
        }
    }

    /// `base^exponent` modulo a prime.
    function power(uint256 base, uint256 exponent, uint256 modulus) internal view returns (uint256 result) {
        assembly {
            let pos := mload(0x40)
            mstore(pos, 0x20)
            mstore(add(pos, 0x20), 0x20)
            mstore(add(pos, 0x40), 0x20)
            mstore(add(pos, 0x60), base)
            mstore(add(pos, 0x80), exponent)
            mstore(add(pos, 0xa0), modulus)
            if iszero(staticcall(gas(), 5, pos, 0xc0, 0x00, 0x20)) { revert(0, 0) }
            result := mload(0x00)
        }
    }

    /// BLAKE2b-256 with the personalization `Vouch-model-id`: the identity of a key's model.
    function identity(bytes memory key) internal view returns (bytes32 id) {
        // The round function's precompiled contract: rounds, state, block, counter, whether it is the last block.
        bytes memory input = new bytes(213);
        assembly {
            let pos := add(input, 0x20)
            mstore(pos, shl(224, 12))
            mstore(add(pos, 4), BLAKE_LOW)
            mstore(add(pos, 36), BLAKE_HIGH)
            let from := add(key, 0x20)
            let left := mload(key)
            let counter := 0
            for { let last := 0 } iszero(last) {} {
                let length := left
                last := 1
                if gt(left, 128) {
                    length := 128
                    last := 0
                }
                for { let i := 0 } lt(i, 128) { i := add(i, 0x20) } { mstore(add(add(pos, 68), i), 0) }
                mcopy(add(pos, 68), from, length)
                from := add(from, length)
                left := sub(left, length)
                counter := add(counter, length)
                // The counter's 16 bytes, least significant first; it is below 2^24.
                mstore8(add(pos, 196), counter)
                mstore8(add(pos, 197), shr(8, counter))
                mstore8(add(pos, 198), shr(16, counter))
                mstore8(add(pos, 212), last)
                if iszero(staticcall(gas(), 9, pos, 213, add(pos, 4), 64)) { revert(0, 0) }
            }
            id := mload(add(pos, 4))
        }
    }
}
