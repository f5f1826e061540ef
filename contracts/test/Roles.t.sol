// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Base} from "./Base.sol";
import {VouchDeposit} from "../src/VouchDeposit.sol";
import {IVouchDeposit} from "../src/IVouchDeposit.sol";
import {PlainToken} from "./Tokens.sol";

contract RolesTest is Base {
    function test_ClaimTakesWhatWasAnnounced() public {
        put(ALICE, address(token), 1e18);
        vm.warp(START + 10 hours);
        vm.startPrank(MANAGER);
        vm.expectEmit();
        emit IVouchDeposit.ClaimAnnounced(ALICE, MANAGER, 10e18, uint48(START + 10 hours + DELAY));
        vault.announceClaim(ALICE);
        eq(vault.pendingClaim(ALICE).points, 10e18);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.ClaimPending.selector, ALICE));
        vault.announceClaim(ALICE);
        vm.warp(START + 10 hours + DELAY - 1);
        vm.expectPartialRevert(IVouchDeposit.TooEarly.selector);
        vault.executeClaim(ALICE);
        vm.warp(START + 10 hours + DELAY);
        vm.expectEmit();
        emit IVouchDeposit.Claimed(ALICE, MANAGER, 10e18, 10e18);
        vault.executeClaim(ALICE);
        // What accrued in between is kept.
        eq(vault.calculatePoints(ALICE), 24e18);
        eq(vault.tokenBalance(ALICE, address(token)), 1e18);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NoClaimPending.selector, ALICE));
        vault.executeClaim(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NothingToClaim.selector, BEN));
        vault.announceClaim(BEN);
    }

    function test_ClaimsCanBeCalledOff() public {
        put(ALICE, address(token), 1e18);
        vm.warp(START + 1 hours);
        vm.prank(MANAGER);
        vault.announceClaim(ALICE);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NotClaimManagerOrOwner.selector, ALICE));
        vault.cancelClaim(ALICE);
        vm.prank(OWNER);
        vault.cancelClaim(ALICE);
        eq(vault.calculatePoints(ALICE), 1e18);
        vm.startPrank(MANAGER);
        vault.announceClaim(ALICE);
        vault.cancelClaim(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NoClaimPending.selector, ALICE));
        vault.cancelClaim(ALICE);
    }

    function test_SuccessionTakesTwoStepsAndADelay() public {
        vm.prank(OWNER);
        vault.proposeClaimManager(BEN);
        vm.startPrank(BEN);
        vm.expectPartialRevert(IVouchDeposit.TooEarly.selector);
        vault.acceptClaimManager();
        vm.warp(START + DELAY);
        vault.acceptClaimManager();
        eq(vault.claimManager(), BEN);
        vm.expectPartialRevert(IVouchDeposit.NotProposedClaimManager.selector);
        vault.acceptClaimManager();
        vm.stopPrank();
        vm.prank(MANAGER);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.NotClaimManager.selector, MANAGER));
        vault.announceClaim(ALICE);
    }

    function test_ProposalsCanBeWithdrawnAndTheRoleRevoked() public {
        vm.startPrank(OWNER);
        vault.proposeClaimManager(BEN);
        vault.proposeClaimManager(address(0));
        vault.revokeClaimManager();
        vm.stopPrank();
        vm.warp(START + DELAY);
        vm.prank(BEN);
        vm.expectPartialRevert(IVouchDeposit.NotProposedClaimManager.selector);
        vault.acceptClaimManager();
        eq(vault.claimManager(), address(0));
        vm.prank(address(0));
        vm.expectPartialRevert(IVouchDeposit.NothingToClaim.selector);
        vault.announceClaim(ALICE);
    }

    function test_OwnershipTakesTwoSteps() public {
        vm.prank(OWNER);
        vault.transferOwnership(BEN);
        eq(vault.owner(), OWNER);
        vm.prank(BEN);
        vault.acceptOwnership();
        eq(vault.owner(), BEN);
    }

    function testFuzz_OthersAdministerNothing(address other) public {
        vm.assume(other != OWNER && other != MANAGER);
        bytes[] memory calls = new bytes[](10);
        calls[0] = abi.encodeCall(vault.addToken, (other));
        calls[1] = abi.encodeCall(vault.removeToken, (address(token)));
        calls[2] = abi.encodeCall(vault.setDepositStopTime, (NEVER));
        calls[3] = abi.encodeCall(vault.pause, ());
        calls[4] = abi.encodeCall(vault.unpause, ());
        calls[5] = abi.encodeCall(vault.proposeClaimManager, (other));
        calls[6] = abi.encodeCall(vault.revokeClaimManager, ());
        calls[7] = abi.encodeCall(vault.transferOwnership, (other));
        calls[8] = abi.encodeCall(vault.announceClaim, (other));
        calls[9] = abi.encodeCall(vault.executeClaim, (other));
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(other);
            (bool done, bytes memory answer) = address(vault).call(calls[i]);
            bytes4 why = bytes4(answer);
            yes(!done, "refused");
            bytes4 expected =
                i < 8 ? Ownable.OwnableUnauthorizedAccount.selector : IVouchDeposit.NotClaimManager.selector;
            yes(why == expected, "refused for who asks");
        }
    }

    function test_ListIsASet() public {
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TokenAlreadyListed.selector, address(token)));
        vault.addToken(address(token));
        vm.expectRevert(IVouchDeposit.ZeroAddress.selector);
        vault.addToken(address(0));
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TokenNotListed.selector, BEN));
        vault.removeToken(BEN);
        vm.expectRevert(); // no contract
        vault.addToken(BEN);
        vault.removeToken(address(token));
        token.setDecimals(6);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.DecimalsChanged.selector, address(token), 18, 6));
        vault.addToken(address(token));
        token.setDecimals(18);
        vault.addToken(address(token));
        eq(vault.getAllTokens().length, 1);
        PlainToken odd = new PlainToken("Odd", "O", 37);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.UnsupportedDecimals.selector, address(odd), 37, 36));
        vault.addToken(address(odd));
        for (uint256 i = 1; i < vault.MAX_TOKENS(); ++i) {
            vault.addToken(address(new PlainToken("More", "M", 18)));
        }
        address tooMany = address(new PlainToken("More", "M", 18));
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.TooManyTokens.selector, 32));
        vault.addToken(tooMany);
    }

    function test_ConstructorChecks() public {
        address[] memory none = new address[](0);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.DelayTooLong.selector, 30 days + 1, 30 days));
        new VouchDeposit(OWNER, MANAGER, 30 days + 1, NEVER, none);
        vm.expectRevert(abi.encodeWithSelector(IVouchDeposit.DelayTooShort.selector, 1 hours - 1, 1 hours));
        new VouchDeposit(OWNER, MANAGER, 1 hours - 1, NEVER, none);
        vm.expectPartialRevert(IVouchDeposit.InvalidDepositStopTime.selector);
        new VouchDeposit(OWNER, MANAGER, DELAY, uint48(START - 1), none);
        vm.expectPartialRevert(Ownable.OwnableInvalidOwner.selector);
        new VouchDeposit(address(0), MANAGER, DELAY, NEVER, none);
    }
}
