"""Length or area of the surface that passes between pixels or voxels.

A surface element stands at each corner where 2 x 2 pixels, or 2 x 2 x 2
voxels, meet and do not agree. Which of them are set is a number, its code,
and a table gives the element's size for each code.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._distances import ringed

Corner: TypeAlias = tuple[int, ...]
Point: TypeAlias = tuple[float, ...]

CUBE: list[Corner] = list(itertools.product((0, 1), repeat=3))


def corner_codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Which neighbours of each corner are set: 4 bits in 2-D, 8 in 3-D.

    The first bit is the neighbour before the corner along every axis, the
    last the one after it along every axis; the mask is ringed by outside.
    """
    whole = ringed(mask).view(np.uint8)
    codes = np.zeros([side + 1 for side in mask.shape], dtype=np.uint8)
    for corner in itertools.product((0, 1), repeat=mask.ndim):
        window = tuple(
            slice(at, at + side)
            for at, side in zip(corner, codes.shape, strict=True)
        )
        codes <<= 1
        codes |= whole[window]
    return codes


def element_sizes(spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """The length [16] or the area [256] that belongs to each code."""
    return _lengths(*spacing) if len(spacing) == 2 else _areas(spacing)


def _lengths(row: float, column: float) -> NDArray[np.float64]:
    slant = math.hypot(row, column)
    lengths = np.full(16, slant / 2)  # one pixel stands out
    lengths[[0b0000, 0b1111]] = 0
    lengths[[0b0011, 0b1100]] = column
    lengths[[0b0101, 0b1010]] = row
    lengths[[0b0110, 0b1001]] = slant
    return lengths


def _areas(spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    # a unit of area that faces an axis grows with the other two spacings
    faces = spacing.prod() / spacing
    return np.array(
        [
            np.linalg.norm(vectors * faces, axis=1).sum()
            for vectors in _triangles()
        ]
    )


@functools.cache
def _triangles() -> list[NDArray[np.float64]]:
    """Area vectors [T, 3] of each code's triangles, by marching cubes.

    Two rules settle what marching cubes leaves open. Where set and unset
    voxels are equally many on a face but lie crosswise, the rarer kind of
    the cube is cut off corner by corner. And of the fans of triangles that
    fill an outline, the one with the largest area counts. With these the
    areas are those of Nikolov et al. for every code.
    """
    table = []
    for code in range(128):
        inside = {
            corner
            for bit, corner in enumerate(CUBE)
            if code & (0b1000_0000 >> bit)
        }
        if len(inside) > 4:
            inside = set(CUBE) - inside
        fans = [_largest_fan(outline) for outline in _outlines(inside)]
        table.append(np.concatenate([np.zeros((0, 3)), *fans]))
    # the other half of the codes has set and unset exchanged
    return table + table[::-1]


def _outlines(inside: set[Corner]) -> list[list[Point]]:
    """Closed lines on the cube's faces that part inside from outside."""
    ahead: dict[Point, list[Point]] = {}
    for axis, side in itertools.product(range(3), (0, 1)):
        face = [corner for corner in CUBE if corner[axis] == side]
        # midpoints of the face's edges between inside and outside; of
        # four, the first two belong to one corner, the others to another
        cuts = [
            tuple(np.add(one, other) / 2)
            for one in face
            for other in face
            if one in inside and other not in inside
            if np.abs(np.subtract(one, other)).sum() == 1
        ]
        for start, end in zip(cuts[::2], cuts[1::2], strict=True):
            ahead.setdefault(start, []).append(end)
            ahead.setdefault(end, []).append(start)
    outlines = []
    while ahead:
        outlines.append([next(iter(ahead))])
        for point in outlines[-1]:
            onward = [end for end in ahead.pop(point) if end in ahead]
            outlines[-1].extend(onward[:1])
    return outlines


def _largest_fan(outline: list[Point]) -> NDArray[np.float64]:
    """Area vectors of the outline's fan of triangles with most area."""
    fans = []
    for start in range(len(outline)):
        points = np.roll(outline, -start, axis=0)
        rays = points[1:] - points[0]
        fans.append(np.cross(rays[:-1], rays[1:]) / 2)
    return max(fans, key=lambda fan: np.linalg.norm(fan, axis=1).sum())
