"""Gaussian filtering in a space of many dimensions, by a lattice.

Averaging every pixel with every other, weighted by a Gaussian of their
features (place and colour), takes N x N steps if it is done as written.
The permutohedral lattice cuts the feature space into simplices. Each pixel
is spread over the corners of its simplex, corners are blurred along the
lattice's directions, and each pixel collects from its corners again.

Source: A. Adams, J. Baek and A. Davis, "Fast High-Dimensional Filtering
Using the Permutohedral Lattice", Eurographics 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]


class PermutohedralLattice:
    """A Gaussian filter over given points; filters any number of values.

    Args:
        features: float [N, D], each divided by the standard deviation
            that the Gaussian has along it.

    Raises:
        ValueError: features have another shape, hold NaN or infinity, or
            span too many standard deviations to number the corners.

    Convention:
        The kernel is 1 at distance 0 up to a factor that is the same for
        all points; normalise by the filtered ones.

    >>> lattice = PermutohedralLattice(np.array([[0.0], [0.0], [90.0]]))
    >>> ones = lattice.filter(np.ones((3, 1), np.float32))
    >>> bool(abs(ones[0, 0] / ones[2, 0] - 2) < 0.1)
    True
    """

    def __init__(self, features: NDArray[np.floating]) -> None:
        points = np.asarray(features, dtype=np.float32)
        if points.ndim != 2 or 0 in points.shape:
            raise ValueError(
                f"features must have shape [N, D], got {points.shape}"
            )
        if not np.isfinite(points).all():
            raise ValueError("features must be finite, got infinity or NaN")
        simplices = _find_simplices(_elevate(points))
        steps, where, codes = _number(simplices)
        count, sides = simplices.shares.shape
        self.splat = sparse.csr_matrix(
            (
                simplices.shares.ravel(),
                (where.ravel(), np.repeat(np.arange(count), sides)),
            ),
            shape=(len(codes), count),
        )
        self.slice = self.splat.T.tocsr()
        self.neighbours = _neighbours(steps, codes)
        self.scale = np.float32(1 / (1 + 2.0 ** (1 - sides)))

    def filter(self, values: Floats) -> Floats:
        """Blur values over the points.

        Args:
            values: float32 [N, C].

        Returns:
            float32 [N, C]: for each point the sum over all points of
            kernel times value.
        """
        lattice: Floats = self.splat @ np.asarray(values, np.float32)
        # a last row of zeros stands for corners that no point touches
        padded = np.zeros((len(lattice) + 1, values.shape[1]), np.float32)
        padded[:-1] = lattice
        for before, after in self.neighbours:
            around = padded.take(before, axis=0)
            around += padded.take(after, axis=0)
            around *= np.float32(0.5)
            padded[:-1] += around
        out: Floats = self.slice @ padded[:-1]
        out *= self.scale
        return out


def _elevate(points: Floats) -> Floats:
    """Onto the plane x0 + ... + xD = 0 in D + 1 dimensions: [N, D + 1].

    Scaled so that blurring once along each direction has the standard
    deviation 1 in every feature.
    """
    dimensions = points.shape[1]
    axis = np.arange(dimensions)
    deviation = np.sqrt(2 / 3) * (dimensions + 1)
    scaled = points * (
        deviation / np.sqrt((axis + 1.0) * (axis + 2.0))
    ).astype(np.float32)
    # the sum of all later features, from the last one backwards
    later = np.cumsum(scaled[:, ::-1], axis=1, dtype=np.float32)[:, ::-1]
    elevated = np.zeros((len(points), dimensions + 1), np.float32)
    elevated[:, 0] = later[:, 0]
    elevated[:, 1:-1] = later[:, 1:]
    elevated[:, 1:] -= (axis + 1) * scaled
    return elevated


@dataclass(frozen=True)
class _Simplices:
    """Which simplex each point lies in, and where in it.

    Attributes:
        origin: int32 [N, D + 1], the simplex's corner of remainder 0.
        rank: int32 [N, D + 1], the order of the coordinates, which says
            which of the simplices at that corner it is.
        shares: float32 [N, D + 1], of the corners; they sum to 1.
    """

    origin: NDArray[np.int32]
    rank: NDArray[np.int32]
    shares: Floats


def _find_simplices(elevated: Floats) -> _Simplices:
    count, sides = elevated.shape
    rounded = np.rint(elevated / sides)
    origin = (rounded * sides).astype(np.int32)
    excess = rounded.sum(1).astype(np.int32)
    # rank 0 for the coordinate that was rounded down the furthest
    order = np.argsort(-(elevated - origin), axis=1, kind="stable")
    rank = np.empty((count, sides), np.int32)
    np.put_along_axis(
        rank, order, np.arange(sides, dtype=np.int32)[None], 1
    )
    # bring the rounded point back onto the plane
    rank += excess[:, None]
    turn = (rank < 0).astype(np.int32) - (rank >= sides)
    rank += sides * turn
    origin += sides * turn
    away = (elevated - origin) / np.float32(sides)
    by_rank = np.empty_like(away)
    np.put_along_axis(by_rank, rank, away, 1)
    shares = np.empty((count, sides), np.float32)
    shares[:, 1:] = by_rank[:, ::-1][:, 1:] - by_rank[:, ::-1][:, :-1]
    shares[:, 0] = 1 + by_rank[:, -1] - by_rank[:, 0]
    return _Simplices(origin, rank, shares)


def _corners(
    origin: NDArray[np.int32], rank: NDArray[np.int32]
) -> NDArray[np.int32]:
    """A corner's first D coordinates, for all corners: [N, D + 1, D]."""
    sides = origin.shape[1]
    corner = np.arange(sides, dtype=np.int32)[None, :, None]
    rank = rank[:, None, :-1]
    return origin[:, None, :-1] + np.where(
        rank < sides - corner, corner, corner - sides
    )


def _number(
    simplices: _Simplices,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give every corner that occurs a number.

    Returns:
        int64 [D], the steps from a corner's coordinates to its code; the
        numbers of each point's corners, [N, D + 1]; the codes by number.
    """
    sides = simplices.origin.shape[1]
    # room for the corners around an origin, and for their neighbours
    spans = np.ptp(simplices.origin[:, :-1], axis=0) + 1 + 4 * sides
    names = sides ** (sides - 1)  # of the simplices at one origin
    if np.prod(spans.astype(float)) * names > 2.0**62:
        raise ValueError(
            "features must span fewer standard deviations, got a range of "
            f"{spans.tolist()} lattice steps"
        )
    steps = np.append(np.cumprod(spans[:0:-1].astype(np.int64))[::-1], 1)
    # neighbouring pixels share a simplex: its corners are numbered once
    digits = sides ** np.arange(sides - 1)
    code = names * (simplices.origin[:, :-1].astype(np.int64) @ steps)
    code += simplices.rank[:, :-1].astype(np.int64) @ digits
    _, first, of_point = np.unique(
        code, return_index=True, return_inverse=True
    )
    corners = _corners(simplices.origin[first], simplices.rank[first])
    codes, where = np.unique(
        corners.astype(np.int64) @ steps, return_inverse=True
    )
    return steps, where.reshape(-1, sides)[of_point], codes


def _neighbours(
    steps: NDArray[np.int64], codes: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Both neighbours of each corner along each of the D + 1 directions.

    Corners that no point touches have the number ``len(codes)``.
    """
    dimensions = len(steps)
    found = []
    for axis in range(dimensions + 1):
        move = -np.ones(dimensions, np.int64)
        if axis < dimensions:
            move[axis] = dimensions
        jump = int(move @ steps)
        found.append(
            (_find(codes, codes + jump), _find(codes, codes - jump))
        )
    return found


def _find(
    codes: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    at = np.searchsorted(codes, wanted)
    at[at == len(codes)] = 0
    return np.where(codes[at] == wanted, at, len(codes))
