// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {IVouchDeposit} from "./IVouchDeposit.sol";

/// @title VouchDeposit
/// @notice Keeps deposits, and counts points for them. Nobody but the depositor can move a deposit.
/// @dev Accrual counts a token's *active seconds*: those in which it was listed, up to `depositStopTime`. An account's
/// position remembers the count at which it was last settled, so delisting, listing again and the stop need no loop over
/// accounts. Bounds that exclude overflow: `accrued <= 32 tokens * 2^128 * 10^18 * 2^48 seconds < 2^242`.
contract VouchDeposit is IVouchDeposit, Ownable2Step, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @dev One slot a token.
    struct TokenState {
        uint128 total;
        uint48 activeSeconds;
        uint48 activeSince;
        uint8 decimals;
        bool listed;
        bool known;
    }

    /// @dev One slot for an account and token.
    struct Position {
        uint128 balance;
        uint48 settledAt;
    }

    /// @notice How many tokens can be listed over time, so that views stay affordable.
    uint256 public constant MAX_TOKENS = 32;
    /// @notice How many decimals a token can have.
    uint8 public constant MAX_DECIMALS = 36;
    /// @notice The shortest delay of claims and of the claim manager's succession: none at all would be no second step.
    uint48 public constant MIN_DELAY = 1 hours;
    /// @notice The longest delay of claims and of the claim manager's succession.
    uint48 public constant MAX_DELAY = 30 days;
    /// @notice What `accrued` is divided by.
    uint256 public constant POINTS_DENOMINATOR = 3600 * 1e18;
    /// @dev Gas for each call to a token in `accountOverview`.
    uint256 private constant VIEW_GAS = 100_000;

    /// @notice The delay between a claim's announcement and it, and before a new claim manager can accept.
    uint48 public immutable claimDelay;

    /// @notice When accrual and deposits end; 2^48 - 1: never.
    uint48 public depositStopTime;
    /// @notice From when on the proposed claim manager can accept.
    uint48 public claimManagerAcceptableAt;
    /// @notice Who claims.
    address public claimManager;
    /// @notice Who can become claim manager.
    address public proposedClaimManager;

    EnumerableSet.AddressSet private _listed;
    address[] private _tokens;
    mapping(address token => TokenState) private _states;
    mapping(address account => mapping(address token => Position)) private _positions;
    mapping(address account => uint256) private _accrued;
    mapping(address account => uint256) private _claimed;
    mapping(address account => PendingClaim) private _claims;

    /// @param owner_ Who administers.
    /// @param claimManager_ Who claims; the zero address leaves the role vacant.
    /// @param claimDelay_ Seconds between a claim's announcement and it.
    /// @param depositStopTime_ When accrual and deposits end; 2^48 - 1: never.
    /// @param tokens_ What is listed from the start.
    constructor(
        address owner_,
        address claimManager_,
        uint48 claimDelay_,
        uint48 depositStopTime_,
        address[] memory tokens_
    ) Ownable(owner_) {
        if (claimDelay_ < MIN_DELAY) revert DelayTooShort(claimDelay_, MIN_DELAY);
        if (claimDelay_ > MAX_DELAY) revert DelayTooLong(claimDelay_, MAX_DELAY);
        if (depositStopTime_ < block.timestamp) {
            revert InvalidDepositStopTime(depositStopTime_, 0, SafeCast.toUint48(block.timestamp));
        }
        claimDelay = claimDelay_;
        depositStopTime = depositStopTime_;
        emit DepositStopTimeChanged(0, depositStopTime_);
        // Zero is no claim manager.
        // slither-disable-next-line missing-zero-check
        claimManager = claimManager_;
        emit ClaimManagerChanged(address(0), claimManager_);
        for (uint256 i = 0; i < tokens_.length; ++i) {
            _addToken(tokens_[i]);
        }
    }

    // ------------------------------------------------------------------ depositors

    /// @inheritdoc IVouchDeposit
    function deposit(address token, uint256 amount) external nonReentrant whenNotPaused returns (uint256) {
        return _deposit(token, amount);
    }

    /// @inheritdoc IVouchDeposit
    // A token that calls back meets nonReentrant, and the permit changes nothing that was read here.
    // slither-disable-next-line reentrancy-no-eth,reentrancy-benign
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        whenNotPaused
        returns (uint256)
    {
        if (!_states[token].listed) revert TokenNotListed(token);
        // Whoever saw the permit can have used it first, which must not make the deposit fail.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _deposit(token, amount);
    }

    /// @inheritdoc IVouchDeposit
    function withdraw(address token, uint256 amount) external nonReentrant returns (uint256) {
        return _withdraw(token, amount, msg.sender);
    }

    /// @inheritdoc IVouchDeposit
    function withdrawAll(address token) external nonReentrant returns (uint256) {
        return _withdraw(token, _positions[msg.sender][token].balance, msg.sender);
    }

    /// @inheritdoc IVouchDeposit
    function withdrawTo(address token, uint256 amount, address to) external nonReentrant returns (uint256) {
        if (to == address(0)) revert ZeroAddress();
        return _withdraw(token, amount, to);
    }

    // ------------------------------------------------------------------ claims

    /// @inheritdoc IVouchDeposit
    function announceClaim(address account) external returns (uint256 points) {
        if (msg.sender != claimManager) revert NotClaimManager(msg.sender);
        if (_claims[account].executableAt != 0) revert ClaimPending(account);
        points = calculatePoints(account);
        // Nothing at all, not a small number.
        // slither-disable-next-line incorrect-equality
        if (points == 0) revert NothingToClaim(account);
        uint48 executableAt = SafeCast.toUint48(block.timestamp + claimDelay);
        _claims[account] = PendingClaim(SafeCast.toUint208(points), executableAt);
        emit ClaimAnnounced(account, msg.sender, points, executableAt);
    }

    /// @inheritdoc IVouchDeposit
    function executeClaim(address account) external returns (uint256 points) {
        if (msg.sender != claimManager) revert NotClaimManager(msg.sender);
        PendingClaim memory claim = _takeClaim(account);
        if (block.timestamp < claim.executableAt) {
            revert TooEarly(SafeCast.toUint48(block.timestamp), claim.executableAt);
        }
        points = claim.points;
        // Points have not fallen since the announcement, so that there are at least as many.
        uint256 claimed = _claimed[account] + points;
        _claimed[account] = claimed;
        emit Claimed(account, msg.sender, points, claimed);
    }

    /// @inheritdoc IVouchDeposit
    function cancelClaim(address account) external {
        if (msg.sender != claimManager && msg.sender != owner()) revert NotClaimManagerOrOwner(msg.sender);
        emit ClaimCancelled(account, msg.sender, _takeClaim(account).points);
    }

    // ------------------------------------------------------------------ administration

    /// @inheritdoc IVouchDeposit
    function addToken(address token) external onlyOwner {
        _addToken(token);
    }

    /// @inheritdoc IVouchDeposit
    function removeToken(address token) external onlyOwner {
        if (!_listed.remove(token)) revert TokenNotListed(token);
        TokenState storage state = _states[token];
        state.activeSeconds = _activeSeconds(state);
        state.listed = false;
        emit TokenDelisted(token);
    }

    /// @inheritdoc IVouchDeposit
    function setDepositStopTime(uint48 newStopTime) external onlyOwner {
        uint48 previous = depositStopTime;
        if (newStopTime < block.timestamp || previous <= block.timestamp) {
            revert InvalidDepositStopTime(newStopTime, previous, SafeCast.toUint48(block.timestamp));
        }
        depositStopTime = newStopTime;
        emit DepositStopTimeChanged(previous, newStopTime);
    }

    /// @inheritdoc IVouchDeposit
    function pause() external onlyOwner {
        _pause();
    }

    /// @inheritdoc IVouchDeposit
    function unpause() external onlyOwner {
        _unpause();
    }

    /// @inheritdoc IVouchDeposit
    function proposeClaimManager(address proposed) external onlyOwner {
        uint48 acceptableAt = proposed == address(0) ? 0 : SafeCast.toUint48(block.timestamp + claimDelay);
        proposedClaimManager = proposed;
        claimManagerAcceptableAt = acceptableAt;
        emit ClaimManagerProposed(proposed, acceptableAt);
    }

    /// @inheritdoc IVouchDeposit
    function acceptClaimManager() external {
        if (msg.sender != proposedClaimManager) revert NotProposedClaimManager(msg.sender);
        if (block.timestamp < claimManagerAcceptableAt) {
            revert TooEarly(SafeCast.toUint48(block.timestamp), claimManagerAcceptableAt);
        }
        emit ClaimManagerChanged(claimManager, msg.sender);
        claimManager = msg.sender;
        proposedClaimManager = address(0);
        claimManagerAcceptableAt = 0;
    }

    /// @inheritdoc IVouchDeposit
    function revokeClaimManager() external onlyOwner {
        emit ClaimManagerChanged(claimManager, address(0));
        claimManager = address(0);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IVouchDeposit
    function calculatePoints(address account) public view returns (uint256) {
        return _points(account, _accruedNow(account));
    }

    /// @inheritdoc IVouchDeposit
    function getUserInfo(address account)
        external
        view
        returns (uint256 points, uint256 claimed, address[] memory tokens, uint256[] memory balances)
    {
        tokens = _tokens;
        balances = new uint256[](tokens.length);
        for (uint256 i = 0; i < tokens.length; ++i) {
            balances[i] = _positions[account][tokens[i]].balance;
        }
        return (calculatePoints(account), _claimed[account], tokens, balances);
    }

    /// @inheritdoc IVouchDeposit
    function tokenBalance(address account, address token) external view returns (uint256) {
        return _positions[account][token].balance;
    }

    /// @inheritdoc IVouchDeposit
    function getAllWhitelistedTokens() external view returns (address[] memory) {
        return _listed.values();
    }

    /// @inheritdoc IVouchDeposit
    function getAllTokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IVouchDeposit
    function isWhitelisted(address token) external view returns (bool) {
        return _states[token].listed;
    }

    /// @inheritdoc IVouchDeposit
    function previewWithdraw(address token, uint256 amount) external view returns (uint256) {
        if (!_states[token].known) revert UnknownToken(token);
        return _share(amount, IERC20(token).balanceOf(address(this)), _states[token].total);
    }

    /// @inheritdoc IVouchDeposit
    function pendingClaim(address account) external view returns (PendingClaim memory) {
        return _claims[account];
    }

    /// @inheritdoc IVouchDeposit
    function totalDeposited(address token) external view returns (uint256) {
        return _states[token].total;
    }

    /// @inheritdoc IVouchDeposit
    function accountOverview(address account) external view returns (AccountView memory shown) {
        shown.blockNumber = block.number;
        shown.timestamp = SafeCast.toUint48(block.timestamp);
        shown.depositStopTime = depositStopTime;
        shown.paused = paused();
        shown.accrued = _accruedNow(account);
        shown.points = _points(account, shown.accrued);
        shown.claimed = _claimed[account];
        shown.claim = _claims[account];
        shown.tokens = new TokenView[](_tokens.length);
        bool stopped = block.timestamp >= depositStopTime;
        for (uint256 i = 0; i < shown.tokens.length; ++i) {
            TokenView memory token = _tokenView(account, _tokens[i]);
            if (token.listed && !stopped) shown.weight += token.balance * _scale(token.decimals);
            shown.tokens[i] = token;
        }
    }

    // ------------------------------------------------------------------ deposits and withdrawals

    function _deposit(address token, uint256 amount) private returns (uint256 credited) {
        TokenState storage state = _states[token];
        if (!state.listed) revert TokenNotListed(token);
        if (block.timestamp >= depositStopTime) revert DepositsStopped(depositStopTime);
        if (amount == 0) revert ZeroAmount();

        uint256 total = state.total;
        uint256 held = IERC20(token).balanceOf(address(this));
        if (held < total) revert TokenInShortfall(token, held, total);
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 heldAfter = IERC20(token).balanceOf(address(this));
        if (heldAfter <= held) revert NothingReceived(token);
        credited = heldAfter - held;

        uint256 maximum = _maximumTotal(state.decimals);
        if (credited > maximum - total) revert DepositTooLarge(token, Math.saturatingAdd(total, credited), maximum);
        Position storage position = _settle(state, msg.sender, token);
        // Neither sum exceeds the maximum, which is below 2^128.
        uint128 balance = position.balance + uint128(credited);
        position.balance = balance;
        state.total = uint128(total + credited);
        emit Deposited(msg.sender, token, amount, credited, balance);
    }

    function _withdraw(address token, uint256 amount, address to) private returns (uint256 paid) {
        TokenState storage state = _states[token];
        if (!state.known) revert UnknownToken(token);
        if (amount == 0) revert ZeroAmount();
        Position storage position = _settle(state, msg.sender, token);
        uint256 balance = position.balance;
        if (amount > balance) revert InsufficientBalance(token, amount, balance);

        uint256 total = state.total;
        uint256 held = IERC20(token).balanceOf(address(this));
        paid = _share(amount, held, total);
        // Nothing at all, not a small amount.
        // slither-disable-next-line incorrect-equality
        if (paid == 0) revert NothingHeld(token);
        position.balance = uint128(balance - amount);
        state.total = uint128(total - amount);
        IERC20(token).safeTransfer(to, paid);

        uint256 heldAfter = IERC20(token).balanceOf(address(this));
        if (heldAfter >= held) revert NothingSent(token);
        uint256 debited = amount;
        if (held - heldAfter != paid) {
            (debited, paid) = _debit(amount, paid, held - heldAfter, held, total);
            if (debited > balance) revert InsufficientBalance(token, debited, balance);
            position.balance = uint128(balance - debited);
            state.total = uint128(total - debited);
        }
        emit Withdrawn(msg.sender, token, to, debited, paid, balance - debited);
    }

    /// @dev What to debit when other than `paid` left: for less, less; for more, a fee that the token took from this
    /// contract on top, more, but for what is held beyond all deposits. Others' share of what is held does not fall.
    function _debit(uint256 amount, uint256 paid, uint256 left, uint256 held, uint256 total)
        private
        pure
        returns (uint256, uint256)
    {
        if (left < paid) {
            return (amount - (held < total ? Math.mulDiv(paid - left, total, held) : paid - left), left);
        }
        uint256 fee = left - paid;
        if (held < total) return (amount + Math.mulDiv(fee, total, held, Math.Rounding.Ceil), paid);
        return (amount + Math.saturatingSub(fee, held - total), paid);
    }

    /// @dev What an amount is worth: less than it when the contract holds less than all deposits, in proportion.
    function _share(uint256 amount, uint256 held, uint256 total) private pure returns (uint256) {
        return held < total ? Math.mulDiv(amount, held, total) : amount;
    }

    // ------------------------------------------------------------------ points

    /// @dev Brings the account's accrual from one token up to date. To be called before its balance changes.
    function _settle(TokenState storage state, address account, address token)
        private
        returns (Position storage position)
    {
        position = _positions[account][token];
        uint48 active = _activeSeconds(state);
        uint256 gained = _gained(state, position, active);
        if (gained != 0) _accrued[account] += gained;
        position.settledAt = active;
    }

    /// @dev The seconds in which the token was listed, up to now or the stop.
    function _activeSeconds(TokenState storage state) private view returns (uint48 active) {
        active = state.activeSeconds;
        if (state.listed) active += _accrualTime() - state.activeSince;
    }

    /// @dev Now, or the stop if that was before. Never falls: the stop only changes ahead of time, to another time ahead.
    function _accrualTime() private view returns (uint48) {
        return uint48(Math.min(block.timestamp, depositStopTime));
    }

    function _gained(TokenState storage state, Position storage position, uint48 active)
        private
        view
        returns (uint256)
    {
        return uint256(position.balance) * _scale(state.decimals) * (active - position.settledAt);
    }

    function _accruedNow(address account) private view returns (uint256 accrued) {
        accrued = _accrued[account];
        for (uint256 i = 0; i < _tokens.length; ++i) {
            TokenState storage state = _states[_tokens[i]];
            accrued += _gained(state, _positions[account][_tokens[i]], _activeSeconds(state));
        }
    }

    function _points(address account, uint256 accrued) private view returns (uint256) {
        return accrued / POINTS_DENOMINATOR - _claimed[account];
    }

    /// @dev Makes balances of all decimals comparable: one whole token is 10^36.
    function _scale(uint8 decimals) private pure returns (uint256) {
        return 10 ** (MAX_DECIMALS - decimals);
    }

    /// @dev 2^128 - 1 units, or as much of a token with 18 decimals.
    function _maximumTotal(uint8 decimals) private pure returns (uint256) {
        return decimals < 18 ? type(uint128).max / 10 ** (18 - decimals) : type(uint128).max;
    }

    // ------------------------------------------------------------------ rest

    function _addToken(address token) private {
        if (token == address(0)) revert ZeroAddress();
        if (!_listed.add(token)) revert TokenAlreadyListed(token);
        // In the constructor for each token, of which the owner chose all.
        // slither-disable-next-line calls-loop
        uint8 decimals = IERC20Metadata(token).decimals();
        TokenState storage state = _states[token];
        if (!state.known) {
            if (_tokens.length == MAX_TOKENS) revert TooManyTokens(MAX_TOKENS);
            if (decimals > MAX_DECIMALS) revert UnsupportedDecimals(token, decimals, MAX_DECIMALS);
            _tokens.push(token);
            state.known = true;
            state.decimals = decimals;
        } else if (state.decimals != decimals) {
            revert DecimalsChanged(token, state.decimals, decimals);
        }
        state.listed = true;
        state.activeSince = _accrualTime();
        emit TokenListed(token, decimals);
    }

    function _takeClaim(address account) private returns (PendingClaim memory claim) {
        claim = _claims[account];
        // Zero is what no claim has.
        // slither-disable-next-line incorrect-equality
        if (claim.executableAt == 0) revert NoClaimPending(account);
        delete _claims[account];
    }

    function _tokenView(address account, address token) private view returns (TokenView memory shown) {
        TokenState storage state = _states[token];
        shown.token = token;
        shown.listed = state.listed;
        shown.decimals = state.decimals;
        shown.balance = _positions[account][token].balance;
        shown.total = state.total;
        bool[3] memory answered;
        (answered[0], shown.held) = _ask(token, abi.encodeCall(IERC20.balanceOf, (address(this))));
        (answered[1], shown.wallet) = _ask(token, abi.encodeCall(IERC20.balanceOf, (account)));
        (answered[2], shown.allowance) = _ask(token, abi.encodeCall(IERC20.allowance, (account, address(this))));
        shown.readable = answered[0] && answered[1] && answered[2];
    }

    /// @dev One word from a token that may be broken: bounded gas, and no more than a word of its answer is copied.
    function _ask(address token, bytes memory data) private view returns (bool answered, uint256 value) {
        assembly ("memory-safe") {
            answered := staticcall(VIEW_GAS, token, add(data, 32), mload(data), 0, 32)
            answered := and(answered, gt(returndatasize(), 31))
            if answered { value := mload(0) }
        }
    }
}
