import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances

from seglab.active import cover_radius, k_centre_greedy

SEEDS = st.integers(0, 10**6)


def slow_greedy(points, labelled, count):
    """The textbook's loop over a whole table of distances."""
    table = pairwise_distances(points)
    centres, chosen = list(labelled), []
    for _ in range(count):
        free = [i for i in range(len(points)) if i not in centres]
        if centres:
            far = [table[i, centres].min() for i in free]
        else:
            middle = points.mean(0)
            far = [-np.linalg.norm(points[i] - middle) for i in free]
        best = free[int(np.argmax(far))]
        centres.append(best)
        chosen.append(best)
    return chosen


@given(SEEDS, st.integers(0, 4), st.integers(0, 6))
def test_it_is_the_textbooks(seed, known, count):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, 3))
    labelled = rng.permutation(12)[:known].tolist()
    found = k_centre_greedy(points, labelled, count).tolist()
    assert found == slow_greedy(points, labelled, count)


@given(SEEDS)
def test_radius_is_at_most_twice_the_best(seed):
    points = np.random.default_rng(seed).normal(size=(8, 2))
    chosen = k_centre_greedy(points, [], 3).tolist()
    best = min(
        cover_radius(points, trio)
        for trio in itertools.combinations(range(8), 3)
    )
    assert cover_radius(points, chosen) <= 2 * best + 1e-9


@given(SEEDS)
def test_radius_by_a_table(seed):
    points = np.random.default_rng(seed).normal(size=(9, 2))
    table = pairwise_distances(points)[:, [1, 4]]
    assert cover_radius(points, [1, 4]) == pytest.approx(table.min(1).max())


def test_equal_points_are_all_chosen_once():
    found = k_centre_greedy(np.ones((5, 2)), [2], 4)
    assert sorted(found.tolist()) == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("points", "labelled", "count", "said"),
    [
        (np.ones(3), [], 1, r"\[N, D\]"),
        ([[np.nan]], [], 1, "finite"),
        (np.ones((3, 1)), [3], 1, "indices below 3"),
        (np.ones((3, 1)), [0, 0], 1, "twice"),
        (np.ones((3, 1)), [0], 3, "count"),
        (np.ones((3, 1)), [0], -1, "count"),
    ],
)
def test_arguments_are_checked(points, labelled, count, said):
    with pytest.raises(ValueError, match=said):
        k_centre_greedy(points, labelled, count)


def test_a_radius_needs_a_centre():
    with pytest.raises(ValueError, match="centres"):
        cover_radius(np.ones((3, 1)), [])
