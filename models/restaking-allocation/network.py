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

HIDDEN = (32, 24)
SCORE = 6.0  # the smallest share is at least e^-12 of the largest
LEVEL, SPREAD = 0.0, 40.0  # %/year
CLIP = 60.0  # %/year
# What the layers see: name, and the range that the declared ranges imply.
QUANTITIES = [
    ("yield_pct", 0.0, 20.0),
    ("yield_variance", 0.0, 9.0),
    ("queue_eth", 0.0, 300_000.0),
    ("hours", 0.0, 720.0),  # redemption hours, clipped
    ("slip_bp", 2.0, 200.0),  # cost of selling the position, 20,000 / depth
    ("peg_bp", -20.0, 300.0),
    ("share_pct", 0.0, 100.0),
    ("exit_year", -10.4, 260.8),  # %/year: (peg + slip) / horizon
    ("entry_year", 0.0, 155.4),  # %/year: max(peg - slip, 0) / horizon
    ("wait_ratio", 0.0, 4.29),  # hours / horizon
    ("horizon_days", 7.0, 60.0),
    ("risk", 0.0, 1.0),
]
INPUTS = len(QUANTITIES)
REACH = 10.0
BP_YEAR = 3.65  # a basis point over a day is 3.65 %/year


class Net:
    """All parameters are views of one flat vector."""

    def __init__(self, hidden=HIDDEN, dtype=np.float32, seed=0):
        a, b = hidden
        self.hidden = hidden
        self.shapes = {
            "w1": (INPUTS, a), "b1": (a,), "w2": (2 * a, b), "b2": (b,),
            "ws": (b, 1), "bs": (1,), "wv": (b, 1), "bv": (1,), "bg": (2,),
        }  # fmt: skip
        self.flat = np.zeros(sum(int(np.prod(s)) for s in self.shapes.values()), dtype)
        self.p = self.views(self.flat)
        rng = np.random.default_rng(seed)
        for k, s in self.shapes.items():
            if k.startswith("w"):  # Glorot uniform; a small start for the heads
                limit = np.sqrt(6 / sum(s)) * (0.3 if k in ("ws", "wv") else 1.0)
                self.p[k][...] = rng.uniform(-limit, limit, s)
        self.p["b1"][...] = rng.uniform(-0.5, 0.5, a)
        self.p["bg"][...] = (1.0, 0.0)  # gain and offset of the forecast

    def views(self, flat):
        out, at = {}, 0
        for k, s in self.shapes.items():
            n = int(np.prod(s))
            out[k] = flat[at : at + n].reshape(s)
            at += n
        return out

    def decayed(self):
        """1 where weight decay applies: weights, not biases."""
        mask = np.zeros_like(self.flat)
        for k, v in self.views(mask).items():
            v[...] = 1.0 if k.startswith("w") else 0.0
        return mask

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
    """Per quantity ``(mean, scale)`` on the training markets, rounded to 4 digits.

    The scale is the standard deviation, enlarged where needed so that the whole
    range falls within [-REACH, REACH].
    """
    flat = quantities(d["x"], d["horizon"], d["risk"]).reshape(-1, INPUTS)
    lo, hi = np.array([q[1] for q in QUANTITIES]), np.array([q[2] for q in QUANTITIES])
    mean = flat.mean(0)
    scale = np.maximum(flat.std(0), np.maximum(hi - mean, mean - lo) / REACH)
    digits = lambda a: np.array([float(f"{v:.4g}") for v in a])  # noqa: E731
    return digits(mean), digits(scale * 1.0005)


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


def train(d, x, dv, xv, epochs, batch=256, lr=1e-2, decay=1e-2, forecast=0.05, seed=0, log=print):
    """AdamW with cosine decay, gradient clipping and averaged weights; returns the
    averaged network with the highest utility on the validation markets.

    Loss: minus the mean utility, plus ``forecast`` times the squared errors of the
    expected yield and of the tokens' values (what each would bring as the only
    one).  In these two, outcomes beyond +-CLIP %/year count as that.
    """
    rng = np.random.default_rng(seed)
    net, probe = Net(seed=seed), Net(seed=seed)
    m, v = np.zeros_like(net.flat), np.zeros_like(net.flat)
    mean = net.flat.copy()
    best, best_score, best_epoch = net.flat.copy(), -np.inf, -1
    mask = net.decayed()
    total = epochs * (len(x) // batch)
    step, every_row = 0, np.arange(len(xv))
    alone = np.clip(each_alone(d), -CLIP, CLIP).astype(np.float32)
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        seen = []
        for i in range(0, len(x) - batch + 1, batch):
            rows = order[i : i + batch]
            shares, y, cache = net.forward(x[rows], keep=True)
            u, slope = gain_of(d, rows, shares)
            off = net.values(cache) - alone[rows]
            d_v = (2 * forecast * off / off.size).astype(np.float32)
            d_y = (2 * forecast * (y - np.clip(u, -CLIP, CLIP)) / batch).astype(np.float32)
            grad = net.gradient(cache, (-slope / batch).astype(np.float32), d_v, d_y)
            norm = float(np.sqrt((grad * grad).sum()))
            if norm > 10.0:
                grad *= np.float32(10.0 / norm)
            step += 1
            rate = lr * min(1.0, step / 200) * (0.01 + 0.495 * (1 + np.cos(np.pi * step / total)))
            m += np.float32(0.1) * (grad - m)
            v += np.float32(0.001) * (grad * grad - v)
            upd = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            net.flat -= (rate * (upd + decay * mask * net.flat)).astype(np.float32)
            mean += np.float32(1 - min(0.998, step / (step + 10))) * (net.flat - mean)
            seen.append(u.mean())
        probe.flat[...] = mean
        shares, y = probe.predict(xv)
        u, _ = gain_of(dv, every_row, shares)
        score = float(u.mean())
        if score > best_score:
            best, best_score, best_epoch = mean.copy(), score, epoch
        if log:
            off = float(np.abs(y - u).mean())
            log(f"epoch {epoch + 1:3d}  train {np.mean(seen):.4f}  validation {score:.4f}  forecast off by {off:.3f}")
    net.flat[...] = best
    return net, {"best_epoch": best_epoch + 1, "validation_utility": best_score}
