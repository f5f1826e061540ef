"""What the commands ``train.py`` share: arguments, cached data, files, figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np


def arguments(description, here):
    """The parsed arguments and the output folder, which exists then."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small run, into ./quick/")
    parser.add_argument("--out", type=Path, help="output folder")
    parser.add_argument("--cache", type=Path, help="keep the simulated data here (npz)")
    args = parser.parse_args()
    out = args.out or (here / "quick" if args.quick else here)
    out.mkdir(parents=True, exist_ok=True)
    return args, out


def cached(folder, name, make):
    """The arrays of ``folder/name``; else those that ``make()`` returns, and they are kept there."""
    file = folder and folder / name
    if file and file.exists():
        return dict(np.load(file))
    arrays = make()
    if file:
        np.savez(file, **arrays)
    return arrays


def write_json(path, value, indent=1):
    path.write_text(json.dumps(value, indent=indent) + "\n")


def two_panels(width, height):
    """A figure with two panels side by side: ``(figure, left, right)``."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, (left, right) = plt.subplots(1, 2, figsize=(width, height), dpi=90)
    return fig, left, right


def save_figure(fig, path):
    """Write a figure without its date and program, so that equal figures are equal files."""
    import matplotlib.pyplot as plt

    for ax in fig.axes:
        ax.spines[["top", "right"]].set_visible(False)
    fig.tight_layout()
    fig.savefig(path, metadata={"Software": None})
    plt.close(fig)
