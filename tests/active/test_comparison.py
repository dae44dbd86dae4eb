import numpy as np
import pytest
from line_task import Step

from seglab.active import (
    AtRandom,
    LearningCurves,
    MostUncertain,
    compare_strategies,
)

BOTH = {"random": AtRandom(), "entropy": MostUncertain()}


def compare(**changes):
    settings = {
        "strategies": BOTH,
        "start": 2,
        "per_round": 1,
        "rounds": 6,
        "seeds": range(5),
    }
    settings |= changes
    return compare_strategies(Step, 101, **settings)


def test_asking_about_the_doubtful_halves_the_interval():
    curves = compare()
    assert curves.labelled.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert curves.mean("entropy")[-1] > 0.95
    assert curves.mean("random")[-1] < curves.mean("entropy")[-1]
    assert (curves.gain("entropy", over="random") > 0).mean() > 0.5


def test_all_begin_alike_and_label_nothing_twice():
    curves = compare()
    np.testing.assert_array_equal(
        curves.scores["random"][:, 0], curves.scores["entropy"][:, 0]
    )
    for name in BOTH:
        chosen = curves.chosen[name]
        assert chosen.shape == (5, 8)
        assert all(len(set(row)) == 8 for row in chosen.tolist())
    np.testing.assert_array_equal(
        curves.chosen["random"][:, :2], curves.chosen["entropy"][:, :2]
    )


def test_a_strategy_compared_with_itself_gains_nothing():
    twins = {"a": MostUncertain(), "b": MostUncertain()}
    curves = compare(strategies=twins)
    assert (curves.gain("a", over="b") == 0).all()


def test_it_repeats():
    for name in BOTH:
        np.testing.assert_array_equal(
            compare().scores[name], compare().scores[name]
        )


def test_labels_needed():
    curves = LearningCurves(
        np.array([2, 4, 8]),
        {"a": np.array([[0.1, 0.5, 0.4], [0.0, 0.1, 0.2]])},
        {},
    )
    assert curves.labels_needed("a", 0.4).tolist() == [4, np.inf]


class Cheat:
    def choose(self, learner, labelled, unlabelled, count, rng):
        return labelled[:count]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategies": {}}, "one or more"),
        ({"seeds": []}, "one or more"),
        ({"start": 0}, "1 or more"),
        ({"rounds": 100}, "pool of 101"),
        ({"strategies": {"cheat": Cheat()}}, "unlabelled items"),
    ],
)
def test_arguments_are_checked(changes, said):
    with pytest.raises(ValueError, match=said):
        compare(**changes)
