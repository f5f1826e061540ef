"""The constants of the ONNX file as JSON, for programs that compute the network in floating point.

``restaking-allocation.network.json`` has all numbers of ``network.quantities`` and
``Net.forward``, taken from the ONNX file itself, so that both are the same function.
The dashboard asks it what would change a recommendation (``crates/network/client/src/allocation``).

python constants.py     regenerates it from the shipped ONNX file
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import export
import network
import simulate as sim

FILE = f"{export.NAME}.network.json"
HERE = Path(__file__).resolve().parent


def _short(value):
    """The shortest decimals that are the same float32."""
    return float(str(np.float32(value)))


def _numbers(array):
    return [_short(v) for v in np.asarray(array).reshape(-1)]


def of(path):
    """The constants of an ONNX file that `export.export` wrote."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    c = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    count = len(network.QUANTITIES)
    rows = lambda name: [_numbers(row) for row in c[name]]  # noqa: E731
    return {
        "model": export.NAME,
        "features": list(sim.FEATURE_NAMES),
        "settings": [s[0] for s in sim.SETTINGS],
        "hours": _numbers([c["hours_min"], c["hours_max"]]),
        # Price of a sale in bp, times the depth in ETH.
        "slip_bp_eth": _short(c["slip_bp_factor"] / c["depth_scaled_factor"]),
        "entry_bp": _numbers([c["entry_min"], c["entry_max"]]),
        # A basis point over a day, and an hour of a day, a year's and a horizon's share.
        "exit_year": _short(c["exit_year_factor"] / c["horizon_scaled_factor"]),
        "entry_year": _short(c["entry_year_factor"] / c["horizon_scaled_factor"]),
        "wait_ratio": _short(c["wait_ratio_factor"] / c["horizon_scaled_factor"]),
        "centre": [_short(c[f"q{i}_mean"]) for i in range(count)],
        "factor": [_short(c[f"q{i}_factor"]) for i in range(count)],
        "w1": rows("w1"), "b1": _numbers(c["b1"]),
        "w2": rows("w2"), "b2": _numbers(c["b2"]),
        "ws": _numbers(c["ws"]), "bs": _short(c["bs"][0]),
        "wv": _numbers(c["wv"]), "bv": _short(c["bv"][0]),
        "score": _short(c["score_factor"]),
        "value": _short(c["value_factor"]),
        "offset": _short(c["offset"]),
    }  # fmt: skip


def text(path):
    return json.dumps(of(path), separators=(",", ":")) + "\n"


def main():
    (HERE / FILE).write_text(text(HERE / f"{export.NAME}.onnx"))


if __name__ == "__main__":
    main()
