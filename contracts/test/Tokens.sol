// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @notice A plain token with any number of decimals and permits, which anyone can mint.
contract PlainToken is ERC20Permit {
    uint8 private _decimals;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) ERC20Permit(name_) {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function setDecimals(uint8 decimals_) external {
        _decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice Wrapped ether as it is deployed: ether in and out, no permit, and a fallback that takes any call for a deposit.
contract WrappedEther is ERC20("Wrapped Ether", "WETH") {
    error EtherRefused();

    fallback() external payable {
        _mint(msg.sender, msg.value);
    }

    receive() external payable {
        _mint(msg.sender, msg.value);
    }

    function deposit() external payable {
        _mint(msg.sender, msg.value);
    }

    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
        (bool sent,) = msg.sender.call{value: amount}("");
        if (!sent) revert EtherRefused();
    }
}

/// @notice Balances are shares of a supply that can be changed for everyone, as of a slashed staking token.
contract RebasingToken is ERC20("Rebasing", "REB") {
    uint256 public factor = 1e18;

    function mint(address to, uint256 shares) external {
        _mint(to, shares);
    }

    function rebase(uint256 factor_) external {
        factor = factor_;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) * factor / 1e18;
    }

    function _update(address from, address to, uint256 amount) internal override {
        bool minted = from == address(0);
        super._update(from, to, minted ? amount : amount * 1e18 / factor);
    }
}

/// @notice Takes a fee: from what arrives, or from the sender on top.
contract FeeToken is ERC20("Fee", "FEE") {
    uint256 public immutable feeBps;
    bool public immutable onTop;

    constructor(uint256 feeBps_, bool onTop_) {
        feeBps = feeBps_;
        onTop = onTop_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, amount);
        uint256 fee = amount * feeBps / 10_000;
        super._update(from, to, onTop ? amount : amount - fee);
        super._update(from, address(0xfee), fee);
    }
}

/// @notice Moves a part of what it is told to, and says it moved all: a limit, or shares that are rounded down.
contract PartialToken is ERC20("Partial", "PAR") {
    uint256 public partBps = 10_000;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function setPart(uint256 partBps_) external {
        partBps = partBps_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        bool transfers = from != address(0) && to != address(0);
        super._update(from, to, transfers ? amount * partBps / 10_000 : amount);
    }
}

/// @notice Calls back whom it is told to, in the middle of a transfer.
contract ReentrantToken is ERC20("Reentrant", "REE") {
    address public target;
    bytes public data;
    bool public succeeded;
    bytes public answer;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address target_, bytes calldata data_) external {
        (target, data, succeeded, answer) = (target_, data_, false, "");
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        address called = target;
        if (called != address(0)) {
            target = address(0);
            (succeeded, answer) = called.call(data);
        }
    }
}

/// @notice Transfers without a return value.
contract SilentToken {
    uint8 public constant decimals = 18;
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Breaks in a chosen way.
contract HostileToken is ERC20("Hostile", "HOS") {
    enum Mode {
        Honest,
        ReturnFalse,
        RevertTransfers,
        LieAboutTransfers,
        RevertBalances,
        BurnGasOnBalances,
        HugeBalances,
        HugeAnswers
    }

    Mode public mode;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function balanceOf(address account) public view override returns (uint256) {
        require(mode != Mode.RevertBalances, "no balances");
        while (mode == Mode.BurnGasOnBalances) {}
        if (mode == Mode.HugeAnswers) {
            assembly {
                return(0, 1000000)
            }
        }
        if (mode == Mode.HugeBalances) return type(uint256).max - gasleft();
        return super.balanceOf(account);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _pretend() ? mode != Mode.ReturnFalse : super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return _pretend() ? mode != Mode.ReturnFalse : super.transferFrom(from, to, amount);
    }

    function _pretend() private view returns (bool) {
        require(mode != Mode.RevertTransfers, "no transfers");
        return mode == Mode.ReturnFalse || mode == Mode.LieAboutTransfers || mode == Mode.HugeBalances;
    }
}
