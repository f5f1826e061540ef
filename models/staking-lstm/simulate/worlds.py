"""Many independent worlds, one step per epoch.

A world is a network with its exit queue and withdrawal sweep, and one liquid-staking
protocol with a buffer, a first-in-first-out redemption queue, periodic reports and exit
orders.  The protocol's operation and the demand are assumptions, named where they are
made and listed in README.md.
"""

from __future__ import annotations

import numpy as np

from .consensus import (
    EPOCHS_PER_DAY,
    GWEI_PER_ETH,
    HOURS_PER_EPOCH,
    activated_balance,
    compute_activation_exit_epoch,
    compute_exit_epoch_and_update_churn,
    compute_withdrawable_epoch,
    exit_queue_balance,
    get_activation_exit_churn_limit,
    sweep_rotation_hours,
)
from .demand import draw_demand, mean_reverting
from .protocol import (
    ORDER_CAP_VALIDATORS,
    ORDER_PERIOD,
    REPORT_DELAY,
    REPORT_MISS,
    REPORT_PERIOD,
    REQUEST_MARGIN,
)
from .samples import collect


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
    ou_redeem = mean_reverting(rng, W, steps, 25, 8.0, u(0.25, 0.6))
    ou_deposit = mean_reverting(rng, W, steps, 25, 8.0, u(0.25, 0.6))
    ou_exits = mean_reverting(rng, W, steps, 25, 6.0, u(0.2, 0.5))
    ou_discount = mean_reverting(rng, W, steps, 25, 1.5, u(0.5, 3.0))
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

    return collect(
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
