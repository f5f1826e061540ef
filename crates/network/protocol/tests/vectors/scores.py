#!/usr/bin/env python3
"""Writes scores.json from the formulas of docs/protocol.md alone, in exact arithmetic. Needs nothing but Python 3."""
import json
import pathlib
import random
from fractions import Fraction
from math import floor

ONE = 1 << 32
HERE = pathlib.Path(__file__).parent


def quality(reference, rt):
    return ONE if rt <= reference else floor(Fraction(reference * ONE, rt))


def verified(s, q):
    return floor(Fraction(9 * s + q, 10))


def refused(s):
    return floor(Fraction(3 * s, 5))


def weights(miners):
    pays = [work * score for work, score in miners]
    total = sum(pays)
    excess = max(total.bit_length() - 64, 0)
    if total == 0:
        return [0] * len(pays)
    return [floor(Fraction((pay >> excess) * ONE, total >> excess)) for pay in pays]


def main():
    draw = random.Random(20261130)
    answers = []
    for case in range(120):
        reference = draw.randrange(1, 10 ** draw.randrange(3, 9))
        rt = [reference, 0, draw.randrange(2 * reference), draw.randrange(10**9), 2**64 - 1][case % 5]
        score = [0, ONE, draw.randrange(ONE + 1)][case % 3]
        q = quality(reference, rt)
        answers.append({
            "reference_us": reference, "response_us": rt, "quality": q,
            "score": score, "if_verified": verified(score, q), "if_refused": refused(score),
        })
    cases = []
    for count in [0, 1, 2, 3, 17]:
        miners = [(draw.randrange(10**12), draw.randrange(ONE + 1)) for _ in range(count)]
        cases.append({"work_us": [m[0] for m in miners], "scores": [m[1] for m in miners], "weights": weights(miners)})
    for miners in [[(0, ONE), (0, ONE)], [(5, 0), (7, 0)], [(5, ONE), (0, ONE)], [(2**64 - 1, ONE), (2**64 - 1, ONE), (1, 1)]]:
        cases.append({"work_us": [m[0] for m in miners], "scores": [m[1] for m in miners], "weights": weights(miners)})
    references = [{"k": k, "proof_bytes": size, "reference_us": max((1 << k) * (size // 32) * 500 // 1000, 1)}
                  for k, size in [(8, 1000), (12, 3552), (14, 4096), (20, 9000), (0, 0)]]
    text = json.dumps({"one": ONE, "answers": answers, "weights": cases, "references": references}, indent=1)
    (HERE / "scores.json").write_text(text + "\n")


main()
