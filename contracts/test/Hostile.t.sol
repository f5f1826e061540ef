// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Base} from "./Base.sol";
import {IVouchDeposit} from "../src/IVouchDeposit.sol";
import {FeeToken, HostileToken, PartialToken, RebasingToken, ReentrantToken, SilentToken} from "./Tokens.sol";

contract HostileTest is Base {
    function test_FeeIsNotCredited() public {
        FeeToken fee = new FeeToken(100, false);
        list(address(fee));
        eq(put(ALICE, address(fee), 10_000), 9_900);
        eq(put(BEN, address(fee), 10_000), 9_900);
        eq(take(ALICE, address(fee), 9_900), 9_900);
        eq(fee.balanceOf(ALICE), 9_801);
        eq(take(BEN, address(fee), 9_900), 9_900);
        eq(fee.balanceOf(address(vault)), 0);
    }

    /// A fee that the contract is charged on top is the withdrawing depositor's, never the others'.
    function test_FeeOnTopIsBorneByWhoWithdraws() public {
        FeeToken fee = new FeeToken(100, true);
        list(address(fee));
        fee.mint(ALICE, 100);
        fee.mint(BEN, 100);
        eq(put(ALICE, address(fee), 10_000), 10_000);
        eq(put(BEN, address(fee), 10_000), 10_000);
        vm.prank(ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(IVouchDeposit.InsufficientBalance.selector, address(fee), 10_100, 10_000)
        );
        vault.withdrawAll(address(fee));
        eq(take(ALICE, address(fee), 9_900), 9_900);
        eq(vault.tokenBalance(ALICE, address(fee)), 1);
        eq(vault.tokenBalance(BEN, address(fee)), 10_000);
        eq(vault.totalDeposited(address(fee)), fee.balanceOf(address(vault)));
    }

    /// What the contract holds beyond all deposits pays such a fee first, so that everyone leaves with all.
    function test_FeeOnTopIsPaidFromTheSurplusFirst() public {
        FeeToken fee = new FeeToken(100, true);
        list(address(fee));
        fee.mint(ALICE, 100);
        fee.mint(BEN, 100);
        put(ALICE, address(fee), 10_000);
        put(BEN, address(fee), 10_000);
        fee.mint(address(vault), 150);
        vm.prank(ALICE);
        vault.withdrawAll(address(fee));
        eq(fee.balanceOf(ALICE), 10_000);
        eq(vault.tokenBalance(BEN, address(fee)), 10_000);
        eq(fee.balanceOf(address(vault)), 10_050);
        // The token refuses: the contract does not hold the fee of 100.
        vm.prank(BEN);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientBalance.selector);
        vault.withdrawAll(address(fee));
        eq(take(BEN, address(fee), 9_000), 9_000);
        // 90 of fee: 50 from the surplus, 40 from the depositor.
        eq(vault.tokenBalance(BEN, address(fee)), 960);
        eq(fee.balanceOf(address(vault)), 960);
    }

    /// What a token was told to send and did not stays the depositor's.
    function test_WhatWasNotSentIsNotDebited() public {
        PartialToken part = new PartialToken();
        list(address(part));
        put(ALICE, address(part), 10_000);
        put(BEN, address(part), 10_000);
        part.setPart(4_000);
        vm.expectEmit();
        emit IVouchDeposit.Withdrawn(ALICE, address(part), ALICE, 4_000, 4_000, 6_000);
        vm.prank(ALICE);
        eq(vault.withdrawAll(address(part)), 4_000);
        eq(vault.tokenBalance(ALICE, address(part)), 6_000);
        eq(vault.totalDeposited(address(part)), part.balanceOf(address(vault)));
        // The same with losses that are shared: half is gone, so that 1 unit sent is worth 2 of the balance.
        part.burn(address(vault), 8_000);
        vm.prank(ALICE);
        eq(vault.withdrawAll(address(part)), 1_200);
        eq(vault.tokenBalance(ALICE, address(part)), 3_600);
        part.setPart(10_000);
        vm.prank(ALICE);
        eq(vault.withdrawAll(address(part)), 1_800);
        vm.prank(BEN);
        eq(vault.withdrawAll(address(part)), 5_000);
        eq(vault.totalDeposited(address(part)), 0);
        eq(part.balanceOf(address(vault)), 0);
    }

    /// Whatever a token sends of what it should, what is held for the others' deposits does not fall in proportion.
    function testFuzz_OthersNeverPay(uint96 a, uint96 b, uint96 amount, uint96 lost, uint16 partBps) public {
        PartialToken part = new PartialToken();
        list(address(part));
        uint256 mine = bound(a, 1, 1e27);
        uint256 total = mine + bound(b, 1, 1e27);
        put(ALICE, address(part), mine);
        put(BEN, address(part), total - mine);
        part.burn(address(vault), bound(lost, 0, total - 1));
        part.setPart(bound(partBps, 1, 10_000));
        uint256 held = part.balanceOf(address(vault));
        vm.prank(ALICE);
        (bool done,) = address(vault).call(abi.encodeCall(vault.withdraw, (address(part), bound(amount, 1, mine))));
        uint256 heldAfter = part.balanceOf(address(vault));
        uint256 totalAfter = vault.totalDeposited(address(part));
        yes(done == (heldAfter < held) && done == (totalAfter < total), "sent and debited, or neither");
        yes(heldAfter * total >= held * totalAfter, "the others' share");
        eq(totalAfter, vault.tokenBalance(ALICE, address(part)) + vault.tokenBalance(BEN, address(part)));
    }

    /// The same for fees that are taken on top, also when losses are shared: rounding is at the cost of who withdraws.
    function testFuzz_OthersNeverPayFees(uint96 a, uint96 b, uint96 amount, uint96 lost, uint16 feeBps) public {
        FeeToken fee = new FeeToken(bound(feeBps, 1, 5_000), true);
        list(address(fee));
        uint256 mine = bound(a, 1, 1e27);
        uint256 total = mine + bound(b, 1, 1e27);
        fee.mint(ALICE, 1e27);
        fee.mint(BEN, 1e27);
        put(ALICE, address(fee), mine);
        put(BEN, address(fee), total - mine);
        fee.burn(address(vault), bound(lost, 0, total - 1));
        uint256 held = fee.balanceOf(address(vault));
        vm.prank(ALICE);
        (bool done,) =
            address(vault).call(abi.encodeCall(vault.withdraw, (address(fee), bound(amount, 1, mine) / 3 + 1)));
        uint256 heldAfter = fee.balanceOf(address(vault));
        uint256 totalAfter = vault.totalDeposited(address(fee));
        yes(done == (heldAfter < held) && done == (totalAfter < total), "sent and debited, or neither");
        yes(heldAfter * total >= held * totalAfter, "the others' share");
        eq(vault.tokenBalance(BEN, address(fee)), total - mine);
    }

    function test_SilentTokensWork() public {
        SilentToken silent = new SilentToken();
        list(address(silent));
        put(ALICE, address(silent), 10);
        eq(take(ALICE, address(silent), 10), 10);
        eq(silent.balanceOf(ALICE), 10);
    }

    function test_LossesAreShared() public {
        RebasingToken rebasing = new RebasingToken();
        list(address(rebasing));
        put(ALICE, address(rebasing), 3e18);
        put(BEN, address(rebasing), 1e18);
        rebasing.rebase(0.5e18);
        eq(vault.previewWithdraw(address(rebasing), 3e18), 1.5e18);
        // New deposits would pay for old losses.
        rebasing.mint(ALICE, 2e18);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TokenInShortfall.selector, address(rebasing), 2e18, 4e18));
        vault.deposit(address(rebasing), 1e18);
        eq(take(ALICE, address(rebasing), 3e18), 1.5e18);
        eq(take(BEN, address(rebasing), 1e18), 0.5e18);
        eq(vault.totalDeposited(address(rebasing)), 0);
    }

    function testFuzz_LossesAreShared(uint96 a, uint96 b, uint64 factor) public {
        a = uint96(bound(a, 1e9, 1e27));
        b = uint96(bound(b, 1e9, 1e27));
        factor = uint64(bound(factor, 1e15, 1e18));
        RebasingToken rebasing = new RebasingToken();
        list(address(rebasing));
        put(ALICE, address(rebasing), a);
        put(BEN, address(rebasing), b);
        rebasing.rebase(factor);
        uint256 alice = take(ALICE, address(rebasing), a);
        uint256 ben = take(BEN, address(rebasing), b);
        // Each gets its share, up to the token's own rounding (at most 1 / factor + 2 units).
        uint256 slack = 1e18 / uint256(factor) + 2;
        within(
            alice,
            uint256(a) * factor / 1e18 - (slack > uint256(a) * factor / 1e18 ? 0 : slack),
            uint256(a) * factor / 1e18 + slack
        );
        within(ben + slack, uint256(b) * factor / 1e18, uint256(b) * factor / 1e18 + 2 * slack);
    }

    function test_NothingHeldKeepsTheBalance() public {
        RebasingToken rebasing = new RebasingToken();
        list(address(rebasing));
        put(ALICE, address(rebasing), 3e18);
        rebasing.rebase(0);
        vm.startPrank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NothingHeld.selector, address(rebasing)));
        vault.withdrawAll(address(rebasing));
        vm.stopPrank();
        rebasing.rebase(1e18);
        eq(take(ALICE, address(rebasing), 3e18), 3e18);
    }

    function test_NothingReenters() public {
        ReentrantToken reentrant = new ReentrantToken();
        list(address(reentrant));
        put(ALICE, address(reentrant), 10);
        bytes[5] memory calls = [
            abi.encodeCall(vault.deposit, (address(reentrant), 1)),
            abi.encodeCall(vault.depositWithPermit, (address(token), 1, 0, 0, 0, 0)),
            abi.encodeCall(vault.withdraw, (address(reentrant), 1)),
            abi.encodeCall(vault.withdrawAll, (address(token))),
            abi.encodeCall(vault.withdrawTo, (address(token), 1, ALICE))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            reentrant.arm(address(vault), calls[i]);
            take(ALICE, address(reentrant), 1);
            _refused(reentrant);
            reentrant.mint(address(this), 0);
            vm.prank(ALICE);
            reentrant.approve(address(vault), type(uint256).max);
            reentrant.arm(address(vault), calls[i]);
            vm.prank(ALICE);
            vault.deposit(address(reentrant), 1);
            _refused(reentrant);
        }
        eq(vault.tokenBalance(ALICE, address(reentrant)), 10);
        eq(reentrant.balanceOf(address(vault)), 10);
    }

    function test_BrokenTokensKeepBalancesAndBlockNoOther() public {
        HostileToken hostile = new HostileToken();
        list(address(hostile));
        HostileToken.Mode[7] memory modes = [
            HostileToken.Mode.ReturnFalse,
            HostileToken.Mode.RevertTransfers,
            HostileToken.Mode.LieAboutTransfers,
            HostileToken.Mode.RevertBalances,
            HostileToken.Mode.BurnGasOnBalances,
            HostileToken.Mode.HugeBalances,
            HostileToken.Mode.HugeAnswers
        ];
        for (uint256 i = 0; i < modes.length; ++i) {
            put(ALICE, address(hostile), 10);
            put(ALICE, address(token), 1e18);
            uint256 before = vault.calculatePoints(ALICE);
            hostile.setMode(modes[i]);
            vm.prank(ALICE);
            (bool done,) = address(vault).call{gas: 5_000_000}(abi.encodeCall(vault.withdrawAll, (address(hostile))));
            // A token that lies about balances harms its own holders only.
            yes(!done || modes[i] >= HostileToken.Mode.HugeBalances, "a broken token does not pay");
            eq(take(ALICE, address(token), 1e18), 1e18);
            yes(vault.calculatePoints(ALICE) >= before, "points do not fall");
            IVouchDeposit.AccountView memory shown = vault.accountOverview(ALICE);
            bool unreadable = modes[i] == HostileToken.Mode.RevertBalances
                || modes[i] == HostileToken.Mode.BurnGasOnBalances || modes[i] == HostileToken.Mode.HugeAnswers;
            yes(shown.tokens[1].readable != unreadable, "marked");
            hostile.setMode(HostileToken.Mode.Honest);
            if (!done) eq(take(ALICE, address(hostile), 10), 10);
        }
    }

    function test_DepositsThatDoNotArriveAreRefused() public {
        HostileToken hostile = new HostileToken();
        list(address(hostile));
        hostile.mint(ALICE, 10);
        vm.startPrank(ALICE);
        hostile.approve(address(vault), 10);
        hostile.setMode(HostileToken.Mode.LieAboutTransfers);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NothingReceived.selector, address(hostile)));
        vault.deposit(address(hostile), 10);
        hostile.setMode(HostileToken.Mode.ReturnFalse);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(hostile)));
        vault.deposit(address(hostile), 10);
        hostile.setMode(HostileToken.Mode.RevertTransfers);
        vm.expectRevert();
        vault.deposit(address(hostile), 10);
        eq(vault.tokenBalance(ALICE, address(hostile)), 0);
    }

    function _refused(ReentrantToken reentrant) private view {
        yes(!reentrant.succeeded(), "refused");
        yes(bytes4(reentrant.answer()) == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "guarded");
    }
}
