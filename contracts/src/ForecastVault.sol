// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "./IVouchVerifier.sol";

/// An example: a bounty for a model's output on given inputs, paid to whoever brings a proof.
///
/// A request names a model, its inputs, and a bounty. A proof must be for a nonce that is made of the request and of the address that
/// is paid, so that nobody who sees a proof can use it for another request or be paid for it. The first valid proof is paid, and
/// its outputs are kept.
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
    mapping(bytes32 request => Request) private _requests;
    mapping(bytes32 request => bytes) private _outputs;

    event Requested(bytes32 indexed request, bytes32 indexed modelId, address asker, uint256 bounty, bytes inputs);
    event Answered(bytes32 indexed request, address prover, bytes outputs);
    event Withdrawn(bytes32 indexed request);

    error UnknownModel(bytes32 modelId);
    error UnknownRequest(bytes32 request);
    error AlreadyAnswered(bytes32 request);
    error Expired(bytes32 request);
    error NotExpired(bytes32 request);
    error NotAsker(address asker);
    error BountyTooLarge(uint256 bounty);
    error OtherInputs(bytes32 request);
    error InvalidProof(bytes32 request);
    error NotPaid(address to);

    constructor(IVouchVerifier verifier_) {
        verifier = verifier_;
    }

    /// Asks for a model's output, and pays its bounty in.
    /// @param inputs the public inputs as `IVouchVerifier.verify` takes them, from the first byte of the public values
    /// @param lifetime seconds until the bounty can be taken back
    /// @return id the request
    function ask(bytes32 modelId, bytes calldata inputs, uint64 lifetime) external payable returns (bytes32 id) {
        if (verifier.keyOf(modelId) == address(0)) revert UnknownModel(modelId);
        if (msg.value > type(uint96).max) revert BountyTooLarge(msg.value);
        id = keccak256(abi.encode(block.chainid, address(this), ++_count));
        _requests[id] = Request({
            asker: msg.sender,
            bounty: uint96(msg.value),
            modelId: modelId,
            inputs: keccak256(inputs),
            inputBytes: uint32(inputs.length),
            expires: uint64(block.timestamp) + lifetime,
            answered: false
        });
        emit Requested(id, modelId, msg.sender, msg.value, inputs);
    }

    /// Answers a request with a proof, and takes the bounty.
    /// @param publicValues the request's inputs, then the outputs
    /// @param prover who is paid; the proof is for `nonceFor(id, prover)`
    function answer(bytes32 id, bytes calldata proof, bytes calldata publicValues, address payable prover) external {
        Request storage request = _requests[id];
        if (request.asker == address(0)) revert UnknownRequest(id);
        if (request.answered) revert AlreadyAnswered(id);
        if (block.timestamp > request.expires) revert Expired(id);
        uint256 inputBytes = request.inputBytes;
        if (publicValues.length < inputBytes || keccak256(publicValues[:inputBytes]) != request.inputs) {
            revert OtherInputs(id);
        }
        if (!verifier.verify(request.modelId, proof, publicValues, nonceFor(id, prover))) revert InvalidProof(id);
        request.answered = true;
        _outputs[id] = publicValues[inputBytes:];
        emit Answered(id, prover, publicValues[inputBytes:]);
        _pay(prover, request.bounty);
    }

    /// Takes the bounty of a request back that nobody has answered.
    function withdraw(bytes32 id) external {
        Request storage request = _requests[id];
        if (request.asker == address(0)) revert UnknownRequest(id);
        if (request.asker != msg.sender) revert NotAsker(request.asker);
        if (request.answered) revert AlreadyAnswered(id);
        if (block.timestamp <= request.expires) revert NotExpired(id);
        uint256 bounty = request.bounty;
        delete _requests[id];
        emit Withdrawn(id);
        _pay(payable(msg.sender), bounty);
    }

    /// What a proof must be for that answers a request and pays an address.
    function nonceFor(bytes32 id, address prover) public pure returns (bytes32) {
        return keccak256(abi.encode(id, prover));
    }

    /// A request.
    function requestOf(bytes32 id) external view returns (Request memory) {
        return _requests[id];
    }

    /// The outputs of an answered request, as the contract `verifier` decodes them: with their unit and scale.
    function forecast(bytes32 id, bytes calldata inputs) external view returns (IVouchVerifier.Output[] memory) {
        Request storage request = _requests[id];
        if (!request.answered) revert UnknownRequest(id);
        if (keccak256(inputs) != request.inputs) revert OtherInputs(id);
        return verifier.decodeOutputs(request.modelId, bytes.concat(inputs, _outputs[id]));
    }

    // To the account that the proof's nonce names, or back to who asked.
    // slither-disable-next-line arbitrary-send-eth
    function _pay(address payable to, uint256 amount) private {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert NotPaid(to);
    }
}
