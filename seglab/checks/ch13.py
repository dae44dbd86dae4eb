"""Checkers for chapter 13, SAM 2."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[Any]
Answer = Callable[..., Any]


def frames_read(answer: Answer) -> Result:
    """Check which memories a frame reads."""

    def fits(t: int, prompted: Sequence[int], places: int) -> bool:
        found = answer(t, list(prompted), places)
        return list(found) == _frames_read(t, prompted, places)

    return run_cases(
        "frames_read",
        [
            Case(
                "the prompted frame, and the last few before this one",
                lambda: fits(20, [0], 5) and fits(9, [0], 7),
                "of 5 places one is for prompts: four frames before t",
            ),
            Case(
                "early frames have fewer before them",
                lambda: fits(2, [0], 5) and fits(1, [0], 7),
                "there is no frame before 0",
            ),
            Case(
                "a prompted frame among the last ones is read once",
                lambda: fits(9, [0, 7], 7) and fits(6, [5], 5),
                "a set holds each frame once",
            ),
            Case(
                "a prompt in the future is read as well",
                lambda: fits(9, [0, 12], 5),
                "all prompted frames are read, also those after t",
            ),
            Case(
                "a prompted frame reads nothing",
                lambda: fits(7, [0, 7], 5) and fits(0, [0], 5),
                "it is answered by its own prompt",
            ),
        ],
    )


def film_score(answer: Answer) -> Result:
    """Check the mean J over a film."""
    rng = np.random.default_rng(13)
    truth: Array = rng.random((6, 3, 8, 9)) < 0.4
    found: Array = rng.random((6, 3, 8, 9)) < 0.4
    hidden = truth.copy()
    hidden[3:, 0] = False
    seen = np.asarray(hidden.any((-2, -1), keepdims=True))
    quiet = found & seen
    uneven = truth.copy()
    uneven[:, 1, 2:] = False

    def fits(ours: Array, wanted: Array, prompted: Collection[int]) -> bool:
        score = answer(ours.copy(), wanted.copy(), set(prompted))
        right = _film_score(ours, wanted, prompted)
        return bool(np.isclose(score, right, equal_nan=True))

    return run_cases(
        "film_score",
        [
            Case(
                "the truth scores 1",
                lambda: fits(truth, truth, {0}),
                "intersection over union of each frame and object",
            ),
            Case(
                "prompted frames do not count",
                lambda: (
                    fits(found, truth, {0}) and fits(found, truth, {1, 4})
                ),
                "leave the frames of prompted out of both masks",
            ),
            Case(
                "small objects count as much as large ones",
                lambda: fits(found & uneven, uneven, {0}),
                "take the mean of J, not J of all pixels together",
            ),
            Case(
                "a mask drawn where the object is hidden scores 0",
                lambda: fits(found, hidden, {0}),
                "the union is not empty then: nothing special to do",
            ),
            Case(
                "an empty mask of a hidden object scores 1",
                lambda: fits(quiet, hidden, {0}),
                "where the union is empty, both say that nothing is there",
            ),
            Case(
                "a film of prompted frames alone has no score",
                lambda: fits(found, truth, range(6)),
                "return float('nan')",
            ),
        ],
    )


def frames_in_order(answer: Answer) -> Result:
    """Check the order in which frames are fed."""

    def fits(names: Sequence[str], wanted: Sequence[str]) -> bool:
        return list(answer(list(names))) == list(wanted)

    plain = [f"{t}.jpg" for t in range(12)]
    return run_cases(
        "frames_in_order",
        [
            Case(
                "few frames stay in order",
                lambda: fits(plain[2::-1], plain[:3]),
                "sort them",
            ),
            Case(
                "frame 2 comes before frame 10",
                lambda: fits(sorted(plain), plain),
                "compare numbers: int('10') > int('2')",
            ),
            Case(
                "numbers need not begin at 0 nor follow each other",
                lambda: fits(
                    ["300.jpg", "45.jpg", "120.jpg"],
                    ["45.jpg", "120.jpg", "300.jpg"],
                ),
                "the number in the name decides, nothing else",
            ),
            Case(
                "leading zeros do no harm",
                lambda: fits(
                    ["00010.jpg", "00002.jpg"], ["00002.jpg", "00010.jpg"]
                ),
                "int('00002') is 2",
            ),
            Case(
                "other files are left out, other spellings are not",
                lambda: fits(
                    ["3.JPG", "notes.txt", "1.jpeg", "2.png", "20.jpg"],
                    ["1.jpeg", "3.JPG", "20.jpg"],
                ),
                "look at name.lower(), for .jpg and .jpeg",
            ),
        ],
    )


def _frames_read(
    t: int, prompted: Collection[int], places: int
) -> list[int]:
    if t in prompted:
        return []
    before = [s for s in range(t) if t - s < places]
    return sorted(set(before) | set(prompted))


def _film_score(
    found: Array, truth: Array, prompted: Collection[int]
) -> float:
    scores = []
    for t in range(len(truth)):
        if t in prompted:
            continue
        for ours, wanted in zip(found[t], truth[t], strict=True):
            either = (ours | wanted).sum()
            both = (ours & wanted).sum()
            scores.append(both / either if either else 1.0)
    return float(np.mean(scores)) if scores else float("nan")
