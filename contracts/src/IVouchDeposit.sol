// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Deposits of liquid restaking tokens and wrapped ether, which accrue points
/// @notice One whole token (10^decimals units) accrues one point, 10^18 of its smallest parts, an hour, without compounding.
/// @dev Points are an integral that is kept exactly. With `b` a balance in units, `d` the token's decimals and `dt` seconds:
///
///     accrued = sum of b * 10^(36 - d) * dt
///     points  = floor(accrued / (3600 * 10^18)) - claimed
///
/// Only the one division rounds: points are below their exact value by less than 1 part of 10^18, whatever came before.
interface IVouchDeposit {
    /// @notice A claim of points that was announced and not yet carried out.
    /// @param points What the claim takes, fixed when it was announced.
    /// @param executableAt The time from which it can be carried out; 0 if there is no claim.
    struct PendingClaim {
        uint208 points;
        uint48 executableAt;
    }

    /// @notice One token, from the point of view of one account.
    /// @param token The token's address.
    /// @param listed Whether it can be deposited and accrues.
    /// @param decimals Its decimals, as they were when it was first listed.
    /// @param readable Whether the token answered; if not, `held`, `wallet` and `allowance` mean nothing.
    /// @param balance What the account has here, in units.
    /// @param total What all accounts have here, in units.
    /// @param held What this contract holds of the token. Less than `total`: losses are shared, see `previewWithdraw`.
    /// @param wallet What the account holds itself.
    /// @param allowance What this contract may draw from the account.
    struct TokenView {
        address token;
        bool listed;
        uint8 decimals;
        bool readable;
        uint256 balance;
        uint256 total;
        uint256 held;
        uint256 wallet;
        uint256 allowance;
    }

    /// @notice All that a page about an account shows, at one block.
    /// @param blockNumber The block's number.
    /// @param timestamp The block's time.
    /// @param depositStopTime When accrual ends, and deposits with it.
    /// @param paused Whether deposits are paused.
    /// @param points What `calculatePoints` returns.
    /// @param claimed All points that were claimed from the account, ever.
    /// @param accrued The numerator of points, see the contract.
    /// @param weight What `accrued` gains a second from now on, until `depositStopTime`.
    /// @param claim The claim that is pending, if any.
    /// @param tokens Every token that was ever listed.
    struct AccountView {
        uint256 blockNumber;
        uint48 timestamp;
        uint48 depositStopTime;
        bool paused;
        uint256 points;
        uint256 claimed;
        uint256 accrued;
        uint256 weight;
        PendingClaim claim;
        TokenView[] tokens;
    }

    /// @notice An account deposited.
    /// @param requested The amount that was asked for.
    /// @param credited What arrived, and was credited.
    /// @param balance The account's balance of the token after it.
    event Deposited(
        address indexed account, address indexed token, uint256 requested, uint256 credited, uint256 balance
    );

    /// @notice An account withdrew.
    /// @param debited By how much its balance fell: less than what was asked for if the token sent less, more if it took a
    /// fee from the contract on top.
    /// @param paid What was sent; less than `debited` when the contract holds less than all balances together.
    /// @param balance The account's balance of the token after it.
    event Withdrawn(
        address indexed account,
        address indexed token,
        address indexed to,
        uint256 debited,
        uint256 paid,
        uint256 balance
    );

    /// @notice A claim was announced; it takes `points` and can be carried out from `executableAt` on.
    event ClaimAnnounced(address indexed account, address indexed by, uint256 points, uint48 executableAt);
    /// @notice A claim was carried out; `claimed` is all that was ever claimed from the account.
    event Claimed(address indexed account, address indexed by, uint256 points, uint256 claimed);
    /// @notice A claim was called off; the account keeps the points.
    event ClaimCancelled(address indexed account, address indexed by, uint256 points);

    /// @notice A token can be deposited and accrues from now on.
    event TokenListed(address indexed token, uint8 decimals);
    /// @notice A token can no longer be deposited and no longer accrues. It can be withdrawn.
    event TokenDelisted(address indexed token);
    /// @notice The time at which accrual and deposits end was changed.
    event DepositStopTimeChanged(uint48 previous, uint48 current);

    /// @notice The owner named a claim manager, who can accept from `acceptableAt` on.
    event ClaimManagerProposed(address indexed proposed, uint48 acceptableAt);
    /// @notice The claim manager changed. No address at all: the role is vacant.
    event ClaimManagerChanged(address indexed previous, address indexed current);

    /// @notice The token was never listed.
    error UnknownToken(address token);
    /// @notice The token cannot be deposited (any more).
    error TokenNotListed(address token);
    /// @notice The token is listed already.
    error TokenAlreadyListed(address token);
    /// @notice More tokens than this were listed over time.
    error TooManyTokens(uint256 maximum);
    /// @notice The token has more decimals than points can be computed for.
    error UnsupportedDecimals(address token, uint8 decimals, uint8 maximum);
    /// @notice The token has other decimals than when it was first listed.
    error DecimalsChanged(address token, uint8 before, uint8 found);
    /// @notice The amount is zero.
    error ZeroAmount();
    /// @notice The address is zero, and must not be.
    error ZeroAddress();
    /// @notice No units of the token arrived.
    error NothingReceived(address token);
    /// @notice All deposits of the token together would exceed the maximum.
    error DepositTooLarge(address token, uint256 total, uint256 maximum);
    /// @notice The contract holds less of the token than depositors have: a deposit would share their loss.
    error TokenInShortfall(address token, uint256 held, uint256 total);
    /// @notice The account has less than what would be debited.
    error InsufficientBalance(address token, uint256 needed, uint256 balance);
    /// @notice The contract holds nothing that the amount could be paid with. The balance is kept.
    error NothingHeld(address token);
    /// @notice The token said it sent, and did not. The balance is kept.
    error NothingSent(address token);
    /// @notice Accrual ended, and deposits with it.
    error DepositsStopped(uint48 depositStopTime);
    /// @notice The stop time is in the past, or the previous one was reached.
    error InvalidDepositStopTime(uint48 requested, uint48 previous, uint48 timestamp);
    /// @notice The caller is not the claim manager.
    error NotClaimManager(address caller);
    /// @notice The caller is neither the claim manager nor the owner.
    error NotClaimManagerOrOwner(address caller);
    /// @notice The caller was not proposed as claim manager.
    error NotProposedClaimManager(address caller);
    /// @notice It is too early.
    error TooEarly(uint48 timestamp, uint48 notBefore);
    /// @notice The delay is shorter than the contract allows.
    error DelayTooShort(uint48 requested, uint48 minimum);
    /// @notice The delay is longer than the contract allows.
    error DelayTooLong(uint48 requested, uint48 maximum);
    /// @notice The account has a claim pending.
    error ClaimPending(address account);
    /// @notice The account has no claim pending.
    error NoClaimPending(address account);
    /// @notice The account has no points.
    error NothingToClaim(address account);

    /// @notice Deposits units of a listed token; what arrives is credited.
    /// @return credited What arrived.
    function deposit(address token, uint256 amount) external returns (uint256 credited);

    /// @notice Deposits with a signed EIP-2612 permit instead of an allowance that was given before.
    /// @dev A permit that fails is ignored: it may have been used already, by anyone. Without allowance the deposit fails.
    /// @return credited What arrived.
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 credited);

    /// @notice Withdraws to the caller: at any time, also while paused, also after the token was delisted.
    /// @return paid What was sent.
    function withdraw(address token, uint256 amount) external returns (uint256 paid);

    /// @notice Withdraws the caller's balance of a token to the caller.
    /// @return paid What was sent.
    function withdrawAll(address token) external returns (uint256 paid);

    /// @notice Withdraws from the caller's balance to another address, for tokens that refuse to pay the caller.
    /// @return paid What was sent.
    function withdrawTo(address token, uint256 amount, address to) external returns (uint256 paid);

    /// @notice Announces a claim of all points that the account has now. Only the claim manager.
    /// @return points What the claim will take.
    function announceClaim(address account) external returns (uint256 points);

    /// @notice Carries out a claim after the delay. Only the claim manager.
    /// @return points What it took.
    function executeClaim(address account) external returns (uint256 points);

    /// @notice Calls off a claim. Only the claim manager and the owner.
    function cancelClaim(address account) external;

    /// @notice Lists a token, or lists it again. Only the owner.
    function addToken(address token) external;

    /// @notice Delists a token: no more deposits, no more accrual; withdrawal as before. Only the owner.
    function removeToken(address token) external;

    /// @notice Sets when accrual and deposits end. Only the owner, not to the past, and not after it was reached.
    function setDepositStopTime(uint48 newStopTime) external;

    /// @notice Stops deposits, and nothing else. Only the owner.
    function pause() external;

    /// @notice Allows deposits again. Only the owner.
    function unpause() external;

    /// @notice Names a claim manager, who can accept after the delay; the zero address withdraws the proposal. Only the owner.
    function proposeClaimManager(address proposed) external;

    /// @notice Takes over as claim manager. Only who was proposed, after the delay.
    function acceptClaimManager() external;

    /// @notice Leaves the role of claim manager vacant, at once. Only the owner.
    function revokeClaimManager() external;

    /// @notice Points of an account, in parts of 10^18, at this block.
    function calculatePoints(address account) external view returns (uint256 points);

    /// @notice What an account has: points, all that was claimed, and balances, for every token that was ever listed.
    function getUserInfo(address account)
        external
        view
        returns (uint256 points, uint256 claimed, address[] memory tokens, uint256[] memory balances);

    /// @notice An account's balance of a token, in units.
    function tokenBalance(address account, address token) external view returns (uint256);

    /// @notice The tokens that can be deposited.
    function getAllWhitelistedTokens() external view returns (address[] memory);

    /// @notice Every token that was ever listed.
    function getAllTokens() external view returns (address[] memory);

    /// @notice Whether a token can be deposited and accrues.
    function isWhitelisted(address token) external view returns (bool);

    /// @notice What a withdrawal would send, before any fee of the token itself.
    function previewWithdraw(address token, uint256 amount) external view returns (uint256 paid);

    /// @notice All that a page about an account shows. A broken token is marked, and does not make it fail.
    function accountOverview(address account) external view returns (AccountView memory);

    /// @notice The claim that is pending for an account, if any.
    function pendingClaim(address account) external view returns (PendingClaim memory);

    /// @notice All deposits of a token, in units.
    function totalDeposited(address token) external view returns (uint256);
}
