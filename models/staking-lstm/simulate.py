"""Simulated liquid-staking redemptions under Ethereum's exit and withdrawal rules.

Two parts:

1. *Consensus rules*: small pure functions, integers in Gwei, epochs and slots.
   They restate the rules of the Ethereum consensus specifications (Phase0,
   Capella, Electra) and are what ``test_simulate.py`` checks by hand-computed
   values.  They accept Python integers and NumPy integer arrays alike, and the
   simulator below calls these very functions, vectorised over worlds.

2. *Simulator*: many independent worlds, one step per epoch.  A world is a
   network with its exit queue and withdrawal sweep, and one liquid-staking
   protocol with a buffer, a first-in-first-out redemption queue, periodic
   reports and exit orders.  The protocol's operation and the demand are
   assumptions, named where they are made and listed in README.md.

Specifications: https://github.com/ethereum/consensus-specs
  specs/phase0/beacon-chain.md    compute_activation_exit_epoch
  specs/capella/beacon-chain.md   withdrawal sweep
  specs/electra/beacon-chain.md   balance-based churn (EIP-7251)
  configs/mainnet.yaml, presets/mainnet/*.yaml   the constants
"""

from __future__ import annotations

import numpy as np

# --------------------------------------------------------------------------
# 1. Consensus rules
# --------------------------------------------------------------------------

GWEI_PER_ETH = 10**9

# configs/mainnet.yaml
SECONDS_PER_SLOT = 12
MIN_VALIDATOR_WITHDRAWABILITY_DELAY = 256  # epochs
CHURN_LIMIT_QUOTIENT = 65_536
MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA = 128 * GWEI_PER_ETH
MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT = 256 * GWEI_PER_ETH
# presets/mainnet/phase0.yaml
SLOTS_PER_EPOCH = 32
MAX_SEED_LOOKAHEAD = 4  # epochs
EFFECTIVE_BALANCE_INCREMENT = 1 * GWEI_PER_ETH
# presets/mainnet/capella.yaml
MAX_WITHDRAWALS_PER_PAYLOAD = 16
MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP = 16_384
# presets/mainnet/electra.yaml
MIN_ACTIVATION_BALANCE = 32 * GWEI_PER_ETH
MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP = 8

SECONDS_PER_EPOCH = SECONDS_PER_SLOT * SLOTS_PER_EPOCH  # 384 s
HOURS_PER_EPOCH = SECONDS_PER_EPOCH / 3600  # 0.10666...
EPOCHS_PER_DAY = 86_400 // SECONDS_PER_EPOCH  # 225


def get_balance_churn_limit(total_active_balance):
    """Stake (Gwei) that may change per epoch: active balance / 65536, at least
    128 ETH, rounded down to a whole ETH.  Electra, ``get_balance_churn_limit``."""
    churn = np.maximum(
        MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA, total_active_balance // CHURN_LIMIT_QUOTIENT
    )
    return churn - churn % EFFECTIVE_BALANCE_INCREMENT


def get_activation_exit_churn_limit(total_active_balance):
    """The part of the churn open to activations and exits: at most 256 ETH per
    epoch.  Electra, ``get_activation_exit_churn_limit``."""
    return np.minimum(
        MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT, get_balance_churn_limit(total_active_balance)
    )


def compute_activation_exit_epoch(epoch):
    """First epoch in which an exit initiated in ``epoch`` can take effect.
    Phase0, ``compute_activation_exit_epoch``."""
    return epoch + 1 + MAX_SEED_LOOKAHEAD


def compute_exit_epoch_and_update_churn(
    earliest_exit_epoch, exit_balance_to_consume, current_epoch, per_epoch_churn, exit_balance
):
    """Put ``exit_balance`` (> 0, Gwei) at the end of the exit queue.

    Returns the new ``(earliest_exit_epoch, exit_balance_to_consume)``; the
    first is also the exit epoch of the last Gwei put in.  Electra,
    ``compute_exit_epoch_and_update_churn``, with the two state fields and the
    churn limit passed in.

    With a constant churn limit one call for a sum equals one call per
    validator: the queue only counts balance (tested), so the simulator may
    add a whole epoch's exits at once.
    """
    epoch = np.maximum(earliest_exit_epoch, compute_activation_exit_epoch(current_epoch))
    room = np.where(earliest_exit_epoch < epoch, per_epoch_churn, exit_balance_to_consume)
    overflow = np.maximum(exit_balance - room, 0)
    extra_epochs = (overflow + per_epoch_churn - 1) // per_epoch_churn
    return epoch + extra_epochs, room + extra_epochs * per_epoch_churn - exit_balance


def compute_withdrawable_epoch(exit_epoch):
    """Epoch from which an exited validator's balance may be withdrawn.
    Phase0/Electra, ``initiate_validator_exit``."""
    return exit_epoch + MIN_VALIDATOR_WITHDRAWABILITY_DELAY


def exit_queue_balance(
    earliest_exit_epoch, exit_balance_to_consume, current_epoch, per_epoch_churn
):
    """Balance (Gwei) ahead of a validator that would exit now: the churn
    already taken from the first possible exit epoch on."""
    first = compute_activation_exit_epoch(current_epoch)
    taken = (earliest_exit_epoch - first + 1) * per_epoch_churn - exit_balance_to_consume
    return np.where(earliest_exit_epoch < first, 0, np.maximum(taken, 0))


def activated_balance(pending, per_epoch_churn):
    """Balance (Gwei) the entry queue activates in one epoch.

    Electra, ``process_pending_deposits``, with deposits treated as divisible:
    then no churn is carried over to the next epoch, and the limit of 16
    deposits per epoch, which deposits of 32 ETH never reach, is left out.
    """
    return np.minimum(pending, per_epoch_churn)


def sweep_one_slot(next_index, withdrawable, slots_taken_by_partials=0):
    """One slot of the withdrawal sweep over a list of booleans.

    Walks the registry from ``next_index``, at most 16384 validators, until the
    payload holds 16 withdrawals; up to 8 of the 16 may already be taken by
    requested partial withdrawals (EIP-7002).  Returns ``(indices, next_index)``.
    Capella/Electra, ``get_validators_sweep_withdrawals`` and
    ``update_next_withdrawal_validator_index``.  Reference only: the simulator
    uses its closed form ``sweep_rotation_slots``.
    """
    if not 0 <= slots_taken_by_partials <= MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP:
        raise ValueError("partial withdrawals take at most 8 of the 16 places")
    count = len(withdrawable)
    room = MAX_WITHDRAWALS_PER_PAYLOAD - slots_taken_by_partials
    taken = []
    index = next_index
    for _ in range(min(count, MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP)):
        if len(taken) == room:
            break
        if withdrawable[index]:
            taken.append(index)
        index = (index + 1) % count
    return taken, index


def sweep_rotation_slots(registry_size, withdrawable_count, partials_per_slot=0.0):
    """Slots the sweep needs once around the registry, withdrawable validators
    being spread evenly: bound either by the places per payload or by the
    16384 validators looked at per slot."""
    by_places = withdrawable_count / (MAX_WITHDRAWALS_PER_PAYLOAD - partials_per_slot)
    by_looks = registry_size / MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP
    return np.maximum(by_places, by_looks)


def sweep_rotation_hours(
    registry_size, withdrawable_count, partials_per_slot=0.0, missed_slots=0.0
):
    """``sweep_rotation_slots`` in hours; a missed slot carries no payload."""
    slots = sweep_rotation_slots(registry_size, withdrawable_count, partials_per_slot)
    return slots / (1.0 - missed_slots) * SECONDS_PER_SLOT / 3600


# --------------------------------------------------------------------------
# 2. Protocol parameters (assumptions, after Lido's public documentation)
# --------------------------------------------------------------------------

REPORT_PERIOD = 225  # epochs between accounting reports (one day)
REQUEST_MARGIN = 20  # a request must be this many epochs old at the report
REPORT_DELAY = (3, 9)  # epochs from reference to execution, [low, high)
REPORT_MISS = 0.004  # chance that a report is skipped
ORDER_PERIOD = 75  # epochs between exit orders (8 hours)
ORDER_CAP_VALIDATORS = 600  # validators per exit order

OBSERVATIONS = 5  # window length
OBSERVATION_STEP = 112  # epochs between observations (11 h 57 min)

# The eight inputs: name, unit, declared minimum and maximum, description.
# Values outside the declared range are clipped to it, here and by the caller.
FEATURES = [
    (
        "exit_queue_eth",
        "ETH",
        0.0,
        3_000_000.0,
        "Stake waiting in Ethereum's validator exit queue",
    ),
    (
        "sweep_hours",
        "h",
        60.0,
        260.0,
        "Length of one full round of Ethereum's withdrawal sweep over the validator registry",
    ),
    (
        "queue_position_eth",
        "ETH",
        0.0,
        300_000.0,
        "Unpaid redemptions of the protocol ahead of this request, plus the request itself",
    ),
    (
        "buffer_coverage_pct",
        "%",
        0.0,
        200.0,
        "Protocol's liquid buffer as a share of queue_position_eth",
    ),
    (
        "pipeline_coverage_pct",
        "%",
        0.0,
        300.0,
        "Liquid buffer plus stake already ordered to exit and not yet received, "
        "as a share of queue_position_eth",
    ),
    (
        "net_outflow_eth_day",
        "ETH/day",
        -15_000.0,
        45_000.0,
        "Redemptions requested minus new deposits over the last 24 hours",
    ),
    (
        "token_discount_bp",
        "bp",
        -10.0,
        150.0,
        "Discount of the staking token to its redemption value on the secondary market",
    ),
    (
        "hours_to_report",
        "h",
        0.0,
        24.0,
        "Time until the reference slot of the protocol's next scheduled report",
    ),
]
FEATURE_NAMES = [f[0] for f in FEATURES]
FEATURE_MIN = np.array([f[2] for f in FEATURES])
FEATURE_MAX = np.array([f[3] for f in FEATURES])
OUTPUT = (
    "redemption_hours",
    "h",
    "Predicted time from the request to the moment it can be claimed",
)


def closed_form_hours(last_observation):
    """The estimate anyone can make from the last observation alone.

    If the buffer covers the request: the next report it is eligible for.
    Otherwise exit queue / churn + the fixed delays + half a sweep, rounded up
    to a report.  ``last_observation`` is ``[..., 8]`` in natural units.
    """
    x = np.asarray(last_observation, dtype=np.float64)
    queue, sweep, _, cover, _, _, _, to_report = np.moveaxis(x, -1, 0)
    churn = MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT / GWEI_PER_ETH
    epochs = queue / churn + compute_activation_exit_epoch(0) + MIN_VALIDATOR_WITHDRAWABILITY_DELAY
    funds = np.where(cover >= 100.0, 0.0, epochs * HOURS_PER_EPOCH + sweep / 2)
    ready = np.maximum(funds, REQUEST_MARGIN * HOURS_PER_EPOCH)
    reports = np.maximum(np.ceil((ready - to_report) / 24.0), 0.0)
    return to_report + 24.0 * reports + 5.5 * HOURS_PER_EPOCH


# --------------------------------------------------------------------------
# 3. Demand (assumptions)
# --------------------------------------------------------------------------


def _ornstein_uhlenbeck(rng, worlds, steps, step_epochs, tau_days, sd):
    """Stationary mean-reverting noise, one value per ``step_epochs``, repeated."""
    n = steps // step_epochs + 2
    a = np.exp(-step_epochs / (tau_days * EPOCHS_PER_DAY))
    noise = rng.standard_normal((n, worlds)) * np.sqrt(1 - a * a)
    out = np.empty((n, worlds))
    out[0] = rng.standard_normal(worlds)
    for i in range(1, n):
        out[i] = a * out[i - 1] + noise[i]
    out = out.T * np.reshape(sd, (-1, 1))
    return np.repeat(out, step_epochs, axis=1)[:, :steps].astype(np.float32)


def draw_demand(rng, worlds, steps):
    """Exogenous drivers per world and epoch.

    Returns a dict of [worlds, steps] arrays: ``stress`` (loss of trust in the
    protocol, at once visible in the token's price), ``pressure`` (the same,
    delayed: people queue after they have read the news), ``rebound`` (deposits
    returning afterwards), ``operator`` (ETH/epoch of mass exits of operators
    outside the protocol) and ``network`` (multiplier of ordinary exits).
    """
    day = EPOCHS_PER_DAY
    t = np.arange(steps, dtype=np.float32)
    out = {k: np.zeros((worlds, steps), np.float32) for k in ("stress", "pressure", "rebound")}
    operator = np.zeros((worlds, steps), np.float32)
    network = np.ones((worlds, steps), np.float32)
    days = steps / day
    for w in range(worlds):
        # Shocks to the protocol (a hack, a depeg) and to the whole market.
        for _ in range(rng.poisson(days / rng.uniform(35, 110))):
            start = rng.uniform(0, steps)
            size = min(rng.lognormal(np.log(5.0), 0.8), 40.0)
            fall = rng.uniform(0.8, 7.0) * day
            rise = rng.uniform(0.15, 0.9) * day
            age = np.maximum(t - start, 0)
            shape = np.exp(-age / fall) * (t >= start)
            late = (np.exp(-age / fall) - np.exp(-age / rise)) * (t >= start)
            late = np.maximum(late, 0) / max(float(late.max()), 1e-6)
            out["stress"][w] += size * shape
            out["pressure"][w] += size * late
            slow = age / (4 * fall) * np.exp(1 - age / (4 * fall))
            out["rebound"][w] += rng.uniform(0.0, 0.8) * slow * (t >= start)
            if rng.random() < 0.5:  # market-wide: others leave too
                network[w] += rng.uniform(0.5, 6.0) * late
        # Operators outside the protocol leaving all at once.
        for _ in range(rng.poisson(days / rng.uniform(70, 220))):
            start = int(rng.uniform(0, steps))
            length = int(rng.uniform(0.2, 5.0) * day)
            amount = min(rng.lognormal(np.log(220_000), 1.0), 1_700_000)
            operator[w, start : start + length] += amount / length
            out["stress"][w] += rng.uniform(0, 1.5) * np.exp(
                -np.maximum(t - start, 0) / (3 * day)
            ) * (t >= start)
        # Weeks in which many stakers leave (profit taking, unwinding of leverage).
        for _ in range(rng.poisson(days / rng.uniform(60, 250))):
            start = int(rng.uniform(0, steps))
            length = int(rng.uniform(4, 25) * day)
            network[w, start : start + length] += rng.uniform(1.0, 5.0)
    out["operator"] = operator
    out["network"] = network
    return out


# --------------------------------------------------------------------------
# 4. Simulator
# --------------------------------------------------------------------------


def simulate_worlds(
    worlds, seed, burn_in_days=30, sample_days=120, tail_days=95, demand=None, group=1
):
    """Simulate ``worlds`` independent worlds and sample redemption requests.

    With ``group`` > 1 the worlds of a group have the same network parameters,
    and ``demand(rng, worlds, steps)`` may draw drivers that they share; else
    the drivers are ``draw_demand``'s.

    Returns a dict of arrays, one row per sampled request: ``x`` [N,5,8] the
    clipped inputs (oldest observation first), ``y`` [N] hours until claimable,
    ``persistence`` [N] the wait of the last sampled request that had been paid
    when this one was made, ``world``, ``epoch``, ``regime`` (0 calm, 1 network
    queue, 2 protocol shock), ``clipped`` [8] the share of clipped values and
    ``unpaid`` the number of requests dropped because the simulation ended.
    """
    rng = np.random.default_rng(seed)
    day = EPOCHS_PER_DAY
    first, last = burn_in_days * day, (burn_in_days + sample_days) * day
    steps = last + tail_days * day
    W = worlds
    u = lambda lo, hi: rng.uniform(lo, hi, W)  # noqa: E731
    shared = lambda lo, hi: np.repeat(rng.uniform(lo, hi, W // group), group)  # noqa: E731

    # --- the network -------------------------------------------------------
    active = (shared(26e6, 39e6) * GWEI_PER_ETH).astype(np.int64)  # Gwei
    compounding = shared(0.0, 0.06)  # share of 0x02 validators, whose rewards are not swept
    mean_balance = 32 * (1 - compounding) + shared(100, 900) * compounding  # ETH
    partials = shared(0.0, 1.5)  # places per payload taken by EIP-7002 requests
    missed = shared(0.002, 0.015)  # missed slots
    registry_exited = shared(2e5, 1.1e6)  # indices that stay in the registry for good
    base_exits = shared(6_000, 31_000) / day  # ETH per epoch of everyone else
    base_entries = shared(8_000, 40_000) / day
    earliest = np.zeros(W, np.int64)
    to_consume = np.zeros(W, np.int64)
    entry_queue = np.zeros(W, np.int64)
    exit_lump = np.zeros(W)

    # --- the protocol ------------------------------------------------------
    stake = u(3e6, 9.5e6)  # ETH
    rewards = stake * u(0.024, 0.031) / 365 / day  # ETH per epoch
    base_redeem = stake * np.exp(u(np.log(2.5e-4), np.log(9e-4))) / day
    base_deposit = base_redeem * np.exp(rng.normal(-0.1, 0.35, W))
    reserve = stake * u(0.0, 1.2e-3)  # buffer kept back when staking deposits
    restake_p = 1.0 / (u(4, 30) / 24 * day)  # how often spare buffer is staked
    signing_p = 1.0 / (u(4, 36) / 24 * day)  # operators' delay after an exit order
    report_phase = rng.integers(0, REPORT_PERIOD, W)
    order_phase = rng.integers(0, ORDER_PERIOD, W)
    discount_gain = u(1.0, 5.0)  # bp per unit of stress
    wait_gain = u(0.3, 2.5)  # bp per day of expected wait
    arbitrage = u(0.001, 0.008)  # extra redemptions per bp of discount
    buffer = reserve.copy()
    in_flight = np.zeros(W)
    to_sign = np.zeros(W)  # validators ordered, exit not yet signed

    d = (demand or draw_demand)(rng, W, steps)
    ou_redeem = _ornstein_uhlenbeck(rng, W, steps, 25, 8.0, u(0.25, 0.6))
    ou_deposit = _ornstein_uhlenbeck(rng, W, steps, 25, 8.0, u(0.25, 0.6))
    ou_exits = _ornstein_uhlenbeck(rng, W, steps, 25, 6.0, u(0.2, 0.5))
    ou_discount = _ornstein_uhlenbeck(rng, W, steps, 25, 1.5, u(0.5, 3.0))
    redeem_mult = np.exp(ou_redeem) * (1 + d["pressure"])
    deposit_mult = np.exp(ou_deposit) * (1 + d["rebound"]) / (1 + 0.25 * d["stress"])

    # Sampled requests: about two a day per world, heavy-tailed sizes.
    sampled = np.zeros((W, steps), bool)
    for w in range(W):
        at = first + np.cumsum(rng.integers(75, 150, 2 * sample_days + 60))
        sampled[w, at[at < last]] = True
    sample_size = np.clip(
        rng.lognormal(np.log(25.0), 2.0, (W, steps)).astype(np.float32), 0.1, 30_000.0
    )

    arrivals = np.zeros((W, steps + 8_000), np.float32)  # swept protocol stake
    hist = {
        k: np.zeros((W, steps), np.float32)
        for k in ("queue", "sweep", "backlog", "buffer", "flight", "outflow", "discount")
    }
    requested_at = np.zeros((W, steps))  # cumulative requests, ETH
    cum_net = np.zeros((W, steps))  # cumulative redemptions - deposits
    requested = np.zeros(W)
    net = np.zeros(W)
    paid = np.zeros(W)
    reports = []  # (epoch of execution, mask, cumulative paid)
    rows = np.arange(W)

    block = day
    for t in range(steps):
        k = t % block
        if k == 0:  # random numbers, a day at a time
            g_redeem = rng.gamma(0.5, 2.0, (block, W))
            g_deposit = rng.gamma(0.4, 2.5, (block, W))
            g_exits = rng.gamma(0.5, 2.0, (block, W))
            whale_out = (rng.random((block, W)) < 0.35 / day) * np.minimum(
                rng.lognormal(0.0, 1.0, (block, W)), 15.0
            )
            whale_in = (rng.random((block, W)) < 0.30 / day) * np.minimum(
                rng.lognormal(0.0, 1.0, (block, W)), 15.0
            )
            lumps = (rng.random((block, W)) < 0.5 / day) * np.minimum(
                rng.lognormal(np.log(6_000), 1.0, (block, W)), 80_000
            )
            coin = rng.random((block, W, 3))
            sweep_u = rng.random((block, W))
        churn = get_activation_exit_churn_limit(active)
        churn_eth = churn / GWEI_PER_ETH

        # -- money in
        got = arrivals[:, t]
        in_flight -= got
        deposit = base_deposit * deposit_mult[:, t] * (
            0.75 * g_deposit[k] + 0.45 * whale_in[k] * day
        )
        buffer += got + deposit + rewards

        # -- what the market sees
        queue = exit_queue_balance(earliest, to_consume, t, churn) / GWEI_PER_ETH
        validators = active / GWEI_PER_ETH / mean_balance
        sweep = sweep_rotation_hours(
            validators + registry_exited, validators * (1 - compounding), partials, missed
        )
        backlog = requested - paid
        covered = backlog <= buffer
        expected_days = np.where(
            covered, 0.5, (queue / churn_eth + 261) / day + sweep / 48 + backlog / (19_200 * 9)
        )
        discount = (
            1.5
            + discount_gain * d["stress"][:, t]
            + wait_gain * np.maximum(expected_days - 1.0, 0)
            + ou_discount[:, t]
        )

        # -- redemptions (demand falls off when the wait is long)
        patience = np.exp(-expected_days / 40) / (1 + (backlog / 250_000) ** 2)
        eager = 1 + arbitrage * np.clip(discount - 5.0, 0, 150)
        redeem = base_redeem * redeem_mult[:, t] * patience * eager * (
            0.7 * g_redeem[k] + 0.5 * whale_out[k] * day
        )
        requested = requested + redeem
        net = net + redeem - deposit
        cum_net[:, t] = net
        hist["queue"][:, t] = queue
        hist["sweep"][:, t] = sweep
        hist["backlog"][:, t] = requested - paid
        hist["buffer"][:, t] = buffer
        hist["flight"][:, t] = in_flight
        hist["outflow"][:, t] = net - cum_net[:, max(t - day, 0)]
        hist["discount"][:, t] = discount
        if first <= t < last:
            mask = sampled[:, t]
            if mask.any():
                add = np.where(mask, sample_size[:, t], 0)
                requested = requested + add
                net = net + add
        requested_at[:, t] = requested

        # -- daily report: pay the oldest requests from the buffer
        due = (t - report_phase) % REPORT_PERIOD == 0
        if due.any():
            due &= rng.random(W) >= REPORT_MISS
            eligible = requested_at[:, max(t - REQUEST_MARGIN, 0)] - paid
            pay = np.where(due, np.clip(np.minimum(eligible, buffer), 0, None), 0)
            buffer -= pay
            paid = paid + pay
            delay = rng.integers(*REPORT_DELAY, W)
            reports.append((t + delay, due.copy(), paid.copy()))

        # -- spare buffer is staked again
        spare = buffer - (requested - paid) - reserve
        restake = (coin[k, :, 0] < restake_p) & (spare > 32)
        staked = np.where(restake, spare, 0)
        buffer -= staked

        # -- exit orders, every eight hours
        due = (t - order_phase) % ORDER_PERIOD == 0
        if due.any():
            horizon = queue / churn_eth + 261 + sweep / 2 / HOURS_PER_EPOCH
            short = (requested - paid) - buffer - in_flight - rewards * horizon
            n = np.clip(np.ceil(short / 32), 0, ORDER_CAP_VALIDATORS) * due
            to_sign += n
            in_flight += 32 * n
        signed = np.minimum(np.floor(to_sign * signing_p + coin[k, :, 1]), to_sign)
        to_sign -= signed

        # -- exits enter the queue: everyone else's and the protocol's, in random order
        damp = np.clip((2_700_000 - queue) / 500_000, 0, 1)
        exit_lump += lumps[k] * damp
        lump = np.minimum(exit_lump, 8_000)
        exit_lump -= lump
        others = (
            base_exits * network_factor(d["network"], ou_exits, t) * g_exits[k]
            + d["operator"][:, t]
        ) * damp + lump
        others = others.astype(np.int64) * GWEI_PER_ETH
        own = (32 * signed).astype(np.int64) * GWEI_PER_ETH
        before = np.where(coin[k, :, 2] < 0.5, others, 0)
        earliest, to_consume = _enqueue(earliest, to_consume, t, churn, before)
        left = own.copy()
        while True:  # the protocol's validators, an exit epoch at a time
            todo = left > 0
            if not todo.any():
                break
            start = np.maximum(earliest, compute_activation_exit_epoch(t))
            room = np.where(earliest < start, churn, to_consume)
            room = np.where(room == 0, churn, room)
            piece = np.where(todo, np.minimum(left, room), 0)
            earliest, to_consume = _enqueue(earliest, to_consume, t, churn, piece)
            left -= piece
            # The validators of one exit epoch come from one operator's run of
            # keys, so they are neighbours in the registry and swept together.
            wait = (sweep_u[k] + 0.61803 * (left // GWEI_PER_ETH)) % 1.0
            ready = compute_withdrawable_epoch(earliest) + wait * sweep / HOURS_PER_EPOCH
            ready = np.minimum(np.ceil(ready).astype(np.int64), arrivals.shape[1] - 1)
            np.add.at(arrivals, (rows[todo], ready[todo]), (piece[todo] / GWEI_PER_ETH))
        earliest, to_consume = _enqueue(earliest, to_consume, t, churn, others - before)

        # -- entries and the active balance
        entries = base_entries * deposit_mult[:, t] * 0.9 + staked
        entry_queue += entries.astype(np.int64) * GWEI_PER_ETH
        activated = activated_balance(entry_queue, churn)
        entry_queue -= activated
        leaving = np.minimum(churn, (queue * GWEI_PER_ETH).astype(np.int64))
        active = active + activated - leaving

    return _collect(
        dict(
            W=W,
            steps=steps,
            sampled=sampled,
            size=sample_size,
            hist=hist,
            requested_at=requested_at,
            reports=reports,
            report_phase=report_phase,
            pressure=d["pressure"],
        )
    )


def network_factor(network, ou, t):
    """Multiplier of ordinary exits of everyone else in epoch ``t``."""
    return network[:, t] * np.exp(ou[:, t])


def _enqueue(earliest, to_consume, t, churn, balance):
    """``compute_exit_epoch_and_update_churn`` where ``balance`` is positive."""
    e, c = compute_exit_epoch_and_update_churn(earliest, to_consume, t, churn, balance)
    some = balance > 0
    return np.where(some, e, earliest), np.where(some, c, to_consume)


def _collect(s):
    """Turn the histories into samples."""
    xs, ys, ps, ws, es, rs = [], [], [], [], [], []
    unpaid = 0
    h = s["hist"]
    back = np.arange(OBSERVATIONS - 1, -1, -1) * OBSERVATION_STEP
    done_at = np.array([r[0] for r in s["reports"]])  # [R, W]
    did = np.array([r[1] for r in s["reports"]])
    paid = np.array([r[2] for r in s["reports"]])
    for w in range(s["W"]):
        at = np.flatnonzero(s["sampled"][w])
        when, total = done_at[did[:, w], w], paid[did[:, w], w]
        position = s["requested_at"][w, at]
        report = np.searchsorted(total, position - 1e-6)
        ok = report < len(when)
        unpaid += int((~ok).sum())
        at, report = at[ok], report[ok]
        y = (when[report] - at) * HOURS_PER_EPOCH
        # The last sampled request that was already paid when this one was made.
        persistence = np.empty(len(at))
        for i, t in enumerate(at):
            before = np.flatnonzero(when[report[:i]] <= t)
            persistence[i] = y[before[-1]] if len(before) else np.nan
        e = at[:, None] - back[None, :]  # [n,5]
        size = s["size"][w, at][:, None].astype(np.float64)
        need = h["backlog"][w, e] + size
        x = np.stack(
            [
                h["queue"][w, e],
                h["sweep"][w, e],
                need,
                100 * h["buffer"][w, e] / need,
                100 * (h["buffer"][w, e] + h["flight"][w, e]) / need,
                h["outflow"][w, e],
                h["discount"][w, e],
                ((s["report_phase"][w] - e) % REPORT_PERIOD) * HOURS_PER_EPOCH,
            ],
            axis=-1,
        )
        regime = np.where(
            s["pressure"][w, at] > 1.0, 2, np.where(h["queue"][w, at] > 150_000, 1, 0)
        )
        good = ~np.isnan(persistence)
        xs.append(x[good])
        ys.append(y[good])
        ps.append(persistence[good])
        ws.append(np.full(good.sum(), w))
        es.append(at[good])
        rs.append(regime[good])
    x = np.concatenate(xs)
    clipped = np.mean((x < FEATURE_MIN) | (x > FEATURE_MAX), axis=(0, 1))
    return {
        "x": np.clip(x, FEATURE_MIN, FEATURE_MAX),
        "y": np.concatenate(ys),
        "persistence": np.concatenate(ps),
        "world": np.concatenate(ws),
        "epoch": np.concatenate(es),
        "regime": np.concatenate(rs),
        "clipped": clipped,
        "unpaid": unpaid,
    }


def simulate(worlds, seed, chunk=80, **days):
    """``simulate_worlds`` in chunks, to bound the memory."""
    seeds = np.random.SeedSequence(seed).spawn((worlds + chunk - 1) // chunk)
    parts, done = [], 0
    for s in seeds:
        n = min(chunk, worlds - done)
        part = simulate_worlds(n, s, **days)
        part["world"] = part["world"] + done
        parts.append(part)
        done += n
    out = {
        k: np.concatenate([p[k] for p in parts])
        for k in ("x", "y", "persistence", "world", "epoch", "regime")
    }
    weight = np.array([len(p["y"]) for p in parts], float)
    out["clipped"] = np.average([p["clipped"] for p in parts], axis=0, weights=weight)
    out["unpaid"] = sum(p["unpaid"] for p in parts)
    return out
