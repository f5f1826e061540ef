"""Samples from the histories of the worlds."""

from __future__ import annotations

import numpy as np

from .consensus import HOURS_PER_EPOCH
from .inputs import FEATURE_MAX, FEATURE_MIN, OBSERVATION_STEP, OBSERVATIONS
from .protocol import REPORT_PERIOD


HISTORIES = ("queue", "sweep", "backlog", "buffer", "flight", "outflow", "discount")


def collect(s):
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
