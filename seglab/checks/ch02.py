"""Checkers for chapter 02, metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Answer = Callable[..., Any]
Pairs = Sequence[tuple[Array, Array]]


def dice_to_iou(answer: Answer) -> Result:
    """Check the conversion of Dice to IoU."""
    fits = partial(_agree, answer, lambda dice: dice / (2 - dice))
    return run_cases(
        "dice_to_iou",
        [
            Case(
                "Dice 0, 0.8 and 1 are IoU 0, 2/3 and 1",
                lambda: fits((0.0,), (0.8,), (1.0,)),
                "write e = (FP + FN) / TP and express both metrics by e",
            ),
            Case(
                "it takes an array",
                lambda: fits((np.linspace(0, 1, 11),)),
                "use plain arithmetic; it works on arrays as it is",
            ),
        ],
    )


def disc_scores(answer: Answer) -> Result:
    """Check the scores of two discs."""
    fits = partial(_agree, answer, _disc_scores)
    return run_cases(
        "disc_scores",
        [
            Case(
                "a disc and itself score (1, 1), discs apart (0, 0)",
                lambda: fits((20, 0, 100), (5, 30, 100)),
                "the second centre lies `distance` to the right",
            ),
            Case(
                "the tutorial's discs are right to four places",
                lambda: fits((20, 5, 100)),
                "IoU first; a pixel at exactly `radius` is inside",
            ),
            Case(
                "other radii, distances and sizes too",
                lambda: fits((7, 4, 41), (1, 1, 9)),
                "use the arguments, not the numbers of the text",
            ),
        ],
    )


def accumulated_miou(answer: Answer) -> Result:
    """Check the accumulated mIoU."""
    generator = np.random.default_rng(2)
    whole = [generator.integers(0, 3, (10, 6, 5)) for _ in range(2)]
    thirds = [(whole[0][i : i + 4], whole[1][i : i + 4]) for i in (0, 4, 8)]
    void = [(p, np.where(p == 1, 255, t)) for p, t in thirds]
    one = (np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    odd = (np.array([0, 0, 2, 2]), np.array([0, 0, 0, 0]))
    empty = (np.array([0, 1]), np.array([255, 255]))
    fits = partial(_agree, answer, _accumulated)
    return run_cases(
        "accumulated_miou",
        [
            Case(
                "one batch of four pixels is right",
                lambda: fits(([one], 2, 255)),
                "IoU is 1/2 for class 0 and 2/3 for class 1",
            ),
            Case(
                "several batches are scored as one data set",
                lambda: fits((thirds, 3, 255)),
                "what belongs to one batch, and what to the data set?",
            ),
            Case(
                "ignored pixels do not count",
                lambda: fits((void, 3, 255)),
                "drop pixels by the truth, never by the prediction",
            ),
            Case(
                "a class that never occurs is left out, one that was only "
                "predicted counts 0",
                lambda: fits(([one], 5, 255), ([odd], 4, 255)),
                "a union of 0 is no IoU; leave out a class only for that",
            ),
            Case(
                "a truth of nothing but ignored pixels gives NaN",
                lambda: math.isnan(answer([empty], 2, 255)),
                "if no class is left, there is no mean",
            ),
        ],
    )


def honest_scores(answer: Answer) -> Result:
    """Check the mended pair of scores."""
    draw = np.random.default_rng(3).random
    none = np.zeros((6, 7), bool)
    dot = none.copy()
    dot[2, 3] = True
    pairs = [draw((2, 6, 7)) < p for p in (0.1, 0.5, 0.9)]
    fits = partial(_agree, answer, _scores)
    return run_cases(
        "honest_scores",
        [
            Case(
                "random masks score what counting gives",
                lambda: fits((dot, dot), *pairs),
                "IoU first; compare with TP / (TP + FP + FN)",
            ),
            Case(
                "a missed pixel and a false alarm score (0, 0)",
                lambda: fits((none, dot), (dot, none)),
                "only two empty masks are special, and nothing is added",
            ),
            Case(
                "two empty masks score `empty` in both, NaN included",
                lambda: (
                    np.allclose(answer(none, none), (1, 1))
                    and np.allclose(answer(none, none, empty=0.0), (0, 0))
                    and np.isnan(answer(none, none, empty=math.nan)).all()
                ),
                "decide it once, before either division",
            ),
        ],
    )


def hd95_of_points(answer: Answer) -> Result:
    """Check HD95 from two lists of positions."""
    row = np.stack([np.zeros(20, int), np.arange(20)], axis=1)
    spur = np.concatenate([row, [[9, 0], [9, 2]]])
    volume = np.insert(spur, 0, 1, axis=1)
    cube = volume, volume + 3, (5, 1, 0.5)
    ends = row, row[:0]
    empties = [(a, b, (1, 1)) for a in ends for b in ends]
    fits = partial(_agree, answer, _hd95)
    return run_cases(
        "hd95_of_points",
        [
            Case(
                "a spur of the prediction, and of the truth",
                lambda: fits((spur, row, (1, 1)), (row, spur, (1, 1))),
                "the larger of two percentiles; nothing is pooled",
            ),
            Case(
                "pixels that are not square, and a volume",
                lambda: fits((spur, row, (2.5, 0.7)), cube),
                "multiply the steps by the spacing, then square",
            ),
            Case(
                "one empty list is infinitely far, two are 0 apart",
                lambda: fits(*empties),
                "look at both lengths before you measure",
            ),
        ],
    )


def honest_report(answer: Answer) -> Result:
    """Check the mean HD95 that counts misses."""
    none = np.zeros((20, 31), bool)
    block, leak, edge = none.copy(), none.copy(), none.copy()
    block[2:18, 3:19] = leak[2:18, 3:19] = True
    leak[9:11, 19:25] = edge[:6] = True
    missed = [(none, block), (block, none), (leak, block)]
    fits = partial(_agree, answer, _report)
    return run_cases(
        "honest_report",
        [
            Case(
                "masks are measured on their boundaries",
                lambda: fits(([(leak, block)],), ([(edge, ~none)],)),
                "most pixels lie inside the other mask, at distance 0",
            ),
            Case(
                "a miss and a false alarm cost the diagonal, and count",
                lambda: fits((missed,)),
                "np.hypot(*truth.shape); return (mean, misses)",
            ),
            Case(
                "two empty masks are 0 apart and no miss",
                lambda: fits(([(none, none), (leak, block)],)),
                "only one empty mask is a miss",
            ),
        ],
    )


def sq_and_rq(answer: Answer) -> Result:
    """Check the two factors of panoptic quality."""
    place = np.arange(27)
    truth = np.repeat([0, 1, 4, 0, -1], [4, 8, 6, 1, 8])
    loose = np.where(place < 11, 8, 0)  # shares 7 of 12 pixels with 1
    half = np.where((place >= 12) & (place < 15), 2, 0)  # of 4
    spill = np.where(place >= 13, 6, 0)  # 5 of 4, one beside it, void
    on_void = np.where(place >= 18, 3, loose)  # 8 of its 9 are void

    def fits(guess: Array, sq: float, rq: float) -> bool:
        return np.allclose(answer(guess[None], truth[None]), (sq, rq))

    return run_cases(
        "sq_and_rq",
        [
            Case(
                "a true map scores (1, 1), whatever its ids",
                lambda: fits(np.where(truth > 0, 9 - truth, 0), 1, 1),
                "match by overlap; ids are names, and may have gaps",
            ),
            Case(
                "one loose match and one miss",
                lambda: fits(loose, 7 / 12, 2 / 3),
                "SQ: mean IoU of matches; RQ: TP / (TP + FP/2 + FN/2)",
            ),
            Case(
                "an IoU of exactly one half is no match",
                lambda: fits(half, 0, 0),
                "greater than one half; SQ without a match is 0",
            ),
            Case(
                "void is left out of a union",
                lambda: fits(spill, 5 / 7, 2 / 3),
                "drop the void pixels of the prediction from the union",
            ),
            Case(
                "a segment that is mostly void is no false alarm",
                lambda: fits(on_void, 7 / 12, 2 / 3),
                "of an unmatched segment, count the void pixels",
            ),
        ],
    )


def _agree(answer: Answer, reference: Answer, *calls: Any) -> bool:
    """Whether the answer gives what the reference does, in each call."""
    return all(np.allclose(answer(*one), reference(*one)) for one in calls)


def _scores(prediction: Array, truth: Array) -> tuple[float, float]:
    both = np.count_nonzero(prediction & truth)
    total = np.count_nonzero(prediction) + np.count_nonzero(truth)
    return both / (total - both), 2 * both / total


def _disc_scores(
    radius: int, distance: int, size: int
) -> tuple[float, float]:
    y, x = np.mgrid[:size, :size] - size // 2
    return _scores(
        x**2 + y**2 <= radius**2,
        (x - distance) ** 2 + y**2 <= radius**2,
    )


def _accumulated(batches: Pairs, classes: int, ignore: int) -> float:
    prediction = np.concatenate([p.ravel() for p, _ in batches])
    truth = np.concatenate([t.ravel() for _, t in batches])
    counted = truth != ignore
    scores = []
    for label in range(classes):
        p, t = prediction[counted] == label, truth[counted] == label
        if (p | t).any():
            scores.append(_scores(p, t)[0])
    return float(np.mean(scores))


def _hd95(first: Array, second: Array, spacing: Any = (1, 1)) -> float:
    if not len(first) or not len(second):
        return 0.0 if len(first) == len(second) else math.inf
    steps = (first[:, None] - second) * np.array(spacing)
    gaps = np.linalg.norm(steps, axis=2)
    return max(np.percentile(gaps.min(axis), 95) for axis in (0, 1))


def _boundary(mask: Array) -> Array:
    wide = np.pad(mask, 1)
    inside = wide[:-2, 1:-1] & wide[2:, 1:-1]
    inside &= wide[1:-1, :-2] & wide[1:-1, 2:]
    return np.argwhere(mask & ~inside)


def _report(pairs: Pairs) -> tuple[float, int]:
    values = [_hd95(_boundary(p), _boundary(t)) for p, t in pairs]
    caps = [np.hypot(*truth.shape) for _, truth in pairs]
    return float(np.mean(np.minimum(values, caps))), values.count(math.inf)
