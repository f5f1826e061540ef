"""The network in NumPy, its gradient and its training.

Every token goes through the same layers, so the order of tokens means nothing:

    z = 12 quantities of a token and the user, see `quantities`
    t1 = tanh(z W1 + b1)
    t2 = tanh([t1, mean of t1 over tokens] W2 + b2)
    score = SCORE tanh(t2 ws + bs)        shares = softmax over tokens
    value = LEVEL + SPREAD tanh(t2 wv + bv)
    expected yield = gain * sum of shares * value + offset

Bounded scores and values keep the ranges of the integer program small.
"""

from __future__ import annotations

import numpy as np

import simulate as sim
from common import optimizer, parameters

HIDDEN = (24, 16)
SCORE = 6.0  # the smallest share is at least e^-12 of the largest
LEVEL, SPREAD = 0.0, 40.0  # %/year
CLIP = 60.0  # %/year
# What the layers see: name, and the range that the declared ranges imply.
QUANTITIES = [
    ("yield_pct", 0.0, 20.0),
    ("yield_variance", 0.0, 9.0),
    ("queue_eth", 0.0, 300_000.0),
    ("hours", 0.0, 720.0),  # redemption hours, clipped
    ("slip_bp", 4.0, 200.0),  # cost of selling the position, 20,000 / depth
    ("peg_bp", -20.0, 300.0),
    ("share_pct", 0.0, 100.0),
    ("exit_year", -8.4, 260.8),  # %/year: (peg + slip) / horizon
    ("entry_year", 0.0, 154.4),  # %/year: max(peg - slip, 0) / horizon
    ("wait_ratio", 0.0, 4.29),  # hours / horizon
    ("horizon_days", 7.0, 60.0),
    ("risk", 0.0, 1.0),
]
INPUTS = len(QUANTITIES)
REACH = 10.0
BP_YEAR = 3.65  # a basis point over a day is 3.65 %/year


class Net(parameters.Parameters):
    """The layers above and their parameters."""

    def __init__(self, hidden=HIDDEN, dtype=np.float32, seed=0):
        a, b = hidden
        self.hidden = hidden
        shapes = {
            "w1": (INPUTS, a), "b1": (a,), "w2": (2 * a, b), "b2": (b,),
            "ws": (b, 1), "bs": (1,), "wv": (b, 1), "bv": (1,), "bg": (2,),
        }  # fmt: skip
        super().__init__(shapes, dtype)
        rng = np.random.default_rng(seed)
        for k in shapes:
            if k.startswith("w"):  # a small start for the heads
                self.glorot(rng, k, 0.3 if k in ("ws", "wv") else 1.0)
        self.p["b1"][...] = rng.uniform(-0.5, 0.5, a)
        self.p["bg"][...] = (1.0, 0.0)  # gain and offset of the forecast

    def forward(self, x, keep=False):
        """x [N,6,12] normalised -> shares [N,6], expected yield [N]."""
        p, a = self.p, self.hidden[0]
        t1 = np.tanh(x @ p["w1"] + p["b1"])
        pool = t1.mean(1, keepdims=True)
        t2 = np.tanh(t1 @ p["w2"][:a] + pool @ p["w2"][a:] + p["b2"])
        score = np.tanh(t2 @ p["ws"] + p["bs"])[..., 0]
        value = np.tanh(t2 @ p["wv"] + p["bv"])[..., 0]
        e = np.exp(SCORE * (score - score.max(1, keepdims=True)))
        shares = e / e.sum(1, keepdims=True)
        worth = LEVEL + SPREAD * value
        y = p["bg"][0] * (shares * worth).sum(1) + p["bg"][1]
        return (shares, y, (x, t1, pool, t2, score, value, shares)) if keep else (shares, y)

    def values(self, cache):
        """The tokens' values [N,6] (%/year) of a forward pass that was kept."""
        return LEVEL + SPREAD * cache[5]

    def gradient(self, cache, d_shares, d_values, d_y):
        """Gradient of the flat vector for the loss's derivatives with respect to
        shares [N,6], values [N,6] and expected yield [N].

        The expected yield is a forecast for shares and values as they are: its loss
        moves gain and offset only.
        """
        p, a = self.p, self.hidden[0]
        x, t1, pool, t2, score, value, shares = cache
        grad = np.zeros_like(self.flat)
        g = self.views(grad)
        inner = d_shares - (d_shares * shares).sum(1, keepdims=True)
        dz_s = shares * inner * SCORE * (1 - score * score)
        dz_v = d_values * SPREAD * (1 - value * value)
        g["bg"][0] = (d_y * (shares * self.values(cache)).sum(1)).sum()
        g["bg"][1] = d_y.sum()
        flat2 = t2.reshape(-1, t2.shape[-1])
        for k, dz in (("s", dz_s), ("v", dz_v)):
            g["w" + k][...] = flat2.T @ dz.reshape(-1, 1)
            g["b" + k][...] = dz.sum()
        dt2 = dz_s[..., None] * p["ws"][:, 0] + dz_v[..., None] * p["wv"][:, 0]
        dz2 = dt2 * (1 - t2 * t2)
        of_tokens = dz2.reshape(-1, dz2.shape[-1])
        of_pool = dz2.sum(1)
        g["w2"][:a] = t1.reshape(-1, a).T @ of_tokens
        g["w2"][a:] = pool[:, 0].T @ of_pool
        g["b2"][...] = of_tokens.sum(0)
        dt1 = dz2 @ p["w2"][:a].T + (of_pool @ p["w2"][a:].T)[:, None] / x.shape[1]
        dz1 = (dt1 * (1 - t1 * t1)).reshape(-1, a)
        g["w1"][...] = x.reshape(-1, x.shape[-1]).T @ dz1
        g["b1"][...] = dz1.sum(0)
        return grad

    def predict(self, x, batch=8192):
        parts = [self.forward(x[i : i + batch]) for i in range(0, len(x), batch)]
        return np.concatenate([s for s, _ in parts]), np.concatenate([y for _, y in parts])


# --------------------------------------------------------------------------
# Scaling
# --------------------------------------------------------------------------


def quantities(x, horizon, risk):
    """The twelve numbers [N,6,12] that the graph makes of its inputs, unscaled."""
    year, variance, queue, hours, depth, peg, share = np.moveaxis(np.asarray(x, np.float64), -1, 0)
    h = np.asarray(horizon, np.float64)[:, None] + 0 * year
    hours = np.clip(hours, *sim.REDEMPTION_HOURS)
    slip = 1e4 * sim.slippage(depth)
    exit_year = BP_YEAR * (peg + slip) / h
    entry_year = BP_YEAR * np.maximum(peg - slip, 0.0) / h
    ratio = hours / 24.0 / h
    risk = np.asarray(risk, np.float64)[:, None] + 0 * year
    return np.stack(
        [year, variance, queue, hours, slip, peg, share, exit_year, entry_year, ratio, h, risk], -1
    )


def fit_scaler(d):
    """``(mean, scale)`` of each quantity on the training markets; the whole range falls
    within [-REACH, REACH]."""
    flat = quantities(d["x"], d["horizon"], d["risk"]).reshape(-1, INPUTS)
    low, high = (np.array([q[i] for q in QUANTITIES]) for i in (1, 2))
    return parameters.fit_scaler(flat, low, high, REACH)


def normalise(d, mean, scale):
    """What the layers see of decisions in natural units, [N,6,12]."""
    return ((quantities(d["x"], d["horizon"], d["risk"]) - mean) / scale).astype(np.float32)


# --------------------------------------------------------------------------
# Training
# --------------------------------------------------------------------------


def gain_of(d, rows, shares):
    """Utility of shares (%/year) and its gradient."""
    return sim.utility(
        shares.astype(np.float64), d["gain"][rows], d["loss_mean"][rows], d["loss_cov"][rows],
        d["gamma"][rows], d["horizon"][rows],
    )  # fmt: skip


def each_alone(d):
    """Utility [N,6] of everything in one token."""
    rows = np.arange(len(d["horizon"]))
    whole = np.eye(sim.TOKENS)
    one = lambda i: np.broadcast_to(whole[i], (len(rows), sim.TOKENS))  # noqa: E731
    return np.stack([gain_of(d, rows, one(i))[0] for i in range(sim.TOKENS)], -1)


def train(d, x, dv, xv, epochs, batch=256, lr=1e-2, decay=0.1, forecast=0.05, seed=0, log=print):
    """AdamW with cosine decay, gradient clipping and averaged weights; returns the
    averaged network with the highest utility on the validation markets.

    Loss: minus the mean utility, plus ``forecast`` times the squared errors of the
    expected yield and of the tokens' values (what each would bring as the only
    one).  In these two, outcomes beyond +-CLIP %/year count as that.
    """
    net, probe = Net(seed=seed), Net(seed=seed)
    alone = np.clip(each_alone(d), -CLIP, CLIP).astype(np.float32)
    every_row = np.arange(len(xv))
    forecast_off = 0.0

    def loss(rows):
        shares, y, cache = net.forward(x[rows], keep=True)
        u, slope = gain_of(d, rows, shares)
        off = net.values(cache) - alone[rows]
        d_v = (2 * forecast * off / off.size).astype(np.float32)
        d_y = (2 * forecast * (y - np.clip(u, -CLIP, CLIP)) / batch).astype(np.float32)
        return -u.mean(), net.gradient(cache, (-slope / batch).astype(np.float32), d_v, d_y)

    def validate(candidate):
        nonlocal forecast_off
        shares, y = candidate.predict(xv)
        u, _ = gain_of(dv, every_row, shares)
        forecast_off = float(np.abs(y - u).mean())
        return -float(u.mean())

    epochs_done = optimizer.fit(
        net, probe, len(x), loss, validate,
        epochs=epochs, batch=batch, seed=seed, rate=lr, decay=decay, warm_up=200, clip=10.0,
    )  # fmt: skip
    best_epoch, best_score = 0, -np.inf
    for epoch, (mean_loss, validation, better) in enumerate(epochs_done, 1):
        if better:
            best_epoch, best_score = epoch, -validation
        if log:
            log(
                f"epoch {epoch:3d}  train {-mean_loss:.4f}  validation {-validation:.4f}"
                f"  forecast off by {forecast_off:.3f}"
            )
    return net, {"best_epoch": best_epoch, "validation_utility": best_score}
