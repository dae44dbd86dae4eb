"""Checkers for the exercises of chapter 01, the tasks of segmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from seglab.checks.checker import Case, Result, run_cases

Answer = Callable[..., Any]


def panoptic_to_semantic(answer: Answer) -> Result:
    """Check a conversion from COCO's panoptic format.

    >>> bool(panoptic_to_semantic(lambda panoptic, segments: panoptic))
    panoptic_to_semantic:
    ...
    False
    """
    ids = np.array([[0, 7, 7, 300], [9, 9, 7, 41]])
    table = {7: 2, 300: 0, 9: 2}
    wanted = np.array([[255, 2, 2, 0], [2, 2, 2, 255]])
    chain = np.array([[1, 2, 3]])

    def untouched() -> bool:
        given = ids.copy()
        answer(given, table)
        return np.array_equal(given, ids)

    cases = [
        Case(
            "segments of one class get that class",
            lambda: np.array_equal(
                np.asarray(answer(ids, table))[:, 1:3], wanted[:, 1:3]
            ),
            "look each id up in segments; two ids may share a class",
        ),
        Case(
            "class 0 is kept as a class",
            lambda: np.asarray(answer(ids, table))[0, 3] == 0,
            "a pixel that you never write to must not look like class 0",
        ),
        Case(
            "id 0 and ids that the table lacks become 255",
            lambda: np.array_equal(answer(ids, table), wanted),
            "void is 255, not 0, and an unknown id is void too",
        ),
        Case(
            "id 0 stays void whatever the table says",
            lambda: (np.asarray(answer(ids, {**table, 0: 5})) != 5).all(),
            "id 0 means that nobody labelled the pixel",
        ),
        Case(
            "a class number that is also an id causes no mix-up",
            lambda: np.array_equal(
                answer(chain, {1: 2, 2: 3, 3: 1}), [[2, 3, 1]]
            ),
            "follow a pixel with id 1 through your loop, step by step",
        ),
        Case(
            "your input is left as it was",
            untouched,
            "the caller still needs panoptic as it was",
        ),
        Case(
            "the result is int64",
            lambda: np.asarray(answer(ids, table)).dtype == np.int64,
            "which dtype has the array that you return?",
        ),
    ]
    return run_cases("panoptic_to_semantic", cases)


def masks_to_boxes(answer: Answer) -> Result:
    """Check boxes (left, top, right, bottom) of bool masks.

    >>> bool(masks_to_boxes(lambda masks: [[0, 0, 0, 0]]))
    masks_to_boxes:
    ...
    False
    """
    masks = np.zeros((4, 9, 12), bool)
    masks[0, 2:5, 3:10] = True
    masks[1, 8, 11] = True
    masks[2, 1, 4] = masks[2, 6, 0] = True
    wanted = [[3, 2, 10, 5], [11, 8, 12, 9], [0, 1, 5, 7], [0, 0, 0, 0]]

    def row(k: int) -> bool:
        return np.array_equal(answer(masks[k : k + 1]), wanted[k : k + 1])

    cases = [
        Case(
            "a rectangle gives its own corners, x before y",
            lambda: row(0),
            "the order is left, top, right, bottom; right and bottom lie "
            "one past the last pixel",
        ),
        Case(
            "one pixel gives a box one pixel wide and high",
            lambda: row(1),
            "right - left is the width, and the width is 1",
        ),
        Case(
            "two far pixels of one mask share a box",
            lambda: row(2),
            "first and last row that hold a pixel; likewise columns",
        ),
        Case(
            "an empty mask gives zeros",
            lambda: row(3),
            "what is the first row of a mask that has none?",
        ),
        Case(
            "several masks keep their order",
            lambda: np.array_equal(answer(masks), wanted),
            "one row for each mask",
        ),
        Case(
            "no masks give an array [0, 4], and the dtype is int64",
            lambda: (
                np.asarray(answer(masks[:0])).shape == (0, 4)
                and np.asarray(answer(masks)).dtype == np.int64
            ),
            "no rows still have four columns; then look at the dtype",
        ),
    ]
    return run_cases("masks_to_boxes", cases)


def semantic_to_instances(answer: Answer) -> Result:
    """Check instances made of the connected components of classes.

    >>> bool(semantic_to_instances(lambda semantic, things: ([], [])))
    semantic_to_instances:
    ...
    False
    """
    semantic = np.array(
        [
            [1, 1, 0, 2, 3],
            [1, 0, 0, 2, 3],
            [0, 0, 0, 0, 0],
            [2, 0, 1, 0, 0],
            [0, 2, 0, 1, 3],
        ]
    )

    scattered = np.array(
        [
            [0, 0, 0, 1],
            [1, 1, 0, 0],
            [1, 1, 0, 2],
            [0, 0, 0, 0],
            [2, 2, 0, 1],
        ]
    )
    in_order = [
        {(2, 3)},
        {(4, 0), (4, 1)},
        {(0, 3)},
        {(1, 0), (1, 1), (2, 0), (2, 1)},
        {(4, 3)},
    ]

    def masks_of(
        things: list[int], labels: Any = semantic
    ) -> list[set[tuple[int, int]]]:
        masks, _ = answer(labels, things)
        return [
            {(int(r), int(c)) for r, c in np.argwhere(mask)}
            for mask in masks
        ]

    def right_form() -> bool:
        masks, classes = answer(semantic, [3, 1])
        return (
            np.asarray(masks).dtype == bool
            and np.asarray(masks).shape == (4, 5, 5)
            and np.asarray(classes).dtype == np.int64
        )

    def empty_form() -> bool:
        masks, classes = answer(np.zeros((3, 4), int), [1, 2])
        shapes = np.asarray(masks).shape, np.asarray(classes).shape
        return shapes == ((0, 3, 4), (0,))

    cases = [
        Case(
            "regions that lie apart are instances of their own",
            lambda: {(0, 0), (0, 1), (1, 0)} in masks_of([1]),
            "which pixels of one class hang together?",
        ),
        Case(
            "pixels that meet at a corner belong together",
            lambda: {(3, 0), (4, 1)} in masks_of([2]),
            "which neighbours does ndimage.label count unless told?",
        ),
        Case(
            "two classes that touch do not merge",
            lambda: {(0, 3), (1, 3)} in masks_of([2, 3]),
            "what does your labelling see of the class of a pixel?",
        ),
        Case(
            "classes come in the order of things, others are left out",
            lambda: np.array_equal(
                answer(semantic, [3, 1])[1], [3, 3, 1, 1]
            ),
            "the order is that of things, not that of the numbers",
        ),
        Case(
            "masks come class by class, in the order of SciPy's labels",
            lambda: masks_of([2, 1], scattered) == in_order,
            "sort nothing: which component does SciPy call 1?",
        ),
        Case(
            "bool [K, H, W] and int64 [K]",
            right_form,
            "a mask as large as the picture for each instance",
        ),
        Case(
            "without instances the shapes are (0, H, W) and (0,)",
            empty_form,
            "an empty list knows nothing of H and W: where else do they "
            "stand?",
        ),
    ]
    return run_cases("semantic_to_instances", cases)


def resize_labels(answer: Answer) -> Result:
    """Check that a resized label map holds only what it held before.

    >>> bool(resize_labels(lambda labels, size: labels))
    resize_labels:
    ...
    False
    """
    blocks = np.kron(np.array([[0, 6, 2], [4, 0, 6]]), np.ones((4, 4)))
    blocks = blocks.astype(np.int64)
    striped = np.zeros((15, 22), np.int64)
    striped[:, ::3] = 6

    def same_as_repeated() -> bool:
        twice = np.kron(blocks, np.ones((2, 2), np.int64))
        got = np.asarray(answer(blocks, (16, 24)))
        return np.mean(got == twice) > 0.93

    cases = [
        Case(
            "the size is (height, width)",
            lambda: np.asarray(answer(blocks, (5, 9))).shape == (5, 9),
            "size is height first",
        ),
        Case(
            "no class appears that was not there",
            lambda: all(
                set(np.unique(answer(blocks, size))) <= {0, 2, 4, 6}
                and set(np.unique(answer(striped, size))) <= {0, 6}
                for size in ((5, 9), (11, 17), (16, 24), (30, 31))
            ),
            "class numbers are names: what is the mean of two names?",
        ),
        Case(
            "no class is lost from large regions",
            lambda: set(np.unique(answer(blocks, (5, 9)))) == {0, 2, 4, 6},
            "which numbers go into your resizing, and which come out?",
        ),
        Case(
            "twice the size repeats the pixels",
            same_as_repeated,
            "rows stay rows, and nothing is shifted",
        ),
        Case(
            "the dtype is int64",
            lambda: np.asarray(answer(blocks, (5, 9))).dtype == np.int64,
            "which dtype comes out of your resizing?",
        ),
    ]
    return run_cases("resize_labels", cases)
