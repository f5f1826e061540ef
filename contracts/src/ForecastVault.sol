// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "./IVouchVerifier.sol";

/// An example: a bounty for a model's output on given inputs, paid to whoever brings a proof.
///
/// A request names a model, its inputs, and a bounty. Its number is the nonce that the proof must be for, so a proof is good for
/// one request of this contract only. The first valid proof is paid, and its outputs are kept.
contract ForecastVault {
    struct Request {
        address asker;
        uint96 bounty;
        bytes32 modelId;
        bytes32 inputs;
        uint32 inputBytes;
        uint64 expires;
        bool answered;
    }

    /// The contract that checks proofs.
    IVouchVerifier public immutable verifier;

    uint256 private _count;
    mapping(bytes32 nonce => Request) private _requests;
    mapping(bytes32 nonce => bytes) private _outputs;

    event Requested(bytes32 indexed nonce, bytes32 indexed modelId, address asker, uint256 bounty, bytes inputs);
    event Answered(bytes32 indexed nonce, address prover, bytes outputs);
    event Withdrawn(bytes32 indexed nonce);

    error UnknownModel(bytes32 modelId);
    error UnknownRequest(bytes32 nonce);
    error AlreadyAnswered(bytes32 nonce);
    error Expired(bytes32 nonce);
    error NotExpired(bytes32 nonce);
    error NotAsker(address asker);
    error BountyTooLarge(uint256 bounty);
    error OtherInputs(bytes32 nonce);
    error InvalidProof(bytes32 nonce);
    error NotPaid(address to);

    constructor(IVouchVerifier verifier_) {
        verifier = verifier_;
    }

    /// Asks for a model's output, and pays its bounty in.
    /// @param inputs the public inputs as `IVouchVerifier.verify` takes them, from the first byte of the public values
    /// @param lifetime seconds until the bounty can be taken back
    /// @return nonce what the proof must be for
    function ask(bytes32 modelId, bytes calldata inputs, uint64 lifetime) external payable returns (bytes32 nonce) {
        if (verifier.keyOf(modelId) == address(0)) revert UnknownModel(modelId);
        if (msg.value > type(uint96).max) revert BountyTooLarge(msg.value);
        nonce = keccak256(abi.encode(block.chainid, address(this), ++_count));
        _requests[nonce] = Request({
            asker: msg.sender,
            bounty: uint96(msg.value),
            modelId: modelId,
            inputs: keccak256(inputs),
            inputBytes: uint32(inputs.length),
            expires: uint64(block.timestamp) + lifetime,
            answered: false
        });
        emit Requested(nonce, modelId, msg.sender, msg.value, inputs);
    }

    /// Answers a request with a proof, and takes the bounty.
    /// @param publicValues the request's inputs, then the outputs
    /// @param prover who is paid: since a proof can be copied from a transaction that waits, provers who mind send it privately
    function answer(bytes32 nonce, bytes calldata proof, bytes calldata publicValues, address payable prover) external {
        Request storage request = _requests[nonce];
        if (request.asker == address(0)) revert UnknownRequest(nonce);
        if (request.answered) revert AlreadyAnswered(nonce);
        if (block.timestamp > request.expires) revert Expired(nonce);
        uint256 inputBytes = request.inputBytes;
        if (publicValues.length < inputBytes || keccak256(publicValues[:inputBytes]) != request.inputs) {
            revert OtherInputs(nonce);
        }
        if (!verifier.verify(request.modelId, proof, publicValues, nonce)) revert InvalidProof(nonce);
        request.answered = true;
        _outputs[nonce] = publicValues[inputBytes:];
        emit Answered(nonce, prover, publicValues[inputBytes:]);
        _pay(prover, request.bounty);
    }

    /// Takes the bounty of a request back that nobody has answered.
    function withdraw(bytes32 nonce) external {
        Request storage request = _requests[nonce];
        if (request.asker == address(0)) revert UnknownRequest(nonce);
        if (request.asker != msg.sender) revert NotAsker(request.asker);
        if (request.answered) revert AlreadyAnswered(nonce);
        if (block.timestamp <= request.expires) revert NotExpired(nonce);
        uint256 bounty = request.bounty;
        delete _requests[nonce];
        emit Withdrawn(nonce);
        _pay(payable(msg.sender), bounty);
    }

    /// A request.
    function requestOf(bytes32 nonce) external view returns (Request memory) {
        return _requests[nonce];
    }

    /// The outputs of an answered request, as the contract `verifier` decodes them: with their unit and scale.
    function forecast(bytes32 nonce, bytes calldata inputs) external view returns (IVouchVerifier.Output[] memory) {
        Request storage request = _requests[nonce];
        if (!request.answered) revert UnknownRequest(nonce);
        if (keccak256(inputs) != request.inputs) revert OtherInputs(nonce);
        return verifier.decodeOutputs(request.modelId, bytes.concat(inputs, _outputs[nonce]));
    }

    function _pay(address payable to, uint256 amount) private {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert NotPaid(to);
    }
}
