"""Overlap metrics: binary masks, and a data set seen batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._inputs import (
    Masks,
    check_empty,
    check_num_classes,
    mask_rows,
)
from seglab.metrics._ratios import mean_of_present, ratio
from seglab.metrics.confusion import (
    class_accuracy,
    confusion_matrix,
    dice,
    frequency_weighted_iou,
    iou,
    mean_class_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
)

__all__ = [
    "ConfusionMatrix",
    "binary_dice",
    "binary_iou",
    "class_accuracy",
    "confusion_matrix",
    "dice",
    "frequency_weighted_iou",
    "iou",
    "mean_class_accuracy",
    "mean_dice",
    "mean_iou",
    "pixel_accuracy",
]


def binary_iou(
    prediction: Masks,
    truth: Masks,
    *,
    empty: float = 1.0,
    reduction: str | None = None,
) -> float:
    """Intersection over union of two masks, or of a batch of pairs.

    Args:
        prediction: mask [H, W] or batch [N, ...]; bool, or 0 and 1.
        truth: mask of the same shape.
        empty: the score when both masks are empty, 0 to 1, or NaN to
            leave such images out of the mean.
        reduction: needed for a batch: ``"image"`` is the mean of the
            images' scores, ``"dataset"`` the score of all pixels pooled
            (so of a volume [Z, H, W] too).

    Raises:
        TypeError: a mask of floats.
        ValueError: values besides 0 and 1, shapes that differ, or a batch
            without a reduction.

    Convention:
        Both empty -> ``empty``; one empty -> 0. MONAI returns NaN whenever
        the truth is empty, which hides false positives.

    Source:
        Jaccard 1912; Everingham et al. 2010.

    >>> binary_iou([[1, 1, 0]], [[0, 1, 1]])
    0.3333333333333333
    """
    check_empty(empty)
    prediction, truth = mask_rows(prediction, truth, reduction)
    both = np.count_nonzero(prediction & truth, axis=1)
    either = np.count_nonzero(prediction | truth, axis=1)
    return mean_of_present(ratio(both, either, empty))


def binary_dice(
    prediction: Masks,
    truth: Masks,
    *,
    empty: float = 1.0,
    reduction: str | None = None,
) -> float:
    """Dice coefficient of two masks, or of a batch of pairs.

    Args:
        prediction: mask [H, W] or batch [N, ...]; bool, or 0 and 1.
        truth: mask of the same shape.
        empty: the score when both masks are empty, 0 to 1 or NaN.
        reduction: as for :func:`binary_iou`.

    Raises:
        TypeError, ValueError: as for :func:`binary_iou`.

    Convention:
        Both empty -> ``empty``; one empty -> 0; no smoothing.

    Source:
        Dice 1945; Metrics Reloaded (Maier-Hein et al. 2024).

    >>> binary_dice([[1, 1, 0]], [[0, 1, 1]])
    0.5
    """
    check_empty(empty)
    prediction, truth = mask_rows(prediction, truth, reduction)
    both = np.count_nonzero(prediction & truth, axis=1)
    sizes = np.count_nonzero(prediction, axis=1) + np.count_nonzero(
        truth, axis=1
    )
    return mean_of_present(ratio(2 * both, sizes, empty))


class ConfusionMatrix:
    """A confusion matrix that grows batch by batch, with its figures.

    Args:
        num_classes: C, 2 or more.
        ignore_index: true label whose pixels are not counted.
        names: one name a class, for :meth:`per_class`; without it the
            classes are called "0", "1" and so on.

    Raises:
        TypeError: ``num_classes`` is no integer.
        ValueError: too few classes, or names that are not one a class.

    Convention:
        Figures come from all pixels seen so far, never from the mean of
        batches.

    >>> seen = ConfusionMatrix(2, names=("background", "coin"))
    >>> seen.update([[0, 1]], [[0, 1]])
    >>> seen.update([[0, 0]], [[0, 1]])
    >>> seen.mean_iou()
    0.5833333333333333
    >>> seen.per_class()["coin"]["iou"]
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        *,
        ignore_index: int | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        check_num_classes(num_classes)
        if names is None:
            names = [str(index) for index in range(num_classes)]
        if len(set(names)) != num_classes or len(names) != num_classes:
            raise ValueError(
                f"names must be {num_classes} different names, one a "
                f"class, got {list(names)}"
            )
        self.num_classes = int(num_classes)
        self.ignore_index = ignore_index
        self.names = tuple(names)
        self._counts = np.zeros((num_classes, num_classes), dtype=np.int64)

    @property
    def matrix(self) -> NDArray[np.int64]:
        """The counts so far, int64 [C, C], rows = truth (a copy)."""
        return self._counts.copy()

    def update(self, prediction: Masks, truth: Masks) -> None:
        """Count one more batch; see :func:`confusion_matrix`."""
        self._counts += confusion_matrix(
            prediction,
            truth,
            self.num_classes,
            ignore_index=self.ignore_index,
        )

    def merge(self, other: ConfusionMatrix) -> None:
        """Add what another one, of another worker perhaps, has counted.

        Raises:
            ValueError: the classes, their names or what is ignored differ.
        """
        mine = self.names, self.ignore_index
        theirs = other.names, other.ignore_index
        if mine != theirs:
            raise ValueError(
                "other must have the same classes and ignore_index, got "
                f"{theirs} for {mine}"
            )
        self._counts += other._counts

    def pixel_accuracy(self) -> float:
        """Share of the counted pixels whose class is right."""
        return pixel_accuracy(self._counts)

    def class_accuracy(self) -> NDArray[np.float64]:
        """Recall of each class, float64 [C]."""
        return class_accuracy(self._counts)

    def mean_class_accuracy(self) -> float:
        """Mean recall of the classes that are in the truth."""
        return mean_class_accuracy(self._counts)

    def iou(self) -> NDArray[np.float64]:
        """IoU of each class, float64 [C]."""
        return iou(self._counts)

    def mean_iou(self) -> float:
        """Mean IoU of the classes that occur."""
        return mean_iou(self._counts)

    def dice(self) -> NDArray[np.float64]:
        """Dice of each class, float64 [C]."""
        return dice(self._counts)

    def mean_dice(self) -> float:
        """Mean Dice of the classes that occur."""
        return mean_dice(self._counts)

    def frequency_weighted_iou(self) -> float:
        """Mean IoU weighted by the classes' share of the true pixels."""
        return frequency_weighted_iou(self._counts)

    def summary(self) -> dict[str, float]:
        """Every figure that is one number, by name."""
        return {
            "pixel_accuracy": self.pixel_accuracy(),
            "mean_class_accuracy": self.mean_class_accuracy(),
            "mean_iou": self.mean_iou(),
            "frequency_weighted_iou": self.frequency_weighted_iou(),
            "mean_dice": self.mean_dice(),
        }

    def per_class(self) -> dict[str, dict[str, float]]:
        """Share of true pixels, recall, IoU and Dice of each class."""
        pixels = self._counts.sum(axis=1).astype(np.float64)
        columns = {
            "share": ratio(pixels, pixels.sum()),
            "accuracy": self.class_accuracy(),
            "iou": self.iou(),
            "dice": self.dice(),
        }
        return {
            name: {key: float(row[i]) for key, row in columns.items()}
            for i, name in enumerate(self.names)
        }
