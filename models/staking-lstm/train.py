"""Simulate, train, export and evaluate the redemption-time model: one command.

    python train.py            # the shipped model (about six minutes, one core)
    python train.py --quick    # a small run into ./quick/, to see that it works

The network is two stacked LSTM layers of 50 units over a window of five
observations and a dense output.  It is trained here with plain NumPy
(back-propagation through time, AdamW), so that the only other packages needed
are those that write and run the ONNX file and draw the plot.
"""

from __future__ import annotations

import os

for _v in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_v] = "1"  # deterministic sums, and a good neighbour

import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import simulate as sim  # noqa: E402
from baselines import CASES, cases, naive_forecasts  # noqa: E402
from common import command  # noqa: E402
from evaluate import REGIMES, by_group, plot, rounded_scores, score  # noqa: E402
from export import NAME, example_row, export, run_onnx, schema, write_example, write_samples  # noqa: E402
from training import SEED, fit_scaler, train  # noqa: E402


def main():
    args, out = command.arguments(__doc__.split("\n")[0], Path(__file__).resolve().parent)
    if args.quick:
        sizes, epochs = dict(train=60, validation=15, test=15), 12
    else:
        sizes, epochs = dict(train=1200, validation=150, test=200), 16

    start = time.time()
    sets = {}
    for i, (name, worlds) in enumerate(sizes.items()):
        # One seed per set: no world, and so no moment, is in two sets.
        sets[name] = command.cached(
            args.cache,
            f"{name}-{worlds}.npz",
            lambda: sim.simulate(worlds, [SEED, i], chunk=160),  # noqa: B023
        )
        count, spent = len(sets[name]["y"]), time.time() - start
        print(f"{name}: {worlds} worlds, {count} requests ({spent:.0f} s)")
    tr, va, te = (sets[k] for k in ("train", "validation", "test"))

    x_mean, x_scale = fit_scaler(tr["x"])
    y_mean, y_scale = (float(f"{v:.4g}") for v in (tr["y"].mean(), tr["y"].std()))
    norm = lambda s: ((s["x"] - x_mean) / x_scale).astype(np.float32)  # noqa: E731
    goal = lambda s: ((s["y"] - y_mean) / y_scale).astype(np.float32)  # noqa: E731
    batch = 128 if args.quick else 256
    net, info = train(norm(tr), goal(tr), norm(va), goal(va), epochs, batch)
    trained = time.time() - start

    path = out / f"{NAME}.onnx"
    export(net, x_mean, x_scale, y_mean, y_scale, path)
    command.write_json(out / f"{NAME}.schema.json", schema(), indent=2)

    # Everything below is scored on the worlds of the test set.
    y = te["y"]
    preds = {"lstm": net.predict(norm(te)) * y_scale + y_mean, **naive_forecasts(tr, te)}
    some = np.random.default_rng(SEED).permutation(len(y))[:2000]
    onnx_hours = run_onnx(path, te["x"][some])[:, 0, 0]
    gap = float(np.abs(onnx_hours - preds["lstm"][some]).max())
    print(f"onnxruntime against the trained network: {gap:.2e} h at most")
    assert gap < 0.05, "the exported graph differs from the trained network"

    write_samples(path, te, out)
    write_example(te, float(np.abs(preds["lstm"] - y).mean()), out)

    example = example_row(te)
    xe = te["x"][example].astype(np.float32)
    low, high = norm(tr).min((0, 1)), norm(tr).max((0, 1))
    metrics = {
        "seed": SEED,
        "parameters": int(net.flat.size),
        "features": {
            n: {
                "mean": x_mean[i],
                "scale": x_scale[i],
                "normalised_min": round(float(low[i]), 3),
                "normalised_max": round(float(high[i]), 3),
                "clipped_share_train": round(float(tr["clipped"][i]), 5),
            }
            for i, n in enumerate(sim.FEATURE_NAMES)
        },
        "target": {"mean": y_mean, "scale": y_scale},
        "worlds": sizes,
        "requests": {k: len(s["y"]) for k, s in sets.items()},
        "unpaid_requests_dropped": {k: int(s["unpaid"]) for k, s in sets.items()},
        "test_wait_percentiles": {
            str(q): round(float(np.percentile(y, q)), 1) for q in (1, 5, 25, 50, 75, 95, 99, 100)
        },
        "test": {n: score(p, y) for n, p in preds.items()},
        "test_by_regime": by_group(preds, y, te["regime"], REGIMES),
        "test_by_case": by_group(preds, y, cases(te["x"]), CASES),
        "test_rounded": rounded_scores(net, norm(te), y, lambda v: v * y_scale + y_mean),
        "train_fit": score(net.predict(norm(tr)) * y_scale + y_mean, tr["y"]),
        "validation_fit": score(net.predict(norm(va)) * y_scale + y_mean, va["y"]),
        "best_epoch": info["best_epoch"],
        "epochs": epochs,
        "largest_weight": {k: round(float(np.abs(v).max()), 3) for k, v in net.p.items()},
        "lowest_prediction_hours": round(float(preds["lstm"].min()), 2),
        "onnxruntime_max_abs_diff_hours": gap,
        "example_actual_hours": round(float(y[example]), 2),
        "example_predicted_hours": round(float(run_onnx(path, xe[None])[0, 0, 0]), 2),
        "training_seconds": round(trained),
    }
    command.write_json(out / "metrics.json", metrics)
    plot(y, preds, te["regime"], out / "evaluation.png")
    for n, s in metrics["test"].items():
        print(f"{n:24s} MAE {s['mae_hours']:7.2f}  RMSE {s['rmse_hours']:7.2f}  R2 {s['r2']:7.4f}")
    print(f"{net.flat.size} parameters, {path.stat().st_size} bytes, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
