"""A model's own answers as labels, where it is sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

IGNORE = 255
FloatArray = NDArray[np.float64]


def pseudo_labels(
    probabilities: ArrayLike,
    *,
    threshold: float | Sequence[float] = 0.9,
    ignore_index: int = IGNORE,
) -> NDArray[np.int64]:
    """The likeliest class of each pixel, or nothing where none is likely.

    Args:
        probabilities: [N, K, ...] over K classes.
        threshold: the least probability to be believed, one for all
            classes or one for each.
        ignore_index: stands where no class reaches its threshold; no
            class.

    Returns:
        [N, ...].

    Raises:
        ValueError: values outside [0, 1], another number of thresholds,
            or an ignored index that is a class.

    Convention:
        A probability equal to the threshold is enough. In a tie the first
        class counts.

    Source:
        Lee 2013.

    >>> pseudo_labels([[[0.95, 0.6], [0.05, 0.4]]]).tolist()
    [[0, 255]]
    """
    values = _as_probabilities(probabilities)
    classes = values.shape[1]
    least = _thresholds(threshold, classes)
    if 0 <= ignore_index < classes:
        raise ValueError(
            f"ignore_index must be no class of 0 to {classes - 1}, got "
            f"{ignore_index}"
        )
    labels = values.argmax(axis=1)
    sure = values.max(axis=1) >= least[labels]
    return np.where(sure, labels, ignore_index).astype(np.int64)


def class_thresholds(probabilities: ArrayLike, share: float) -> FloatArray:
    """For each class the threshold that keeps a share of its pixels.

    One threshold for all starves the rare classes: a model is seldom sure
    of what it has seldom seen.

    Args:
        probabilities: [N, K, ...].
        share: of the pixels predicted as a class that are kept, above 0,
            at most 1.

    Returns:
        [K]; 1 for a class that is never the likeliest.

    Raises:
        ValueError: values outside [0, 1], or a share out of range.

    Convention:
        The quantile is one of the values (the next lower one), so that at
        least this share is kept; ties may keep more.

    Source:
        Zou et al. 2018.

    >>> class_thresholds([[[0.9, 0.7, 0.4], [0.1, 0.3, 0.6]]], 0.5)
    array([0.9, 0.6])
    """
    values = _as_probabilities(probabilities)
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0, at most 1, got {share}")
    labels, best = values.argmax(axis=1), values.max(axis=1)
    found = np.ones(values.shape[1])
    for k in range(values.shape[1]):
        own = np.sort(best[labels == k])[::-1]
        if len(own):
            found[k] = own[int(np.ceil(share * len(own))) - 1]
    return found


@dataclass(frozen=True, eq=False)
class PseudoLabelReport:
    """Pseudo-labels measured against the labels they replace.

    Args:
        names: of the classes.
        precision: [K] share of the pixels with this pseudo-label that are
            of this class; NaN if no pixel got it.
        coverage: [K] share of this class's true pixels that got any
            pseudo-label, right or wrong; NaN if there are none.
        recall: [K] share of this class's true pixels that got this
            class's pseudo-label.
        kept: share of all pixels that got a pseudo-label.
        accuracy: share of those that is right; NaN if there are none.
    """

    names: tuple[str, ...]
    precision: FloatArray
    coverage: FloatArray
    recall: FloatArray
    kept: float
    accuracy: float


def measure_pseudo_labels(
    pseudo: ArrayLike,
    truth: ArrayLike,
    names: Sequence[str],
    *,
    ignore_index: int = IGNORE,
) -> PseudoLabelReport:
    """Compare pseudo-labels with the true ones.

    Args:
        pseudo: integers of any shape, as ``pseudo_labels`` gives them.
        truth: integers of the same shape.
        names: of the classes 0, 1, ...
        ignore_index: pixels of this truth do not count at all; pixels of
            this pseudo-label were not kept.

    Raises:
        TypeError: labels that are no integers.
        ValueError: shapes that differ, a label without a name, or a truth
            that is ignored everywhere.

    >>> report = measure_pseudo_labels([0, 1, 255], [0, 0, 1], ["a", "b"])
    >>> report.precision.tolist(), report.coverage.tolist()
    ([1.0, 0.0], [1.0, 0.0])
    """
    guess, true = _label_pair(pseudo, truth)
    counted = true != ignore_index
    guess, true = guess[counted], true[counted]
    if not len(true):
        raise ValueError("truth must hold a pixel that counts, got none")
    kept = guess != ignore_index
    classes = len(names)
    for name, labels in (("pseudo", guess[kept]), ("truth", true)):
        if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(
                f"{name} must hold labels below {classes}, got "
                f"{labels.min()} to {labels.max()}"
            )
    right = guess == true
    total = np.bincount(true, minlength=classes)
    hits = np.bincount(true[right], minlength=classes)
    given = np.bincount(guess[kept], minlength=classes)
    return PseudoLabelReport(
        names=tuple(names),
        precision=_ratio(hits, given),
        coverage=_ratio(np.bincount(true[kept], minlength=classes), total),
        recall=_ratio(hits, total),
        kept=float(kept.mean()),
        accuracy=float(right[kept].mean()) if kept.any() else np.nan,
    )


def _as_probabilities(values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim < 2 or array.shape[1] < 1:
        raise ValueError(
            f"probabilities must be [N, K, ...], got shape {array.shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(
            "probabilities must lie in [0, 1], got others or NaN"
        )
    return array


def _thresholds(
    threshold: float | Sequence[float], classes: int
) -> FloatArray:
    least = np.asarray(threshold, np.float64)
    fits = least.shape in ((), (classes,))
    if not (fits and ((least >= 0) & (least <= 1)).all()):
        raise ValueError(
            f"threshold must be one number in [0, 1] or {classes} of them, "
            f"got {threshold}"
        )
    return np.broadcast_to(least, (classes,))


def _label_pair(
    pseudo: ArrayLike, truth: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    pair = {"pseudo": np.asarray(pseudo), "truth": np.asarray(truth)}
    for name, labels in pair.items():
        if labels.dtype.kind not in "iu":
            raise TypeError(f"{name} must be integers, got {labels.dtype}")
    if pair["pseudo"].shape != pair["truth"].shape:
        raise ValueError(
            f"pseudo must have the truth's shape {pair['truth'].shape}, "
            f"got {pair['pseudo'].shape}"
        )
    return (
        pair["pseudo"].ravel().astype(np.int64),
        pair["truth"].ravel().astype(np.int64),
    )


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> FloatArray:
    empty = np.full(len(whole), np.nan)
    return np.divide(part, whole, out=empty, where=whole > 0)
