// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "./IVouchVerifier.sol";
import {
    W_BLINDING,
    W_CHALLENGES,
    W_CHUNK,
    W_CONSTANTS,
    W_CONSTANTS_AT,
    W_DEVELOPMENT,
    W_EVALUATIONS,
    W_FIRST_ROW,
    W_G2,
    W_GATES,
    W_GATES_AT,
    W_GROUPS,
    W_GROUPS_AT,
    W_HIDDEN,
    W_INPUTS,
    W_INSTANCE,
    W_KEY_POINTS_AT,
    W_LARGEST,
    W_N_INVERSE,
    W_OMEGA,
    W_OPERATIONS,
    W_OPERATIONS_AT,
    W_PERMUTED,
    W_PERMUTED_AT,
    W_PHASES,
    W_PHASES_AT,
    W_POINTS,
    W_PRODUCTS,
    W_PRODUCTS_AT,
    W_PUBLIC_BYTES,
    W_ROTATIONS,
    W_ROTATIONS_AT,
    W_SCHEMA_AT,
    W_SCHEMA_BYTES,
    W_SHAPES,
    W_SHAPES_AT,
    W_SIGMAS_AT,
    W_S_G2,
    W_TENSORS,
    W_TENSORS_AT
} from "./KeyLayout.sol";
import {KeyReader, R, Q} from "./KeyReader.sol";
import {KeyCompiler} from "./KeyCompiler.sol";

/// Checks proofs of any model whose verifying key is of the evm profile.
///
/// There is no owner, no upgrade and no setting that changes: a model is registered once, by anyone, and its key is kept as the
/// code of a contract. A proof is checked as the verifier in Rust does (crates/verify/verifier); docs/evm.md has the equations.
contract VouchVerifier is IVouchVerifier {
    /// Whether keys of development setups are accepted, whose makers can forge proofs.
    bool public immutable allowsDevelopment;

    mapping(bytes32 modelId => address) private _keys;

    // Words of the frame that a verification works in.
    uint256 private constant KEY = 0x00;
    uint256 private constant VALUES = 0x20;
    uint256 private constant INSTANCE = 0x40;
    uint256 private constant BETA = 0x60;
    uint256 private constant GAMMA = 0x80;
    uint256 private constant Y = 0xa0;
    uint256 private constant X = 0xc0;
    uint256 private constant V = 0xe0;
    uint256 private constant U = 0x100;
    uint256 private constant XN = 0x120;
    uint256 private constant INVERSES = 0x140;
    uint256 private constant POWERS = 0x160;
    uint256 private constant FIRST = 0x180;
    uint256 private constant LAST = 0x1a0;
    uint256 private constant ACTIVE = 0x1c0;
    uint256 private constant HASH = 0x1e0;
    uint256 private constant POINTS = 0x200;
    uint256 private constant SUM = 0x220;
    uint256 private constant OPENINGS = 0x240;
    uint256 private constant GROUP = 0x260;
    uint256 private constant POWER = 0x280;
    uint256 private constant CONSTANT = 0x2a0;
    uint256 private constant VANISHING = 0x2c0;
    uint256 private constant FACTOR = 0x2e0;
    uint256 private constant SCALARS = 0x300;
    uint256 private constant SEED = 0x320;
    uint256 private constant FRAME = 0x340;
    // A sum of points: the sum, a point that is added to it, the point's scalar.
    uint256 private constant POINT = 0x40;
    uint256 private constant SCALAR = 0x80;
    uint256 private constant SUM_BYTES = 0xa0;

    constructor(bool allowsDevelopment_) {
        allowsDevelopment = allowsDevelopment_;
    }

    /// @inheritdoc IVouchVerifier
    function registerKey(bytes calldata key) external returns (bytes32 modelId) {
        bytes memory copy = key;
        modelId = KeyReader.identity(copy);
        if (_keys[modelId] != address(0)) return modelId;
        bytes memory compiled = KeyCompiler.compile(copy);
        uint256 development;
        assembly {
            development := mload(add(add(compiled, 0x20), mul(0x20, W_DEVELOPMENT)))
        }
        if (development != 0 && !allowsDevelopment) revert DevelopmentSetup();
        address code = _store(compiled);
        _keys[modelId] = code;
        emit KeyRegistered(modelId, code);
    }

    /// @inheritdoc IVouchVerifier
    function keyOf(bytes32 modelId) external view returns (address) {
        return _keys[modelId];
    }

    /// @inheritdoc IVouchVerifier
    function verify(bytes32 modelId, bytes calldata proof, bytes calldata publicValues, bytes32 nonce)
        external
        view
        returns (bool)
    {
        // After the selector and four words.
        if (_end(0x84, proof, publicValues) != msg.data.length) revert CalldataNotCanonical();
        uint256 frame = _load(modelId);
        _reduce(frame, modelId, proof, publicValues, nonce);
        return _pairs(frame);
    }

    /// @inheritdoc IVouchVerifier
    function verifyMany(bytes32 modelId, Claim[] calldata claims) external view returns (bool) {
        if (claims.length == 0) revert NoClaims();
        uint256 frame = _load(modelId);
        uint256 free;
        uint256 place;
        uint256 bad;
        assembly {
            free := mload(0x40)
            // After the selector, two words, and the number of claims.
            bad := xor(claims.offset, 0x64)
            place := add(claims.offset, mul(0x20, claims.length))
        }
        for (uint256 i; i < claims.length; ++i) {
            Claim calldata claim = claims[i];
            assembly {
                bad := or(bad, xor(claim, place))
                // All that the last claim took, but not what the frame keeps for the equation.
                mstore(0x40, free)
            }
            place = _end(place + 0x60, claim.proof, claim.publicValues);
            _reduce(frame, modelId, claim.proof, claim.publicValues, claim.nonce);
        }
        if (bad != 0 || place != msg.data.length) revert CalldataNotCanonical();
        return _pairs(frame);
    }

    /// Where a proof and public values end that start at a place of the call's data, if they are there as ABI encoders write them:
    /// one after the other, and zeros up to a whole word.
    function _end(uint256 place, bytes calldata proof, bytes calldata publicValues) private pure returns (uint256 end) {
        uint256 bad;
        assembly {
            bad := xor(proof.offset, add(place, 0x20))
            // Of another length than whole words no proof is accepted.
            end := add(add(proof.offset, and(add(proof.length, 0x1f), not(0x1f))), 0x20)
            bad := or(bad, xor(publicValues.offset, end))
            end := add(publicValues.offset, publicValues.length)
            let rest := and(sub(0, publicValues.length), 0x1f)
            bad := or(bad, shr(sub(256, mul(8, rest)), calldataload(end)))
            end := add(end, rest)
        }
        if (bad != 0) revert CalldataNotCanonical();
    }

    /// @inheritdoc IVouchVerifier
    function decodeOutputs(bytes32 modelId, bytes calldata publicValues)
        external
        view
        returns (Output[] memory outputs)
    {
        uint256 key;
        {
            uint256 frame = _load(modelId);
            _values(frame, publicValues);
            assembly {
                key := mload(frame)
            }
        }
        uint256 inputs = _header(key, W_INPUTS);
        uint256 tensors = _header(key, W_TENSORS);
        uint256 pos = key + _header(key, W_SCHEMA_AT);
        KeyReader.Reader memory reader = KeyReader.Reader(pos, pos + _header(key, W_SCHEMA_BYTES), pos);
        outputs = new Output[](tensors - inputs);
        uint256 position;
        KeyReader.varint(reader);
        for (uint256 i; i < tensors; ++i) {
            if (i == inputs) KeyReader.varint(reader);
            Output memory output = _describe(reader);
            uint256 packed;
            assembly {
                packed := mload(add(add(key, mload(add(key, mul(0x20, W_TENSORS_AT)))), mul(0x20, i)))
            }
            if (_header(key, W_HIDDEN) != 0) KeyReader.u8(reader);
            uint256 shown = packed >> 192;
            uint256 size = shown == 0 ? (packed >> 128) & type(uint32).max : shown == 1 ? 1 : 0;
            if (i >= inputs) {
                output.hashed = shown == 1;
                output.values = new int256[](size);
                for (uint256 j; j < size; ++j) {
                    if (shown == 1) {
                        output.values[j] = int256(uint256(bytes32(publicValues[position:position + 32])));
                    } else {
                        uint256 from = position + 8 * j;
                        output.values[j] = int64(uint64(bytes8(publicValues[from:from + 8])));
                    }
                }
                outputs[i - inputs] = output;
            }
            position += shown == 0 ? 8 * size : 32 * size;
        }
    }

    function _describe(KeyReader.Reader memory reader) private pure returns (Output memory output) {
        output.name = _text(reader);
        output.shape = new uint256[](KeyReader.varint(reader));
        for (uint256 i; i < output.shape.length; ++i) {
            output.shape[i] = KeyReader.varint(reader);
        }
        output.unit = _text(reader);
        uint256 scale = KeyReader.skip(reader, 8);
        assembly {
            scale := mload(scale)
        }
        output.scaleBits = uint64(KeyReader.reversed(scale));
        KeyReader.varint(reader);
        KeyReader.varint(reader);
    }

    function _text(KeyReader.Reader memory reader) private pure returns (string memory) {
        uint256 length = KeyReader.varint(reader);
        uint256 from = KeyReader.skip(reader, length);
        bytes memory text = new bytes(length);
        assembly {
            mcopy(add(text, 0x20), from, length)
        }
        return string(text);
    }

    function _header(uint256 key, uint256 word) private pure returns (uint256 value) {
        assembly {
            value := mload(add(key, mul(0x20, word)))
        }
    }

    /// Keeps data as the code of a contract, after a byte that stops whoever calls it.
    function _store(bytes memory data) private returns (address pos) {
        uint256 length = data.length;
        if (length > 24575) revert KeyTooLarge(length, 24575);
        // Returns everything after itself: PUSH1 11, MSIZE, DUP2, CODESIZE, SUB, DUP1, SWAP3, MSIZE, CODECOPY, RETURN.
        bytes memory code = abi.encodePacked(hex"600b5981380380925939f300", data);
        assembly {
            pos := create(0, add(code, 0x20), mload(code))
        }
        if (pos == address(0)) revert NotStored();
    }

    /// Loads a model's key into a new frame.
    function _load(bytes32 modelId) private view returns (uint256 frame) {
        address pos = _keys[modelId];
        if (pos == address(0)) revert UnknownModel(modelId);
        assembly {
            frame := mload(0x40)
            let key := add(frame, FRAME)
            let length := sub(extcodesize(pos), 1)
            extcodecopy(pos, key, 1, length)
            mstore(add(frame, KEY), key)
            // Of the equation: both sums, and the scalars of the key's points and of the generator, which all proofs share.
            let sum := and(add(add(key, length), 0x1f), not(0x1f))
            mstore(add(frame, SUM), sum)
            let scalars := add(sum, mul(2, SUM_BYTES))
            mstore(add(frame, SCALARS), scalars)
            let points := sub(mload(add(key, mul(0x20, W_GROUPS))), mload(add(key, mul(0x20, W_POINTS))))
            let free := add(scalars, mul(0x20, add(points, 1)))
            calldatacopy(sum, calldatasize(), sub(free, sum))
            mstore(add(frame, SEED), 0)
            mstore(0x40, free)
        }
    }

    /// Reads the public values: of each tensor its integers, 8 bytes each, or its hash, 32 bytes, most significant byte first. They
    /// become the cells of the instance column, after two words that are left for the transcript.
    function _values(uint256 frame, bytes calldata publicValues) private pure {
        uint256 problem;
        assembly {
            let key := mload(frame)
            let to := mload(0x40)
            mstore(add(frame, INSTANCE), to)
            to := add(to, 0x40)
            let from := publicValues.offset
            problem := iszero(eq(publicValues.length, mload(add(key, mul(0x20, W_PUBLIC_BYTES)))))
            if iszero(problem) {
                let tensor := add(key, mload(add(key, mul(0x20, W_TENSORS_AT))))
                let end := add(tensor, mul(0x20, mload(add(key, mul(0x20, W_TENSORS)))))
                for {} lt(tensor, end) { tensor := add(tensor, 0x20) } {
                    let packed := mload(tensor)
                    let shown := shr(192, packed)
                    if eq(shown, 1) {
                        let hash := calldataload(from)
                        if iszero(lt(hash, R)) { problem := 2 }
                        mstore(to, hash)
                        to := add(to, 0x20)
                        from := add(from, 0x20)
                    }
                    if iszero(shown) {
                        let least := signextend(7, shr(64, packed))
                        let most := signextend(7, packed)
                        let until := add(to, mul(0x20, and(shr(128, packed), 0xffffffff)))
                        for {} lt(to, until) { to := add(to, 0x20) } {
                            let value := sar(192, calldataload(from))
                            from := add(from, 8)
                            if or(slt(value, least), sgt(value, most)) { problem := 3 }
                            if slt(value, 0) { value := add(value, R) }
                            mstore(to, value)
                        }
                    }
                }
                mstore(0x40, to)
            }
        }
        if (problem == 1) {
            revert PublicValuesLength(publicValues.length, _header(_header(frame, 0), W_PUBLIC_BYTES));
        }
        if (problem == 2) revert HashNotCanonical();
        if (problem == 3) revert ValueOutOfRange();
    }

    /// Reduces a proof to one equation `e(left, [s]) = e(right, [1])`, and adds it, times a factor, to the frame's. The first has the
    /// factor 1; any other's is a hash of its whole transcript and of all proofs before it, so that none can make up for another.
    function _reduce(uint256 frame, bytes32 modelId, bytes calldata proof, bytes calldata publicValues, bytes32 nonce)
        private
        view
    {
        _values(frame, publicValues);
        uint256 instance = _header(frame, 2);
        assembly {
            mstore(instance, modelId)
            mstore(add(instance, 0x20), nonce)
        }
        _check(frame, proof);
        _place(frame, proof);
        _draw(frame, proof);
        _invert(frame);
        _identities(frame);
        _open(frame, proof);
    }

    /// Checks the encodings of all messages.
    function _check(uint256 frame, bytes calldata proof) private pure {
        uint256 bad;
        {
            uint256 key = _header(frame, 0);
            uint256 points = _header(key, W_POINTS);
            uint256 evaluations = _header(key, W_EVALUATIONS);
            uint256 expected = 64 * points + 32 * evaluations + 128;
            if (proof.length != expected) revert ProofLength(proof.length, expected);
            assembly {
                // A point has coordinates below q, and y² = x³ + 3. Infinity, which is written as zeros, is none.
                function isPoint(from) -> fine {
                    let q := Q
                    let x := calldataload(from)
                    let y := calldataload(add(from, 0x20))
                    fine := and(
                        and(lt(x, q), lt(y, q)),
                        eq(mulmod(y, y, q), addmod(mulmod(mulmod(x, x, q), x, q), 3, q))
                    )
                }

                let from := proof.offset
                let r := R
                for { let end := add(from, mul(0x40, points)) } lt(from, end) { from := add(from, 0x40) } {
                    if iszero(isPoint(from)) { bad := add(sub(from, proof.offset), 1) }
                }
                for { let end := add(from, mul(0x20, evaluations)) } lt(from, end) { from := add(from, 0x20) } {
                    if iszero(lt(calldataload(from), r)) { bad := add(sub(from, proof.offset), 1) }
                }
                for { let end := add(from, 0x80) } lt(from, end) { from := add(from, 0x40) } {
                    if iszero(isPoint(from)) { bad := add(sub(from, proof.offset), 1) }
                }
            }
        }
        if (bad != 0) revert MessageNotCanonical(bad - 1);
    }

    /// Makes room for all values: evaluations, the instance's, the quotient's, challenges, constants, results. Puts in the first
    /// and the constants. The transcript's hash comes after them.
    function _place(uint256 frame, bytes calldata proof) private pure {
        assembly {
            let key := mload(frame)
            let evaluations := mul(0x20, mload(add(key, mul(0x20, W_EVALUATIONS))))
            let values := mload(0x40)
            mstore(add(frame, VALUES), values)
            calldatacopy(values, add(proof.offset, mul(0x40, mload(add(key, mul(0x20, W_POINTS))))), evaluations)
            let to := add(add(values, evaluations), mul(0x20, add(mload(add(key, mul(0x20, W_CHALLENGES))), 2)))
            let length := mul(0x20, mload(add(key, mul(0x20, W_CONSTANTS))))
            mcopy(to, add(key, mload(add(key, mul(0x20, W_CONSTANTS_AT)))), length)
            let hash := add(add(to, length), mul(0x20, mload(add(key, mul(0x20, W_OPERATIONS)))))
            mstore(add(frame, HASH), hash)
            // What is hashed, up to all evaluations, is written there.
            mstore(0x40, hash)
        }
    }

    /// Draws all challenges.
    function _draw(uint256 frame, bytes calldata proof) private pure {
        assembly {
            // A challenge is the hash of the last one's and of the messages since.
            function draw(hash, from, to) -> challenge {
                let length := sub(to, from)
                calldatacopy(add(hash, 0x20), from, length)
                let next := keccak256(hash, add(length, 0x20))
                mstore(hash, next)
                challenge := mod(next, R)
            }

            let key := mload(frame)
            let hash := mload(add(frame, HASH))
            mstore(
                hash,
                keccak256(mload(add(frame, INSTANCE)), add(0x40, mul(0x20, mload(add(key, mul(0x20, W_INSTANCE))))))
            )
            let to := proof.offset
            let next := to
            {
                let evaluations := mload(add(key, mul(0x20, W_EVALUATIONS)))
                let challenges := add(mload(add(frame, VALUES)), mul(0x20, add(evaluations, 2)))
                let phase := add(key, mload(add(key, mul(0x20, W_PHASES_AT))))
                for { let left := mload(add(key, mul(0x20, W_PHASES))) } left { left := sub(left, 1) } {
                    next := add(next, mul(0x40, shr(240, mload(phase))))
                    let draws := shr(240, mload(add(phase, 2)))
                    phase := add(phase, 4)
                    for {} draws { draws := sub(draws, 1) } {
                        mstore(add(challenges, mul(0x20, shr(240, mload(phase)))), draw(hash, to, next))
                        to := next
                        phase := add(phase, 2)
                    }
                }
            }
            mstore(add(frame, BETA), draw(hash, to, next))
            mstore(add(frame, GAMMA), draw(hash, next, next))
            // The last of the points is the quotient's.
            to := next
            next := add(proof.offset, mul(0x40, sub(mload(add(key, mul(0x20, W_POINTS))), 1)))
            mstore(add(frame, Y), draw(hash, to, next))
            mstore(add(frame, X), draw(hash, next, add(next, 0x40)))
            next := add(next, 0x40)
            to := sub(add(proof.offset, proof.length), 0x80)
            mstore(add(frame, V), draw(hash, next, to))
            mstore(add(frame, U), draw(hash, to, add(to, 0x40)))
            pop(draw(hash, add(to, 0x40), add(to, 0x80)))
            let seed := mload(add(frame, SEED))
            mstore(add(hash, 0x20), seed)
            let following := keccak256(hash, 0x40)
            mstore(add(frame, SEED), following)
            mstore(add(frame, FACTOR), 1)
            if seed { mstore(add(frame, FACTOR), mod(following, R)) }
        }
    }

    /// Powers of u, the points of the opening, and the rows whose Lagrange polynomials are needed: the blinded ones and row 0.
    function _powers(uint256 frame) private pure {
        assembly {
            let r := R
            let key := mload(frame)
            let x := mload(add(frame, X))
            let to := mload(0x40)
            mstore(add(frame, POWERS), to)
            {
                let u := mload(add(frame, U))
                let power := 1
                for { let left := add(mload(add(key, mul(0x20, W_LARGEST))), 1) } left { left := sub(left, 1) } {
                    mstore(to, power)
                    to := add(to, 0x20)
                    power := mulmod(power, u, r)
                }
            }
            mstore(add(frame, POINTS), to)
            {
                let rotation := add(key, mload(add(key, mul(0x20, W_ROTATIONS_AT))))
                for { let left := mload(add(key, mul(0x20, W_ROTATIONS))) } left { left := sub(left, 1) } {
                    mstore(to, mulmod(x, mload(rotation), r))
                    to := add(to, 0x20)
                    rotation := add(rotation, 0x20)
                }
            }
            mstore(add(frame, INVERSES), to)
            let row := mload(add(key, mul(0x20, W_FIRST_ROW)))
            let omega := mload(add(key, mul(0x20, W_OMEGA)))
            for { let end := add(to, mul(0x20, add(mload(add(key, mul(0x20, W_BLINDING))), 2))) } lt(to, end) {
                to := add(to, 0x20)
            } {
                mstore(to, addmod(x, sub(r, row), r))
                row := mulmod(row, omega, r)
            }
            let xn := x
            for { let k := mload(key) } k { k := sub(k, 1) } { xn := mulmod(xn, xn, r) }
            mstore(to, addmod(xn, sub(r, 1), r))
            mstore(add(frame, VANISHING), to)
            mstore(add(frame, XN), xn)
            mstore(add(frame, OPENINGS), add(to, 0x40))
        }
        _instance(frame);
    }

    /// The sum over the cells of the instance column of `cell_i ω^i / (x − ω^i)`, as one fraction: its numerator becomes the column's
    /// value, and its denominator follows x^n − 1.
    function _instance(uint256 frame) private pure {
        assembly {
            let r := R
            let key := mload(frame)
            let omega := mload(add(key, mul(0x20, W_OMEGA)))
            let x := mload(add(frame, X))
            let cell := add(mload(add(frame, INSTANCE)), 0x40)
            let numerator := 0
            let denominator := 1
            let row := 1
            for { let end := add(cell, mul(0x20, mload(add(key, mul(0x20, W_INSTANCE))))) } lt(cell, end) {
                cell := add(cell, 0x20)
            } {
                let factor := addmod(x, sub(r, row), r)
                numerator := addmod(
                    mulmod(numerator, factor, r),
                    mulmod(denominator, mulmod(mload(cell), row, r), r),
                    r
                )
                denominator := mulmod(denominator, factor, r)
                row := mulmod(row, omega, r)
            }
            mstore(add(mload(add(frame, VALUES)), mul(0x20, mload(add(key, mul(0x20, W_EVALUATIONS))))), numerator)
            mstore(add(mload(add(frame, VANISHING)), 0x20), denominator)
        }
    }

    /// The denominators of the opening: for each point p of a shape `(u^t − p) Π (p − q)`, over the others.
    function _denominators(uint256 frame) private pure returns (uint256 to) {
        assembly {
            let r := R
            let key := mload(frame)
            let points := mload(add(frame, POINTS))
            to := mload(add(frame, OPENINGS))
            let shape := add(key, mload(add(key, mul(0x20, W_SHAPES_AT))))
            for { let left := mload(add(key, mul(0x20, W_SHAPES))) } left { left := sub(left, 1) } {
                let power := mload(add(mload(add(frame, POWERS)), mul(0x20, shr(240, mload(shape)))))
                let first := add(shape, 4)
                shape := add(first, mul(2, shr(240, mload(add(shape, 2)))))
                for { let p := first } lt(p, shape) { p := add(p, 2) } {
                    let point := mload(add(points, mul(0x20, shr(240, mload(p)))))
                    let denominator := addmod(power, sub(r, point), r)
                    for { let q := first } lt(q, shape) { q := add(q, 2) } {
                        if iszero(eq(p, q)) {
                            let other := mload(add(points, mul(0x20, shr(240, mload(q)))))
                            denominator := mulmod(denominator, addmod(point, sub(r, other), r), r)
                        }
                    }
                    mstore(to, denominator)
                    to := add(to, 0x20)
                }
            }
        }
    }

    /// Inverts all denominators, with one inversion: of the Lagrange polynomials, of x^n − 1, of the opening.
    function _invert(uint256 frame) private view {
        _powers(frame);
        uint256 to = _denominators(frame);
        uint256 product = 1;
        assembly {
            let r := R
            let inverses := mload(add(frame, INVERSES))
            // The products of those before each.
            let before := to
            for { let from := inverses } lt(from, to) { from := add(from, 0x20) } {
                mstore(before, product)
                product := mulmod(product, mload(from), r)
                before := add(before, 0x20)
            }
            mstore(before, 0x20)
            mstore(add(before, 0x20), 0x20)
            mstore(add(before, 0x40), 0x20)
            mstore(add(before, 0x60), product)
            mstore(add(before, 0x80), sub(r, 2))
            mstore(add(before, 0xa0), r)
            if iszero(staticcall(gas(), 5, before, 0xc0, 0x00, 0x20)) { revert(0, 0) }
            let inverse := mload(0x00)
            for { let from := to } gt(from, inverses) {} {
                from := sub(from, 0x20)
                before := sub(before, 0x20)
                let value := mload(from)
                mstore(from, mulmod(inverse, mload(before), r))
                inverse := mulmod(inverse, value, r)
            }
            mstore(0x40, to)
        }
        if (product == 0) revert DegenerateChallenge();
    }

    /// Computes the value that the quotient must have: of the gates and of the permutation argument, combined with powers of y.
    function _identities(uint256 frame) private pure {
        _lagrange(frame);
        uint256 combined = _gates(frame);
        combined = _permutation(frame, combined);
        assembly {
            let key := mload(frame)
            let inverse := mload(mload(add(frame, VANISHING)))
            let to := add(mload(add(frame, VALUES)), mul(0x20, add(mload(add(key, mul(0x20, W_EVALUATIONS))), 1)))
            mstore(to, mulmod(combined, inverse, R))
        }
    }

    /// The value of the instance column, and those of the polynomials that select rows.
    function _lagrange(uint256 frame) private pure {
        assembly {
            let r := R
            let key := mload(frame)
            let row := mload(add(key, mul(0x20, W_FIRST_ROW)))
            let omega := mload(add(key, mul(0x20, W_OMEGA)))
            let inverse := mload(add(frame, INVERSES))
            // (x^n − 1) / n
            let scale := mulmod(addmod(mload(add(frame, XN)), sub(r, 1), r), mload(add(key, mul(0x20, W_N_INVERSE))), r)
            let last := mulmod(scale, mulmod(row, mload(inverse), r), r)
            let blind := 0
            for { let left := mload(add(key, mul(0x20, W_BLINDING))) } left { left := sub(left, 1) } {
                row := mulmod(row, omega, r)
                inverse := add(inverse, 0x20)
                blind := addmod(blind, mulmod(row, mload(inverse), r), r)
            }
            blind := mulmod(blind, scale, r)
            mstore(add(frame, LAST), last)
            mstore(add(frame, ACTIVE), addmod(1, sub(r, addmod(last, blind, r)), r))
            // Row 0 follows.
            inverse := add(inverse, 0x20)
            mstore(add(frame, FIRST), mulmod(scale, mload(inverse), r))
            let value := add(mload(add(frame, VALUES)), mul(0x20, mload(add(key, mul(0x20, W_EVALUATIONS)))))
            mstore(value, mulmod(mulmod(mload(value), scale, r), mload(add(mload(add(frame, VANISHING)), 0x20)), r))
        }
    }

    /// Runs the operations of the gates, and combines the gates.
    function _gates(uint256 frame) private pure returns (uint256 combined) {
        assembly {
            let r := R
            let key := mload(frame)
            let values := mload(add(frame, VALUES))
            let to :=
                add(
                    values,
                    mul(
                        0x20,
                        add(
                            add(mload(add(key, mul(0x20, W_EVALUATIONS))), 2),
                            add(mload(add(key, mul(0x20, W_CHALLENGES))), mload(add(key, mul(0x20, W_CONSTANTS))))
                        )
                    )
                )
            let pos := add(key, mload(add(key, mul(0x20, W_OPERATIONS_AT))))
            for { let end := add(pos, mul(6, mload(add(key, mul(0x20, W_OPERATIONS))))) } lt(pos, end) {
                pos := add(pos, 6)
            } {
                let operation := shr(208, mload(pos))
                let b := mload(add(values, shl(5, and(operation, 0xffff))))
                let a := mload(add(values, shl(5, and(shr(16, operation), 0xffff))))
                switch shr(32, operation)
                case 3 { mstore(to, mulmod(a, b, r)) }
                case 1 { mstore(to, addmod(a, b, r)) }
                case 2 { mstore(to, addmod(a, sub(r, b), r)) }
                default { mstore(to, mod(sub(r, a), r)) }
                to := add(to, 0x20)
            }
            let y := mload(add(frame, Y))
            pos := add(key, mload(add(key, mul(0x20, W_GATES_AT))))
            for { let end := add(pos, mul(2, mload(add(key, mul(0x20, W_GATES))))) } lt(pos, end) { pos := add(pos, 2) }
            {
                combined := addmod(mulmod(combined, y, r), mload(add(values, shl(5, shr(240, mload(pos))))), r)
            }
        }
    }

    /// Adds the identities of the permutation argument.
    function _permutation(uint256 frame, uint256 combined) private pure returns (uint256) {
        assembly {
            let r := R
            let key := mload(frame)
            let products := mload(add(key, mul(0x20, W_PRODUCTS)))
            if products {
                let y := mload(add(frame, Y))
                let pos := add(mload(add(frame, VALUES)), mul(0x20, mload(add(key, mul(0x20, W_PRODUCTS_AT)))))
                let end := add(pos, mul(0x60, products))
                let first := mload(add(frame, FIRST))
                combined := addmod(mulmod(combined, y, r), mulmod(first, addmod(1, sub(r, mload(pos)), r), r), r)
                {
                    let z := mload(sub(end, 0x60))
                    let square := addmod(mulmod(z, z, r), sub(r, z), r)
                    combined := addmod(mulmod(combined, y, r), mulmod(square, mload(add(frame, LAST)), r), r)
                }
                for { let z := add(pos, 0x60) } lt(z, end) { z := add(z, 0x60) } {
                    let step := addmod(mload(z), sub(r, mload(sub(z, 0x20))), r)
                    combined := addmod(mulmod(combined, y, r), mulmod(step, first, r), r)
                }
                combined := chunks(frame, key, combined, pos, end)
            }

            function chunks(frame_, key_, sum, z, end_) -> result {
                let m := R
                result := sum
                let values := mload(add(frame_, VALUES))
                let gamma := mload(add(frame_, GAMMA))
                let beta := mload(add(frame_, BETA))
                // β δ^j x, where j counts the columns.
                let coset := mulmod(beta, mload(add(frame_, X)), m)
                let sigma := add(values, mul(0x20, mload(add(key_, mul(0x20, W_SIGMAS_AT)))))
                let column := add(key_, mload(add(key_, mul(0x20, W_PERMUTED_AT))))
                let last := add(column, mul(2, mload(add(key_, mul(0x20, W_PERMUTED)))))
                for {} lt(z, end_) { z := add(z, 0x60) } {
                    let left := mload(add(z, 0x20))
                    let right := mload(z)
                    let until := add(column, mul(2, mload(add(key_, mul(0x20, W_CHUNK)))))
                    if gt(until, last) { until := last }
                    for {} lt(column, until) { column := add(column, 2) } {
                        let shifted := addmod(mload(add(values, shl(5, shr(240, mload(column))))), gamma, m)
                        left := mulmod(left, addmod(shifted, mulmod(beta, mload(sigma), m), m), m)
                        right := mulmod(right, addmod(shifted, coset, m), m)
                        coset := mulmod(coset, DELTA, m)
                        sigma := add(sigma, 0x20)
                    }
                    left := mulmod(addmod(left, sub(m, right), m), mload(add(frame_, ACTIVE)), m)
                    result := addmod(mulmod(result, mload(add(frame_, Y)), m), left, m)
                }
            }
        }
        return combined;
    }

    uint256 private constant DELTA = 0x9226b6e22c6f0ca64ec26aad4c86e715b5f898e5e963f25870e56bbe533e9a2;

    /// Reduces all evaluations to the equation of one opening, at u.
    function _open(uint256 frame, bytes calldata proof) private view {
        uint256 left;
        uint256 factor;
        uint256 u;
        assembly {
            left := mload(add(frame, SUM))
            factor := mload(add(frame, FACTOR))
            u := mload(add(frame, U))
            calldatacopy(add(left, POINT), sub(add(proof.offset, proof.length), 0x40), 0x40)
            let key := mload(frame)
            mstore(add(frame, GROUP), add(key, mload(add(key, mul(0x20, W_GROUPS_AT)))))
            mstore(add(frame, POWER), factor)
            mstore(add(frame, CONSTANT), 0)
        }
        _accumulate(left, factor);
        uint256 right = left + SUM_BYTES;
        assembly {
            // The factor times h2.
            mcopy(add(right, POINT), add(left, POINT), 0x40)
        }
        _accumulate(right, u);
        assembly {
            let h1 := sub(add(proof.offset, proof.length), 0x80)
            mstore(add(right, POINT), calldataload(h1))
            // No point has y = 0: the group's order is odd.
            mstore(add(right, add(POINT, 0x20)), sub(Q, calldataload(add(h1, 0x20))))
        }
        _accumulate(right, factor);
        for (uint256 groups = _header(_header(frame, 0), W_GROUPS); groups > 0; --groups) {
            (uint256 shape, uint256 inverses) = _shape(frame);
            uint256 scalar = _scalar(frame, shape, inverses);
            uint256 own;
            assembly {
                let place := shr(240, mload(add(mload(add(frame, GROUP)), 2)))
                own := lt(place, 0x8000)
                switch own
                case 1 { calldatacopy(add(right, POINT), add(proof.offset, mul(0x40, place)), 0x40) }
                default {
                    let to := add(mload(add(frame, SCALARS)), mul(0x20, sub(place, 0x8000)))
                    mstore(to, addmod(mload(to), scalar, R))
                }
            }
            if (own != 0) _accumulate(right, scalar);
            _remainder(frame, shape, inverses);
        }
        assembly {
            let key := mload(frame)
            let points := sub(mload(add(key, mul(0x20, W_GROUPS))), mload(add(key, mul(0x20, W_POINTS))))
            let to := add(mload(add(frame, SCALARS)), mul(0x20, points))
            mstore(to, addmod(mload(to), sub(R, mload(add(frame, CONSTANT))), R))
        }
    }

    /// Adds a scalar times a point to a sum. The point is left multiplied.
    function _accumulate(uint256 sum, uint256 scalar) private view {
        bool fine;
        assembly {
            fine := 1
            if iszero(eq(scalar, 1)) {
                mstore(add(sum, SCALAR), scalar)
                fine := staticcall(10000, 7, add(sum, POINT), 0x60, add(sum, POINT), 0x40)
            }
            fine := and(staticcall(1000, 6, sum, 0x80, sum, 0x40), fine)
        }
        if (!fine) revert CurveOperation();
    }

    /// The shape of the next group, and where the inverses of its denominators are.
    function _shape(uint256 frame) private pure returns (uint256 shape, uint256 inverses) {
        assembly {
            let key := mload(frame)
            shape := add(key, mload(add(key, mul(0x20, W_SHAPES_AT))))
            inverses := mload(add(frame, OPENINGS))
            for { let left := shr(240, mload(mload(add(frame, GROUP)))) } left { left := sub(left, 1) } {
                let count := shr(240, mload(add(shape, 2)))
                shape := add(shape, add(4, mul(2, count)))
                inverses := add(inverses, mul(0x20, count))
            }
        }
    }

    /// The scalar of the next group's commitment, v^i / Z(u^t), times the proof's factor. 1 / Z is the sum of the inverses.
    function _scalar(uint256 frame, uint256 shape, uint256 inverses) private pure returns (uint256 scalar) {
        assembly {
            let r := R
            for { let end := add(inverses, mul(0x20, shr(240, mload(add(shape, 2))))) } lt(inverses, end) {
                inverses := add(inverses, 0x20)
            } { scalar := addmod(scalar, mload(inverses), r) }
            scalar := mulmod(scalar, mload(add(frame, POWER)), r)
        }
    }

    /// Adds the group's part of the constant, v^i Σ_j u^j r_j(u^t) / Z(u^t), and goes on to the next group.
    function _remainder(uint256 frame, uint256 shape, uint256 inverses) private pure {
        assembly {
            let r := R
            let values := mload(add(frame, VALUES))
            let power := mload(add(frame, POWERS))
            let to := add(power, mul(0x20, shr(240, mload(shape))))
            let end := add(inverses, mul(0x20, shr(240, mload(add(shape, 2)))))
            let group := add(mload(add(frame, GROUP)), 4)
            let value := 0
            for {} lt(power, to) { power := add(power, 0x20) } {
                let own := 0
                for { let inverse := inverses } lt(inverse, end) { inverse := add(inverse, 0x20) } {
                    let evaluation := mload(add(values, shl(5, shr(240, mload(group)))))
                    own := addmod(own, mulmod(mload(inverse), evaluation, r), r)
                    group := add(group, 2)
                }
                value := addmod(value, mulmod(mload(power), own, r), r)
            }
            mstore(add(frame, GROUP), group)
            power := mload(add(frame, POWER))
            mstore(add(frame, CONSTANT), addmod(mload(add(frame, CONSTANT)), mulmod(power, value, r), r))
            mstore(add(frame, POWER), mulmod(power, mload(add(frame, V)), r))
        }
    }

    /// Adds the key's points and the generator, and says whether `e(left, [s]) = e(right, [1])`.
    function _pairs(uint256 frame) private view returns (bool equal) {
        uint256 right = _header(frame, SUM / 0x20) + SUM_BYTES;
        uint256 key = _header(frame, 0);
        uint256 scalars = _header(frame, SCALARS / 0x20);
        uint256 points = key + _header(key, W_KEY_POINTS_AT);
        for (uint256 left = _header(key, W_GROUPS) - _header(key, W_POINTS); left > 0; --left) {
            uint256 scalar;
            assembly {
                mcopy(add(right, POINT), points, 0x40)
                scalar := mload(scalars)
                points := add(points, 0x40)
                scalars := add(scalars, 0x20)
            }
            _accumulate(right, scalar);
        }
        uint256 constant_;
        assembly {
            mstore(add(right, POINT), 1)
            mstore(add(right, add(POINT, 0x20)), 2)
            constant_ := mload(scalars)
        }
        _accumulate(right, constant_);
        bool fine;
        assembly {
            let input := mload(0x40)
            mcopy(input, sub(right, SUM_BYTES), 0x40)
            mcopy(add(input, 0x40), add(key, mul(0x20, W_S_G2)), 0x80)
            mstore(add(input, 0xc0), mload(right))
            // −right; infinity, which is (0, 0), is its own negative.
            mstore(add(input, 0xe0), mod(sub(Q, mload(add(right, 0x20))), Q))
            mcopy(add(input, 0x100), add(key, mul(0x20, W_G2)), 0x80)
            fine := staticcall(300000, 8, input, 0x180, 0x00, 0x20)
            equal := and(fine, eq(mload(0x00), 1))
        }
        if (!fine) revert CurveOperation();
    }
}
