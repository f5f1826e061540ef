"""What drives redemptions and exits from outside: assumptions."""

from __future__ import annotations

import numpy as np

from common.noise import ornstein_uhlenbeck

from .consensus import EPOCHS_PER_DAY


def mean_reverting(rng, worlds, steps, step_epochs, tau_days, sd):
    """Stationary mean-reverting noise, one value per ``step_epochs``, repeated."""
    n = steps // step_epochs + 2
    a = np.exp(-step_epochs / (tau_days * EPOCHS_PER_DAY))
    shocks = rng.standard_normal((n, worlds))
    out = ornstein_uhlenbeck(rng.standard_normal(worlds), shocks[1:], a)
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


class Drivers:
    """The drivers with slow random factors: [worlds, steps], except ``exits``."""

    def __init__(self, rng, uniform, worlds, steps, drawn):
        noise = lambda tau_days, sd: mean_reverting(rng, worlds, steps, 25, tau_days, sd)  # noqa: E731
        redeem = noise(8.0, uniform(0.25, 0.6))
        deposit = noise(8.0, uniform(0.25, 0.6))
        self._exits = noise(6.0, uniform(0.2, 0.5))
        self.discount = noise(1.5, uniform(0.5, 3.0))
        self.redeem = np.exp(redeem) * (1 + drawn["pressure"])
        self.deposit = np.exp(deposit) * (1 + drawn["rebound"]) / (1 + 0.25 * drawn["stress"])
        self.stress, self.pressure = drawn["stress"], drawn["pressure"]
        self.operator, self._network = drawn["operator"], drawn["network"]

    def exits(self, epoch):
        """Multiplier of ordinary exits of everyone else."""
        return self._network[:, epoch] * np.exp(self._exits[:, epoch])


class DailyDraws:
    """The random numbers of one day, [epochs, worlds]."""

    def __init__(self, rng, worlds):
        day = EPOCHS_PER_DAY
        shape = (day, worlds)
        rare = lambda per_day: rng.random(shape) < per_day / day  # noqa: E731
        whale = lambda: np.minimum(rng.lognormal(0.0, 1.0, shape), 15.0)  # noqa: E731
        self._redeem = rng.gamma(0.5, 2.0, shape)
        self._deposit = rng.gamma(0.4, 2.5, shape)
        self.exits = rng.gamma(0.5, 2.0, shape)
        self._whale_out = rare(0.35) * whale()
        self._whale_in = rare(0.30) * whale()
        self.lumps = rare(0.5) * np.minimum(rng.lognormal(np.log(6_000), 1.0, shape), 80_000)
        self.coin = rng.random((*shape, 3))
        self.sweep = rng.random(shape)

    def redeem_size(self, k):
        """Redemptions in epoch ``k`` of the day, as a multiple of the average."""
        return 0.7 * self._redeem[k] + 0.5 * self._whale_out[k] * EPOCHS_PER_DAY

    def deposit_size(self, k):
        """Deposits in epoch ``k`` of the day, as a multiple of the average."""
        return 0.75 * self._deposit[k] + 0.45 * self._whale_in[k] * EPOCHS_PER_DAY
