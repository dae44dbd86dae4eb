"""Connected components of all classes at once: by size, by rank, holes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seglab.postprocess._inputs import (
    LabelMap,
    Labels,
    check_labels,
    check_least,
    import_skimage,
)


@dataclass(frozen=True, eq=False)
class Components:
    """Every connected part of every class.

    Attributes:
        ids: int64 [H, W], 0 for background, else the number of the part.
        classes: int64 [n + 1], the class of each part; 0 for part 0.
        sizes: int64 [n + 1], in pixels; those of the background first.
    """

    ids: NDArray[np.int64]
    classes: NDArray[np.int64]
    sizes: NDArray[np.int64]


def find_components(labels: Labels) -> Components:
    """Find the connected parts of every class in one pass.

    Args:
        labels: [H, W], 0 for background.

    Raises:
        TypeError, ValueError: labels are no label map.

    Convention:
        4-connected: pixels that touch at a corner are apart. Two classes
        that touch are two parts.

    >>> found = find_components(np.array([[1, 1, 0, 1], [2, 0, 0, 1]]))
    >>> found.classes.tolist(), found.sizes.tolist()
    ([0, 1, 1, 2], [3, 2, 2, 1])
    """
    labels = check_labels(labels)
    measure = import_skimage("measure")
    ids = measure.label(labels, background=0, connectivity=1)
    ids = ids.astype(np.int64, copy=False)
    sizes = np.bincount(ids.ravel(), minlength=1)
    classes = np.zeros(len(sizes), np.int64)
    classes[ids.ravel()] = labels.ravel()
    return Components(ids, classes, sizes)


def remove_small(labels: Labels, least: int) -> LabelMap:
    """Take out every part with fewer pixels.

    Args:
        labels: [H, W], 0 for background.
        least: pixels that a part needs to stay.

    Returns:
        As ``labels``; what is taken out becomes background.

    Raises:
        TypeError, ValueError: labels are no label map, or ``least`` is
            below 0.

    >>> remove_small(np.array([[1, 1, 0, 1]]), 2).tolist()
    [[1, 1, 0, 0]]
    """
    check_least("least", least, 0)
    labels = check_labels(labels)
    found = find_components(labels)
    return _keep(labels, found, found.sizes >= least)


def keep_largest(
    labels: Labels, counts: int | Mapping[int, int]
) -> LabelMap:
    """Keep the largest parts of every class.

    Args:
        labels: [H, W], 0 for background.
        counts: how many parts of a class stay, for all classes, or by
            class; classes that are not named keep all.

    Returns:
        As ``labels``; what is taken out becomes background.

    Raises:
        TypeError, ValueError: labels are no label map, or a count is
            below 0.

    Convention:
        Of equal parts the one that begins further up stays.

    >>> keep_largest(np.array([[1, 0, 1, 1, 0, 2]]), 1).tolist()
    [[0, 0, 1, 1, 0, 2]]
    """
    labels = check_labels(labels)
    found = find_components(labels)
    if isinstance(counts, Mapping):
        wanted = {int(label): count for label, count in counts.items()}
    else:
        wanted = dict.fromkeys(found.classes[1:].tolist(), counts)
    for label, count in wanted.items():
        check_least(f"the count of class {label}", count, 0)
    # largest first within each class; a stable sort keeps the upper one
    order = np.lexsort((-found.sizes[1:], found.classes[1:])) + 1
    classes = found.classes[order]
    first = np.searchsorted(classes, classes)
    rank = np.arange(len(order)) - first
    limit = [wanted.get(label, len(order)) for label in classes.tolist()]
    stays = np.ones(len(found.sizes), dtype=bool)
    stays[order] = rank < limit
    return _keep(labels, found, stays)


def fill_holes(labels: Labels, most: int | None = None) -> LabelMap:
    """Fill background that a single class encloses.

    Args:
        labels: [H, W], 0 for background.
        most: pixels of the largest hole to fill; any if None.

    Returns:
        As ``labels``, with each hole in the class around it.

    Raises:
        TypeError, ValueError: labels are no label map, or ``most`` is
            below 0.

    Convention:
        A hole touches neither the image's rim nor two classes. It is
        8-connected, as what is around it is 4-connected.

    >>> ring = np.array([[3, 3, 3], [3, 0, 3], [3, 3, 3]])
    >>> fill_holes(ring)[1, 1]
    np.int64(3)
    """
    labels = check_labels(labels)
    if most is not None:
        check_least("most", most, 0)
    if not labels.size:
        return labels.copy()
    measure = import_skimage("measure")
    holes = measure.label(labels == 0, background=0, connectivity=2)
    around = _only_neighbour(holes, labels)
    sizes = np.bincount(holes.ravel(), minlength=len(around))
    if most is not None:
        around[sizes > most] = 0
    for rim in (holes[0], holes[-1], holes[:, 0], holes[:, -1]):
        around[rim] = 0
    around[0] = 0
    return np.where(holes > 0, around[holes], labels).astype(labels.dtype)


def _only_neighbour(
    holes: NDArray[np.integer], labels: LabelMap
) -> NDArray[np.int64]:
    """The class around each hole, or 0 where there are several."""
    lowest = np.full(holes.max(initial=0) + 1, np.iinfo(np.int64).max)
    highest = np.zeros(len(lowest), np.int64)
    for one, other in (
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:, 1:], np.s_[:, :-1]),
    ):
        for here, there in ((one, other), (other, one)):
            beside = (holes[here] > 0) & (labels[there] > 0)
            ids, found = holes[here][beside], labels[there][beside]
            np.minimum.at(lowest, ids, found)
            np.maximum.at(highest, ids, found)
    return np.where(lowest == highest, highest, 0)


def _keep(
    labels: LabelMap, found: Components, stays: NDArray[np.bool_]
) -> LabelMap:
    return np.where(stays[found.ids], labels, 0).astype(labels.dtype)
