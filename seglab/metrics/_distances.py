"""Boundaries of masks, and how far their pixels lie from another's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from seglab.metrics._inputs import Masks, binary_mask, check_same_shape

ROUNDING = 1e-9


def mask_pair(
    prediction: Masks, truth: Masks, layouts: dict[int, str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two bool masks of one shape, with a number of axes in layouts."""
    masks = (
        binary_mask(prediction, "prediction"),
        binary_mask(truth, "truth"),
    )
    check_same_shape(*masks)
    if masks[0].ndim not in layouts:
        raise ValueError(
            f"prediction must be {' or '.join(layouts.values())}, got "
            f"shape {masks[0].shape}"
        )
    return masks


def check_spacing(
    spacing: Sequence[float] | None, axes: int
) -> NDArray[np.float64]:
    """The size of a pixel along each axis; 1 where none is given."""
    if spacing is None:
        return np.ones(axes)
    try:
        sizes = np.asarray(spacing, dtype=np.float64)
    except (TypeError, ValueError):
        sizes = np.empty(0)
    wanted = sizes.shape == (axes,) and np.isfinite(sizes).all()
    if not (wanted and (sizes > 0).all()):
        raise ValueError(
            f"spacing must be {axes} positive numbers, one an axis, got "
            f"{spacing!r}"
        )
    return sizes


def check_tolerance(tolerance: float) -> float:
    """The tolerance, plus what rounding may add to a distance."""
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance must be 0 or more, got {tolerance}")
    return tolerance * (1 + ROUNDING)


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box around all that is set; empty if nothing is."""
    box = []
    for _ in range(mask.ndim):
        rows = np.flatnonzero(mask.any(axis=tuple(range(1, mask.ndim))))
        box.append(slice(rows[0], rows[-1] + 1) if rows.size else slice(0))
        mask = np.asarray(mask[box[-1]].any(axis=0))
    return tuple(box)


def boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the mask with a face on the outside or the array's edge."""
    inside = mask.copy()
    for axis in range(mask.ndim):
        rows = np.moveaxis(mask, axis, 0)
        inner = np.moveaxis(inside, axis, 0)  # a view: writes to inside
        inner[1:] &= rows[:-1]
        inner[:-1] &= rows[1:]
        inner[:1] = inner[-1:] = False
    return mask ^ inside


def band(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Pixels of a mask [H, W] within ``width`` pixels of its outside."""
    width = min(width, max(mask.shape))
    window = 2 * width + 1
    whole = np.pad(mask, width)
    # each pass tells of a wider square whether all of it is set
    side = 1
    while side < window:
        step = min(side, window - side)
        whole = whole[:-step] & whole[step:]
        whole = whole[:, :-step] & whole[:, step:]
        side += step
    return mask ^ whole


def contour_lengths(
    mask: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Length of the contour at each corner of pixels, [H + 1, W + 1]."""
    whole = np.pad(mask, 1).astype(np.intp)
    corner = (
        8 * whole[:-1, :-1]
        + 4 * whole[:-1, 1:]
        + 2 * whole[1:, :-1]
        + whole[1:, 1:]
    )
    row, column = spacing
    slant = math.hypot(row, column)
    lengths = np.full(16, slant / 2)  # one pixel stands out
    lengths[[0b0000, 0b1111]] = 0
    lengths[[0b0011, 0b1100]] = column
    lengths[[0b0101, 0b1010]] = row
    lengths[[0b0110, 0b1001]] = slant
    return lengths[corner]


def boundary_distances(
    prediction: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    spacing: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each boundary pixel to the other's, both directions."""
    box = bounding_box(prediction | truth)
    return point_distances(
        boundary(prediction[box]), boundary(truth[box]), spacing
    )


def point_distances(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    spacing: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each set pixel to the other's nearest, both ways."""
    points = _positions(first, spacing), _positions(second, spacing)
    return (
        _nearest(points[0], second[first], points[1]),
        _nearest(points[1], first[second], points[0]),
    )


def _positions(
    mask: NDArray[np.bool_], spacing: NDArray[np.float64]
) -> NDArray[np.float64]:
    # several times as fast as argwhere
    index = np.unravel_index(np.flatnonzero(mask), mask.shape)
    return np.transpose(index) * spacing


def _nearest(
    points: NDArray[np.float64],
    shared: NDArray[np.bool_],
    others: NDArray[np.float64],
) -> NDArray[np.float64]:
    if not len(others):
        return np.full(len(points), math.inf)
    distances = np.zeros(len(points))
    # shared pixels lie at 0: only the rest have to search
    apart = ~shared
    if apart.any():
        tree = cKDTree(others, leafsize=32, balanced_tree=False)
        distances[apart] = tree.query(points[apart])[0]
    return distances
