"""Smooth outlines of objects, as polygons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from seglab.data.formats.polygons import Polygon, contours_of, simplify
from seglab.postprocess._inputs import Labels, check_labels, check_least


def smooth_outlines(
    ids: Labels, *, sigma: float = 1.0, tolerance: float = 0.1
) -> dict[int, list[Polygon]]:
    """The outline of every object, without its pixel steps.

    Each object is blurred by itself and cut at one half, so straight
    edges stay where they are and corners become round.

    Args:
        ids: [H, W], a number for each object, 0 for background.
        sigma: standard deviation of the blur in pixels; 0 for none.
        tolerance: pixels by which a left-out point may miss the outline.

    Returns:
        Number to polygons with their holes, in pixels as
        ``data.formats.polygons`` counts them. An object that the blur
        wipes out has none.

    Raises:
        TypeError, ValueError: ids are no label map, or a setting is below
            0.
        ImportError: shapely or scikit-image is missing.

    >>> square = np.zeros((12, 12), dtype=int)
    >>> square[3:9, 3:9] = 7
    >>> outlines = smooth_outlines(square, sigma=0.5)
    >>> list(outlines), len(outlines[7])
    ([7], 1)
    """
    ids = check_labels(ids)
    check_least("sigma", sigma, 0)
    check_least("tolerance", tolerance, 0)
    margin = int(4 * sigma) + 2
    outlines = {}
    for number, box in enumerate(ndimage.find_objects(ids), start=1):
        if box is None:
            continue
        top, left = box[0].start, box[1].start
        blurred = np.pad((ids[box] == number).astype(np.float32), margin)
        if sigma:
            blurred = ndimage.gaussian_filter(blurred, sigma)
        found = simplify(contours_of(blurred), tolerance)
        move = np.array([left - margin, top - margin], dtype=float)
        outlines[number] = [_moved(polygon, move) for polygon in found]
    return outlines


def _moved(polygon: Polygon, move: NDArray[np.float64]) -> Polygon:
    return Polygon(
        polygon.outer + move, tuple(hole + move for hole in polygon.holes)
    )
