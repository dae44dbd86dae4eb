"""Split objects that touch: watersheds from distances or from markers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seglab.postprocess._inputs import (
    Labels,
    check_labels,
    check_least,
    import_skimage,
)


def split_touching(
    mask: Labels, *, depth: float = 1.0
) -> NDArray[np.int64]:
    """Number the objects of a mask, and cut those that touch.

    Args:
        mask: [H, W]; any label above 0 is foreground.
        depth: by how many pixels a neck must be narrower, counted from
            its middle to its rim, than both parts that it joins. Larger
            cuts less.

    Returns:
        int64 [H, W], 0 for background, objects from 1.

    Raises:
        TypeError, ValueError: mask is no label map, or the depth is below
            0.

    Convention:
        The distance to the background is the relief, its maxima of at
        least that depth are the markers (h-maxima), and a watershed
        floods from them, over edges and not over corners. Every
        foreground pixel belongs to an object.

    Source:
        Beucher and Lantuejoul 1979; Soille 2003 for h-maxima.

    >>> rows, columns = np.mgrid[:20, :32]
    >>> discs = ((rows - 10) ** 2 + (columns - 10) ** 2 < 64) | (
    ...     (rows - 10) ** 2 + (columns - 22) ** 2 < 64)
    >>> split_touching(discs).max()
    np.int64(2)
    """
    foreground = check_labels(mask) > 0
    check_least("depth", depth, 0)
    distance = ndimage.distance_transform_edt(foreground)
    return split_by_markers(
        foreground, _deep_maxima(distance, depth), relief=-distance
    )


def split_by_markers(
    mask: Labels,
    markers: Labels,
    *,
    relief: NDArray[np.floating] | None = None,
) -> NDArray[np.int64]:
    """Share a mask out among markers.

    Args:
        mask: [H, W]; any label above 0 is foreground.
        markers: [H, W], one number for each object, 0 elsewhere; clicks
            or seeds of a network.
        relief: float [H, W], flooded from the markers upwards; the
            negative distance to the background if None.

    Returns:
        int64 [H, W] with the markers' numbers; foreground that no marker
        reaches is 0.

    Raises:
        TypeError, ValueError: mask or markers are no label map, or sizes
            differ.

    >>> mask = np.ones((1, 6), dtype=int)
    >>> split_by_markers(mask, np.array([[5, 0, 0, 0, 0, 8]]),
    ...                  relief=np.array([[0, 1, 2, 2, 1, 0.0]])).tolist()
    [[5, 5, 5, 8, 8, 8]]
    """
    foreground = check_labels(mask) > 0
    markers = check_labels(markers)
    if relief is None:
        relief = -ndimage.distance_transform_edt(foreground)
    for name, other in (("markers", markers), ("relief", relief)):
        if other.shape != foreground.shape:
            raise ValueError(
                f"{name} must have the mask's shape {foreground.shape}, "
                f"got {other.shape}"
            )
    segmentation = import_skimage("segmentation")
    parts = segmentation.watershed(relief, markers, mask=foreground)
    return parts.astype(np.int64)


def _deep_maxima(
    distance: NDArray[np.float64], depth: float
) -> NDArray[np.int64]:
    """Numbered maxima that stand out by a depth: [H, W].

    Every connected part has one at least: a part that is shallower than
    the depth, as a speck is, is its own marker.
    """
    measure = import_skimage("measure")
    morphology = import_skimage("morphology")
    # lowered by the depth and grown back under the relief, shallow
    # maxima drown; what still stands out is a maximum of that depth
    drowned = morphology.reconstruction(
        distance - max(depth, 1e-6), distance, method="dilation"
    )
    tops = morphology.local_maxima(drowned) & (distance > 0)
    parts = measure.label(distance > 0, connectivity=1)
    has_top = np.zeros(parts.max(initial=0) + 1, dtype=bool)
    has_top[parts[tops]] = True
    tops |= (parts > 0) & ~has_top[parts]
    # a flat top may reach over a corner into another part
    pairs = np.stack([measure.label(tops, connectivity=2), parts])[:, tops]
    numbered = np.zeros(distance.shape, np.int64)
    if pairs.size:
        _, where = np.unique(pairs, axis=1, return_inverse=True)
        numbered[tops] = where.ravel() + 1
    return numbered
