// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Base} from "./Base.sol";
import {IVouchDeposit} from "../src/IVouchDeposit.sol";
import {PlainToken, WrappedEther} from "./Tokens.sol";

contract DepositsTest is Base {
    uint256 private constant KEY = 0x5ec4e7;

    function test_DepositAndWithdraw() public {
        token.mint(ALICE, 10);
        vm.startPrank(ALICE);
        token.approve(address(vault), 10);
        vm.expectEmit();
        emit IVouchDeposit.Deposited(ALICE, address(token), 10, 10, 10);
        eq(vault.deposit(address(token), 10), 10);
        eq(vault.tokenBalance(ALICE, address(token)), 10);
        eq(vault.totalDeposited(address(token)), 10);
        vm.expectEmit();
        emit IVouchDeposit.Withdrawn(ALICE, address(token), ALICE, 4, 4, 6);
        eq(vault.withdraw(address(token), 4), 4);
        eq(vault.withdrawTo(address(token), 1, BEN), 1);
        eq(vault.withdrawAll(address(token)), 5);
        eq(token.balanceOf(ALICE), 9);
        eq(token.balanceOf(BEN), 1);
        eq(vault.totalDeposited(address(token)), 0);
    }

    function test_RefusedDeposits() public {
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TokenNotListed.selector, BEN));
        vault.deposit(BEN, 1);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TokenNotListed.selector, BEN));
        vault.depositWithPermit(BEN, 1, 0, 0, 0, 0);
        vm.expectRevert(IVouchDeposit.ZeroAmount.selector);
        vault.deposit(address(token), 0);
        vm.expectRevert(); // no allowance
        vault.deposit(address(token), 1);
        token.approve(address(vault), 1);
        vm.expectRevert(); // no balance
        vault.deposit(address(token), 1);
    }

    function test_RefusedWithdrawals() public {
        put(ALICE, address(token), 5);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.UnknownToken.selector, BEN));
        vault.withdraw(BEN, 1);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.InsufficientBalance.selector, address(token), 6, 5));
        vault.withdraw(address(token), 6);
        vm.expectRevert(IVouchDeposit.ZeroAmount.selector);
        vault.withdraw(address(token), 0);
        vm.expectRevert(IVouchDeposit.ZeroAddress.selector);
        vault.withdrawTo(address(token), 1, address(0));
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NothingSent.selector, address(token)));
        vault.withdrawTo(address(token), 1, address(vault));
        vm.stopPrank();
        vm.prank(BEN);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.InsufficientBalance.selector, address(token), 1, 0));
        vault.withdraw(address(token), 1);
    }

    function test_PauseBlocksDepositsOnly() public {
        put(ALICE, address(token), 1e18);
        vm.prank(OWNER);
        vault.pause();
        vm.warp(START + 1 hours);
        eq(vault.calculatePoints(ALICE), 1e18);
        vm.startPrank(ALICE);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vault.deposit(address(token), 1);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        vault.depositWithPermit(address(token), 1, 0, 0, 0, 0);
        vault.withdrawAll(address(token));
        vm.stopPrank();
        vm.startPrank(MANAGER);
        vault.announceClaim(ALICE);
        vm.warp(START + 2 days);
        vault.executeClaim(ALICE);
        vm.stopPrank();
        vm.prank(OWNER);
        vault.unpause();
        put(ALICE, address(token), 1);
    }

    function test_RemovedTokensCanLeave() public {
        put(ALICE, address(token), 5);
        vm.prank(OWNER);
        vault.removeToken(address(token));
        yes(!vault.isWhitelisted(address(token)), "not listed");
        eq(vault.getAllWhitelistedTokens().length, 0);
        eq(vault.getAllTokens().length, 1);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TokenNotListed.selector, address(token)));
        vault.deposit(address(token), 1);
        eq(vault.withdrawAll(address(token)), 5);
    }

    function test_Permit() public {
        address signer = vm.addr(KEY);
        token.mint(signer, 10);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, _digest(signer, 7));
        vm.prank(signer);
        eq(vault.depositWithPermit(address(token), 7, START, v, r, s), 7);
        eq(vault.tokenBalance(signer, address(token)), 7);
        // Used up: the same permit gives nothing.
        vm.prank(signer);
        vm.expectRevert();
        vault.depositWithPermit(address(token), 1, START, v, r, s);
    }

    function test_PermitThatWasUsedByAnotherStillDeposits() public {
        address signer = vm.addr(KEY);
        token.mint(signer, 10);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, _digest(signer, 7));
        token.permit(signer, address(vault), 7, START, v, r, s);
        vm.prank(signer);
        eq(vault.depositWithPermit(address(token), 7, START, v, r, s), 7);
    }

    /// Wrapped ether takes any call, so also `permit`, for a deposit of no ether: no allowance, no deposit.
    function test_WrappedEther() public {
        WrappedEther weth = new WrappedEther();
        list(address(weth));
        vm.deal(ALICE, 3 ether);
        vm.startPrank(ALICE);
        weth.deposit{value: 3 ether}();
        vm.expectRevert();
        vault.depositWithPermit(address(weth), 1 ether, START, 27, 0, 0);
        weth.approve(address(vault), 3 ether);
        vault.deposit(address(weth), 3 ether);
        vm.warp(START + 1 hours);
        eq(vault.calculatePoints(ALICE), 3e18);
        eq(vault.withdrawAll(address(weth)), 3 ether);
        weth.withdraw(3 ether);
        eq(ALICE.balance, 3 ether);
    }

    function test_Overview() public {
        put(ALICE, address(token), 5);
        token.mint(ALICE, 3);
        IVouchDeposit.AccountView memory shown = vault.accountOverview(ALICE);
        eq(shown.tokens.length, 1);
        eq(shown.tokens[0].token, address(token));
        eq(shown.tokens[0].balance, 5);
        eq(shown.tokens[0].total, 5);
        eq(shown.tokens[0].held, 5);
        eq(shown.tokens[0].wallet, 3);
        eq(shown.tokens[0].allowance, type(uint256).max);
        eq(shown.tokens[0].decimals, 18);
        yes(shown.tokens[0].readable && shown.tokens[0].listed && !shown.paused, "flags");
        (uint256 points, uint256 claimed, address[] memory tokens, uint256[] memory balances) = vault.getUserInfo(ALICE);
        eq(points + claimed, 0);
        eq(tokens[0], address(token));
        eq(balances[0], 5);
    }

    function testFuzz_BalancesAdd(uint128 a, uint128 b, uint128 c) public {
        a = uint128(bound(a, 1, type(uint128).max / 2));
        b = uint128(bound(b, 1, type(uint128).max / 2));
        put(ALICE, address(token), a);
        put(BEN, address(token), b);
        uint256 out = bound(c, 1, a);
        eq(vault.previewWithdraw(address(token), out), out);
        take(ALICE, address(token), out);
        eq(vault.tokenBalance(ALICE, address(token)), a - out);
        eq(vault.tokenBalance(BEN, address(token)), b);
        eq(vault.totalDeposited(address(token)), token.balanceOf(address(vault)));
        eq(token.balanceOf(ALICE), out);
    }

    function _digest(address signer, uint256 amount) private view returns (bytes32) {
        bytes32 kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 permit = keccak256(abi.encode(kind, signer, address(vault), amount, token.nonces(signer), START));
        return keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), permit));
    }
}
