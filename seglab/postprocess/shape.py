"""What is known about shape and place: hulls, containers, sides."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seglab.postprocess._inputs import (
    LabelMap,
    Labels,
    check_labels,
    import_skimage,
)
from seglab.postprocess.components import find_components


def fill_hulls(ids: Labels) -> LabelMap:
    """Replace every object by its convex hull.

    Args:
        ids: [H, W], a number for each object, 0 for background.

    Returns:
        As ``ids``. A pixel that was another object's stays so; where two
        hulls meet on background the smaller number wins.

    Raises:
        TypeError, ValueError: ids are no label map.

    >>> corner = np.array([[4, 0, 0], [4, 4, 0], [4, 4, 4]])
    >>> bool((fill_hulls(corner) == corner).all())
    True
    """
    ids = check_labels(ids)
    measure = import_skimage("measure")
    filled = ids.copy()
    # from the last to the first, so that the first has the last word
    for region in reversed(measure.regionprops(ids)):
        # three pixels in a row have no hull to compute
        hull = region.image_convex if region.area > 2 else region.image
        filled[region.slice][hull] = region.label
    return np.where(ids > 0, ids, filled)


def keep_inside(labels: Labels, containers: Mapping[int, int]) -> LabelMap:
    """Take out pixels of a class that lie outside another's hull.

    Args:
        labels: [H, W], 0 for background.
        containers: class to the class that must contain it, such as a
            nodule to its lung. The container's convex hull counts.

    Returns:
        As ``labels``; what is taken out becomes background. Without its
        container nothing of a class stays.

    Raises:
        TypeError, ValueError: labels are no label map.

    >>> labels = np.array([[1, 0, 1, 0, 2], [1, 2, 1, 0, 0]])
    >>> keep_inside(labels, {2: 1}).tolist()
    [[1, 0, 1, 0, 0], [1, 2, 1, 0, 0]]
    """
    labels = check_labels(labels)
    kept = labels.copy()
    for inner, outer in containers.items():
        kept[(labels == inner) & ~_hull(labels == outer)] = 0
    return kept


def name_sides(
    mask: Labels, *, middle: float | None = None
) -> NDArray[np.uint8]:
    """Parts of a paired organ by the side they lie on.

    Args:
        mask: [H, W]; any label above 0 is the organ.
        middle: column of the body's middle; the centre of the organ if
            None.

    Returns:
        uint8 [H, W]: 1 for parts whose centre lies left of the middle in
        the picture (the patient's right), 2 for the others.

    Raises:
        TypeError, ValueError: mask is no label map.

    >>> name_sides(np.array([[1, 0, 0, 1]])).tolist()
    [[1, 0, 0, 2]]
    """
    found = find_components((check_labels(mask) > 0).astype(np.uint8))
    columns = np.broadcast_to(np.arange(mask.shape[1]), mask.shape)
    if middle is None:
        inside = columns[found.ids > 0]
        middle = float(inside.mean()) if inside.size else 0.0
    total = np.bincount(found.ids.ravel(), columns.ravel())
    centre = total / np.maximum(found.sizes, 1)
    sides = np.where(centre < middle, 1, 2).astype(np.uint8)
    sides[0] = 0
    return sides[found.ids]


def _hull(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if mask.sum() < 3:
        return mask
    morphology = import_skimage("morphology")
    hull: NDArray[np.bool_] = morphology.convex_hull_image(mask)
    return hull
