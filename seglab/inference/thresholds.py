"""The threshold that turns a probability into a mask, chosen on data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

CANDIDATES = tuple(round(0.02 * step, 2) for step in range(1, 50))


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """How good each threshold is for each class.

    Attributes:
        thresholds: float [T], ascending.
        dice: float [T, K]: mean Dice over the images that have the class
            or find it; NaN for a class that is nowhere.
    """

    thresholds: NDArray[np.float64]
    dice: NDArray[np.float64]

    @property
    def best(self) -> NDArray[np.float64]:
        """For each class the middle of its best thresholds: [K].

        A class that is nowhere keeps 0.5.
        """
        chosen = np.full(self.dice.shape[1], 0.5)
        for index, column in enumerate(self.dice.T):
            if np.isfinite(column).any():
                top = np.flatnonzero(column == np.nanmax(column))
                chosen[index] = self.thresholds[top[len(top) // 2]]
        return chosen


def threshold_curve(
    probabilities: Tensor | NDArray[np.floating],
    truth: Tensor | NDArray[np.bool_],
    thresholds: Sequence[float] = CANDIDATES,
) -> ThresholdCurve:
    """Dice of every threshold, for each class, from one pass.

    Args:
        probabilities: [N, K, ...] in 0..1, of *validation* images: a
            threshold chosen on the images that are then scored flatters.
        truth: bool, the same shape.
        thresholds: ascending, between 0 and 1; a pixel is foreground
            where its probability is above.

    Raises:
        ValueError: shapes differ, a probability is out of range or NaN,
            or the thresholds are not ascending.

    Convention:
        Dice of each image, then the mean, as competitions score. An image
        without the class on which nothing is found does not count.

    >>> chance = np.array([[[0.2, 0.4, 0.9]]])
    >>> truth = np.array([[[False, True, True]]])
    >>> threshold_curve(chance, truth, [0.1, 0.3, 0.5]).dice.round(2)[:, 0]
    array([0.8 , 1.  , 0.67])
    """
    chance, masks = _arrays(probabilities, truth)
    levels = np.asarray(thresholds, dtype=np.float64)
    if levels.ndim != 1 or len(levels) == 0 or np.any(np.diff(levels) <= 0):
        raise ValueError(
            f"thresholds must ascend and hold one or more, got {thresholds}"
        )
    images, classes = chance.shape[:2]
    # in float32, as the comparison with a float32 picture would be
    steps = np.searchsorted(levels.astype(chance.dtype), chance)
    cell = steps + (len(levels) + 1) * np.arange(images * classes).reshape(
        images, classes, *(1,) * (chance.ndim - 2)
    )
    size = images * classes * (len(levels) + 1)
    shape = (images, classes, len(levels) + 1)
    every = np.bincount(cell.ravel(), minlength=size).reshape(shape)
    hits = np.bincount(cell[masks], minlength=size).reshape(shape)
    # found above threshold t: all pixels in the cells beyond t
    found, both = (
        x[..., ::-1].cumsum(-1)[..., ::-1][..., 1:] for x in (every, hits)
    )
    total = found + hits.sum(-1, keepdims=True)
    counts = total > 0
    dice = np.divide(
        2 * both, total, out=np.zeros(total.shape), where=counts
    )
    with np.errstate(invalid="ignore"):
        mean = dice.sum(0) / counts.sum(0)
    return ThresholdCurve(levels, mean.T)


def _arrays(
    probabilities: Tensor | NDArray[np.floating],
    truth: Tensor | NDArray[np.bool_],
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    chance, masks = (
        x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
        for x in (probabilities, truth)
    )
    if chance.shape != masks.shape or chance.ndim < 2:
        raise ValueError(
            "probabilities and truth must both have shape [N, K, ...], got "
            f"{chance.shape} and {masks.shape}"
        )
    if chance.size and not (chance.min() >= 0 and chance.max() <= 1):
        raise ValueError(
            "probabilities must lie in 0..1, got "
            f"{chance.min()} to {chance.max()}"
        )
    return chance, masks.astype(bool)
