"""Means of distances over images, some of which have no distance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class MeanWithMisses:
    """A mean distance over images, and how many had no distance.

    Args:
        mean: over all images; infinite if one is and no cap was given.
        mean_of_found: over images with a finite distance; NaN if none has.
        missed: images with an infinite distance.
        images: all of them.
    """

    mean: float
    mean_of_found: float
    missed: int
    images: int


def mean_with_misses(
    values: ArrayLike, *, cap: ArrayLike | None = None
) -> MeanWithMisses:
    """Mean of distances over images that says how many are infinite.

    Args:
        values: a distance an image, [N]; infinite where one mask was empty.
        cap: the most that a distance counts: a number, or one an image,
            such as its ``image_diagonal``.

    Raises:
        ValueError: no values, a NaN or negative one, or a cap that is not
            positive and finite, one or as many as values.

    Convention:
        A miss is counted, never dropped: without a cap it makes the mean
        infinite. MONAI leaves it out, so that a set with one object missed
        can average to 0.

    >>> mean_with_misses([1.0, 3.0, float("inf")], cap=11)
    MeanWithMisses(mean=5.0, mean_of_found=2.0, missed=1, images=3)
    """
    distances = np.asarray(values, dtype=np.float64)
    if distances.ndim != 1 or not distances.size:
        raise ValueError(
            f"values must be [N] with N of 1 or more, got shape "
            f"{distances.shape}"
        )
    if not (distances >= 0).all():
        raise ValueError(
            "values must be distances of 0 or more, got NaN or a "
            "negative one"
        )
    found = distances[np.isfinite(distances)]
    if cap is not None:
        distances = np.minimum(distances, _caps(cap, distances))
    return MeanWithMisses(
        mean=float(distances.mean()),
        mean_of_found=float(found.mean()) if found.size else math.nan,
        missed=distances.size - found.size,
        images=distances.size,
    )


def _caps(
    cap: ArrayLike, distances: NDArray[np.float64]
) -> NDArray[np.float64]:
    caps = np.asarray(cap, dtype=np.float64)
    if caps.shape not in ((), distances.shape):
        raise ValueError(
            f"cap must be one number or {distances.size}, one an image, "
            f"got shape {caps.shape}"
        )
    if not (np.isfinite(caps).all() and (caps > 0).all()):
        raise ValueError("cap must be positive and finite")
    return caps
