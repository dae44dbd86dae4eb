"""Panoptic quality: cases worked by hand, a slow version, a peer."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from panoptic_images import images, slow_counts
from torchmetrics.functional.detection import (
    panoptic_quality as torchmetrics_quality,
)

from seglab.data.scenes import draw_scene
from seglab.metrics import PanopticQuality, panoptic_quality

STUFF, COIN, KEY, VOID = 0, 1000, 2000, 9000
# pixel values: stuff 0; things 1 and 2 with ids; void 9
LABELS = {"things": [1, 2], "stuff": [0], "void": 9}


def row(*stretches):
    """A map of one row from (value, pixels) pairs."""
    values = [np.full(count, value) for value, count in stretches]
    return np.concatenate(values)[None]


def score(prediction, truth, **more):
    return panoptic_quality(prediction, truth, **LABELS, **more)


def counts(seen, name):
    figures = seen.per_class()[name]
    return tuple(figures[key] for key in ("tp", "fp", "fn"))


@given(images())
@settings(max_examples=150, deadline=None)
def test_counts_what_a_loop_over_segments_counts(image):
    prediction, truth, crowd = image
    seen = score(prediction, truth, crowd=crowd)
    slow = slow_counts(prediction, truth, crowd, divisor=1000, **LABELS)
    for name, figures in seen.per_class().items():
        tp, fp, fn, total = slow[int(name)]
        assert counts(seen, name) == (tp, fp, fn)
        if tp:
            assert figures["sq"] == pytest.approx(total / tp)
        if tp + fp + fn:
            pq = total / (tp + fp / 2 + fn / 2)
            assert figures["pq"] == pytest.approx(pq)
        else:
            assert math.isnan(figures["pq"])


@given(images())
@settings(max_examples=60, deadline=None)
def test_agrees_with_torchmetrics_where_no_void_is_predicted(image):
    prediction, truth, _ = image
    prediction = np.where(prediction >= VOID, 0, prediction)
    pair = (
        torch.from_numpy(np.stack(np.divmod(m, 1000), -1))[None]
        for m in (prediction, truth)
    )
    theirs = torchmetrics_quality(
        *pair,
        things={1, 2},
        stuffs={0},
        return_sq_and_rq=True,
        return_per_class=True,
    )
    ours = score(prediction, truth).per_class()
    # their classes come things first
    for name, figures in zip("120", theirs.reshape(3, 3), strict=True):
        mine = [ours[name][key] for key in ("pq", "sq", "rq")]
        np.testing.assert_allclose(
            np.nan_to_num(mine), np.nan_to_num(figures), atol=1e-6
        )


def test_a_perfect_map_scores_one():
    truth = row((STUFF, 4), (COIN + 1, 3), (COIN + 2, 3), (KEY, 2))
    seen = score(truth, truth)
    assert (seen.pq, seen.sq, seen.rq) == (1, 1, 1)
    assert counts(seen, "1") == (2, 0, 0)


def test_ids_of_things_are_arbitrary():
    seen = score(row((COIN + 7, 3)), row((COIN + 1, 3)))
    assert seen.pq == 1


def test_ids_of_stuff_say_nothing():
    seen = score(row((STUFF + 1, 2), (STUFF + 2, 2)), row((STUFF, 4)))
    assert counts(seen, "0") == (1, 0, 0)


def test_an_iou_of_one_half_is_no_match():
    seen = score(row((COIN, 1), (STUFF, 9)), row((COIN, 2), (STUFF, 8)))
    assert counts(seen, "1") == (0, 1, 1)
    assert counts(seen, "0") == (1, 0, 0)


def test_an_iou_just_above_one_half_is_a_match():
    seen = score(row((COIN, 4), (STUFF, 3)), row((COIN, 7), (STUFF, 0)))
    assert counts(seen, "1") == (1, 0, 0)
    assert seen.per_class()["1"]["sq"] == pytest.approx(4 / 7)


def test_only_the_same_category_matches():
    seen = score(row((KEY, 4)), row((COIN, 4)))
    assert counts(seen, "1") == (0, 0, 1)
    assert counts(seen, "2") == (0, 1, 0)
    assert seen.pq == 0


def test_void_is_out_of_the_union():
    # 6 of the prediction's 10 pixels are void: IoU 4 / 4, not 4 / 10
    seen = score(row((COIN, 10)), row((COIN, 4), (VOID, 6)))
    assert counts(seen, "1") == (1, 0, 0)
    assert seen.pq == 1


def test_an_unmatched_prediction_mostly_on_void_is_no_error():
    prediction = row((COIN, 5), (STUFF, 5))
    on_void = score(prediction, row((VOID, 3), (STUFF, 7)))
    assert counts(on_void, "1") == (0, 0, 0)
    assert math.isnan(on_void.per_class()["1"]["pq"])


def test_half_on_void_is_an_error():
    seen = score(row((COIN, 4), (STUFF, 6)), row((VOID, 2), (STUFF, 8)))
    assert counts(seen, "1") == (0, 1, 0)


def test_a_crowd_of_the_same_category_forgives():
    truth = row((COIN + 1, 4), (STUFF, 6))
    crowd = truth == COIN + 1
    seen = score(row((COIN, 5), (STUFF, 5)), truth, crowd=crowd)
    assert counts(seen, "1") == (0, 0, 0)


def test_a_crowd_of_another_category_does_not_forgive():
    truth = row((KEY, 4), (STUFF, 6))
    crowd = truth == KEY
    seen = score(row((COIN, 5), (STUFF, 5)), truth, crowd=crowd)
    assert counts(seen, "1") == (0, 1, 0)
    assert counts(seen, "2") == (0, 0, 0)


def test_a_crowd_is_neither_matched_nor_missed():
    truth = row((COIN, 5))
    crowd = np.ones(truth.shape, dtype=bool)
    assert math.isnan(score(truth, truth, crowd=crowd).pq)
    nothing = row((VOID, 5))
    assert math.isnan(score(nothing, truth, crowd=crowd).pq)


def test_void_and_crowd_add_up():
    truth = row((VOID, 2), (COIN, 2), (STUFF, 6))
    seen = score(row((COIN + 3, 6), (STUFF, 4)), truth, crowd=truth == COIN)
    assert counts(seen, "1") == (0, 0, 0)


def test_predicted_void_leaves_the_truth_missed():
    seen = score(row((VOID, 5)), row((COIN, 5)))
    assert counts(seen, "1") == (0, 0, 1)
    assert seen.pq == 0


def test_absent_classes_are_left_out_of_the_mean():
    seen = score(row((COIN, 4)), row((COIN, 4)))
    assert math.isnan(seen.per_class()["2"]["rq"])
    assert seen.pq == 1
    assert math.isnan(seen.summary()["pq_stuff"])
    assert seen.summary()["pq_things"] == 1


def test_nothing_left_is_nan():
    seen = score(row((VOID, 4)), row((VOID, 4)))
    assert all(math.isnan(value) for value in seen.summary().values())


def test_no_image_yet_is_nan():
    assert math.isnan(PanopticQuality([1]).pq)


def test_means_worked_by_hand():
    prediction = row((STUFF, 8), (COIN, 4), (COIN + 1, 2), (KEY, 2))
    truth = row((STUFF, 7), (COIN, 5), (STUFF, 2), (KEY, 2))
    seen = score(prediction, truth)
    # stuff 7 of 10; coin 4 of 5 and one false; key exact
    figures = seen.per_class()
    assert figures["0"]["pq"] == pytest.approx(0.7)
    assert figures["1"]["pq"] == pytest.approx(0.8 / 1.5)
    summary = seen.summary()
    assert summary["pq"] == pytest.approx((0.7 + 0.8 / 1.5 + 1) / 3)
    assert summary["pq_things"] == pytest.approx((0.8 / 1.5 + 1) / 2)
    assert summary["sq_stuff"] == pytest.approx(0.7)
    assert summary["rq"] == pytest.approx((1 + 1 / 1.5 + 1) / 3)


def test_a_batch_is_its_images_one_by_one():
    scenes = [draw_scene(seed).panoptic for seed in range(4)]
    truth = np.stack(scenes)
    prediction = np.roll(truth, 3, axis=2)
    labels = {"things": range(1, 6), "stuff": [0]}
    single = PanopticQuality(**labels)
    for pair in zip(prediction, truth, strict=True):
        single.update(*pair)
    batch = panoptic_quality(torch.from_numpy(prediction), truth, **labels)
    assert batch.summary() == pytest.approx(single.summary(), nan_ok=True)
    assert 0.5 < batch.pq < 1


def test_merging_workers_is_seeing_it_all():
    truth = np.stack([draw_scene(seed).panoptic for seed in range(2)])
    prediction = np.roll(truth, 3, axis=2)
    labels = {"things": range(1, 6), "stuff": [0]}
    first, second = (
        panoptic_quality(p, t, **labels)
        for p, t in zip(prediction, truth, strict=True)
    )
    first.merge(second)
    whole = panoptic_quality(prediction, truth, **labels)
    assert first.summary() == pytest.approx(whole.summary(), nan_ok=True)


def test_merging_refuses_other_labels():
    with pytest.raises(ValueError, match="other must read the maps"):
        PanopticQuality([1]).merge(PanopticQuality([], [1]))


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint64])
def test_every_integer_type_gives_the_same(dtype):
    truth = row((STUFF, 4), (COIN + 1, 3), (VOID, 2))
    prediction = row((STUFF, 5), (COIN + 1, 4))
    ours = score(prediction.astype(dtype), truth.astype(dtype)).summary()
    assert ours == pytest.approx(
        score(prediction, truth).summary(), nan_ok=True
    )


def test_void_may_be_negative():
    truth = np.array([[-1, -1, -1, 1000]])
    seen = panoptic_quality(
        np.full((1, 4), 1000), truth, things=[1], void=-1, divisor=1000
    )
    assert seen.pq == 1


def test_empty_and_tiny_maps():
    nothing = np.zeros((0, 5), dtype=int)
    assert math.isnan(score(nothing, nothing).pq)
    pixel = np.array([[COIN]])
    assert score(pixel, pixel).pq == 1


def test_names_are_used():
    names = ("background", "coin", "key")
    seen = PanopticQuality([1, 2], [0], names=names)
    assert tuple(seen.per_class()) == names
