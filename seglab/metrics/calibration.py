"""Calibration: of pixels predicted at 80 %, are four in five right?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._categories import check_integer
from seglab.metrics._inputs import Masks, as_array, check_classes
from seglab.metrics._ratios import ratio


def expected_calibration_error(
    probabilities: Masks,
    truth: Masks,
    *,
    bins: int = 15,
    ignore_index: int | None = None,
) -> float:
    """Mean gap between confidence and accuracy, over bins of confidence.

    Args:
        probabilities, truth, bins, ignore_index: as for
            :func:`reliability_table`.

    Returns:
        From 0, calibrated, to 1.

    Raises:
        TypeError, ValueError: as :func:`reliability_table`.

    Convention:
        A bin weighs as much as its share of the counted pixels. Nothing
        counted -> NaN. All pixels go into one table: the mean of the
        images' errors is another, larger number.

    Source:
        Naeini et al. 2015; Guo et al. 2017.

    >>> expected_calibration_error([0.75, 0.75, 0.75, 0.75], [1, 1, 0, 0])
    0.25
    """
    table = reliability_table(
        probabilities, truth, bins=bins, ignore_index=ignore_index
    )
    count = table["count"]
    gap = np.abs(table["accuracy"] - table["confidence"])
    return float(ratio((count * np.nan_to_num(gap)).sum(), count.sum()))


def reliability_table(
    probabilities: Masks,
    truth: Masks,
    *,
    bins: int = 15,
    ignore_index: int | None = None,
) -> dict[str, NDArray]:
    """Confidence and accuracy in bins of equal width.

    Args:
        probabilities: of the foreground, of truth's shape; or of the
            classes, [N, C, ...], adding up to 1 over C. No logits.
        truth: 0 and 1 of any shape; or class indices [N, ...].
        bins: how many bins there are from 0 to 1.
        ignore_index: pixels with this true label are not counted.

    Returns:
        Columns of one entry a bin: ``"lower"`` and ``"upper"`` edge,
        ``"count"`` of pixels, mean ``"confidence"`` and ``"accuracy"``,
        which are NaN where no pixel fell.

    Raises:
        TypeError: probabilities that are no floats, or a truth of floats.
        ValueError: the shapes do not belong together, probabilities are
            outside 0..1 or do not add up to 1, or a label is unknown.

    Convention:
        Of two classes, the confidence is the probability of the foreground
        and the accuracy the share of foreground. Of more, it is the largest
        probability, and the share of pixels where that class is the true
        one. A bin holds its lower edge, the last one holds 1 as well
        (torchmetrics gives exactly 1 a bin of its own).

    Source:
        Guo et al. 2017.

    >>> scores, truth = [0.1, 0.2, 0.7, 0.9], [0, 1, 1, 1]
    >>> table = reliability_table(scores, truth, bins=2)
    >>> table["count"], table["accuracy"]
    (array([2, 2]), array([0.5, 1. ]))
    """
    check_integer(bins, "bins", lowest=1)
    confidence, right = _confidence(probabilities, truth, ignore_index)
    edges = np.linspace(0, 1, bins + 1)
    # edges of the scores' own precision: 0.7 is not below 0.7
    inner = edges[1:-1].astype(confidence.dtype)
    index = np.searchsorted(inner, confidence, side="right")
    count = np.bincount(index, minlength=bins)
    return {
        "lower": edges[:-1],
        "upper": edges[1:],
        "count": count,
        "confidence": ratio(np.bincount(index, confidence, bins), count),
        "accuracy": ratio(np.bincount(index, right, bins), count),
    }


def _confidence(
    probabilities: Masks, truth: Masks, ignore_index: int | None
) -> tuple[NDArray, NDArray[np.bool_]]:
    """Confidence of the counted pixels, and whether it was right."""
    scores = as_array(probabilities, "probabilities")
    labels = as_array(truth, "truth")
    if scores.dtype.kind != "f":
        raise TypeError(f"probabilities must be floats, got {scores.dtype}")
    if labels.dtype.kind not in "bui":
        raise TypeError(
            f"truth must hold integer class indices, got {labels.dtype}"
        )
    classes = _class_axis(scores, labels)
    valid = np.ones(labels.shape, dtype=bool)
    if ignore_index is not None:
        valid = labels != ignore_index
    labels = labels[valid]
    if classes is None:
        scores = scores[valid]
        _check_probabilities(scores)
        check_classes(labels, labels, 2)
        return scores, labels == 1
    scores = np.moveaxis(scores, 1, -1)[valid]
    _check_probabilities(scores)
    _check_sums(scores)
    check_classes(labels, labels, classes)
    return scores.max(axis=1), scores.argmax(axis=1) == labels


def _class_axis(scores: NDArray, labels: NDArray) -> int | None:
    """How many classes lie on axis 1; None if there is no such axis."""
    if scores.shape == labels.shape:
        return None
    shape = scores.shape[:1] + scores.shape[2:]
    if scores.ndim < 2 or shape != labels.shape or scores.shape[1] < 2:
        raise ValueError(
            "probabilities must have truth's shape (foreground) or be "
            f"[N, C, ...] with C >= 2 for a truth [N, ...], got "
            f"{scores.shape} and {labels.shape}"
        )
    return scores.shape[1]


def _check_probabilities(scores: NDArray) -> None:
    # written so that NaN is refused as well
    if scores.size and not (scores.min() >= 0 and scores.max() <= 1):
        raise ValueError(
            "probabilities must lie from 0 to 1, got values from "
            f"{scores.min()} to {scores.max()}; logits need a sigmoid or "
            "softmax first"
        )


def _check_sums(scores: NDArray) -> None:
    sums = scores.sum(axis=1, dtype=np.float64)
    # half precision rounds each of many classes
    if sums.size and np.abs(sums - 1).max() > 0.01:
        raise ValueError(
            "probabilities must add up to 1 over the classes, got sums "
            f"from {sums.min():.3f} to {sums.max():.3f}"
        )
