"""The network in NumPy: two LSTM layers, a dense output, and their gradient.

Gate order i, o, f, c as in ONNX.
"""

from __future__ import annotations

import numpy as np

import simulate  # noqa: F401  (makes `common` importable)
from common.parameters import Parameters

HIDDEN = 50


def _sigmoid(x):
    return 0.5 * np.tanh(0.5 * x) + 0.5


class Net(Parameters):
    """LSTM -> LSTM -> dense."""

    def __init__(self, features, hidden=HIDDEN, dtype=np.float32, seed=0):
        h = hidden
        self.hidden = h
        shapes = {
            "w1": (features, 4 * h),
            "r1": (h, 4 * h),
            "b1": (4 * h,),
            "w2": (h, 4 * h),
            "r2": (h, 4 * h),
            "b2": (4 * h,),
            "wd": (h, 1),
            "bd": (1,),
        }
        super().__init__(shapes, dtype)
        rng = np.random.default_rng(seed)
        for k in ("w1", "w2", "wd"):
            self.glorot(rng, k)
        for k in ("r1", "r2"):  # orthogonal, gate by gate
            for g in range(4):
                q, _ = np.linalg.qr(rng.standard_normal((h, h)))
                self.p[k][:, g * h : (g + 1) * h] = q
        for k in ("b1", "b2"):  # forget gate open
            self.p[k][2 * h : 3 * h] = 1.0

    def _layer(self, x, w, r, b, keep):
        """x [T,B,I] -> h [T,B,H] and what the backward pass needs."""
        T, B, _ = x.shape
        H = self.hidden
        z = (x.reshape(T * B, -1) @ w + b).reshape(T, B, 4 * H)
        hs = np.empty((T, B, H), x.dtype)
        cs = np.empty((T, B, H), x.dtype)
        ts = np.empty((T, B, H), x.dtype)
        h = c = None
        for t in range(T):
            zt = z[t]
            if t:
                zt += h @ r
            zt[:, : 3 * H] = _sigmoid(zt[:, : 3 * H])
            zt[:, 3 * H :] = np.tanh(zt[:, 3 * H :])
            i, o, f, g = (zt[:, k * H : (k + 1) * H] for k in range(4))
            c = i * g + f * c if t else i * g
            cs[t] = c
            ts[t] = np.tanh(c)
            h = o * ts[t]
            hs[t] = h
        return hs, ((x, z, hs, cs, ts) if keep else None)

    def _layer_back(self, cache, dh_out, w, r, gw, gr, gb, want_dx):
        x, z, hs, cs, ts = cache
        T, B, H = hs.shape
        dz = np.empty_like(z)
        dh = np.zeros((B, H), hs.dtype)
        dc = np.zeros((B, H), hs.dtype)
        for t in range(T - 1, -1, -1):
            i, o, f, g = (z[t][:, k * H : (k + 1) * H] for k in range(4))
            dh = dh + dh_out[t]
            dc = dc + dh * o * (1 - ts[t] ** 2)
            d = dz[t]
            d[:, :H] = dc * g * i * (1 - i)
            d[:, H : 2 * H] = dh * ts[t] * o * (1 - o)
            d[:, 2 * H : 3 * H] = dc * cs[t - 1] * f * (1 - f) if t else 0.0
            d[:, 3 * H :] = dc * i * (1 - g * g)
            if t:
                dh = d @ r.T
                dc = dc * f
        flat = dz.reshape(T * B, 4 * H)
        gw[...] = x.reshape(T * B, -1).T @ flat
        gb[...] = flat.sum(0)
        gr[...] = hs[:-1].reshape((T - 1) * B, H).T @ dz[1:].reshape((T - 1) * B, 4 * H)
        return (flat @ w.T).reshape(T, B, -1) if want_dx else None

    def forward(self, x, keep=False):
        """x [B,T,F] normalised -> y [B] normalised."""
        p = self.p
        x = np.ascontiguousarray(x.transpose(1, 0, 2))
        h1, k1 = self._layer(x, p["w1"], p["r1"], p["b1"], keep)
        h2, k2 = self._layer(h1, p["w2"], p["r2"], p["b2"], keep)
        y = (h2[-1] @ p["wd"] + p["bd"])[:, 0]
        return (y, (k1, k2, h2)) if keep else y

    def gradient(self, cache, dy):
        """Gradient of the flat vector, for dy = dLoss/dy [B]."""
        p = self.p
        grad = np.zeros_like(self.flat)
        g = self.views(grad)
        k1, k2, h2 = cache
        g["wd"][...] = h2[-1].T @ dy[:, None]
        g["bd"][...] = dy.sum()
        dh2 = np.zeros_like(h2)
        dh2[-1] = dy[:, None] * p["wd"][:, 0]
        dh1 = self._layer_back(k2, dh2, p["w2"], p["r2"], g["w2"], g["r2"], g["b2"], True)
        self._layer_back(k1, dh1, p["w1"], p["r1"], g["w1"], g["r1"], g["b1"], False)
        return grad

    def predict(self, x, batch=4096):
        return np.concatenate([self.forward(x[i : i + batch]) for i in range(0, len(x), batch)])
