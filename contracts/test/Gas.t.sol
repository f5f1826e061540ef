// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {VouchVerifier} from "../src/VouchVerifier.sol";

/// @dev What this measurement uses of forge's cheat codes.
interface GasVm {
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory);
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonStringArray(string calldata json, string calldata path) external pure returns (string[] memory);
    function parseJsonBytes(string calldata json, string calldata path) external pure returns (bytes memory);
    function snapshotGasLastCall(string calldata group, string calldata name) external returns (uint256);
}

/// Gas of calls in files, for `scripts/verifier-gas.js`, which sets VOUCH_CALLS; without it there is nothing to measure.
contract GasTest {
    GasVm internal constant vm = GasVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function test_gas_of_calls() public {
        string memory dir = vm.envOr("VOUCH_CALLS", "");
        if (bytes(dir).length == 0) return;
        string[] memory names = vm.parseJsonStringArray(vm.readFile(string.concat(dir, "/names.json")), "$");
        for (uint256 i; i < names.length; ++i) {
            string memory calls = vm.readFile(string.concat(dir, "/", names[i], ".json"));
            VouchVerifier verifier = new VouchVerifier(true);
            _call(address(verifier), vm.parseJsonBytes(calls, ".registerKey"));
            vm.snapshotGasLastCall("verifier", string.concat(names[i], " registerKey"));
            bytes memory verdict = _call(address(verifier), vm.parseJsonBytes(calls, ".verify"));
            vm.snapshotGasLastCall("verifier", string.concat(names[i], " verify"));
            require(abi.decode(verdict, (bool)), names[i]);
        }
    }

    function _call(address to, bytes memory data) internal returns (bytes memory answer) {
        bool fine;
        (fine, answer) = to.call(data);
        require(fine, "refused");
    }
}
