"""Splits that keep what is nearly the same picture on one side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seglab.data._dealing import Dealing

Indices: TypeAlias = NDArray[np.int64]


def slab_split(
    z: ArrayLike,
    *,
    held_out: float = 0.25,
    gap: int = 3,
    slabs: int = 4,
) -> tuple[Indices, Indices]:
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


def group_split(
    groups: ArrayLike,
    *,
    shares: Sequence[float] = (0.7, 0.15, 0.15),
    seed: int = 0,
) -> tuple[Indices, ...]:
    """Split items into parts; all items of one group go to one part.

    A group is what makes items alike: a patient, a scan, a film's shots.

    Args:
        groups: [N] the group of each item: numbers or strings.
        shares: the part of the items that each side should get, above 0,
            together 1; by default training, validation and test.
        seed: another seed deals the groups out differently.

    Returns:
        One array of indices into ``groups`` a share, ascending.

    Raises:
        ValueError: groups that are not [N] or have gaps, fewer groups
            than shares, or shares that do not add up to 1.

    Convention:
        Shares are of items, not of groups. Groups come in a random order,
        each to the part that lacks most. So no part is empty, and none
        exceeds its share by as much as the largest group.

    >>> patient = ["a", "a", "b", "c", "c", "d", "e", "e"]
    >>> parts = group_split(patient, shares=(0.5, 0.25, 0.25))
    >>> [sorted({patient[i] for i in part}) for part in parts]
    [['c', 'e'], ['b', 'd'], ['a']]
    """
    wanted = _check_shares(shares)
    names, group_of = _check_groups(groups, len(wanted), "shares")
    sizes = np.bincount(group_of)
    lack = wanted * len(group_of)
    part_of, empty = np.zeros(len(names), np.int64), set(range(len(wanted)))
    order = np.random.default_rng(seed).permutation(len(names))
    for left, group in zip(range(len(order), 0, -1), order, strict=True):
        # the last groups are kept for parts that have none
        choice = sorted(empty) if left <= len(empty) else range(len(lack))
        part = max(choice, key=lambda one: lack[one])
        part_of[group] = part
        lack[part] -= sizes[group]
        empty.discard(part)
    item_part = part_of[group_of]
    return tuple(np.flatnonzero(item_part == p) for p in range(len(lack)))


def leave_one_group_out(
    groups: ArrayLike,
) -> dict[Any, tuple[Indices, Indices]]:
    """Hold each group out once: is the next centre like the others?

    Args:
        groups: [N] the group of each item: its centre, scanner or year.

    Returns:
        For each group, in order, training and test indices, ascending.

    Raises:
        ValueError: groups that are not [N] or have gaps, or only one.

    >>> splits = leave_one_group_out(["A", "B", "A"])
    >>> for centre, (train, test) in splits.items():
    ...     print(centre, train.tolist(), test.tolist())
    A [1] [0, 2]
    B [0, 2] [1]
    """
    names, group_of = _check_groups(groups, 2, "a training and a test side")
    return {
        name: (
            np.flatnonzero(group_of != number),
            np.flatnonzero(group_of == number),
        )
        for number, name in enumerate(names.tolist())
    }


def stratified_group_folds(
    presence: ArrayLike,
    groups: ArrayLike,
    *,
    folds: int = 5,
    seed: int = 0,
) -> list[tuple[Indices, Indices]]:
    """Folds for cross-validation, with every class in every fold if it can.

    Items of one group stay together. First as many (fold, class) pairs as
    can be had are filled; then the folds' sizes and classes are evened.

    Args:
        presence: bool [N, C], the classes in each item (of
            :func:`~seglab.data.sampling.class_presence`, say); any number
            of them in one item.
        groups: [N] the group of each item: numbers or strings.
        folds: how many, 2 or more.
        seed: another seed deals the groups out differently.

    Returns:
        For each fold, training and test indices, ascending. Every item is
        in one test fold.

    Raises:
        TypeError: a presence that is not bool.
        ValueError: shapes that do not fit, groups with gaps, or fewer
            groups than folds.

    Convention:
        A class in fewer groups than folds is missing from some of them,
        and no split can help. Groups of the rarest class are dealt first,
        then moved and swapped while that helps: a heuristic, since the
        best split is out of reach for many groups. scikit-learn's
        ``StratifiedGroupKFold`` takes one label an item.

    Source:
        Sechidis et al. 2011 for dealing by the rarest label.

    >>> presence = np.eye(2, dtype=bool)[[0, 0, 0, 1, 0, 1]]
    >>> patient = ["a", "a", "b", "b", "c", "d"]
    >>> for _, test in stratified_group_folds(presence, patient, folds=2):
    ...     print(test.tolist(), presence[test].any(axis=0).tolist())
    [0, 1, 5] [True, True]
    [2, 3, 4] [True, True]
    """
    if folds < 2:
        raise ValueError(f"folds must be 2 or more, got {folds}")
    names, group_of = _check_groups(groups, folds, "folds")
    found = _check_presence(presence, len(group_of))
    # the first column counts items, so an empty fold is a missing class
    columns = np.hstack([np.ones((len(found), 1), bool), found])
    counts = np.zeros((len(names), columns.shape[1]))
    np.add.at(counts, group_of, columns)
    dealing = Dealing(counts, folds, np.random.default_rng(seed))
    dealing.deal()
    dealing.even()
    fold_of = dealing.fold_of[group_of]
    return [
        (np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold))
        for fold in range(folds)
    ]


def _check_groups(
    groups: ArrayLike, least: int, purpose: str
) -> tuple[NDArray[np.generic], Indices]:
    """The groups' names, in order, and the number of each item's."""
    values = np.asarray(groups)
    if values.ndim != 1 or not len(values):
        raise ValueError(
            "groups must be one-dimensional and not empty, got shape "
            f"{values.shape}"
        )
    # NaN differs from itself
    if any(value is None or value != value for value in values.tolist()):
        raise ValueError("groups must name a group for every item")
    names, group_of = np.unique(values, return_inverse=True)
    if len(names) < least:
        raise ValueError(
            f"groups must hold {least} or more for {purpose}, got "
            f"{len(names)}"
        )
    return names, group_of


def _check_shares(shares: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(shares, dtype=float)
    if (
        values.ndim != 1
        or len(values) < 2
        or not (values > 0).all()
        or not np.isclose(values.sum(), 1)
    ):
        raise ValueError(
            "shares must be two or more numbers above 0 that add up to 1, "
            f"got {list(shares)}"
        )
    return values


def _check_presence(presence: ArrayLike, items: int) -> NDArray[np.bool_]:
    values = np.asarray(presence)
    if values.dtype != bool:
        raise TypeError(f"presence must be bool, got {values.dtype}")
    if values.ndim != 2 or len(values) != items:
        raise ValueError(
            "presence must be [N, C] with one row for each of the "
            f"{items} items in groups, got shape {values.shape}"
        )
    return values
