"""The confusion matrix, and the figures that one count of pixels gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._compiled import can_count, count_cells
from seglab.metrics._inputs import (
    Masks,
    check_classes,
    check_num_classes,
    class_codes,
    class_maps,
    count_matrix,
)
from seglab.metrics._ratios import mean_of_present, ratio

# pixels counted at a time: a chunk and its index stay in the cache
CHUNK = 1 << 16


def count_pairs(
    truth: NDArray,
    prediction: NDArray,
    num_classes: int,
    ignore_index: int | None = None,
) -> NDArray[np.int64]:
    """Count pixels by true and predicted class, whatever the labels are.

    Args:
        truth: integer labels [N].
        prediction: integer labels [N].
        num_classes: C.
        ignore_index: true label of pixels that do not count.

    Returns:
        int64 [C + 2, C + 1]: rows are the truth. Row and column C count
        labels that are no class, and the last row what is ignored.

    Convention:
        Nothing is refused here; :func:`confusion_matrix` looks at the table
        and refuses.

    >>> count_pairs(np.array([0, 1, 255]), np.array([0, 0, 1]), 2, 255)
    array([[1, 0, 0],
           [1, 0, 0],
           [0, 0, 0],
           [0, 1, 0]])
    """
    rows, columns = num_classes + 2, num_classes + 1
    cells = np.zeros(rows * columns, dtype=np.int64)
    step = max(CHUNK, cells.size)
    for start in range(0, truth.size, step):
        piece = slice(start, start + step)
        row = class_codes(truth[piece], num_classes, ignore_index)
        column = class_codes(prediction[piece], num_classes)
        cells += np.bincount(columns * row + column, minlength=cells.size)
    return cells.reshape(rows, columns)


def confusion_matrix(
    prediction: Masks,
    truth: Masks,
    num_classes: int,
    *,
    ignore_index: int | None = None,
) -> NDArray[np.int64]:
    """Count pixels by true class (rows) and predicted class (columns).

    Args:
        prediction: class indices, any shape, integer or bool.
        truth: class indices of the same shape.
        num_classes: C, 2 or more.
        ignore_index: pixels with this true label are not counted, whatever
            the prediction says there.

    Returns:
        int64 [C, C]; matrices of several images add up.

    Raises:
        TypeError: the maps hold no integers.
        ValueError: the shapes differ, or an index lies outside 0..C-1.

    Convention:
        Rows are the truth, as in Cityscapes, scikit-learn and torchmetrics.
        A predicted label is never ignored: where the truth counts, a
        prediction outside 0..C-1 is an error. An ignore_index inside 0..C-1
        empties the row of that class but leaves its column, so that its IoU
        is 0 or NaN.

    Source:
        Everingham et al. 2010 (PASCAL VOC), cityscapesScripts.

    Large maps are counted several times as fast where Numba is installed
    (the extra ``fast``); it compiles a loop when it is first needed.

    >>> confusion_matrix([0, 1, 1], [0, 0, 1], 2)
    array([[1, 1],
           [0, 1]])
    """
    check_num_classes(num_classes)
    prediction, truth = class_maps(prediction, truth)
    fast = can_count(truth, prediction, num_classes)
    count = count_cells if fast else count_pairs
    table = count(truth, prediction, num_classes, ignore_index)
    counts = table[:num_classes, :num_classes].copy()
    if counts.sum() < table[:-1].sum():  # a wrong label, not ignored
        valid = truth != ignore_index
        check_classes(truth[valid], prediction[valid], num_classes)
    return counts


def pixel_accuracy(matrix: Masks) -> float:
    """Share of the counted pixels whose class is right.

    Args:
        matrix: confusion matrix [C, C], rows = truth.

    Convention:
        No counted pixel gives NaN. It says little when one class fills the
        picture.

    >>> pixel_accuracy([[90, 0], [10, 0]])
    0.9
    """
    counts = count_matrix(matrix)
    return float(ratio(np.trace(counts), counts.sum()))


def class_accuracy(matrix: Masks) -> NDArray[np.float64]:
    """Share of each class's true pixels that were found: its recall.

    Args:
        matrix: confusion matrix [C, C], rows = truth.

    Returns:
        float64 [C].

    Convention:
        A class absent from the truth is NaN, even if it was predicted:
        recall cannot see false positives.

    >>> class_accuracy([[90, 0], [10, 0]])
    array([1., 0.])
    """
    counts = count_matrix(matrix)
    return ratio(np.diag(counts), counts.sum(axis=1))


def mean_class_accuracy(matrix: Masks) -> float:
    """Mean recall of the classes that are in the truth.

    Convention:
        Classes absent from the truth are left out.

    >>> mean_class_accuracy([[90, 0], [10, 0]])
    0.5
    """
    return mean_of_present(class_accuracy(matrix))


def iou(matrix: Masks) -> NDArray[np.float64]:
    """Intersection over union of each class.

    Args:
        matrix: confusion matrix [C, C], rows = truth.

    Returns:
        float64 [C].

    Convention:
        A class absent from truth and prediction is NaN; one that is absent
        from the truth but predicted is 0 (cityscapesScripts).

    >>> iou([[5, 1], [2, 0]])
    array([0.625, 0.   ])
    """
    counts = count_matrix(matrix)
    hits = np.diag(counts)
    union = counts.sum(axis=0) + counts.sum(axis=1) - hits
    return ratio(hits, union)


def mean_iou(matrix: Masks) -> float:
    """Mean IoU of the classes that occur in truth or prediction.

    Args:
        matrix: confusion matrix [C, C] of the whole data set: the mean of
            the batches' figures is another number.

    Convention:
        Absent classes are left out, neither 0 nor 1; all absent gives NaN
        (cityscapesScripts).

    >>> mean_iou([[5, 1, 0], [2, 0, 0], [0, 0, 0]])
    0.3125
    """
    return mean_of_present(iou(matrix))


def dice(matrix: Masks) -> NDArray[np.float64]:
    """Dice coefficient of each class, which is its F1 score over pixels.

    Args:
        matrix: confusion matrix [C, C], rows = truth.

    Returns:
        float64 [C].

    Convention:
        As :func:`iou`; no smoothing (Dice 1945).

    >>> dice([[6, 4], [0, 0]])
    array([0.75, 0.  ])
    """
    counts = count_matrix(matrix)
    hits = np.diag(counts)
    return ratio(2 * hits, counts.sum(axis=0) + counts.sum(axis=1))


def mean_dice(matrix: Masks) -> float:
    """Mean Dice coefficient of the classes in truth or prediction.

    Convention:
        As :func:`mean_iou`.

    >>> mean_dice([[6, 4], [0, 0]])
    0.375
    """
    return mean_of_present(dice(matrix))


def frequency_weighted_iou(matrix: Masks) -> float:
    """Mean IoU with each class weighted by its share of the true pixels.

    Convention:
        A class absent from the truth weighs nothing; no counted pixel gives
        NaN (Long et al. 2015).

    >>> round(frequency_weighted_iou([[90, 0], [10, 0]]), 2)
    0.81
    """
    counts = count_matrix(matrix)
    pixels = counts.sum(axis=1)
    weighted = pixels * np.nan_to_num(iou(counts))
    return float(ratio(weighted.sum(), pixels.sum()))
