// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {VouchDeposit} from "../src/VouchDeposit.sol";
import {IVouchDeposit} from "../src/IVouchDeposit.sol";
import {PlainToken} from "./Tokens.sol";

contract PointsTest is Base {
    function test_OneTokenOneHourOnePoint() public {
        put(ALICE, address(token), 1e18);
        eq(vault.calculatePoints(ALICE), 0);
        vm.warp(START + 1 hours);
        eq(vault.calculatePoints(ALICE), 1e18);
        vm.warp(START + 100 hours);
        eq(vault.calculatePoints(ALICE), 100e18);
        eq(vault.calculatePoints(BEN), 0);
    }

    function test_DecimalsAreNormalised() public {
        uint8[5] memory decimals = [0, 6, 8, 24, 36];
        for (uint256 i = 0; i < decimals.length; ++i) {
            PlainToken other = new PlainToken("Other", "O", decimals[i]);
            list(address(other));
            put(ALICE, address(other), 3 * 10 ** decimals[i]);
        }
        vm.warp(START + 2 hours);
        eq(vault.calculatePoints(ALICE), 5 * 6e18);
    }

    function test_RemovalStopsAccrualOfThatTokenOnly() public {
        PlainToken other = new PlainToken("Other", "O", 6);
        list(address(other));
        put(ALICE, address(token), 1e18);
        put(ALICE, address(other), 1e6);
        vm.warp(START + 1 hours);
        vm.prank(OWNER);
        vault.removeToken(address(other));
        vm.warp(START + 3 hours);
        eq(vault.calculatePoints(ALICE), 4e18);
        list(address(other));
        eq(vault.calculatePoints(ALICE), 4e18);
        vm.warp(START + 4 hours);
        eq(vault.calculatePoints(ALICE), 6e18);
        take(ALICE, address(other), 1e6);
        eq(vault.calculatePoints(ALICE), 6e18);
        vm.warp(START + 5 hours);
        eq(vault.calculatePoints(ALICE), 7e18);
    }

    function test_StopFreezes() public {
        put(ALICE, address(token), 1e18);
        vm.prank(OWNER);
        vault.setDepositStopTime(uint48(START + 10 hours));
        vm.warp(START + 9 hours);
        eq(vault.calculatePoints(ALICE), 9e18);
        vm.warp(START + 20 hours);
        eq(vault.calculatePoints(ALICE), 10e18);
        take(ALICE, address(token), 0.5e18);
        vm.warp(START + 30 hours);
        eq(vault.calculatePoints(ALICE), 10e18);
        // Delisting and listing after the stop earns nothing, and stops nobody.
        vm.prank(OWNER);
        vault.removeToken(address(token));
        vm.warp(START + 40 hours);
        list(address(token));
        eq(vault.calculatePoints(ALICE), 10e18);
        take(ALICE, address(token), 0.5e18);
        PlainToken other = new PlainToken("Other", "O", 6);
        list(address(other));
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.DepositsStopped.selector, uint48(START + 10 hours)));
        vault.deposit(address(other), 1);
    }

    function test_StopIsFinalOnceReachedAndNeverBefore() public {
        vm.startPrank(OWNER);
        vm.expectPartialRevert(IVouchDeposit.InvalidDepositStopTime.selector);
        vault.setDepositStopTime(uint48(START - 1));
        vault.setDepositStopTime(uint48(START + 10));
        vault.setDepositStopTime(uint48(START + 20));
        vm.warp(START + 20);
        vm.expectPartialRevert(IVouchDeposit.InvalidDepositStopTime.selector);
        vault.setDepositStopTime(uint48(START + 30));
    }

    /// Any cut of a time into pieces gives the same points: nothing is lost by settling.
    function testFuzz_SettlingLosesNothing(uint96 amount, uint32[8] memory gaps, uint8 decimals) public {
        decimals = uint8(bound(decimals, 0, 36));
        PlainToken other = new PlainToken("Other", "O", decimals);
        list(address(other));
        uint256 most = decimals < 18 ? type(uint128).max / 10 ** (18 - decimals) : type(uint128).max;
        uint256 units = bound(amount, 1, most / 2);
        put(ALICE, address(other), units);
        put(BEN, address(other), units);
        uint256 time = START;
        for (uint256 i = 0; i < gaps.length; ++i) {
            time += gaps[i];
            vm.warp(time);
            take(ALICE, address(other), units);
            vm.startPrank(ALICE);
            vault.deposit(address(other), units);
            vm.stopPrank();
            eq(vault.calculatePoints(ALICE), vault.calculatePoints(BEN));
        }
        // Below the exact value by less than one part, whatever happened: floor(units * 10^18 * dt / (10^d * 3600)).
        uint256 exact = units * 10 ** (36 - decimals) * (time - START);
        uint256 points = vault.calculatePoints(ALICE);
        yes(points * 3600e18 <= exact && exact < (points + 1) * 3600e18, "rounded down by less than one part");
    }

    function testFuzz_Linear(uint96 a, uint96 b, uint32 time) public {
        a = uint96(bound(a, 1, type(uint96).max / 2));
        b = uint96(bound(b, 1, type(uint96).max / 2));
        put(ALICE, address(token), a);
        put(ALICE, address(token), b);
        put(BEN, address(token), uint256(a) + b);
        vm.warp(START + time);
        eq(vault.calculatePoints(ALICE), vault.calculatePoints(BEN));
    }

    /// The largest deposits for the longest time do not overflow, and can leave.
    function test_ExtremesDoNotOverflow() public {
        put(ALICE, address(token), type(uint128).max);
        uint8[3] memory decimals = [0, 6, 36];
        for (uint256 i = 0; i < decimals.length; ++i) {
            PlainToken other = new PlainToken("Other", "O", decimals[i]);
            list(address(other));
            uint256 most = decimals[i] < 18 ? type(uint128).max / 10 ** (18 - decimals[i]) : type(uint128).max;
            put(ALICE, address(other), most);
        }
        vm.warp(NEVER);
        yes(vault.calculatePoints(ALICE) > 0, "points");
        address[] memory tokens = vault.getAllTokens();
        for (uint256 i = 0; i < tokens.length; ++i) {
            vm.prank(ALICE);
            vault.withdrawAll(tokens[i]);
        }
    }

    function test_TooLargeIsRefused() public {
        put(ALICE, address(token), type(uint128).max);
        token.mint(BEN, 1);
        vm.startPrank(BEN);
        token.approve(address(vault), 1);
        vm.expectRevert(
            abi.encodeWithSelector(IVouchDeposit.DepositTooLarge.selector, address(token), 1 << 128, type(uint128).max)
        );
        vault.deposit(address(token), 1);
    }

    function test_OverviewTicksLikePoints() public {
        put(ALICE, address(token), 7e17 + 3);
        vm.warp(START + 777);
        IVouchDeposit.AccountView memory shown = vault.accountOverview(ALICE);
        eq(shown.points, vault.calculatePoints(ALICE));
        eq(shown.timestamp, START + 777);
        vm.warp(START + 4444);
        uint256 ticked = (shown.accrued + shown.weight * (4444 - 777)) / vault.POINTS_DENOMINATOR() - shown.claimed;
        eq(ticked, vault.calculatePoints(ALICE));
    }
}
