#!/usr/bin/env python3
"""Writes scores.json and the table of the curve (src/score/table.rs), from the formulas of docs/protocol.md alone.

Exact arithmetic: fractions for everything rational, 60 decimal digits for the tangent. Needs nothing but Python 3.
"""
import json
import pathlib
import random
from decimal import Decimal, getcontext
from fractions import Fraction
from math import floor

getcontext().prec = 60
ONE = 1 << 32
STEPS = 1024
HERE = pathlib.Path(__file__).parent


def atan_inverse(n):
    """arctan(1/n)"""
    x, total, k = Decimal(1) / n, Decimal(0), 0
    term = x
    while abs(term) > Decimal(10) ** -58:
        total += term / (2 * k + 1) * (1 if k % 2 == 0 else -1)
        term /= n * n
        k += 1
    return total


PI = 4 * (4 * atan_inverse(5) - atan_inverse(239))


def tan(x):
    def series(start):
        term, total, k = (x if start else Decimal(1)), Decimal(0), start
        while abs(term) > Decimal(10) ** -58:
            total += term
            term *= -x * x / ((k + 1) * (k + 2))
            k += 2
        return total

    return series(1) / series(0)


TOP = tan(Decimal("0.45") * PI)


def exact_curve(x):
    x = Decimal(x.numerator) / Decimal(x.denominator)
    return (tan((x - Decimal("0.5")) * Decimal("0.9") * PI) + TOP) / (2 * TOP)


TABLE = [int((exact_curve(Fraction(i, STEPS)) * ONE).to_integral_value()) for i in range(STEPS + 1)]


def curve(t):
    """Linear between the points of the table, rounded down."""
    i, rest = divmod(t, ONE // STEPS)
    if rest == 0:
        return TABLE[i]
    return TABLE[i] + floor(Fraction((TABLE[i + 1] - TABLE[i]) * rest, ONE // STEPS))


def bounds(samples):
    """fast and slow: the 10th and the 90th percentile by nearest rank; slow at least a quarter and 1 ms above fast."""
    ordered = sorted(samples)

    def rank(p):
        return ordered[max(-(-p * len(ordered) // 100) - 1, 0)]

    fast, slow = rank(10), rank(90)
    return fast, max(slow, fast + max(fast // 4, 1000))


def time(rt, fast, slow):
    return max(0, min(floor(Fraction((rt - fast) * ONE, slow - fast)), floor(Fraction(99, 100) * ONE)))


def reward(w_time, size_limit, t, size):
    w_size = ONE - w_time
    share = min(floor(Fraction(size * ONE, size_limit)), ONE)
    return floor(Fraction(w_time * (ONE - curve(t)), ONE)) + floor(Fraction(w_size * (ONE - share), ONE))


def verified(s, r):
    return floor(Fraction(9 * s + r, 10))


def refused(s):
    return floor(Fraction(3 * s, 5))


def main():
    draw = random.Random(20250607)
    ts = [0, 1, ONE // STEPS - 1, ONE // STEPS, ONE // 2, ONE * 99 // 100] + [draw.randrange(ONE * 99 // 100) for _ in range(60)]
    curves = [{"t": t, "n": curve(t), "exact": str(exact_curve(Fraction(t, ONE)).quantize(Decimal(10) ** -20))} for t in ts]
    answers = []
    for case in range(120):
        samples = [draw.randrange(1, 10 ** draw.randrange(3, 8)) for _ in range([1, 2, 3, draw.randrange(1, 40)][case % 4])]
        rt = samples[draw.randrange(len(samples))]
        w_time = [ONE // 2, 0, ONE, draw.randrange(ONE + 1)][case % 4]
        size_limit = draw.randrange(1, 20000)
        size = draw.randrange(0, 2 * size_limit)
        fast, slow = bounds(samples)
        t = time(rt, fast, slow)
        r = reward(w_time, size_limit, t, size)
        score = [0, ONE, draw.randrange(ONE + 1)][case % 3]
        answers.append({
            "samples_us": samples, "response_us": rt, "w_time": w_time, "size_limit": size_limit, "size": size,
            "fast_us": fast, "slow_us": slow, "t": t, "reward": r,
            "score": score, "if_verified": verified(score, r), "if_refused": refused(score),
        })
    weights = []
    for count in [0, 1, 2, 3, 17]:
        scores = [draw.randrange(ONE + 1) for _ in range(count)]
        total = sum(scores)
        weights.append({"scores": scores, "weights": [floor(Fraction(s * ONE, total)) for s in scores]})
    weights.append({"scores": [0, 0], "weights": [0, 0]})
    (HERE / "scores.json").write_text(json.dumps({"one": ONE, "curve": curves, "answers": answers, "weights": weights}, indent=1) + "\n")
    rows = [", ".join(f"{v:#010x}" for v in TABLE[i:i + 8]) for i in range(0, STEPS, 8)]
    text = "//! Written by tests/vectors/scores.py: the curve at i/1024, times 2^32, rounded to the nearest integer.\n\n"
    text += "/// The curve at every 1024th.\n#[rustfmt::skip]\npub(super) const TABLE: [u64; 1025] = [\n"
    text += "".join(f"    {row},\n" for row in rows) + f"    {TABLE[STEPS]:#x},\n];\n"
    target = HERE.parent.parent / "src" / "score" / "table.rs"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)


main()
