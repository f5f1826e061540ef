"""Simulate, train, export and evaluate the allocation model: one command.

    python train.py            # the shipped model
    python train.py --quick    # a small run into ./quick/, to see that it works

Everything is plain NumPy, except writing and running the ONNX file, which
also runs ``models/staking-lstm`` for the predicted redemption times.
"""

from __future__ import annotations

import os

for _v in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_v] = "1"  # deterministic sums, and a good neighbour

import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

import baselines  # noqa: E402
import constants  # noqa: E402
import evaluate  # noqa: E402
import export  # noqa: E402
import network  # noqa: E402
import redemptions  # noqa: E402
import simulate as sim  # noqa: E402
from common import command  # noqa: E402

SEED = 20261128
CHUNK = 40  # markets simulated at a time
SETS = {"train": 0, "validation": 1, "test": 2}  # a seed of its own for each


def load(name, markets, replicas, cache):
    """Decisions in ``markets`` markets of a set, which no other set has.

    Queues take the time, so each is used by ``replicas`` markets that differ in
    everything else.  ``market`` numbers the queues: markets with one queue are
    not independent.
    """
    parts, code = [], SETS[name]
    for chunk in range((markets + CHUNK - 1) // CHUNK):
        count = min(CHUNK, markets - chunk * CHUNK)
        queues = command.cached(
            cache,
            f"{name}-{count}-{chunk}.npz",
            lambda: redemptions.simulate_queues(count, [SEED, code, chunk], sim.DAYS),  # noqa: B023
        )
        for r in range(replicas):
            paths = sim.simulate_markets(queues, [SEED, code, chunk, r, 1])
            part = sim.decide(paths, [SEED, code, chunk, r, 2])
            part["market"] = part["market"] + chunk * CHUNK
            parts.append(part)
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def main():
    args, out = command.arguments(__doc__.split("\n")[0], Path(__file__).resolve().parent)
    if args.quick:
        sizes, replicas, epochs = dict(train=8, validation=3, test=4), 2, 6
    else:
        sizes, replicas, epochs = dict(train=280, validation=40, test=160), 4, 14

    start = time.time()
    sets = {}
    for name, markets in sizes.items():
        sets[name] = load(name, markets, replicas if name == "train" else 1, args.cache)
        count, spent = len(sets[name]["horizon"]), time.time() - start
        print(f"{name}: {markets} markets, {count} decisions ({spent:.0f} s)", flush=True)
    tr, va, te = (sets[k] for k in SETS)
    mean, scale = network.fit_scaler(tr)
    norm = lambda d: network.normalise(d, mean, scale)  # noqa: E731
    net, info = network.train(tr, norm(tr), va, norm(va), epochs, seed=SEED)
    path = out / f"{export.NAME}.onnx"
    export.export(net, mean, scale, path)
    command.write_json(out / f"{export.NAME}.schema.json", export.schema(), indent=2)
    (out / constants.FILE).write_text(constants.text(path))

    # Everything below is scored on the test markets.
    shares, forecast = net.predict(norm(te))
    some = np.random.default_rng(SEED).permutation(len(forecast))[:1000]
    got = export.run_onnx(path, te["x"][some], te["horizon"][some], te["risk"][some])
    gaps = [float(np.abs(a - b[some]).max()) for a, b in zip(got, (shares, forecast))]
    print(f"onnxruntime against the trained network: shares {gaps[0]:.1e}, yield {gaps[1]:.1e}")
    assert gaps[0] < 1e-3 and gaps[1] < 0.05, "the exported graph differs from the network"

    strategies = {
        "network": shares.astype(np.float64),
        "mean_variance_fitted": baselines.Fitted(tr)(te),
        "mean_variance_textbook": baselines.textbook(te),
        "equal_weights": baselines.equal_weights(te),
        "highest_yield": baselines.highest_yield(te),
    }
    scores = evaluate.compare(te, strategies)
    own = evaluate.utilities(te, strategies["network"])[0]
    scores["forecast"] = evaluate.forecast(te, forecast, own)
    export.write_samples(path, te, out)
    export.write_markets(path, te, out)
    export.write_card(te, scores["forecast"], out)
    metrics = {
        "seed": SEED,
        "parameters": int(net.flat.size),
        "markets": sizes,
        "replicas_train": replicas,
        "decisions": {k: len(s["horizon"]) for k, s in sets.items()},
        "quantities": {
            q[0]: {"mean": mean[i], "scale": scale[i]} for i, q in enumerate(network.QUANTITIES)
        },
        **scores,
        "best_epoch": info["best_epoch"],
        "epochs": epochs,
        "validation_utility": round(info["validation_utility"], 3),
        "largest_weight": {k: round(float(np.abs(v).max()), 3) for k, v in net.p.items()},
        "onnxruntime_max_abs_diff": {"shares": gaps[0], "expected_yield": gaps[1]},
        "training_seconds": round(time.time() - start),
    }
    command.write_json(out / "metrics.json", metrics)
    evaluate.plot(te, strategies, forecast, own, out / "evaluation.png")
    for n, s in scores["test"].items():
        print(f"{n:24s} {s['utility']:7.3f} +- {s['standard_error']:.3f} %/year")
    print(f"{net.flat.size} parameters, {path.stat().st_size} bytes, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
