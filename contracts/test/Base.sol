// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {VouchDeposit} from "../src/VouchDeposit.sol";
import {IVouchDeposit} from "../src/IVouchDeposit.sol";
import {PlainToken} from "./Tokens.sol";

/// @dev What the tests use of forge's cheat codes.
interface Vm {
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function expectRevert(bytes calldata data) external;
    function expectRevert(bytes4 selector) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectRevert() external;
    function expectEmit() external;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function deal(address account, uint256 ether_) external;
    function assume(bool condition) external pure;
}

/// @dev A contract with one plain token, and three accounts.
abstract contract Base {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint48 internal constant DELAY = 1 days;
    uint48 internal constant NEVER = type(uint48).max;
    uint256 internal constant START = 1_700_000_000;
    address internal constant OWNER = address(0xA11CE);
    address internal constant MANAGER = address(0xB0B);
    address internal constant ALICE = address(0xCAFE);
    address internal constant BEN = address(0xBEE);

    bool public IS_TEST = true;
    VouchDeposit internal vault;
    PlainToken internal token;

    error Unequal(uint256 found, uint256 expected);
    error Outside(uint256 found, uint256 least, uint256 most);
    error NotSo(string what);

    function setUp() public virtual {
        vm.warp(START);
        token = new PlainToken("Plain", "PLN", 18);
        address[] memory tokens = new address[](1);
        tokens[0] = address(token);
        vault = new VouchDeposit(OWNER, MANAGER, DELAY, NEVER, tokens);
    }

    function eq(uint256 found, uint256 expected) internal pure {
        if (found != expected) revert Unequal(found, expected);
    }

    function eq(address found, address expected) internal pure {
        if (found != expected) revert Unequal(uint160(found), uint160(expected));
    }

    function within(uint256 found, uint256 least, uint256 most) internal pure {
        if (found < least || found > most) revert Outside(found, least, most);
    }

    function yes(bool condition, string memory what) internal pure {
        if (!condition) revert NotSo(what);
    }

    function bound(uint256 x, uint256 least, uint256 most) internal pure returns (uint256) {
        return
            x >= least && x <= most ? x : least + (most == type(uint256).max && least == 0 ? x : x % (most - least + 1));
    }

    function list(address added) internal {
        vm.prank(OWNER);
        vault.addToken(added);
    }

    /// @dev Mints, approves and deposits. Works for every test token.
    function put(address account, address into, uint256 amount) internal returns (uint256 credited) {
        PlainToken(into).mint(account, amount);
        vm.startPrank(account);
        (bool approved,) = into.call(abi.encodeCall(PlainToken(into).approve, (address(vault), type(uint256).max)));
        yes(approved, "approved");
        credited = vault.deposit(into, amount);
        vm.stopPrank();
    }

    function take(address account, address from, uint256 amount) internal returns (uint256 paid) {
        vm.prank(account);
        return vault.withdraw(from, amount);
    }
}
