"""A few items that stand for all: core-sets of embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from seglab.active._inputs import FloatArray, IntArray, as_points


def k_centre_greedy(
    embeddings: ArrayLike, labelled: Sequence[int], count: int
) -> IntArray:
    """Choose items so that none is far from a labelled or chosen one.

    Again and again the item is taken that lies farthest from all that are
    labelled or taken.

    Args:
        embeddings: [N, D].
        labelled: indices of those that have labels.
        count: how many to choose.

    Returns:
        Indices into the embeddings, in the order of choice.

    Raises:
        ValueError: embeddings that are not [N, D] and finite, a label
            that is out of range or named twice, or more to choose than
            there are.

    Convention:
        Euclidean distance. With no label yet the first choice is the item
        next to the mean. In a tie the first item. The radius is at most
        twice the best one possible.

    Source:
        Gonzalez 1985; Sener and Savarese 2018 for active learning.

    >>> line = [[0.0], [1.0], [9.0], [10.0]]
    >>> k_centre_greedy(line, [0], 2).tolist()
    [3, 1]
    """
    points = as_points(embeddings, "embeddings")
    known = check_labelled(labelled, len(points))
    if not 0 <= count <= len(points) - len(known):
        raise ValueError(
            f"count must be from 0 to the {len(points) - len(known)} items "
            f"without a label, got {count}"
        )
    nearest = np.full(len(points), np.inf)
    for index in known:
        nearest = np.minimum(nearest, _distances(points, int(index)))
    nearest[known] = -1
    chosen: list[int] = []
    while len(chosen) < count:
        if not len(known) and not chosen:
            offset = points - points.mean(axis=0)
            index = int((offset**2).sum(axis=1).argmin())
        else:
            index = int(nearest.argmax())
        chosen.append(index)
        taken = nearest < 0
        nearest = np.minimum(nearest, _distances(points, index))
        nearest[taken] = nearest[index] = -1
    return np.array(chosen, np.int64)


def cover_radius(embeddings: ArrayLike, centres: Sequence[int]) -> float:
    """How far the loneliest item is from its nearest centre.

    Args:
        embeddings: [N, D].
        centres: indices, one or more.

    Raises:
        ValueError: as ``k_centre_greedy``, or no centre.

    >>> cover_radius([[0.0], [1.0], [5.0]], [1])
    4.0
    """
    points = as_points(embeddings, "embeddings")
    known = check_labelled(centres, len(points))
    if not len(known):
        raise ValueError("centres must hold one index or more, got none")
    nearest = np.min([_distances(points, int(i)) for i in known], axis=0)
    return float(nearest.max())


def check_labelled(indices: Sequence[int], count: int) -> IntArray:
    """Indices of some of ``count`` items, none twice.

    Raises:
        ValueError: one is out of range or named twice.

    >>> check_labelled([2, 0], 3).tolist()
    [2, 0]
    """
    known = np.asarray(indices, dtype=np.int64).reshape(-1)
    if len(np.unique(known)) != len(known):
        raise ValueError("labelled must name each item once, got one twice")
    if len(known) and not (known.min() >= 0 and known.max() < count):
        raise ValueError(
            f"labelled must be indices below {count}, got "
            f"{int(known.min())} to {int(known.max())}"
        )
    return known


def _distances(points: FloatArray, index: int) -> FloatArray:
    return np.asarray(np.linalg.norm(points - points[index], axis=1))
