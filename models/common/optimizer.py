"""AdamW, and the training loop around it."""

from __future__ import annotations

import numpy as np


class AdamW:
    """AdamW with warm-up, cosine decay, gradient clipping and averaged parameters.

    Updates ``net.flat`` in place.  ``mean`` is the running average of the parameters.
    """

    def __init__(self, net, steps, rate, decay, warm_up, clip):
        self.net, self.steps, self.rate = net, steps, rate
        self.decay, self.warm_up, self.clip = decay, warm_up, clip
        self.m, self.v = np.zeros_like(net.flat), np.zeros_like(net.flat)
        self.mean = net.flat.copy()
        self.mask = net.decayed()
        self.step = 0

    def update(self, grad):
        """One step along a gradient, which is clipped in place to the norm ``clip``."""
        flat, m, v = self.net.flat, self.m, self.v
        norm = float(np.sqrt((grad * grad).sum()))
        if norm > self.clip:
            grad *= np.float32(self.clip / norm)
        self.step += 1
        step = self.step
        cosine = 0.5 * (1 + np.cos(np.pi * step / self.steps))
        rate = self.rate * min(1.0, step / self.warm_up) * (0.01 + 0.99 * cosine)
        m += np.float32(0.1) * (grad - m)
        v += np.float32(0.001) * (grad * grad - v)
        direction = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        flat -= (rate * (direction + self.decay * self.mask * flat)).astype(np.float32)
        keep = min(0.998, step / (step + 10))
        self.mean += np.float32(1 - keep) * (flat - self.mean)


def fit(net, probe, count, loss, validate, *, epochs, batch, seed, **settings):
    """Train ``net`` on ``count`` samples; it ends as the best of the epochs' averages.

    ``loss(rows)`` gives the loss of a batch of rows and the gradient of ``net.flat``;
    ``validate(probe)`` gives what is to be small, for a network ``probe`` that holds the
    averaged parameters.  ``settings`` are those of ``AdamW``.  Yields, after each epoch,
    ``(mean training loss, validation loss, whether it is the best)``.
    """
    rng = np.random.default_rng(seed)
    optimizer = AdamW(net, epochs * (count // batch), **settings)
    best, best_loss = net.flat.copy(), np.inf
    for _ in range(epochs):
        order = rng.permutation(count)
        losses = []
        for i in range(0, count - batch + 1, batch):
            value, grad = loss(order[i : i + batch])
            optimizer.update(grad)
            losses.append(value)
        probe.flat[...] = optimizer.mean
        value = validate(probe)
        better = value < best_loss
        if better:
            best, best_loss = optimizer.mean.copy(), value
        yield float(np.mean(losses)), value, better
    net.flat[...] = best
