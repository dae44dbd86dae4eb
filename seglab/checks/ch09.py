"""Checkers for chapter 09, Detectron2."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.checks.checker import Case, Result, run_cases

Array = NDArray[np.bool_]
Answer = Callable[..., Any]

CATEGORIES = [
    {"id": 90, "name": "toothbrush"},
    {"id": 1, "name": "person"},
    {"id": 13, "name": "stop sign"},
]
SOLVER = {
    "IMS_PER_BATCH": 16,
    "BASE_LR": 0.02,
    "MAX_ITER": 90_000,
    "WARMUP_ITERS": 1000,
    "STEPS": (60_000, 80_000),
    "WEIGHT_DECAY": 1e-4,
}


def to_record(answer: Answer) -> Result:
    """Check the record of an image in Detectron2's form."""
    masks = np.zeros((2, 6, 9), bool)
    masks[0, 1:4, 2:8] = True
    masks[1, 5, 0] = True
    hidden = np.concatenate([masks[:1], np.zeros((1, 6, 9), bool)])
    few = _call(answer, "a.png", 7, masks, [4, 0])
    return run_cases(
        "to_record",
        [
            Case(
                "image, height and width are right",
                lambda: few() | {"annotations": []} == _record(masks, []),
                "a mask is [H, W]: rows first, and rows are the height",
            ),
            Case(
                "classes stand as they came",
                lambda: _column(few(), "category_id") == [4, 0],
                "class indices count from 0 here already",
            ),
            Case(
                "boxes go from the first pixel to one past the last, xyxy",
                lambda: np.allclose(
                    _column(few(), "bbox"), [[2, 1, 8, 4], [0, 5, 1, 6]]
                ),
                "columns are x; the box of one pixel is one pixel wide",
            ),
            Case(
                "the mode of the boxes is said",
                lambda: _column(few(), "bbox_mode") == [0, 0],
                "0 stands for xyxy in pixels, 1 for xywh",
            ),
            Case(
                "an object of which nothing is seen is left out",
                lambda: (
                    len(answer("a", 1, hidden, [1, 2])["annotations"]) == 1
                ),
                "an empty mask has no box",
            ),
            Case(
                "it can be written as JSON",
                lambda: bool(json.dumps(few())),
                "NumPy's numbers are not Python's: int(...) makes them so",
            ),
        ],
    )


def class_indices(answer: Answer) -> Result:
    """Check the way from a file's ids to indices of classes."""

    def found(ids: list[int], categories: Any = CATEGORIES) -> Any:
        objects = [{"category_id": k} for k in ids]
        indices, names = answer(objects, copy.deepcopy(categories))
        return [int(k) for k in indices], list(names)

    dense = [{"id": k + 1, "name": n} for k, n in enumerate("abc")]
    names = ["person", "stop sign", "toothbrush"]
    return run_cases(
        "class_indices",
        [
            Case(
                "ids 1, 2, 3 become 0, 1, 2",
                lambda: found([1, 2, 3], dense) == ([0, 1, 2], [*"abc"]),
                "the index of a class is its place in the list of names",
            ),
            Case(
                "ids with gaps become 0, 1, 2 too, in ascending order",
                lambda: found([13, 90, 1, 90]) == ([1, 2, 0, 2], names),
                "sort the categories by id, then count them",
            ),
            Case(
                "a category that does not occur keeps its place",
                lambda: found([13, 90]) == ([1, 2], names),
                "count the categories of the file, not of the objects",
            ),
            Case(
                "an id that the file does not know is a ValueError",
                lambda: _raises(ValueError, lambda: found([2])),
                "a wrong label is worse than no training",
            ),
            Case(
                "its arguments stay as they were",
                lambda: _leaves_alone(answer, [], CATEGORIES),
                "make new lists; sorted(...) does, list.sort() does not",
            ),
        ],
    )


def rescale(answer: Answer) -> Result:
    """Check the schedule for another batch size."""

    def fits(batch_size: int) -> bool:
        found = answer(dict(SOLVER), batch_size)
        wanted = _rescaled(batch_size)
        return set(found) == set(wanted) and all(
            np.allclose(found[key], value) for key, value in wanted.items()
        )

    return run_cases(
        "rescale",
        [
            Case(
                "an eighth of the batch: an eighth of the rate",
                lambda: math.isclose(
                    answer(dict(SOLVER), 2)["BASE_LR"], 0.0025
                ),
                "smaller batches have noisier gradients: smaller steps",
            ),
            Case(
                "the model sees as many images as before",
                lambda: answer(dict(SOLVER), 2)["MAX_ITER"] == 720_000,
                "batch size times steps stays what it was",
            ),
            Case(
                "every count of steps follows, and nothing else changes",
                lambda: fits(2) and fits(64),
                "WARMUP_ITERS and each of STEPS count steps as well",
            ),
            Case(
                "counts of steps are whole numbers",
                lambda: isinstance(
                    answer(dict(SOLVER), 7)["MAX_ITER"], int
                ),
                "round(...) gives an int",
            ),
            Case(
                "the settings that came in stay as they were",
                lambda: _leaves_alone(answer, SOLVER, 4),
                "return a new dict",
            ),
        ],
    )


def register(answer: Answer) -> Result:
    """Check the decorator that enters classes in a table."""

    def entered() -> tuple[dict[str, Any], Any]:
        table: dict[str, Any] = {}

        @answer(table)
        class Head:
            pass

        return table, Head

    def twice() -> bool:
        table, head = entered()
        refused = _raises(
            ValueError, lambda: answer(table)(type("Head", (), {}))
        )
        return refused and table == {"Head": head}

    return run_cases(
        "register",
        [
            Case(
                "a class is found under its own name",
                lambda: list(entered()[0]) == ["Head"],
                "every class knows its __name__",
            ),
            Case(
                "the class itself is entered, not an object of it",
                lambda: isinstance(entered()[0]["Head"], type),
                "whoever looks it up will call it, with a configuration",
            ),
            Case(
                "the decorated name is still the class",
                lambda: _returned(*entered()),
                "a decorator must return what it was given",
            ),
            Case(
                "a second class of the same name is a ValueError",
                twice,
                "look before you write; the first one stays",
            ),
        ],
    )


def waiting_share(answer: Answer) -> Result:
    """Check the share of time that a training waits for its data."""
    rows = [
        {"iteration": 19, "time": 0.5, "data_time": 0.1},
        {"iteration": 39, "time": 1.5, "data_time": 1.1},
        {"iteration": 39, "segm/AP": 31.0},
    ]
    even = [{"time": 2.0, "data_time": 1.0}] * 3
    return run_cases(
        "waiting_share",
        [
            Case(
                "half of the time is a half",
                lambda: math.isclose(answer(even), 0.5),
                "data_time is a part of time, not beside it",
            ),
            Case(
                "long steps weigh more, rows of evaluations nothing",
                lambda: math.isclose(answer(rows), 0.6),
                "add up the seconds first, then divide; a row of an "
                "evaluation has no time",
            ),
            Case(
                "without a row of training it is NaN",
                lambda: (
                    math.isnan(answer(rows[2:])) and math.isnan(answer([]))
                ),
                "nothing over nothing is no share",
            ),
        ],
    )


def _call(answer: Answer, *arguments: Any) -> Callable[[], Any]:
    """A call to be made later, with arguments of its own."""
    return lambda: answer(*copy.deepcopy(arguments))


def _returned(table: dict[str, Any], decorated: Any) -> bool:
    return isinstance(decorated, type) and table["Head"] is decorated


def _record(masks: Array, annotations: list[Any]) -> dict[str, Any]:
    return {
        "file_name": "a.png",
        "image_id": 7,
        "height": masks.shape[1],
        "width": masks.shape[2],
        "annotations": annotations,
    }


def _column(record: Mapping[str, Any], key: str) -> list[Any]:
    return [annotation[key] for annotation in record["annotations"]]


def _raises(kind: type[Exception], call: Callable[[], Any]) -> bool:
    try:
        call()
    except kind as error:
        # a stub raises one of its own
        return not isinstance(error, NotImplementedError)
    return False


def _leaves_alone(answer: Answer, *arguments: Any) -> bool:
    given = copy.deepcopy(arguments)
    answer(*given)
    return given == arguments


def _rescaled(batch_size: int) -> dict[str, Any]:
    factor = batch_size / 16
    return SOLVER | {
        "IMS_PER_BATCH": batch_size,
        "BASE_LR": 0.02 * factor,
        "MAX_ITER": round(90_000 / factor),
        "WARMUP_ITERS": round(1000 / factor),
        "STEPS": (round(60_000 / factor), round(80_000 / factor)),
    }
