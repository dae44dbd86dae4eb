import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score

from seglab.data.pseudo_labels import (
    class_thresholds,
    measure_pseudo_labels,
    pseudo_labels,
)

SEEDS = st.integers(0, 10**6)


def draw(seed, shape=(3, 4, 5, 2)):
    raw = np.random.default_rng(seed).gamma(0.4, size=shape)
    return raw / raw.sum(1, keepdims=True)


@given(SEEDS, st.floats(0, 1))
def test_pixel_by_pixel(seed, threshold):
    chance = draw(seed)
    found = pseudo_labels(chance, threshold=threshold)
    for n, row, column in np.ndindex(found.shape):
        own = chance[n, :, row, column]
        best = int(own.argmax())
        wanted = best if own[best] >= threshold else 255
        assert found[n, row, column] == wanted


@given(SEEDS)
def test_a_threshold_for_each_class(seed):
    chance = draw(seed)
    each = np.random.default_rng(seed).random(4)
    found = pseudo_labels(chance, threshold=each)
    for k in range(4):
        whole = pseudo_labels(chance, threshold=each[k])
        np.testing.assert_array_equal(found == k, whole == k)


def test_a_threshold_of_0_keeps_all_and_ties_go_to_the_first():
    chance = np.full((1, 3, 2), 1 / 3)
    assert pseudo_labels(chance, threshold=0).tolist() == [[0, 0]]
    tensor = torch.tensor(chance)
    assert pseudo_labels(tensor, threshold=0.5).tolist() == [[255, 255]]


@given(SEEDS, st.floats(0.05, 1))
def test_class_thresholds_keep_their_share_and_no_more(seed, share):
    chance = draw(seed, (2, 3, 50))
    least = class_thresholds(chance, share)
    best = chance.argmax(1)
    kept = pseudo_labels(chance, threshold=least)
    for k in range(3):
        count = (best == k).sum()
        if count == 0:
            assert least[k] == 1
            continue
        assert (kept == k).sum() == math.ceil(share * count)


@given(SEEDS)
def test_the_report_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, (4, 6))
    pseudo = np.where(
        rng.random((4, 6)) < 0.7, truth, rng.integers(0, 3, (4, 6))
    )
    pseudo = np.where(rng.random((4, 6)) < 0.3, 255, pseudo)
    report = measure_pseudo_labels(pseudo, truth, "abc")
    settings = {
        "labels": [0, 1, 2],
        "average": None,
        "zero_division": np.nan,
    }
    kept = pseudo != 255
    if kept.any():
        np.testing.assert_allclose(
            report.precision,
            precision_score(truth[kept], pseudo[kept], **settings),
        )
        assert report.accuracy == (truth == pseudo)[kept].mean()
    np.testing.assert_allclose(
        report.recall,
        recall_score(truth.ravel(), pseudo.ravel(), **settings),
    )
    for k in range(3):
        if (truth == k).any():
            assert report.coverage[k] == kept[truth == k].mean()
    assert report.kept == kept.mean()


def test_pixels_without_a_true_label_do_not_count():
    report = measure_pseudo_labels([0, 1, 1], [0, 255, 1], ["a", "b"])
    assert report.precision.tolist() == [1, 1]
    assert report.kept == 1


def test_classes_that_do_not_occur_are_nan():
    report = measure_pseudo_labels([0, 255], [0, 0], ["a", "b"])
    assert report.precision[0] == 1 and math.isnan(report.precision[1])
    assert report.coverage[0] == 0.5 and math.isnan(report.coverage[1])
    nothing = measure_pseudo_labels([255], [0], ["a"])
    assert nothing.kept == 0 and math.isnan(nothing.accuracy)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": [0.5, 0.5]}, "threshold"),
        ({"threshold": math.nan}, "threshold"),
        ({"ignore_index": 2}, "ignore_index"),
    ],
)
def test_settings_are_checked(changes, said):
    with pytest.raises(ValueError, match=said):
        pseudo_labels(draw(0), **changes)


@pytest.mark.parametrize("bad", [[0.5], [[1.5, 0.0]], [[math.nan, 1.0]]])
def test_what_is_no_probability(bad):
    with pytest.raises(ValueError, match="probabilities"):
        pseudo_labels(bad)
    with pytest.raises(ValueError, match="probabilities"):
        class_thresholds(bad, 0.5)


@pytest.mark.parametrize("share", [0, 1.1, math.nan])
def test_a_share_is_checked(share):
    with pytest.raises(ValueError, match="share"):
        class_thresholds(draw(0), share)


@pytest.mark.parametrize(
    ("pseudo", "truth", "error"),
    [
        ([0.5], [0], TypeError),
        ([0], [0, 1], ValueError),
        ([3], [0], ValueError),
        ([0], [3], ValueError),
        ([0], [255], ValueError),
    ],
)
def test_labels_are_checked(pseudo, truth, error):
    with pytest.raises(error, match=r"pseudo|truth"):
        measure_pseudo_labels(pseudo, truth, ["a", "b"])
