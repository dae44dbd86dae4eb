"""Masks as polygons, and polygons as masks.

All coordinates are (x, y) in pixels and count pixel edges, as COCO does:
the image's corner is (0, 0), the centre of its first pixel (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from seglab.data.formats import _filling, _tracing
from seglab.data.formats._inputs import (
    BoolArray,
    FloatArray,
    as_masks,
    check_shape,
)
from seglab.extras import optional


# eq would compare arrays, which have no one answer
@dataclass(frozen=True, eq=False, init=False)
class Polygon:
    """An area with one outline and any number of holes.

    Args:
        outer: ring [N, 2] of points (x, y); the last is joined to the
            first, which is not repeated.
        holes: rings [N, 2] inside it.

    Raises:
        ValueError: a ring that is not [N, 2] or not finite. Faults of
            annotation, such as a ring of two points or one that crosses
            itself, are let in for
            :func:`~seglab.data.formats.faults.find_faults` to report.

    >>> Polygon([(0, 0), (2, 0), (2, 1)]).outer.shape
    (3, 2)
    """

    outer: FloatArray
    holes: tuple[FloatArray, ...]

    def __init__(
        self, outer: ArrayLike, holes: Iterable[ArrayLike] = ()
    ) -> None:
        rings = tuple(_ring(hole, "holes") for hole in holes)
        object.__setattr__(self, "outer", _ring(outer, "outer"))
        object.__setattr__(self, "holes", rings)


def mask_to_polygons(mask: ArrayLike) -> list[Polygon]:
    """The exact outlines of a mask, along the edges of its pixels.

    Args:
        mask: [H, W], bool or 0 and 1.

    Returns:
        One polygon for each part, in reading order; none for an empty mask.
        :func:`polygons_to_mask` gives back the very same mask.

    Raises:
        TypeError: a mask of floats.
        ValueError: a mask that is not [H, W], or holds more than 0 and 1.

    Convention:
        Parts are 4-connected: pixels that touch at a corner are two parts.
        Points stand only where the outline turns. Outer rings run clockwise
        on the screen, holes the other way. Rings touch in points at most,
        so that shapely finds the polygons valid.

    >>> polygon, = mask_to_polygons([[1, 1, 0], [0, 0, 0]])
    >>> polygon.outer.tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]
    """
    outlines = _tracing.pixel_outlines(as_masks(mask, "mask", "H, W"))
    return [Polygon(outer, holes) for outer, holes in outlines]


def contours_of(
    probabilities: ArrayLike, level: float = 0.5
) -> list[Polygon]:
    """Outlines of what lies above a level, finer than a pixel.

    Args:
        probabilities: [H, W] scores of any finite range.
        level: an outline runs where the interpolated score equals it.

    Returns:
        One polygon for each 4-connected part above the level.

    Raises:
        ValueError: not [H, W], not finite, or a level that is not finite.
        ImportError: scikit-image is missing.

    Convention:
        Marching squares: a point of the outline lies between the centres of
        two neighbours, one above the level and one at it or below. An
        object that the image cuts ends at the image's border.

    Source:
        Lorensen and Cline 1987, in two dimensions, by scikit-image.

    >>> polygon, = contours_of([[0.0, 0.8, 0.0]])
    >>> polygon.outer.round(3).tolist()  # 0.375 pixels from x = 1.5
    [[1.5, 1.0], [1.125, 0.5], [1.5, 0.0], [1.875, 0.5]]
    """
    scores = np.asarray(probabilities, dtype=np.float64)
    if scores.ndim != 2:
        raise ValueError(
            f"probabilities must be [H, W], got shape {scores.shape}"
        )
    if not np.isfinite(scores).all():
        raise ValueError("probabilities must be finite, got NaN or inf")
    if not math.isfinite(level):
        raise ValueError(f"level must be finite, got {level}")
    if scores.size == 0:
        return []
    outlines = _tracing.level_outlines(scores, level)
    return [Polygon(outer, holes) for outer, holes in outlines]


def polygons_to_mask(
    polygons: Iterable[Polygon], shape: Sequence[int]
) -> BoolArray:
    """The pixels whose centre lies in any of the polygons.

    Args:
        polygons: they may overlap, and may reach beyond the image.
        shape: (height, width) of the mask.

    Returns:
        bool [H, W].

    Raises:
        TypeError: something else than a :class:`Polygon`.
        ValueError: a shape that is not two integers of 0 or more.

    Convention:
        Within a polygon the even-odd rule holds, over outline and holes. A
        centre that lies on a left or upper edge is in, on a right or lower
        edge out: two polygons that share an edge share no pixel and leave
        none between them. (OpenCV's ``fillPoly`` also fills each pixel that
        the outline passes through.)

    >>> polygons_to_mask([Polygon([(0, 0), (3, 0), (0, 3)])], (3, 3)) + 0
    array([[1, 1, 0],
           [1, 0, 0],
           [0, 0, 0]])
    """
    height, width = check_shape(shape)
    shapes = [[p.outer, *p.holes] for p in _checked(polygons)]
    return _filling.fill(shapes, height, width)


def polygon_area(polygon: Polygon) -> float:
    """Area in square pixels, holes subtracted.

    Args:
        polygon: whose outline does not cross itself.

    Raises:
        TypeError: something else than a :class:`Polygon`.

    Convention:
        The shoelace formula; of a traced mask, it counts its pixels.

    >>> polygon_area(Polygon([(0, 0), (4, 0), (4, 3)]))
    6.0
    """
    (polygon,) = _checked([polygon])
    holes = sum(abs(_tracing.ring_area(hole)) for hole in polygon.holes)
    return abs(_tracing.ring_area(polygon.outer)) - holes


def simplify(
    polygons: Iterable[Polygon], tolerance: float
) -> list[Polygon]:
    """The same outlines with fewer points.

    Args:
        polygons: valid ones.
        tolerance: how far a point that is left out may lie from the new
            outline, in pixels, 0 or more.

    Returns:
        A polygon for each one given.

    Raises:
        TypeError: something else than a :class:`Polygon`.
        ValueError: a tolerance that is negative or not finite.
        ImportError: shapely is missing.

    Source:
        Douglas and Peucker 1973, in shapely's variant that keeps a polygon
        valid.

    >>> square = [(0, 0), (1, 0.1), (2, 0), (2, 2), (0, 2)]
    >>> len(simplify([Polygon(square)], 0.5)[0].outer)
    4
    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(
            f"tolerance must be finite and 0 or more, got {tolerance}"
        )
    geometry = optional("shapely.geometry", "simplifying polygons", "data")
    simple = []
    for polygon in _checked(polygons):
        shape = geometry.Polygon(polygon.outer, polygon.holes)
        shape = shape.simplify(tolerance)
        rings = [
            np.asarray(ring.coords)[:-1]
            for ring in (shape.exterior, *shape.interiors)
        ]
        simple.append(Polygon(rings[0], rings[1:]))
    return simple


def _checked(polygons: Iterable[Polygon]) -> list[Polygon]:
    found = list(polygons)
    for polygon in found:
        if not isinstance(polygon, Polygon):
            raise TypeError(
                "polygons must be Polygon, got "
                f"{type(polygon).__name__}; Polygon(points) makes one"
            )
    return found


def _ring(points: ArrayLike, name: str) -> FloatArray:
    ring = np.array(points, dtype=np.float64)
    if ring.size == 0:
        ring = ring.reshape(0, 2)
    if ring.ndim != 2 or ring.shape[1] != 2:
        raise ValueError(
            f"{name} must be points (x, y) [N, 2], got shape {ring.shape}"
        )
    if not np.isfinite(ring).all():
        raise ValueError(f"{name} must be finite, got NaN or inf")
    return ring
