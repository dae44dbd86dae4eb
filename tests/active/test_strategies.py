import numpy as np
import pytest
from line_task import PLACES, STEP, Step

from seglab.active import (
    AtRandom,
    CoreSet,
    MostDisputed,
    MostUncertain,
    k_centre_greedy,
    margin,
    vote_entropy,
)

LABELLED = np.array([0, 100])
UNLABELLED = np.arange(1, 100)
LEARNER = Step(LABELLED, 0)


def choose(strategy, count=1, seed=0):
    rng = np.random.default_rng(seed)
    return strategy.choose(LEARNER, LABELLED, UNLABELLED, count, rng)


@pytest.mark.parametrize(
    "strategy",
    [
        MostUncertain(),
        MostUncertain(margin),
        MostDisputed(),
        MostDisputed(vote_entropy),
        CoreSet(),
    ],
)
def test_the_middle_is_asked_about_first(strategy):
    (item,) = choose(strategy)
    assert PLACES[item] == pytest.approx(0.5, abs=0.05)


def test_what_has_a_label_is_not_asked_about():
    for strategy in (
        AtRandom(),
        MostUncertain(),
        MostDisputed(),
        CoreSet(),
    ):
        found = choose(strategy, 99)
        assert sorted(found.tolist()) == UNLABELLED.tolist()


def test_random_follows_its_generator():
    assert choose(AtRandom(), 5).tolist() == choose(AtRandom(), 5).tolist()
    assert (
        choose(AtRandom(), 5, 1).tolist() != choose(AtRandom(), 5).tolist()
    )


def test_core_sets_are_k_centres():
    wanted = k_centre_greedy(PLACES[:, None], [0, 100], 4)
    assert choose(CoreSet(), 4).tolist() == wanted.tolist()


def test_uncertainty_picks_neighbours_and_core_sets_spread():
    near, far = choose(MostUncertain(), 5), choose(CoreSet(), 5)
    assert np.ptp(near) < 6 < np.ptp(far)
    assert 0 < STEP < 1
