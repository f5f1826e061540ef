"""Many independent worlds, one step per epoch.

A world is a network with its exit queue and withdrawal sweep, and one liquid-staking
protocol with a buffer, a first-in-first-out redemption queue, periodic reports and exit
orders.  The protocol's operation and the demand are assumptions, named where they are
made and listed in README.md.
"""

from __future__ import annotations

import numpy as np

from .consensus import EPOCHS_PER_DAY, GWEI_PER_ETH
from .demand import DailyDraws, Drivers, draw_demand
from .ethereum import Ethereum
from .protocol import REQUEST_MARGIN, Protocol
from .samples import HISTORIES, collect


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
    uniform = lambda lo, hi: rng.uniform(lo, hi, worlds)  # noqa: E731
    shared = lambda lo, hi: np.repeat(rng.uniform(lo, hi, worlds // group), group)  # noqa: E731
    ethereum = Ethereum(shared, worlds)
    protocol = Protocol(rng, uniform, worlds)
    drivers = Drivers(rng, uniform, worlds, steps, (demand or draw_demand)(rng, worlds, steps))
    sampled, size = _requests(rng, worlds, steps, first, last, sample_days)

    arrivals = np.zeros((worlds, steps + 8_000), np.float32)  # swept protocol stake
    history = {k: np.zeros((worlds, steps), np.float32) for k in HISTORIES}
    requested_at = np.zeros((worlds, steps))  # cumulative requests, ETH
    cum_net = np.zeros((worlds, steps))  # cumulative redemptions - deposits
    net = np.zeros(worlds)
    reports = []
    for t in range(steps):
        k = t % day
        if k == 0:
            draws = DailyDraws(rng, worlds)
        # -- money in, and what the market sees
        deposit = protocol.base_deposit * drivers.deposit[:, t] * draws.deposit_size(k)
        protocol.receive(arrivals[:, t], deposit)
        ethereum.begin_epoch(t)
        expected_days = protocol.expected_days(ethereum)
        discount = protocol.discount(drivers.stress[:, t], expected_days, drivers.discount[:, t])

        # -- redemptions
        redeem = protocol.redemptions(
            drivers.redeem[:, t], expected_days, discount, draws.redeem_size(k)
        )
        protocol.requested = protocol.requested + redeem
        net = net + redeem - deposit
        cum_net[:, t] = net
        history["queue"][:, t] = ethereum.queue
        history["sweep"][:, t] = ethereum.sweep
        history["backlog"][:, t] = protocol.requested - protocol.paid
        history["buffer"][:, t] = protocol.buffer
        history["flight"][:, t] = protocol.in_flight
        history["outflow"][:, t] = net - cum_net[:, max(t - day, 0)]
        history["discount"][:, t] = discount
        if first <= t < last and sampled[:, t].any():
            add = np.where(sampled[:, t], size[:, t], 0)
            protocol.requested = protocol.requested + add
            net = net + add
        requested_at[:, t] = protocol.requested

        # -- reports, restaking, exit orders
        report = protocol.report(rng, t, requested_at[:, max(t - REQUEST_MARGIN, 0)])
        if report:
            reports.append(report)
        staked = protocol.restake(draws.coin[k, :, 0])
        protocol.order_exits(t, ethereum)
        signed = protocol.sign_exits(draws.coin[k, :, 1])

        # -- exits enter the queue: everyone else's and the protocol's, in random order
        others = ethereum.others_exits(
            drivers.exits(t), draws.exits[k], drivers.operator[:, t], draws.lumps[k]
        )
        before = np.where(draws.coin[k, :, 2] < 0.5, others, 0)
        ethereum.exit(before)
        ethereum.exit_to(arrivals, (32 * signed).astype(np.int64) * GWEI_PER_ETH, draws.sweep[k])
        ethereum.exit(others - before)
        ethereum.end_epoch(drivers.deposit[:, t], staked)

    return collect(
        dict(
            W=worlds,
            sampled=sampled,
            size=size,
            hist=history,
            requested_at=requested_at,
            reports=reports,
            report_phase=protocol.report_phase,
            pressure=drivers.pressure,
        )
    )


def _requests(rng, worlds, steps, first, last, sample_days):
    """Sampled requests, about two a day per world, and their sizes (heavy-tailed)."""
    sampled = np.zeros((worlds, steps), bool)
    for w in range(worlds):
        at = first + np.cumsum(rng.integers(75, 150, 2 * sample_days + 60))
        sampled[w, at[at < last]] = True
    size = rng.lognormal(np.log(25.0), 2.0, (worlds, steps)).astype(np.float32)
    return sampled, np.clip(size, 0.1, 30_000.0)


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
