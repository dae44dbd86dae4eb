"""Boundaries of masks, and how far their pixels lie from another's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from seglab.metrics._compiled import can_search, nearest_in_rows
from seglab.metrics._inputs import Masks, binary_mask, check_same_shape

ROUNDING = 1e-9
MANY = 10_000  # points worth another thread


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


def ringed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask with a ring of outside around it, one pixel wide."""
    whole = np.zeros([side + 2 for side in mask.shape], dtype=bool)
    whole[(slice(1, -1),) * mask.ndim] = mask
    return whole


def boundary(whole: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a ringed mask that have a face on the outside."""
    # in one row of bytes a neighbour is a stride away, and where a row of
    # the picture ends, the ring stands between it and the next
    flat = whole.reshape(-1)
    inside = flat.copy()
    for stride in whole.strides:
        inside[stride:] &= flat[:-stride]
        inside[:-stride] &= flat[stride:]
    return (flat ^ inside).reshape(whole.shape)


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


def boundary_distances(
    prediction: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    spacing: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each boundary pixel to the other's, both directions."""
    box = bounding_box(prediction | truth)
    return point_distances(
        boundary(ringed(prediction[box])),
        boundary(ringed(truth[box])),
        spacing,
    )


def point_distances(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    spacing: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each set pixel to the other's nearest, both ways."""
    at = np.flatnonzero(first), np.flatnonzero(second)
    few = min(map(len, at))
    if few and can_search(len(at[0]) + len(at[1]), first.ndim):
        there, back = (
            nearest_in_rows(*pair, first.shape, spacing)
            for pair in (at, at[::-1])
        )
        return there, back
    # several times as fast as argwhere
    points = [
        np.transpose(np.unravel_index(places, first.shape)) * spacing
        for places in at
    ]
    return (
        _nearest(points[0], second.reshape(-1)[at[0]], points[1]),
        _nearest(points[1], first.reshape(-1)[at[1]], points[0]),
    )


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
        # a few points are found before a second thread has started
        many = len(points) > MANY
        workers = torch.get_num_threads() if many else 1
        distances[apart] = tree.query(points[apart], workers=workers)[0]
    return distances
