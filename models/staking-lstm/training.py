"""The loss, the training, and the scaling of inputs."""

from __future__ import annotations

import numpy as np

import simulate as sim
from common import optimizer, parameters
from network import Net

SEED = 20260807


def huber(e, delta):
    """Mean Huber loss and its derivative with respect to ``e``."""
    a = np.abs(e)
    loss = np.where(a < delta, 0.5 * e * e, delta * (a - 0.5 * delta)).mean()
    return float(loss), np.clip(e, -delta, delta) / len(e)


def train(x, y, xv, yv, epochs, batch=256, lr=2.5e-3, decay=2e-2, delta=0.5, seed=SEED, log=print):
    """AdamW with cosine decay, gradient clipping and averaged weights; returns
    the averaged network that did best on the validation worlds."""
    net, probe = Net(x.shape[2], seed=seed), Net(x.shape[2])

    def loss(rows):
        out, cache = net.forward(x[rows], keep=True)
        value, dy = huber(out - y[rows], delta)
        return value, net.gradient(cache, dy.astype(net.flat.dtype))

    epochs_done = optimizer.fit(
        net,
        probe,
        len(x),
        loss,
        lambda candidate: huber(candidate.predict(xv) - yv, delta)[0],
        epochs=epochs,
        batch=batch,
        seed=seed,
        rate=lr,
        decay=decay,
        warm_up=500,
        clip=1.0,
    )
    best_epoch, history = 0, []
    for epoch, (mean_loss, validation, better) in enumerate(epochs_done, 1):
        history.append([mean_loss, validation])
        if better:
            best_epoch = epoch
        log(f"epoch {epoch:3d}  train {mean_loss:.5f}  validation {validation:.5f}")
    return net, {"best_epoch": best_epoch, "history": history}


def fit_scaler(x):
    """``(mean, scale)`` of each feature on the training worlds; the declared range falls
    within [-4, 4]."""
    return parameters.fit_scaler(x.reshape(-1, x.shape[-1]), sim.FEATURE_MIN, sim.FEATURE_MAX, 4)
