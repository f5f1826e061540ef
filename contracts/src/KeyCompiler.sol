// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    W_ROWS_LOG,
    W_INSTANCE,
    W_BLINDING,
    W_OMEGA,
    W_FIRST_ROW,
    W_N_INVERSE,
    W_EVALUATIONS,
    W_SIGMAS_AT,
    W_PRODUCTS_AT,
    W_PRODUCTS,
    W_CHUNK,
    W_PERMUTED,
    W_POINTS,
    W_LARGEST,
    W_ROTATIONS,
    W_SHAPES,
    W_GROUPS,
    W_CHALLENGES,
    W_CONSTANTS,
    W_OPERATIONS,
    W_GATES,
    W_PHASES,
    W_TENSORS,
    W_INPUTS,
    W_DENOMINATORS,
    W_PUBLIC_BYTES,
    W_DEVELOPMENT,
    W_G2,
    W_PHASES_AT,
    W_ROTATIONS_AT,
    W_SHAPES_AT,
    W_GROUPS_AT,
    W_KEY_POINTS_AT,
    W_PERMUTED_AT,
    W_CONSTANTS_AT,
    W_OPERATIONS_AT,
    W_GATES_AT,
    W_TENSORS_AT,
    W_SCHEMA_AT,
    W_SCHEMA_BYTES,
    W_HIDDEN,
    W_HEADER
} from "./KeyLayout.sol";
import {KeyReader, R, NotCanonical, TrailingBytes} from "./KeyReader.sol";

/// Not a verifying key of the evm profile (`vouch setup --profile evm`).
error NotAnEvmKey();
/// The key has something that this contract does not check proofs of, or more of it.
error Unsupported(bytes32 what);
/// The key contradicts itself.
error Inconsistent(bytes32 what);

/// Checks a verifying key, and makes of it what `VouchVerifier` works with: header words, then sections.
///
/// The key describes a circuit (docs/formats.md); which polynomials are opened where, and which of them share a commitment,
/// follows from its queries (docs/evm.md). A proof's values are numbered in the proof's order, then come the value of the
/// instance column, that of the quotient, the challenges, the constants, and the results of the operations.
library KeyCompiler {
    using KeyReader for KeyReader.Reader;

    /// Times at which groups are committed to, after those of the phases.
    uint256 private constant AT_PRODUCTS = 3;
    uint256 private constant AT_QUOTIENT = 4;
    uint256 private constant IN_KEY = 5;

    /// More than any circuit has, for the loops of this contract.
    uint256 private constant MOST = 4096;
    uint256 private constant MOST_ROTATIONS = 64;
    /// Rows of products, too.
    uint256 private constant ROW_SLOTS = MOST_ROTATIONS + 3;
    /// Of order 2^28.
    uint256 private constant ROOT_OF_UNITY = 0x3ddb9f5166d18b798865ea93dd31f743215cf6dd39329c8d34f1ed960c37c9c;

    struct Key {
        // W_HEADER words; Slither 0.11.6 stops at a constant here.
        uint256[48] header;
        uint256 degree;
        uint256 group;
        uint256[] phases;
        uint256[] challengePhases;
        uint256[] advice;
        uint256[] fixedQueries;
        uint256 fixedColumns;
        uint256[] permuted;
        uint256[] points;
        // Distinct rows, relative to the current one, at which polynomials are opened.
        uint256[] rows;
        uint256 rowCount;
        // Of each polynomial: when it is committed to, at which of the rows it is opened, and the numbers of its values.
        uint256[] times;
        uint256[] masks;
        uint256[] values;
        uint256 polynomials;
    }

    struct Nodes {
        // Of each node, the number of its value, and its degree.
        uint256[] numbers;
        uint256[] degrees;
        uint256[] constants;
        uint256 constantCount;
        uint256[] operations;
        uint256 operationCount;
        // The number of the first constant.
        uint256 first;
    }

    struct Groups {
        // Of each polynomial, its group.
        uint256[] groups;
        // Of each group: its time, its rows, how many members it has, its shape, the place of its commitment.
        uint256[] times;
        uint256[] masks;
        uint256[] counts;
        uint256[] shapes;
        uint256[] places;
    }

    /// Checks a key and compiles it. `schema` is a part of the result, and says where its tensors are described.
    function compile(bytes memory bytes_) internal view returns (bytes memory) {
        unchecked {
            KeyReader.Reader memory reader = KeyReader.over(bytes_);
            Key memory key;
            bytes memory out = new bytes(0x20 * W_HEADER);
            _head(reader, key);
            _lists(reader, key);
            _polynomials(key);
            // The program and the schema are written as they are read; what comes after them says how groups are made.
            out = _gates(reader, key, out);
            out = _schema(reader, key, out);
            _tail(reader, key);
            out = _groups(key, out);
            out = _rest(key, out);
            uint256[W_HEADER] memory header = key.header;
            assembly {
                mcopy(add(out, 0x20), header, mul(0x20, W_HEADER))
            }
            return out;
        }
    }

    function _refuse(bool wrong, bytes32 what) private pure {
        unchecked {
            if (wrong) revert Inconsistent(what);
        }
    }

    /// Magic to the number of blinding factors.
    function _head(KeyReader.Reader memory reader, Key memory key) private view {
        unchecked {
            uint256 pos = reader.skip(10);
            uint256 start;
            assembly {
                start := shr(176, mload(pos))
            }
            // Version 1 or 2 of the format, and the bit of the profile.
            if (start != 0x564f554348564b000101 && start != 0x564f554348564b000201) revert NotAnEvmKey();
            uint256[W_HEADER] memory header = key.header;
            header[W_HIDDEN] = ((start >> 8) & 0xff) - 1;
            uint256 kind = reader.u8();
            if (kind > 1) revert NotCanonical(reader.offset());
            header[W_DEVELOPMENT] = 1 - kind;
            reader.skip(64);
            reader.scalar();
            for (uint256 i; i < 2; ++i) {
                uint256[4] memory point = reader.g2();
                for (uint256 j; j < 4; ++j) {
                    header[W_G2 + 4 * i + j] = point[j];
                }
            }
            header[W_ROWS_LOG] = reader.number(28);
            header[W_INSTANCE] = reader.number(type(uint32).max);
            key.degree = reader.number(256);
            header[W_BLINDING] = reader.number(MOST);
            _refuse(header[W_ROWS_LOG] == 0, "k");
            _refuse(key.degree < 3, "degree");
            uint256 pieces;
            while (1 << pieces < key.degree - 1) ++pieces;
            _refuse(header[W_ROWS_LOG] + pieces > 28, "k with the degree");
            header[W_CHUNK] = key.degree - 2;
        }
    }

    function _column(KeyReader.Reader memory reader, uint256 rows) private pure returns (uint256) {
        unchecked {
            uint256 column = reader.number(type(uint32).max);
            int256 rotation = reader.zigzag();
            if (rotation != int256(int32(rotation))) revert NotCanonical(reader.offset());
            // A row has one rotation, so that rotation 0 is what is written as 0.
            if (2 * rotation >= int256(rows) || 2 * rotation < -int256(rows)) revert Unsupported("rotation");
            // The rotation modulo the number of rows, a power of two.
            return (column << 32) | (uint256(rotation) & (rows - 1));
        }
    }

    /// Lists of columns, queries and commitments.
    function _lists(KeyReader.Reader memory reader, Key memory key) private view {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            uint256 rows = 1 << header[W_ROWS_LOG];
            uint256 last;
            for (uint256 list; list < 2; ++list) {
                uint256[] memory phases = new uint256[](reader.number(MOST));
                for (uint256 i; i < phases.length; ++i) {
                    phases[i] = reader.u8();
                    if (list == 0 && phases[i] > last) last = phases[i];
                    _refuse(phases[i] > 2 || phases[i] > last, "phase");
                }
                if (list == 0) key.phases = phases;
                else key.challengePhases = phases;
            }
            header[W_PHASES] = last + 1;
            header[W_CHALLENGES] = key.challengePhases.length;
            for (uint256 list; list < 3; ++list) {
                uint256[] memory queries = new uint256[](reader.number(MOST));
                for (uint256 i; i < queries.length; ++i) {
                    queries[i] = _column(reader, rows);
                }
                if (list == 0) key.advice = queries;
                else if (list == 1) key.fixedQueries = queries;
                else if (queries.length != 1 || queries[0] != 0) revert Unsupported("queries of the instance column");
            }
            uint256[] memory permuted = new uint256[](reader.number(MOST));
            for (uint256 i; i < permuted.length; ++i) {
                uint256 kind = reader.u8();
                if (kind > 2) revert NotCanonical(reader.offset());
                permuted[i] = (kind << 32) | reader.number(type(uint32).max);
                for (uint256 j; j < i; ++j) {
                    _refuse(permuted[j] == permuted[i], "permutation column occurs before");
                }
            }
            key.permuted = permuted;
            header[W_PERMUTED] = permuted.length;
            header[W_PRODUCTS] = (permuted.length + header[W_CHUNK] - 1) / header[W_CHUNK];
            uint256 commitments = reader.number(MOST);
            key.points = new uint256[](2 * commitments);
            for (uint256 i; i < commitments; ++i) {
                (key.points[2 * i], key.points[2 * i + 1]) = reader.g1();
            }
            _refuse(reader.number(MOST) != 0, "permutation commitments");
            _blinding(key);
        }
    }

    /// The number of blinding factors is halo2's: the queries of an advice column, at least three, and two more.
    function _blinding(Key memory key) private pure {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            uint256[] memory counts = new uint256[](key.phases.length);
            uint256 most = 3;
            for (uint256 i; i < key.advice.length; ++i) {
                uint256 column = key.advice[i] >> 32;
                _refuse(column >= counts.length, "advice query");
                if (++counts[column] > most) most = counts[column];
            }
            uint256 rows = 1 << header[W_ROWS_LOG];
            _refuse(header[W_BLINDING] != most + 2, "blinding factors");
            _refuse(most + 5 > rows, "number of rows");
            _refuse(header[W_INSTANCE] > rows - most - 3, "instance length");
        }
    }

    /// Finds the number of a row among those at which polynomials are opened.
    function _row(Key memory key, uint256 row) private pure returns (uint256 i) {
        unchecked {
            for (; i < key.rowCount; ++i) {
                if (key.rows[i] == row) return i;
            }
            if (i == key.rows.length) revert Unsupported("rotations");
            key.rows[i] = row;
            ++key.rowCount;
        }
    }

    /// Notes that the value `number` is that of a polynomial at a row.
    function _opened(Key memory key, uint256 polynomial, uint256 row, uint256 number) private pure {
        unchecked {
            uint256 i = _row(key, row);
            _refuse(key.masks[polynomial] >> i & 1 != 0, "query occurs before");
            key.masks[polynomial] |= 1 << i;
            key.values[polynomial * ROW_SLOTS + i] = number;
        }
    }

    /// Numbers values and polynomials: those of queries in the order of their first one.
    function _polynomials(Key memory key) private pure {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            uint256 fixedLimit;
            for (uint256 i; i < key.fixedQueries.length; ++i) {
                uint256 column = key.fixedQueries[i] >> 32;
                _refuse(column >= MOST, "fixed query");
                if (column >= fixedLimit) fixedLimit = column + 1;
            }
            // At least so many there must be.
            key.fixedColumns = fixedLimit;
            uint256 products = header[W_PRODUCTS];
            uint256 sigmas = key.permuted.length;
            header[W_SIGMAS_AT] = key.advice.length + key.fixedQueries.length;
            header[W_PRODUCTS_AT] = header[W_SIGMAS_AT] + sigmas;
            header[W_EVALUATIONS] = header[W_PRODUCTS_AT] + (products == 0 ? 0 : 3 * products - 1);
            if (header[W_EVALUATIONS] > 30000) revert Unsupported("evaluations");

            uint256 most = key.phases.length + fixedLimit + products + sigmas + 1;
            key.rows = new uint256[](ROW_SLOTS);
            key.times = new uint256[](most);
            key.masks = new uint256[](most);
            key.values = new uint256[](most * ROW_SLOTS);
            _queried(key, key.advice, 0, key.phases);
            uint256 last = (1 << header[W_ROWS_LOG]) - header[W_BLINDING] - 1;
            for (uint256 i; i < products; ++i) {
                uint256 polynomial = key.polynomials++;
                uint256 pos = header[W_PRODUCTS_AT] + 3 * i;
                key.times[polynomial] = AT_PRODUCTS;
                _opened(key, polynomial, 0, pos);
                _opened(key, polynomial, 1, pos + 1);
                if (i + 1 < products) _opened(key, polynomial, last, pos + 2);
            }
            uint256[] memory times = new uint256[](fixedLimit);
            for (uint256 i; i < fixedLimit; ++i) {
                times[i] = IN_KEY;
            }
            _queried(key, key.fixedQueries, key.advice.length, times);
            for (uint256 i; i <= sigmas; ++i) {
                uint256 polynomial = key.polynomials++;
                key.times[polynomial] = i < sigmas ? IN_KEY : AT_QUOTIENT;
                _opened(key, polynomial, 0, i < sigmas ? header[W_SIGMAS_AT] + i : header[W_EVALUATIONS] + 1);
            }
        }
    }

    /// The polynomials of a list of queries, of which the first value has the number `first`.
    function _queried(Key memory key, uint256[] memory queries, uint256 first, uint256[] memory times) private pure {
        unchecked {
            uint256[] memory known = new uint256[](times.length);
            for (uint256 i; i < queries.length; ++i) {
                uint256 column = queries[i] >> 32;
                if (known[column] == 0) {
                    known[column] = ++key.polynomials;
                    key.times[key.polynomials - 1] = times[column];
                }
                _opened(key, known[column] - 1, queries[i] & type(uint32).max, first + i);
            }
        }
    }

    /// Appends numbers of two bytes, or words.
    function _append(bytes memory out, uint256[] memory numbers, uint256 count, uint256 size)
        private
        pure
        returns (bytes memory longer)
    {
        unchecked {
            uint256 length = out.length;
            longer = new bytes(length + count * size);
            assembly {
                mcopy(add(longer, 0x20), add(out, 0x20), length)
                let to := add(add(longer, 0x20), length)
                let from := add(numbers, 0x20)
                switch size
                case 32 { mcopy(to, from, mul(32, count)) }
                default {
                    for { let end := add(from, mul(32, count)) } lt(from, end) { from := add(from, 32) } {
                        let next := mload(from)
                        mstore8(to, shr(8, next))
                        mstore8(add(to, 1), next)
                        to := add(to, 2)
                    }
                }
            }
        }
    }

    /// Number of the value of a leaf.
    function _leaf(Key memory key, uint256 code, uint256 index) private pure returns (uint256) {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            if (code == 4 && index < key.fixedQueries.length) return key.advice.length + index;
            if (code == 5 && index < key.advice.length) return index;
            if (code == 6 && index == 0) return header[W_EVALUATIONS];
            if (code == 7 && index < header[W_CHALLENGES]) return header[W_EVALUATIONS] + 2 + index;
            revert Inconsistent("leaf of a gate");
        }
    }

    /// The nodes of gates: constants, and operations on numbered values.
    function _gates(KeyReader.Reader memory reader, Key memory key, bytes memory out)
        private
        pure
        returns (bytes memory)
    {
        unchecked {
            Nodes memory nodes;
            uint256 count = reader.number(1 << 14);
            nodes.numbers = new uint256[](count);
            nodes.degrees = new uint256[](count);
            nodes.constants = new uint256[](count);
            nodes.operations = new uint256[](3 * count);
            for (uint256 i; i < count; ++i) {
                _node(reader, key, nodes, i);
            }
            uint256[W_HEADER] memory header = key.header;
            (header[W_CONSTANTS], header[W_OPERATIONS]) = (nodes.constantCount, nodes.operationCount);
            nodes.first = header[W_EVALUATIONS] + 2 + header[W_CHALLENGES];
            if (nodes.first + nodes.constantCount + nodes.operationCount > 65535) {
                revert Unsupported("values of gates");
            }
            for (uint256 i; i < 3 * nodes.operationCount; ++i) {
                if (i % 3 != 0) nodes.operations[i] = _final(nodes, nodes.operations[i]);
            }
            header[W_CONSTANTS_AT] = out.length;
            out = _append(out, nodes.constants, nodes.constantCount, 32);
            header[W_OPERATIONS_AT] = out.length;
            out = _append(out, nodes.operations, 3 * nodes.operationCount, 2);
            uint256[] memory gates = new uint256[](reader.number(1 << 14));
            for (uint256 i; i < gates.length; ++i) {
                uint256 node = reader.number(type(uint32).max);
                _refuse(node >= count, "gate");
                _refuse(nodes.degrees[node] > key.degree, "degree of the gates");
                gates[i] = _final(nodes, nodes.numbers[node]);
            }
            header[W_GATES] = gates.length;
            header[W_GATES_AT] = out.length;
            return _append(out, gates, gates.length, 2);
        }
    }

    function _node(KeyReader.Reader memory reader, Key memory key, Nodes memory nodes, uint256 i) private pure {
        unchecked {
            uint256 code = reader.u8();
            if (code < 4) {
                nodes.constants[nodes.constantCount] = _constant(reader, code);
                nodes.numbers[i] = (1 << 16) + nodes.constantCount++;
                return;
            }
            if (code < 8) {
                nodes.numbers[i] = _leaf(key, code, reader.number(type(uint32).max));
                nodes.degrees[i] = code == 7 ? 0 : 1;
                return;
            }
            if (code > 11) revert NotCanonical(reader.offset());
            uint256 a = _operand(reader, i);
            uint256 b = code == 8 ? a : _operand(reader, i);
            uint256 place = 3 * nodes.operationCount;
            nodes.operations[place] = code - 8;
            nodes.operations[place + 1] = nodes.numbers[a];
            nodes.operations[place + 2] = nodes.numbers[b];
            nodes.numbers[i] = (2 << 16) + nodes.operationCount++;
            (a, b) = (nodes.degrees[a], nodes.degrees[b]);
            // Bounded, however long a chain of products is.
            uint256 degree = code == 11 ? a + b : a > b ? a : b;
            nodes.degrees[i] = degree > 1 << 17 ? 1 << 17 : degree;
        }
    }

    /// The number of a value, of which constants come first and then results, each numbered for themselves while nodes are read.
    function _final(Nodes memory nodes, uint256 number) private pure returns (uint256) {
        unchecked {
            if (number >> 16 == 0) return number;
            return (number & 0xffff) + nodes.first + (number >> 17 == 0 ? 0 : nodes.constantCount);
        }
    }

    function _operand(KeyReader.Reader memory reader, uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 distance = reader.varint();
            _refuse(distance == 0 || distance > position, "operand of a node");
            return position - distance;
        }
    }

    /// A constant has one form: a power of two from 2^7 on, or its negative; else a small integer; else all bytes.
    function _constant(KeyReader.Reader memory reader, uint256 code) private pure returns (uint256 value) {
        unchecked {
            if (code == 3) {
                value = reader.scalar();
            } else if (code == 0) {
                int256 small = reader.zigzag();
                if (small == type(int64).min) revert NotCanonical(reader.offset());
                value = small < 0 ? R - uint256(-small) : uint256(small);
            } else {
                uint256 exponent = reader.u8();
                if (exponent < 7 || exponent > 253) revert NotCanonical(reader.offset());
                value = 1 << exponent;
                if (code == 2) value = R - value;
            }
            uint256 negative = R - value;
            uint256 form = 3;
            if (value >= 128 && value & (value - 1) == 0) form = 1;
            else if (value != 0 && negative >= 128 && negative & (negative - 1) == 0) form = 2;
            else if (value < 1 << 63 || negative < 1 << 63) form = 0;
            if (form != code) revert NotCanonical(reader.offset());
        }
    }

    /// The tensors: of each what a proof shows, how many values, and their range. Their description is kept as it is.
    function _schema(KeyReader.Reader memory reader, Key memory key, bytes memory out)
        private
        pure
        returns (bytes memory)
    {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            bool hidden = header[W_HIDDEN] == 1;
            uint256 from = reader.pos;
            uint256[] memory tensors = new uint256[](512);
            uint256 count;
            uint256[2] memory cells;
            for (uint256 section; section < 2; ++section) {
                for (uint256 left = reader.number(256); left > 0; --left) {
                    tensors[count] = _tensor(reader, hidden, cells);
                    ++count;
                }
                if (section == 0) header[W_INPUTS] = count;
            }
            _refuse(cells[0] != header[W_INSTANCE], "instance length");
            header[W_TENSORS] = count;
            header[W_PUBLIC_BYTES] = cells[1];
            header[W_TENSORS_AT] = out.length;
            out = _append(out, tensors, count, 32);
            header[W_SCHEMA_AT] = out.length;
            header[W_SCHEMA_BYTES] = reader.pos - from;
            uint256 length = reader.pos - from;
            uint256[] memory schema = new uint256[]((length + 31) / 32);
            assembly {
                mcopy(add(schema, 0x20), from, length)
            }
            return _append(out, schema, schema.length, 32);
        }
    }

    function _tensor(KeyReader.Reader memory reader, bool hidden, uint256[2] memory cells)
        private
        pure
        returns (uint256)
    {
        unchecked {
            reader.skip(reader.number(256));
            uint256 size = 1;
            for (uint256 axes = reader.number(16); axes > 0; --axes) {
                size *= reader.number(type(uint32).max);
                if (size > 1 << 20) revert Unsupported("values of a tensor");
            }
            reader.skip(reader.number(256));
            // Positive and finite: the sign is 0, and the exponent not 2047.
            uint256 scale = reader.skip(8);
            assembly {
                scale := mload(scale)
            }
            scale = KeyReader.reversed(scale) & type(uint64).max;
            _refuse(scale == 0 || scale >> 52 >= 2047, "scale");
            int256 least = reader.zigzag();
            int256 most = reader.zigzag();
            _refuse(least > most, "bounds");
            uint256 shown = hidden ? reader.u8() : 0;
            if (shown > 2) revert NotCanonical(reader.offset());
            if (shown == 0) {
                cells[0] += size;
                cells[1] += 8 * size;
            } else if (shown == 1) {
                cells[0] += 1;
                cells[1] += 32;
            }
            return shown << 192 | size << 128 | uint256(uint64(int64(least))) << 64 | uint64(int64(most));
        }
    }

    /// The layout's text, and what the key says of the profile.
    function _tail(KeyReader.Reader memory reader, Key memory key) private pure {
        unchecked {
            reader.skip(reader.number(1 << 16));
            key.group = reader.number(256);
            uint256 columns = reader.number(MOST);
            _refuse(key.group == 0, "polynomials in a group");
            _refuse(columns < key.fixedColumns, "fixed query");
            if (reader.pos != reader.end) revert TrailingBytes();
        }
    }

    /// Groups of polynomials with one commitment: committed to at one time, opened at the same rows, at most so many.
    function _groups(Key memory key, bytes memory out) private pure returns (bytes memory) {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            Groups memory all;
            all.groups = new uint256[](key.polynomials);
            all.times = new uint256[](key.polynomials);
            all.masks = new uint256[](key.polynomials);
            all.counts = new uint256[](key.polynomials);
            uint256 groups;
            for (uint256 i; i < key.polynomials; ++i) {
                uint256 g;
                for (; g < groups; ++g) {
                    if (all.times[g] == key.times[i] && all.masks[g] == key.masks[i] && all.counts[g] < key.group) {
                        break;
                    }
                }
                if (g == groups) {
                    (all.times[g], all.masks[g]) = (key.times[i], key.masks[i]);
                    ++groups;
                }
                ++all.counts[g];
                all.groups[i] = g;
                if (all.counts[g] > header[W_LARGEST]) header[W_LARGEST] = all.counts[g];
            }
            header[W_GROUPS] = groups;
            out = _shapes(key, all, out);
            out = _places(key, all, out);
            return _members(key, all, out);
        }
    }

    /// Groups with as many members that are opened at the same rows have one *shape*: how many members, at how many rows, and
    /// the numbers of the rows.
    function _shapes(Key memory key, Groups memory all, bytes memory out) private pure returns (bytes memory) {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            uint256 groups = header[W_GROUPS];
            uint256[] memory shapes = new uint256[](groups * (2 + ROW_SLOTS));
            uint256[] memory known = new uint256[](groups);
            all.shapes = new uint256[](groups);
            uint256 written;
            uint256 count;
            for (uint256 g; g < groups; ++g) {
                uint256 shape = all.counts[g] << 128 | all.masks[g];
                uint256 s;
                while (s < count && known[s] != shape) ++s;
                all.shapes[g] = s;
                if (s < count) continue;
                known[count++] = shape;
                uint256 pos = written;
                shapes[pos] = all.counts[g];
                written += 2;
                for (uint256 row; row < key.rowCount; ++row) {
                    if (all.masks[g] >> row & 1 != 0) shapes[written++] = row;
                }
                shapes[pos + 1] = written - pos - 2;
                header[W_DENOMINATORS] += written - pos - 2;
            }
            header[W_SHAPES] = count;
            header[W_SHAPES_AT] = out.length;
            return _append(out, shapes, written, 2);
        }
    }

    /// Gives each group the place of its commitment: in the order of times; from 2^15 on in the key. Writes the phases: how many
    /// groups are committed to, and which challenges are drawn.
    function _places(Key memory key, Groups memory all, bytes memory out) private pure returns (bytes memory) {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            all.places = new uint256[](header[W_GROUPS]);
            uint256[] memory phases = new uint256[](6 + key.challengePhases.length);
            uint256 written;
            uint256 place;
            for (uint256 time; time <= IN_KEY; ++time) {
                if (time == IN_KEY) (header[W_POINTS], place) = (place, 1 << 15);
                uint256 first = place;
                for (uint256 g; g < header[W_GROUPS]; ++g) {
                    if (all.times[g] == time) all.places[g] = place++;
                }
                if (time >= header[W_PHASES]) continue;
                uint256 pos = written;
                phases[pos] = place - first;
                written += 2;
                for (uint256 i; i < key.challengePhases.length; ++i) {
                    if (key.challengePhases[i] == time) phases[written++] = i;
                }
                phases[pos + 1] = written - pos - 2;
            }
            _refuse(2 * (place - (1 << 15)) != key.points.length, "number of commitments to groups");
            header[W_PHASES_AT] = out.length;
            return _append(out, phases, written, 2);
        }
    }

    /// Writes the groups in the order in which the opening combines them: shape, place, and the numbers of the members' values.
    function _members(Key memory key, Groups memory all, bytes memory out) private pure returns (bytes memory) {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            header[W_GROUPS_AT] = out.length;
            for (uint256 g; g < header[W_GROUPS]; ++g) {
                uint256[] memory record = new uint256[](2 + all.counts[g] * key.rowCount);
                record[0] = all.shapes[g];
                record[1] = all.places[g];
                uint256 written = 2;
                for (uint256 i; i < key.polynomials; ++i) {
                    if (all.groups[i] != g) continue;
                    for (uint256 row; row < key.rowCount; ++row) {
                        if (key.masks[i] >> row & 1 != 0) record[written++] = key.values[i * ROW_SLOTS + row];
                    }
                }
                out = _append(out, record, written, 2);
            }
            return out;
        }
    }

    /// The numbers of permuted values, the key's points, powers of the root of unity, and numbers that follow.
    function _rest(Key memory key, bytes memory out) private view returns (bytes memory) {
        unchecked {
            uint256[W_HEADER] memory header = key.header;
            uint256[] memory numbers = new uint256[](key.permuted.length);
            for (uint256 i; i < numbers.length; ++i) {
                uint256 kind = key.permuted[i] >> 32;
                uint256 column = key.permuted[i] & type(uint32).max;
                if (kind == 2) {
                    _refuse(column != 0, "permutation column");
                    numbers[i] = header[W_EVALUATIONS];
                } else {
                    uint256[] memory queries = kind == 0 ? key.advice : key.fixedQueries;
                    uint256 found;
                    while (found < queries.length && queries[found] != column << 32) ++found;
                    _refuse(found == queries.length, "permutation column");
                    numbers[i] = kind == 0 ? found : key.advice.length + found;
                }
            }
            header[W_PERMUTED_AT] = out.length;
            out = _append(out, numbers, numbers.length, 2);
            header[W_KEY_POINTS_AT] = out.length;
            out = _append(out, key.points, key.points.length, 32);
            uint256 rows = 1 << header[W_ROWS_LOG];
            uint256 omega = KeyReader.power(ROOT_OF_UNITY, 1 << (28 - header[W_ROWS_LOG]), R);
            header[W_OMEGA] = omega;
            header[W_N_INVERSE] = KeyReader.power(rows, R - 2, R);
            header[W_FIRST_ROW] = KeyReader.power(omega, rows - header[W_BLINDING] - 1, R);
            uint256[] memory rotations = new uint256[](key.rowCount);
            for (uint256 i; i < rotations.length; ++i) {
                rotations[i] = KeyReader.power(omega, key.rows[i], R);
            }
            header[W_ROTATIONS] = rotations.length;
            header[W_ROTATIONS_AT] = out.length;
            return _append(out, rotations, rotations.length, 32);
        }
    }
}
