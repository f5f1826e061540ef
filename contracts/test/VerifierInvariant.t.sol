// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IVouchVerifier} from "../src/IVouchVerifier.sol";
import {VerifierBase} from "./VerifierBase.sol";

/// Calls of all kinds in any order. What they show is kept, and judged by `VerifierInvariantTest`.
contract VerifierCaller is VerifierBase {
    /// Something was accepted that is none of the proofs.
    bool public lied;
    /// A refusal had no name.
    bool public unnamed;
    /// One of the proofs was not accepted.
    bool public lost;
    /// A registered key changed.
    bool public moved;
    uint256 public most;
    bytes32[] internal models;
    address[] internal codes;
    bytes32[] internal hashes;

    constructor() {
        VerifierBase.setUp();
        _keep(model);
    }

    function setUp() public override {}

    function _keep(bytes32 id) private {
        address code = verifier.keyOf(id);
        models.push(id);
        codes.push(code);
        hashes.push(code.codehash);
    }

    function _judge(bytes32 id, IVouchVerifier.Claim memory claim, bool valid) private {
        uint256 gas = gasleft();
        try verifier.verify(id, claim.proof, claim.publicValues, claim.nonce) returns (bool verdict) {
            if (verdict && !valid) lied = true;
            if (!verdict && valid) lost = true;
        } catch (bytes memory reason) {
            if (valid) lost = true;
            if (!_named(reason)) unnamed = true;
        }
        gas -= gasleft();
        if (gas > most) most = gas;
    }

    function honest(bool first) external {
        _judge(model, _claims()[first ? 0 : 1], true);
    }

    function changed(bool first, uint256 part, uint256 place, uint256 change, uint256 id) external {
        if (change == 0) change = 1;
        IVouchVerifier.Claim memory claim = _claims()[first ? 0 : 1];
        if (part % 4 == 0) claim.nonce ^= bytes32(change);
        if (part % 4 == 1) claim.publicValues[place % 24] ^= bytes1(uint8(change) | 1);
        if (part % 4 > 1) _change(claim.proof, 32 * (place % (claim.proof.length / 32)), change);
        _judge(models[id % models.length], claim, false);
    }

    /// The proof of one statement for the other, or for another model.
    function exchanged(bool first, uint256 id) external {
        IVouchVerifier.Claim[] memory claims = _claims();
        (claims[0].proof, claims[1].proof) = (claims[1].proof, claims[0].proof);
        _judge(models[id % models.length], claims[first ? 0 : 1], false);
        if (id % models.length != 0) _judge(models[id % models.length], _claims()[0], false);
    }

    function several(uint256 which, bool wrong) external {
        IVouchVerifier.Claim[] memory from = _claims();
        IVouchVerifier.Claim[] memory claims = new IVouchVerifier.Claim[](1 + which % 3);
        for (uint256 i; i < claims.length; ++i) {
            IVouchVerifier.Claim memory claim = from[(which >> i) & 1];
            claims[i] = IVouchVerifier.Claim(claim.proof, claim.publicValues, claim.nonce);
        }
        if (wrong) claims[which % claims.length].nonce ^= bytes32(which | 1);
        try verifier.verifyMany(model, claims) returns (bool verdict) {
            if (verdict && wrong) lied = true;
            if (!verdict && !wrong) lost = true;
        } catch (bytes memory reason) {
            if (!wrong) lost = true;
            if (!_named(reason)) unnamed = true;
        }
    }

    function registered(uint256 place, uint8 change, uint256 length) external {
        bytes memory bytes_ = bytes.concat(key);
        bytes_[place % bytes_.length] ^= bytes1(change);
        if (length % 8 == 0) {
            length = (length >> 3) % bytes_.length;
            assembly {
                mstore(bytes_, length)
            }
        }
        try verifier.registerKey{gas: 30_000_000}(bytes_) returns (bytes32 id) {
            if ((id == model) != (keccak256(bytes_) == keccak256(key))) lied = true;
            if (id != model) _keep(id);
        } catch (bytes memory reason) {
            if (reason.length < 4) unnamed = true;
        }
    }

    function check() external returns (bool) {
        for (uint256 i; i < models.length; ++i) {
            if (verifier.keyOf(models[i]) != codes[i] || codes[i].codehash != hashes[i]) moved = true;
        }
        return !moved;
    }
}

/// Whatever is called, and in whatever order.
contract VerifierInvariantTest {
    VerifierCaller internal caller;

    function setUp() public {
        caller = new VerifierCaller();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(caller);
    }

    function invariant_only_proofs_are_accepted() public view {
        require(!caller.lied(), "accepted");
        require(!caller.lost(), "a proof is refused");
    }

    function invariant_refusals_have_names() public view {
        require(!caller.unnamed(), "a revert without a name");
    }

    function invariant_gas_is_bounded() public view {
        require(caller.most() < 1_000_000, "gas");
    }

    function invariant_registered_keys_stay() public {
        require(caller.check(), "a key changed");
    }
}
