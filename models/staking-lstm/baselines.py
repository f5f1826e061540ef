"""The forecasts to beat."""

from __future__ import annotations

import numpy as np

import simulate as sim
from common.regression import Ridge


CASES = {"buffer_covers": 0, "ordered_exits_cover": 1, "not_covered": 2}


def cases(x):
    """Per request one of ``CASES``: the buffer covers it, buffer and ordered exits do, neither."""
    return np.where(x[:, -1, 3] >= 100, 0, np.where(x[:, -1, 4] >= 100, 1, 2))


def naive_forecasts(tr, te):
    """The forecasts to beat; what they fit, they fit on the training worlds."""
    out = {
        "persistence": te["persistence"],
        "mean": np.full(len(te["y"]), tr["y"].mean()),
        "closed_form": sim.closed_form_hours(te["x"][:, -1]),
    }
    # The closed form, corrected by a straight line in each of its three cases.
    cf_tr, cf_te = sim.closed_form_hours(tr["x"][:, -1]), out["closed_form"]
    fixed = np.empty(len(te["y"]))
    for case in range(3):
        a, b = cases(tr["x"]) == case, cases(te["x"]) == case
        slope, offset = np.polyfit(cf_tr[a], tr["y"][a], 1)
        fixed[b] = slope * cf_te[b] + offset
    out["closed_form_calibrated"] = fixed

    # Ridge regression on the whole window and the closed form: one for all
    # requests, and one for each of the three cases.
    a = np.concatenate([tr["x"].reshape(len(cf_tr), -1), cf_tr[:, None]], axis=1)
    b = np.concatenate([te["x"].reshape(len(cf_te), -1), cf_te[:, None]], axis=1)
    out["ridge"] = Ridge(a, tr["y"]).predict(b)
    pieces = np.empty(len(te["y"]))
    for case in range(3):
        i, j = cases(tr["x"]) == case, cases(te["x"]) == case
        pieces[j] = Ridge(a[i], tr["y"][i]).predict(b[j])
    out["ridge_by_case"] = pieces
    return out
