"""Slabs that do not touch, and groups that stay together."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold

from seglab.data.splits import (
    group_split,
    leave_one_group_out,
    slab_split,
    stratified_group_folds,
)


@given(
    st.integers(20, 150),
    st.integers(0, 5),
    st.integers(1, 5),
    st.floats(0.1, 0.5),
    st.integers(1, 3),
)
def test_slabs_keep_their_distance(count, gap, slabs, held_out, every):
    z = np.arange(0, count * every, every)
    try:
        train, test = slab_split(z, held_out=held_out, gap=gap, slabs=slabs)
    except ValueError as error:
        assume("leaves no" not in str(error))
        raise
    distances = np.abs(z[train][:, None] - z[test][None])
    assert distances.min() > gap
    assert abs(len(test) - held_out * count) <= 0.5 * slabs + 1e-9
    # at most slabs contiguous stretches are held out
    assert np.sum(np.diff(test) > 1) <= slabs - 1


def test_only_the_gap_is_left_out():
    train, test = slab_split(range(40), gap=2, slabs=2)
    assert len(train) + len(test) == 40 - 2 * 2 * 2


def test_order_does_not_matter():
    z = np.random.default_rng(0).permutation(60)
    train, test = slab_split(z)
    sorted_train, sorted_test = slab_split(np.arange(60))
    assert sorted(z[train]) == sorted_train.tolist()
    assert sorted(z[test]) == sorted_test.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_out": 0}, "held_out must lie between 0 and 1"),
        ({"held_out": 1}, "held_out must lie between 0 and 1"),
        ({"gap": -1}, "gap must be 0 or more"),
        ({"slabs": 0}, "slabs must be 1 or more"),
        ({"gap": 30}, "gap=30 leaves no training slice"),
        ({"held_out": 0.01}, "leaves no test slice"),
    ],
)
def test_odd_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        slab_split(range(20), **options)


def test_z_must_be_one_dimensional():
    with pytest.raises(ValueError, match="one-dimensional"):
        slab_split(np.zeros((3, 3)))


some_groups = st.lists(st.integers(0, 9), min_size=4, max_size=60)
some_shares = st.lists(st.floats(0.05, 1), min_size=2, max_size=4)


@given(some_groups, some_shares, st.integers(0, 50))
def test_group_split_keeps_groups_and_shares(groups, weights, seed):
    shares = np.array(weights) / sum(weights)
    groups = np.array(groups)
    assume(len(np.unique(groups)) >= len(shares))
    parts = group_split(groups, shares=shares, seed=seed)
    together = np.concatenate(parts)
    assert sorted(together) == list(range(len(groups)))
    largest = np.bincount(groups).max()
    for part, share in zip(parts, shares, strict=True):
        assert len(part) and part.tolist() == sorted(part)
        assert len(part) - share * len(groups) < largest
    for one, other in itertools.combinations(parts, 2):
        assert not set(groups[one]) & set(groups[other])


def test_group_split_hits_its_shares_with_many_small_groups():
    groups = np.repeat(np.arange(200), 3)
    train, val, test = group_split(groups)
    assert [len(train), len(val), len(test)] == [420, 90, 90]


def test_group_split_follows_the_seed_alone():
    groups = [f"patient {i // 2}" for i in range(40)]
    once, again = group_split(groups), group_split(groups)
    other = group_split(groups, seed=1)
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert once[0].tolist() != other[0].tolist()


def test_every_group_can_land_in_every_part():
    homes = {group: set() for group in range(6)}
    for seed in range(60):
        for number, part in enumerate(group_split(range(6), seed=seed)):
            for group in part:
                homes[int(group)].add(number)
    assert all(home == {0, 1, 2} for home in homes.values())


@pytest.mark.parametrize(
    ("groups", "shares", "message"),
    [
        ([[1, 2]], (0.5, 0.5), "one-dimensional"),
        ([], (0.5, 0.5), "not empty"),
        ("abc", (0.5, 0.5), "one-dimensional"),
        ([1, 1, 1], (0.5, 0.5), "2 or more for shares, got 1"),
        ([1, 2], (0.6, 0.2, 0.2), "3 or more for shares, got 2"),
        (["a", None, "b"], (0.5, 0.5), "a group for every item"),
        ([1.0, np.nan, 2.0], (0.5, 0.5), "a group for every item"),
        ([1, 2, 3], (0.5, 0.4), "add up to 1"),
        ([1, 2, 3], (1.0,), "two or more"),
        ([1, 2, 3], (1.0, 0.0), "above 0"),
        ([1, 2, 3], (1.5, -0.5), "above 0"),
        ([1, 2, 3], (0.5, float("nan")), "above 0"),
    ],
)
def test_odd_groups_and_shares_are_refused(groups, shares, message):
    with pytest.raises(ValueError, match=message):
        group_split(groups, shares=shares)


def test_leave_one_group_out_agrees_with_scikit_learn():
    centres = np.random.default_rng(0).choice(["A", "B", "C"], 30)
    found = leave_one_group_out(centres)
    assert list(found) == ["A", "B", "C"]
    peer = LeaveOneGroupOut().split(centres, groups=centres)
    for (train, test), (peer_train, peer_test) in zip(
        found.values(), peer, strict=True
    ):
        np.testing.assert_array_equal(train, peer_train)
        np.testing.assert_array_equal(test, peer_test)


def test_one_group_cannot_be_left_out():
    with pytest.raises(ValueError, match="2 or more for a training"):
        leave_one_group_out(["A", "A"])


def class_cover(presence, parts):
    """How many (fold, class) pairs are filled, an empty fold being one."""
    return sum(
        presence[part].any(axis=0).sum() + any(part) for part in parts
    )


def best_cover(presence, groups, folds):
    """The most that any way to deal the groups out can fill."""
    members = [groups == name for name in np.unique(groups)]
    best = 0
    for deal in itertools.product(range(folds), repeat=len(members) - 1):
        parts = np.zeros((folds, len(groups)), bool)
        for member, fold in zip(members, (0, *deal), strict=True):
            parts[fold] |= member
        best = max(best, class_cover(presence, parts))
    return best


@st.composite
def small_cases(draw):
    folds = draw(st.integers(2, 3))
    number = draw(st.integers(folds, 7))
    classes = draw(st.integers(1, 6))
    items = st.lists(st.booleans(), min_size=classes, max_size=classes)
    rows, groups = [], []
    for group in range(number):
        found = draw(st.lists(items, min_size=1, max_size=3))
        rows += found
        groups += [group] * len(found)
    return np.array(rows), np.array(groups), folds


@given(small_cases())
def test_folds_fill_what_any_split_can_fill(case):
    presence, groups, folds = case
    found = stratified_group_folds(presence, groups, folds=folds)
    tests = np.zeros((folds, len(groups)), bool)
    for row, (train, test) in zip(tests, found, strict=True):
        row[test] = True
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(groups)))
    assert (tests.sum(axis=0) == 1).all()
    wanted = best_cover(presence, groups, folds)
    assert class_cover(presence, tests) == wanted


def spread(labels, tests):
    """How unevenly folds share out items and classes; 0 is even."""
    shares = [
        np.bincount(labels[test], minlength=4) / np.bincount(labels)
        for test in tests
    ]
    sizes = [[len(test) / len(labels)] for test in tests]
    return np.hstack([shares, sizes]).std(axis=0).sum()


@pytest.mark.parametrize("seed", range(5))
def test_one_label_an_item_is_shared_out_as_evenly_as_by_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    groups = np.sort(rng.integers(0, 40, 200))
    labels = rng.choice(4, 200, p=[0.7, 0.2, 0.05, 0.05])
    presence = labels[:, None] == np.arange(4)
    ours = [test for _, test in stratified_group_folds(presence, groups)]
    peer = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    theirs = [test for _, test in peer.split(labels, labels, groups)]
    assert spread(labels, ours) <= spread(labels, theirs)


def test_a_rare_class_is_in_every_fold_though_classes_overlap():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 4)
    presence = rng.random((160, 10)) < 0.4
    presence[:, 9] = np.isin(groups, [3, 8, 21, 30, 39])
    found = stratified_group_folds(presence, groups)
    for _, test in found:
        assert presence[test].any(axis=0).all() and len(test) == 32


def test_a_class_of_one_group_and_a_class_of_none():
    groups = np.arange(6)
    presence = np.zeros((6, 2), bool)
    presence[4, 0] = True
    found = stratified_group_folds(presence, groups, folds=3)
    assert [len(test) for _, test in found] == [2, 2, 2]
    assert sum(presence[test, 0].any() for _, test in found) == 1


def test_folds_follow_the_seed_and_not_the_order_of_items():
    rng = np.random.default_rng(0)
    groups = np.repeat([f"p{i:02}" for i in range(30)], 2)
    presence = rng.random((60, 3)) < 0.3
    shuffle = rng.permutation(60)
    once = stratified_group_folds(presence, groups)
    again = stratified_group_folds(presence[shuffle], groups[shuffle])
    other = stratified_group_folds(presence, groups, seed=1)
    for (_, a), (_, b) in zip(once, again, strict=True):
        assert set(a) == set(shuffle[b])
    assert once[0][1].tolist() != other[0][1].tolist()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"folds": 1}, ValueError, "folds must be 2 or more"),
        ({"folds": 5}, ValueError, "5 or more for folds, got 4"),
        ({"presence": np.ones((4, 2))}, TypeError, "must be bool"),
        ({"presence": np.ones((3, 2), bool)}, ValueError, "one row for"),
        ({"presence": np.ones(4, bool)}, ValueError, r"\[N, C\]"),
        ({"groups": [1, 2, 3, np.nan]}, ValueError, "for every item"),
    ],
)
def test_odd_folds_are_refused(changed, error, message):
    options = {
        "presence": np.ones((4, 2), bool),
        "groups": [1, 2, 3, 4],
        "folds": 2,
    } | changed
    with pytest.raises(error, match=message):
        stratified_group_folds(**options)
