"""Overlap figures of many confusion matrices at once.

All of them need no more of a matrix than its margins [3, C]: of each class
the pixels that were right, that are in the truth, and that were predicted.
Margins of images add up as their matrices do, and stay small when two
thousand resamples are held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._ratios import ratio

# margins [..., 3, C] -> figures [..., C], or [...]
Figure: TypeAlias = Callable[[NDArray], NDArray[np.float64]]


def margins(matrix: NDArray) -> NDArray[np.float64]:
    """Diagonal, row sums and column sums of a matrix [C, C] as [3, C]."""
    sums = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return np.stack(sums).astype(np.float64)


def precision(counts: NDArray) -> NDArray[np.float64]:
    """Share of each class's predicted pixels that are right, [..., C]."""
    hits, _, called = np.moveaxis(counts, -2, 0)
    return ratio(hits, called)


def recall(counts: NDArray) -> NDArray[np.float64]:
    """Share of each class's true pixels that were found, [..., C]."""
    hits, true, _ = np.moveaxis(counts, -2, 0)
    return ratio(hits, true)


def iou(counts: NDArray) -> NDArray[np.float64]:
    """Intersection over union of each class, [..., C]."""
    hits, true, called = np.moveaxis(counts, -2, 0)
    return ratio(hits, true + called - hits)


def dice(counts: NDArray) -> NDArray[np.float64]:
    """Dice coefficient of each class, [..., C]."""
    hits, true, called = np.moveaxis(counts, -2, 0)
    return ratio(2 * hits, true + called)


def pixel_accuracy(counts: NDArray) -> NDArray[np.float64]:
    """Share of the counted pixels that are right, [...]."""
    hits, true, _ = np.moveaxis(counts.sum(axis=-1), -1, 0)
    return ratio(hits, true)


def frequency_weighted_iou(counts: NDArray) -> NDArray[np.float64]:
    """Mean IoU weighted by the share of true pixels, [...]."""
    true = counts[..., 1, :]
    weighted = (true * np.nan_to_num(iou(counts))).sum(axis=-1)
    return ratio(weighted, true.sum(axis=-1))


def mean_of_classes(figure: Figure) -> Figure:
    """The mean of a figure over the classes that have it, [...]."""

    def mean(counts: NDArray) -> NDArray[np.float64]:
        values = figure(counts)
        present = (~np.isnan(values)).sum(axis=-1)
        return ratio(np.nansum(values, axis=-1), present)

    return mean


CLASS_FIGURES: dict[str, Figure] = {
    "precision": precision,
    "recall": recall,
    "iou": iou,
    "dice": dice,
}
# by the names that ConfusionMatrix.summary gives them
FIGURES: dict[str, Figure] = {
    "pixel_accuracy": pixel_accuracy,
    "mean_class_accuracy": mean_of_classes(recall),
    "mean_iou": mean_of_classes(iou),
    "frequency_weighted_iou": frequency_weighted_iou,
    "mean_dice": mean_of_classes(dice),
}


def class_figure(name: str) -> Figure:
    """The figure [..., C] of that name."""
    if name not in CLASS_FIGURES:
        raise ValueError(
            f"class_metric must be one of {', '.join(CLASS_FIGURES)}, "
            f"got {name!r}"
        )
    return CLASS_FIGURES[name]


def single_figure(
    metric: str, class_name: str | None, names: Sequence[str]
) -> Figure:
    """The figure [...] of that name, of one class if it is of a class."""
    if metric not in FIGURES | CLASS_FIGURES:
        raise ValueError(
            f"metric must be one of {', '.join(FIGURES | CLASS_FIGURES)}, "
            f"got {metric!r}"
        )
    if metric in FIGURES:
        if class_name is not None:
            raise ValueError(
                f"class_name must be left out for {metric!r}, a figure of "
                f"all classes together, got {class_name!r}"
            )
        return FIGURES[metric]
    if class_name not in names:
        raise ValueError(
            f"class_name must be one of {', '.join(names)} for {metric!r}, "
            f"got {class_name!r}"
        )
    chosen, index = CLASS_FIGURES[metric], names.index(class_name)
    return lambda counts: chosen(counts)[..., index]
