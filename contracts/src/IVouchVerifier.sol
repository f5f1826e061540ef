// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Checks proofs that a model computed outputs from inputs: docs/evm.md.
interface IVouchVerifier {
    /// A statement and its proof.
    struct Claim {
        bytes proof;
        bytes publicValues;
        bytes32 nonce;
    }

    /// A tensor of outputs. A value in the tensor's unit is its integer divided by the scale.
    struct Output {
        string name;
        string unit;
        uint256[] shape;
        /// The scale as the 64 bits of an IEEE 754 double.
        uint64 scaleBits;
        /// Whether `values` has one entry, the salted hash of the tensor. A private tensor has none.
        bool hashed;
        int256[] values;
    }

    /// A model's key was checked and kept, as the code of a contract.
    event KeyRegistered(bytes32 indexed modelId, address key);

    /// No key of this model is registered.
    error UnknownModel(bytes32 modelId);
    /// The key is of a development setup, whose maker can forge proofs.
    error DevelopmentSetup();
    /// The key is too large for the code of one contract.
    error KeyTooLarge(uint256 length, uint256 limit);
    /// The contract that keeps a key could not be made.
    error NotStored();
    /// The proof has another length than those for this key.
    error ProofLength(uint256 length, uint256 expected);
    /// The public values have another length than those of this model.
    error PublicValuesLength(uint256 length, uint256 expected);
    /// A public value is outside of its tensor's range.
    error ValueOutOfRange();
    /// A hash is not below the order of the scalar field.
    error HashNotCanonical();
    /// The number or point at this byte of the proof is not the one encoding of a number or point.
    error MessageNotCanonical(uint256 offset);
    /// A challenge for which the check would divide by zero.
    error DegenerateChallenge();
    /// A precompiled contract failed, which it does not for points of the curve.
    error CurveOperation();
    /// The call's data is not the one encoding of its arguments: other offsets, bytes between or after them, or padding that is not
    /// zero.
    error CalldataNotCanonical();
    /// There is nothing to verify.
    error NoClaims();

    /// Checks a model's verifying key of the evm profile and keeps it. Once is enough; again costs little and changes nothing.
    /// @param key the bytes of `verifier.key`
    /// @return modelId the model's identity, which is the one that every verifier shows
    function registerKey(bytes calldata key) external returns (bytes32 modelId);

    /// The contract whose code is a model's key; zero if the model is not registered.
    function keyOf(bytes32 modelId) external view returns (address);

    /// Whether a proof shows that the model computed these values, for this nonce.
    /// Reverts with a named error if an argument is malformed.
    /// @param publicValues of each public tensor, inputs first, its integers as int64, of each hashed one its hash; nothing between
    function verify(bytes32 modelId, bytes calldata proof, bytes calldata publicValues, bytes32 nonce)
        external
        view
        returns (bool);

    /// Whether all proofs hold, with one pairing and one multiplication of each of the key's points for all.
    function verifyMany(bytes32 modelId, Claim[] calldata claims) external view returns (bool);

    /// The outputs among public values, with what the key says of them. Nothing is verified.
    function decodeOutputs(bytes32 modelId, bytes calldata publicValues) external view returns (Output[] memory outputs);
}
