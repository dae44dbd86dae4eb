"""Splits that keep what is nearly the same picture on one side."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def slab_split(
    z: ArrayLike,
    *,
    held_out: float = 0.25,
    gap: int = 3,
    slabs: int = 4,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split slices into training and test slabs that do not touch.

    Neighbouring slices are nearly the same picture, so a random split
    would test on what was trained on. Here the scan is cut into
    ``slabs`` equal stretches; the middle of each is held out, and slices
    within ``gap`` of a held-out slice are left out of both.

    Args:
        z: [N] places of the slices in the scan, in any order.
        held_out: share of the slices to test on, between 0 and 1.
        gap: a training slice is further than this from every test slice,
            in the units of ``z``.
        slabs: number of held-out slabs.

    Returns:
        Training and test indices into ``z``, ascending.

    Raises:
        ValueError: an argument makes no sense, or a side is left empty.

    >>> train, test = slab_split(range(12), gap=1, slabs=1)
    >>> train.tolist(), test.tolist()
    ([0, 1, 2, 8, 9, 10, 11], [4, 5, 6])
    """
    places = np.asarray(z)
    _check_split(places, held_out, gap, slabs)
    test = np.zeros(len(places), dtype=bool)
    for stretch in np.array_split(np.unique(places), slabs):
        count = round(held_out * len(stretch))
        first = (len(stretch) - count) // 2
        test |= np.isin(places, stretch[first : first + count])
    if not test.any():
        raise ValueError(
            f"held_out={held_out} of {len(places)} slices in {slabs} slabs "
            "leaves no test slice; hold out more or use fewer slabs"
        )
    distance = np.abs(places[:, None] - places[test][None]).min(axis=1)
    train = distance > gap
    if not train.any():
        raise ValueError(
            f"gap={gap} leaves no training slice among {len(places)}; "
            "use a smaller gap or fewer slabs"
        )
    return np.flatnonzero(train), np.flatnonzero(test)


def _check_split(
    places: NDArray[np.generic], held_out: float, gap: int, slabs: int
) -> None:
    if places.ndim != 1 or len(places) < 2:
        raise ValueError(
            "z must be one-dimensional with two slices or more, got shape "
            f"{places.shape}"
        )
    if not 0 < held_out < 1:
        raise ValueError(
            f"held_out must lie between 0 and 1, got {held_out}"
        )
    if gap < 0:
        raise ValueError(f"gap must be 0 or more, got {gap}")
    if slabs < 1:
        raise ValueError(f"slabs must be 1 or more, got {slabs}")
