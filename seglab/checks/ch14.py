"""Checkers for chapter 14, labelling."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Answer = Callable[..., Any]


def yolo_to_boxes(answer: Answer) -> Result:
    """Check the conversion of YOLO's rows."""

    def gives(
        rows: Sequence[Sequence[float]],
        size: tuple[int, int],
        boxes: Any,
        labels: Sequence[int],
    ) -> bool:
        found = answer(rows, size)
        wanted = np.array(boxes, float).reshape(-1, 4)
        return (
            np.shape(found[0]) == wanted.shape
            and np.shape(found[1]) == (len(labels),)
            and np.allclose(found[0], wanted)
            and np.array_equal(found[1], labels)
        )

    middle = (0, 0.5, 0.5, 0.2, 0.4)
    return run_cases(
        "yolo_to_boxes",
        [
            Case(
                "a box in the middle of a square picture",
                lambda: gives([middle], (100, 100), [40, 30, 60, 70], [1]),
                "corners are the centre less and plus half a side; "
                "classes here begin at 1",
            ),
            Case(
                "a picture that is twice as wide as high",
                lambda: gives([middle], (100, 200), [80, 30, 120, 70], [1]),
                "x and width are shares of the width, which comes second "
                "in size",
            ),
            Case(
                "several rows of other classes",
                lambda: gives(
                    [middle, (7, 0.25, 0.75, 0.1, 0.1)],
                    (40, 20),
                    [[8, 12, 12, 28], [4, 28, 6, 32]],
                    [1, 8],
                ),
                "return one box and one label for each row",
            ),
            Case(
                "what reaches beyond the picture is cut",
                lambda: gives(
                    [(1, 0.0, 0.95, 0.5, 0.5)],
                    (40, 20),
                    [0, 28, 5, 40],
                    [2],
                ),
                "clip x to the width and y to the height",
            ),
            Case(
                "no rows",
                lambda: gives([], (40, 20), [], []),
                "reshape an empty list to [0, 5] before you index it",
            ),
        ],
    )


def read_decisions(answer: Answer) -> Result:
    """Check the reading of a journal."""

    def line(number: int, kind: str) -> bytes:
        return json.dumps({"id": number, "kind": kind}).encode() + b"\n"

    two = line(1, "accepted") + line(2, "rejected")
    torn = line(3, "accepted")

    def refuses(content: bytes) -> bool:
        try:
            answer(content)
        except NotImplementedError:
            raise
        except ValueError:
            return True
        return False

    return run_cases(
        "read_decisions",
        [
            Case(
                "two lines",
                lambda: answer(two) == {1: "accepted", 2: "rejected"},
                "each line is JSON; return a dict from id to kind",
            ),
            Case(
                "an empty journal",
                lambda: answer(b"") == {},
                "no line, no decision",
            ),
            Case(
                "the last word on an object counts",
                lambda: (
                    answer(two + line(1, "corrected"))
                    == {1: "corrected", 2: "rejected"}
                ),
                "go through the lines in order and let later ones replace",
            ),
            Case(
                "whatever a crash leaves of the last line is passed over",
                lambda: all(
                    answer(two + torn[:cut]) == answer(two)
                    for cut in range(len(torn))
                ),
                "a line without its newline was never confirmed, even if "
                "it is whole JSON",
            ),
            Case(
                "a damaged line in the middle is an error",
                lambda: refuses(line(1, "accepted") + b'{"id": 2,\n' + two),
                "only the end of the file can be torn by a crash",
            ),
        ],
    )


def spread_out(answer: Answer) -> Result:
    """Check the choice of items that are not neighbours."""

    def gives(
        scores: Any, places: Any, count: int, gap: float, wanted: list[int]
    ) -> bool:
        return list(answer(scores, places, count, gap)) == wanted

    generator = np.random.default_rng(14)
    scores = generator.random(30)
    places = generator.integers(0, 60, 30)
    return run_cases(
        "spread_out",
        [
            Case(
                "items that are far apart come by their scores",
                lambda: gives([0.2, 0.9, 0.5], [0, 50, 99], 2, 5, [1, 2]),
                "the highest score first",
            ),
            Case(
                "a neighbour is passed over",
                lambda: gives(
                    [0.9, 0.8, 0.7, 0.1], [10, 12, 40, 11], 2, 5, [0, 2]
                ),
                "compare each place with those of all chosen items",
            ),
            Case(
                "a distance of exactly the gap is too near",
                lambda: (
                    gives([0.9, 0.8, 0.7], [10, 15, 40], 2, 5, [0, 2])
                    and gives([0.9, 0.8, 0.7], [10, 16, 40], 2, 5, [0, 1])
                ),
                "an item is far enough if its distance is above the gap",
            ),
            Case(
                "places in any order, neighbours of any chosen item",
                lambda: gives(
                    scores, places, 6, 4, _spread(scores, places, 6, 4)
                ),
                "not only the last chosen item counts, nor the next index",
            ),
            Case(
                "if too few are left, the best neighbours fill up",
                lambda: gives(
                    [0.5, 0.9, 0.8, 0.7], [3, 1, 2, 4], 3, 9, [1, 2, 3]
                ),
                "keep those passed over, in their order",
            ),
        ],
    )


def most_uncertain(answer: Answer) -> Result:
    """Check the choice by mean entropy."""
    generator = np.random.default_rng(15)
    chance = generator.dirichlet((0.5,) * 4, (20, 9)).transpose(0, 2, 1)
    sure = np.zeros((6, 4, 9))
    sure[:, 0] = 1
    mixed = np.concatenate([sure, chance])
    # certain in all pixels but one, where nothing is
    one = sure[:2].copy()
    one[0, :, 0] = 0.25
    three = sure[:1].copy()
    three[0, :, :3] = 0.25

    def gives(values: Array, count: int, wanted: Any) -> bool:
        return np.array_equal(
            np.asarray(answer(values.copy(), count)), wanted
        )

    return run_cases(
        "most_uncertain",
        [
            Case(
                "without zeros, the highest mean entropies, highest first",
                lambda: gives(
                    chance, 5, np.argsort(-_mean_entropy(chance))[:5]
                ),
                "entropy over the classes, a mean over the pixels, and "
                "sort by falling entropy",
            ),
            Case(
                "pictures that are certain come last, not first",
                lambda: gives(
                    mixed, 20, 6 + np.argsort(-_mean_entropy(chance))
                ),
                "0 log 0 counts as 0; what does NumPy give, and where "
                "does argsort put that?",
            ),
            Case(
                "doubtful pixels of a picture with certain ones count",
                lambda: gives(np.concatenate([one, three]), 3, [2, 0, 1]),
                "mend the pixel, not the picture's mean",
            ),
            Case(
                "the probabilities stay as they are",
                lambda: _unchanged(answer, mixed),
                "work on a copy",
            ),
        ],
    )


def _unchanged(answer: Answer, values: Array) -> bool:
    mine = values.copy()
    answer(mine, 3)
    return bool((mine == values).all())


def _mean_entropy(chance: Array) -> Array:
    logs = np.log(np.where(chance > 0, chance, 1))
    return np.asarray(-(chance * logs).sum(axis=1).mean(axis=1))


def _spread(
    scores: Array, places: Array, count: int, gap: float
) -> list[int]:
    left = sorted(range(len(scores)), key=lambda k: -scores[k])
    chosen: list[int] = []
    for k in left:
        if (
            min((abs(places[k] - places[c]) for c in chosen), default=99)
            > gap
        ):
            chosen.append(k)
    rest = [k for k in left if k not in chosen]
    return (chosen + rest)[:count]
