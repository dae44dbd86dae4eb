"""Opening and closing of all classes of a label map at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seglab.postprocess._inputs import (
    LabelMap,
    Labels,
    check_labels,
    check_least,
)


def open_labels(labels: Labels, radius: float) -> LabelMap:
    """Take away what is too thin for a disc, from every class.

    Args:
        labels: [H, W], 0 for background.
        radius: of the disc, in pixels.

    Returns:
        As ``labels``; what is taken away becomes background.

    Raises:
        TypeError, ValueError: labels are no label map, or the radius is
            below 0.

    Convention:
        The image goes on beyond its rim as it is there, so that nothing
        is lost at the rim alone.

    Source:
        Serra 1982. All classes at once, because a disc that fits into one
        class stays away from every other.

    >>> bridge = np.ones((5, 9), dtype=int)
    >>> bridge[[0, 1, 3, 4], 3:6] = 0
    >>> open_labels(bridge, 1)[2].tolist()
    [1, 1, 1, 1, 0, 1, 1, 1, 1]
    """
    labels = check_labels(labels)
    check_least("radius", radius, 0)
    reach = int(radius)
    wide = np.pad(labels, reach, mode="edge") if labels.size else labels
    disc = _disc(radius)
    # the disc around a core pixel holds one class only
    core = ndimage.minimum_filter(
        wide, footprint=disc
    ) == ndimage.maximum_filter(wide, footprint=disc)
    core &= wide > 0
    # any core within a radius of a pixel is of the pixel's own class
    kept = _within(core, radius) & (wide > 0)
    kept = kept[reach : len(wide) - reach, reach : wide.shape[1] - reach]
    return np.where(kept, labels, 0).astype(labels.dtype)


def close_labels(labels: Labels, radius: float) -> LabelMap:
    """Fill gaps of the background that are too narrow for a disc.

    Args:
        labels: [H, W], 0 for background.
        radius: of the disc, in pixels.

    Returns:
        As ``labels``; what is filled belongs to the nearest object.

    Raises:
        TypeError, ValueError: labels are no label map, or the radius is
            below 0.

    Convention:
        A gap between two classes is shared out between them.

    >>> gap = np.ones((5, 9), dtype=int)
    >>> gap[:, 4] = 0
    >>> bool(close_labels(gap, 1).all())
    True
    """
    labels = check_labels(labels)
    if not labels.any():
        return labels.copy()
    roomy = open_labels((labels == 0).astype(np.uint8), radius)
    gaps = (labels == 0) & (roomy == 0)
    nearest = ndimage.distance_transform_edt(
        labels == 0, return_distances=False, return_indices=True
    )
    return np.where(gaps, labels[tuple(nearest)], labels)


def _within(core: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Pixels that have a core pixel within a radius."""
    if not core.any():
        return np.zeros_like(core)
    away: NDArray[np.float64] = ndimage.distance_transform_edt(~core)
    return away <= radius


def _disc(radius: float) -> NDArray[np.bool_]:
    reach = int(radius)
    rows, columns = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return rows**2 + columns**2 <= radius**2
