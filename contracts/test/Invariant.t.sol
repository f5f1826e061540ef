// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {VouchDeposit} from "../src/VouchDeposit.sol";
import {FeeToken, HostileToken, PlainToken, RebasingToken} from "./Tokens.sol";

/// @dev Does random things in random order, and keeps its own account of points: an integral in 10^-36 token seconds.
contract Actor is Base {
    address[4] public accounts = [ALICE, BEN, address(0xD0E), address(0xE1F)];
    address[] public tokens;
    HostileToken public hostile;
    uint256 public time = START;
    mapping(address => uint256) public integral;
    mapping(address => uint256) public claimed;
    mapping(address => uint256) public lastPoints;
    bool public fell;

    constructor() {
        super.setUp();
        hostile = new HostileToken();
        tokens = [
            address(token), address(new PlainToken("Six", "SIX", 6)), address(new FeeToken(30, false)), address(hostile)
        ];
        for (uint256 i = 1; i < tokens.length; ++i) {
            list(tokens[i]);
        }
    }

    function setUp() public override {}

    function deployed() external view returns (VouchDeposit) {
        return vault;
    }

    function doDeposit(uint256 who, uint256 which, uint96 amount) external timed {
        address into = tokens[which % tokens.length];
        if (!vault.isWhitelisted(into) || vault.paused() || block.timestamp >= vault.depositStopTime()) return;
        if (hostile.mode() != HostileToken.Mode.Honest && into == address(hostile)) return;
        put(accounts[who % 4], into, bound(amount, 1000, 1e24));
    }

    function doWithdraw(uint256 who, uint256 which, uint256 amount) external timed {
        address from = tokens[which % tokens.length];
        address account = accounts[who % 4];
        uint256 balance = vault.tokenBalance(account, from);
        if (balance == 0 || (hostile.mode() != HostileToken.Mode.Honest && from == address(hostile))) return;
        take(account, from, bound(amount, 1, balance));
    }

    function doWait(uint32 gap) external timed {
        for (uint256 i = 0; i < 4; ++i) {
            integral[accounts[i]] += weight(accounts[i]) * _accrual(gap);
        }
        time += gap;
        vm.warp(time);
    }

    function doClaim(uint256 who) external timed {
        address account = accounts[who % 4];
        if (vault.pendingClaim(account).executableAt != 0 && time >= vault.pendingClaim(account).executableAt) {
            vm.prank(MANAGER);
            uint256 points = vault.executeClaim(account);
            claimed[account] += points;
            lastPoints[account] -= points;
        } else if (vault.pendingClaim(account).executableAt == 0 && vault.calculatePoints(account) > 0) {
            vm.prank(MANAGER);
            vault.announceClaim(account);
        }
    }

    function doToggleToken(uint256 which) external timed {
        address toggled = tokens[which % tokens.length];
        if (hostile.mode() == HostileToken.Mode.RevertBalances && toggled == address(hostile)) return;
        vm.startPrank(OWNER);
        vault.isWhitelisted(toggled) ? vault.removeToken(toggled) : vault.addToken(toggled);
        vm.stopPrank();
    }

    function doTogglePause() external timed {
        vm.startPrank(OWNER);
        vault.paused() ? vault.unpause() : vault.pause();
        vm.stopPrank();
    }

    function doStop(uint32 ahead) external timed {
        if (block.timestamp >= vault.depositStopTime()) return;
        vm.prank(OWNER);
        vault.setDepositStopTime(uint48(time + 1 weeks + ahead));
    }

    function doBreak(uint8 mode) external timed {
        hostile.setMode(HostileToken.Mode(mode % 5));
    }

    /// @dev What the account's integral gains a second.
    function weight(address account) public view returns (uint256 sum) {
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (!vault.isWhitelisted(tokens[i])) continue;
            uint256 decimals = i == 1 ? 6 : 18;
            sum += vault.tokenBalance(account, tokens[i]) * 10 ** (36 - decimals);
        }
    }

    function _accrual(uint256 gap) private view returns (uint256) {
        uint256 stop = vault.depositStopTime();
        if (time >= stop) return 0;
        return time + gap > stop ? stop - time : gap;
    }

    modifier timed() {
        vm.warp(time);
        _;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 points = vault.calculatePoints(accounts[i]);
            if (points < lastPoints[accounts[i]]) fell = true;
            lastPoints[accounts[i]] = points;
        }
    }
}

contract InvariantTest is Base {
    Actor private actor;

    function setUp() public override {
        actor = new Actor();
        vault = actor.deployed();
    }

    function targetContracts() public view returns (address[] memory contracts) {
        contracts = new address[](1);
        contracts[0] = address(actor);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory selectors) {
        selectors = new FuzzSelector[](1);
        bytes4[] memory chosen = new bytes4[](8);
        chosen[0] = Actor.doDeposit.selector;
        chosen[1] = Actor.doWithdraw.selector;
        chosen[2] = Actor.doWait.selector;
        chosen[3] = Actor.doClaim.selector;
        chosen[4] = Actor.doToggleToken.selector;
        chosen[5] = Actor.doTogglePause.selector;
        chosen[6] = Actor.doStop.selector;
        chosen[7] = Actor.doBreak.selector;
        selectors[0] = FuzzSelector(address(actor), chosen);
    }

    function invariant_BalancesAreHeld() public {
        actor.hostile().setMode(HostileToken.Mode.Honest);
        for (uint256 i = 0; i < 4; ++i) {
            address token_ = actor.tokens(i);
            uint256 sum;
            for (uint256 j = 0; j < 4; ++j) {
                sum += vault.tokenBalance(actor.accounts(j), token_);
            }
            eq(vault.totalDeposited(token_), sum);
            yes(sum <= PlainToken(token_).balanceOf(address(vault)), "held");
        }
    }

    function invariant_PointsFallByClaimsOnly() public view {
        yes(!actor.fell(), "points fell");
    }

    function invariant_PointsAreTheIntegral() public {
        vm.warp(actor.time());
        for (uint256 i = 0; i < 4; ++i) {
            address account = actor.accounts(i);
            eq(vault.calculatePoints(account), actor.integral(account) / 3600e18 - actor.claimed(account));
        }
    }

    /// Every depositor leaves with all of every working token, whatever state the contract and the hostile token are in.
    function invariant_EveryoneCanLeave() public {
        vm.warp(actor.time());
        for (uint256 i = 0; i < 3; ++i) {
            address token_ = actor.tokens(i);
            for (uint256 j = 0; j < 4; ++j) {
                address account = actor.accounts(j);
                uint256 balance = vault.tokenBalance(account, token_);
                if (balance == 0) continue;
                vm.prank(account);
                eq(vault.withdrawAll(token_), balance);
            }
            eq(vault.totalDeposited(token_), 0);
        }
    }
}
