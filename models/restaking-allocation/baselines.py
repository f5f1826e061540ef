"""What the network is compared with: equal weights, the highest yield, mean-variance.

Two mean-variance optimisers solve the same problem exactly,

    max  w.mu - gamma/2 w'(S + mu mu')w,   w >= 0,  sum w = 1,

with different estimates of mu and S: ``textbook`` takes the yields and the
predicted redemption times at face value and S from the last 30 days;
``fitted`` has both fitted on the training markets, as the network has.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

import simulate as sim
from common.regression import Ridge

BINS = (7, 13, 22, 36, 61)  # horizons, days


def equal_weights(d):
    return np.full((len(d["horizon"]), sim.TOKENS), 1.0 / sim.TOKENS)


def highest_yield(d):
    """Everything into the token that pays most now."""
    return np.eye(sim.TOKENS)[d["x"][:, :, 0].argmax(1)]


# --------------------------------------------------------------------------
# The optimiser
# --------------------------------------------------------------------------


def optimise(mu, second, gamma):
    """argmax of w.mu - gamma/2 w'Qw over the simplex, for many problems at once.

    Exact: the optimum solves the equality-constrained problem on its support,
    so it is the best of the 63 supports' solutions that are not negative.
    ``mu`` [N,n], ``second`` = Q [N,n,n] positive definite, ``gamma`` [N].
    """
    count, n = mu.shape
    scale = np.einsum("nii->n", second) / n * gamma
    q = second * (gamma / scale)[:, None, None]
    m = mu / scale[:, None]
    best = np.full(count, -np.inf)
    out = np.zeros((count, n))
    for size in range(1, n + 1):
        for support in combinations(range(n), size):
            s = list(support)
            system = np.zeros((count, size + 1, size + 1))
            system[:, :size, :size] = q[:, s][:, :, s]
            system[:, :size, size] = system[:, size, :size] = 1.0
            right = np.ones((count, size + 1))
            right[:, :size] = m[:, s]
            w = np.linalg.solve(system, right[..., None])[:, :size, 0]
            value = np.einsum("ni,ni->n", w, m[:, s]) - 0.5 * np.einsum(
                "ni,nij,nj->n", w, system[:, :size, :size], w
            )
            better = (w.min(1) >= -1e-12) & (value > best)
            best[better] = value[better]
            full = np.zeros((int(better.sum()), n))
            full[:, s] = np.maximum(w[better], 0.0)
            out[better] = full / full.sum(1, keepdims=True)
    return out


def ledoit_wolf(x):
    """Covariances [N,n,n] of samples [N,T,n], shrunk towards a multiple of the
    identity by Ledoit and Wolf's estimate of the best weight (2004)."""
    count, t, n = x.shape
    x = x - x.mean(1, keepdims=True)
    s = np.einsum("kti,ktj->kij", x, x) / t
    level = np.einsum("kii->k", s) / n
    target = level[:, None, None] * np.eye(n)
    d2 = ((s - target) ** 2).sum((1, 2))
    outer = np.einsum("kti,kti->kt", x, x) ** 2
    b2 = (outer.sum(1) / t - (s * s).sum((1, 2))) / t
    weight = np.clip(b2 / np.maximum(d2, 1e-300), 0.0, 1.0)[:, None, None]
    return weight * target + (1 - weight) * s + 1e-12 * np.eye(n)


# --------------------------------------------------------------------------
# Estimates
# --------------------------------------------------------------------------


def face_value(d):
    """Return until the horizon if yield, peg, depth and predicted hours stay as
    they are now; and whether a redemption is safe, and what the market costs."""
    x, days = d["x"], d["horizon"][:, None]
    year, hours, peg = 0.01 * x[..., 0], x[..., sim.LINKED], 1e-4 * x[..., 5]
    slip = sim.slippage(x[..., 4])
    need = sim.safe_hours(hours) / 24.0
    safe = need <= days
    forgone = year * np.minimum(need, days) / 365
    market = peg + slip
    exit_cost = np.where(safe, np.minimum(forgone, market), market)
    entry = np.maximum(peg - slip, 0.0)
    return entry + year * days / 365 - exit_cost, safe, market


def textbook(d):
    mu, _, _ = face_value(d)
    cov = ledoit_wolf(d["history"].transpose(0, 2, 1)) * d["horizon"][:, None, None]
    return optimise(mu, cov + mu[:, :, None] * mu[:, None, :], d["gamma"])


def _features(d):
    """What the expected return of one token is regressed on, [N,6,F]."""
    x, days = d["x"], d["horizon"][:, None]
    mu, safe, market = face_value(d)
    held = x[..., 0] * days / 365
    share = 0.01 * x[..., 6]
    need = sim.safe_hours(x[..., sim.LINKED]) / 24.0
    over = np.clip(need / days, 0.0, 3.0)
    peg = x[..., 5]
    depth = np.log(x[..., 4])
    columns = [
        100 * mu, held, held * share, held * held, share * days / 365, x[..., 1] * days / 365,
        safe * 100 * market, ~safe * 100 * market, over, over * over, safe, peg, peg * safe,
        np.maximum(peg - 30, 0), depth, depth * depth, depth * safe, share, share * peg,
        np.log1p(x[..., 2]), 100 * sim.slippage(x[..., 4]), over * peg, days + 0 * peg,
    ]  # fmt: skip
    return np.stack([np.asarray(c, float) for c in columns], -1)


def _by_share(d, a):
    """Tokens ordered by restaked share, so that a place means a kind of token."""
    order = np.argsort(d["x"][:, :, 6], axis=1, kind="stable")
    return np.take_along_axis(a, order[:, :, None], 1), order


class Fitted:
    """Means by ridge regression, covariance of what it leaves, by horizon; both on
    the training markets."""

    def __init__(self, d):
        self.models = []
        features, net = _features(d), d["gain"] - d["loss_mean"]
        for lo, hi in zip(BINS, BINS[1:]):
            k = (d["horizon"] >= lo) & (d["horizon"] < hi)
            a, y = features[k].reshape(-1, features.shape[-1]), net[k].reshape(-1)
            ridge = Ridge(a, y)
            left = (y - ridge.level - ridge.standardised(a) @ ridge.coef).reshape(-1, sim.TOKENS)
            part = {n: v[k] for n, v in d.items()}
            left = _by_share(part, left[:, :, None])[0][..., 0]
            _, order = _by_share(part, part["x"])
            inner = np.take_along_axis(
                np.take_along_axis(part["loss_cov"], order[:, :, None], 1), order[:, None, :], 2
            )
            cov = ledoit_wolf(left[None])[0] + inner.mean(0)
            self.models.append((ridge, cov))

    def __call__(self, d):
        features = _features(d)
        out = np.zeros((len(features), sim.TOKENS))
        for (lo, hi), (ridge, cov) in zip(zip(BINS, BINS[1:]), self.models):
            k = np.flatnonzero((d["horizon"] >= lo) & (d["horizon"] < hi))
            mu = ridge.predict(features[k])
            part = {"x": d["x"][k]}
            sorted_mu, order = _by_share(part, mu[:, :, None])
            m = sorted_mu[..., 0]
            w = optimise(m, cov + m[:, :, None] * m[:, None, :], d["gamma"][k])
            np.put_along_axis(own := np.zeros_like(w), order, w, 1)
            out[k] = own
        return out
