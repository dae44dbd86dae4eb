"""The confusion matrix and its figures, against a slow obvious version."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sklearn_metrics
from torchmetrics.functional import classification as torchmetrics

from seglab.metrics import (
    class_accuracy,
    confusion_matrix,
    dice,
    frequency_weighted_iou,
    iou,
    mean_class_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
)
from seglab.metrics import confusion as module

IGNORED = 255


@st.composite
def maps(draw, classes=4, ignored=True):
    """A prediction and a truth of one odd shape and one integer type."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=7))
    dtype = draw(st.sampled_from([np.uint8, np.int16, np.int64, np.uint64]))
    labels = st.integers(0, classes - 1)
    prediction = draw(hnp.arrays(dtype, shape, elements=labels))
    if ignored:
        labels = labels | st.just(IGNORED)
    return prediction, draw(hnp.arrays(dtype, shape, elements=labels))


def slow_matrix(prediction, truth, classes, ignore_index=None):
    counts = [[0] * classes for _ in range(classes)]
    pairs = zip(truth.ravel(), prediction.ravel(), strict=True)
    for row, column in pairs:
        if row != ignore_index:
            counts[int(row)][int(column)] += 1
    return np.array(counts)


def slow_iou(prediction, truth, label):
    a, b = prediction == label, truth == label
    union = (a | b).sum()
    return (a & b).sum() / union if union else float("nan")


@given(maps())
@settings(deadline=None)
def test_counts_what_a_loop_over_the_pixels_counts(pair):
    matrix = confusion_matrix(*pair, 4, ignore_index=IGNORED)
    assert matrix.dtype == np.int64
    np.testing.assert_array_equal(matrix, slow_matrix(*pair, 4, IGNORED))


@given(maps())
@settings(max_examples=30, deadline=None)
def test_counts_what_torchmetrics_counts(pair):
    prediction, truth = (torch.from_numpy(m.astype(int)) for m in pair)
    theirs = torchmetrics.multiclass_confusion_matrix(
        prediction, truth, 4, ignore_index=IGNORED
    )
    ours = confusion_matrix(prediction, truth, 4, ignore_index=IGNORED)
    np.testing.assert_array_equal(ours, theirs.numpy())


@given(maps(ignored=False))
@settings(max_examples=30, deadline=None)
def test_counts_what_scikit_learn_counts(pair):
    theirs = sklearn_metrics.confusion_matrix(
        pair[1].ravel(), pair[0].ravel(), labels=range(4)
    )
    np.testing.assert_array_equal(confusion_matrix(*pair, 4), theirs)


@given(maps(ignored=False))
@settings(deadline=None)
def test_iou_and_dice_are_those_of_the_masks(pair):
    matrix = confusion_matrix(*pair, 4)
    slow = np.array([slow_iou(*pair, label) for label in range(4)])
    np.testing.assert_allclose(iou(matrix), slow)
    np.testing.assert_allclose(dice(matrix), 2 * slow / (1 + slow))


@given(maps(ignored=False))
@settings(max_examples=30, deadline=None)
def test_figures_are_those_of_scikit_learn(pair):
    matrix, flat = confusion_matrix(*pair, 4), [m.ravel() for m in pair]
    present = np.union1d(*flat)
    theirs = sklearn_metrics.jaccard_score(
        flat[1], flat[0], labels=present, average="macro", zero_division=0
    )
    assert mean_iou(matrix) == pytest.approx(theirs)
    f1 = sklearn_metrics.f1_score(
        flat[1], flat[0], labels=present, average="macro", zero_division=0
    )
    assert mean_dice(matrix) == pytest.approx(f1)
    weighted = sklearn_metrics.jaccard_score(
        flat[1], flat[0], average="weighted", zero_division=0
    )
    assert frequency_weighted_iou(matrix) == pytest.approx(weighted)
    accuracy = sklearn_metrics.accuracy_score(flat[1], flat[0])
    assert pixel_accuracy(matrix) == pytest.approx(accuracy)
    recall = sklearn_metrics.recall_score(
        flat[1],
        flat[0],
        labels=np.unique(flat[1]),
        average="macro",
        zero_division=0,
    )
    assert mean_class_accuracy(matrix) == pytest.approx(recall)


@given(maps(), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_the_chunk_length_changes_nothing(pair, length):
    whole = confusion_matrix(*pair, 4, ignore_index=IGNORED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", length)
        parts = confusion_matrix(*pair, 4, ignore_index=IGNORED)
    np.testing.assert_array_equal(whole, parts)


INTEGERS = [np.int8, np.uint8, np.int16, np.uint32, ">i4", np.int64]


@given(
    hnp.arrays(np.int8, 12, elements=st.integers(-3, 6)),
    hnp.arrays(np.int8, 12, elements=st.integers(-3, 6)),
    st.sampled_from(INTEGERS),
    st.sampled_from([None, -3, 0, 3, 5, 255]),
)
@settings(deadline=None)
def test_a_wrong_label_is_refused_unless_it_is_ignored(
    prediction, truth, dtype, ignored
):
    # an unsigned type turns -1 into its largest number, far out of range
    prediction, truth = prediction.astype(dtype), truth.astype(dtype)
    valid = np.full(12, True) if ignored is None else truth != ignored
    counted = [*truth[valid].tolist(), *prediction[valid].tolist()]
    if all(0 <= label < 4 for label in counted):
        np.testing.assert_array_equal(
            confusion_matrix(prediction, truth, 4, ignore_index=ignored),
            slow_matrix(prediction, truth, 4, ignored),
        )
    else:
        with pytest.raises(ValueError, match="class indices from 0 to 3"):
            confusion_matrix(prediction, truth, 4, ignore_index=ignored)


@pytest.mark.parametrize("classes", [127, 128, 180, 181, 255, 256, 300])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_any_number_of_classes_in_any_type(classes, dtype):
    rng = np.random.default_rng(0)
    most = min(classes, np.iinfo(dtype).max + 1)
    prediction, truth = rng.integers(0, most, (2, 500)).astype(dtype)
    np.testing.assert_array_equal(
        confusion_matrix(prediction, truth, classes),
        slow_matrix(prediction, truth, classes),
    )
    if np.iinfo(dtype).max >= classes:
        truth[7] = classes
        with pytest.raises(ValueError, match=f"got {classes};"):
            confusion_matrix(prediction, truth, classes)
    if np.iinfo(dtype).min < 0:
        prediction[7], truth[7] = -1, 0
        with pytest.raises(ValueError, match="prediction must hold class"):
            confusion_matrix(prediction, truth, classes)


def test_an_absent_class_is_nan_and_a_merely_predicted_one_is_0():
    matrix = confusion_matrix([0, 0, 1], [0, 0, 0], 3)
    np.testing.assert_allclose(iou(matrix), [2 / 3, 0, np.nan])
    np.testing.assert_allclose(dice(matrix), [4 / 5, 0, np.nan])
    np.testing.assert_allclose(
        class_accuracy(matrix), [2 / 3, np.nan, np.nan]
    )
    assert mean_iou(matrix) == pytest.approx(1 / 3)
    assert mean_dice(matrix) == pytest.approx(2 / 5)
    assert frequency_weighted_iou(matrix) == pytest.approx(2 / 3)


def test_torchmetrics_counts_an_absent_class_0_by_default_in_none():
    """It says 0 for absent and for missed alike; here absent is NaN."""
    prediction, truth = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 0])
    theirs = torchmetrics.multiclass_jaccard_index(
        prediction, truth, 3, average="none"
    )
    assert theirs.tolist() == pytest.approx([2 / 3, 0, 0])
    ours = iou(confusion_matrix(prediction, truth, 3))
    assert np.isnan(ours[2])


def test_torchmetrics_macro_leaves_out_absent_classes_as_here():
    prediction, truth = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 0])
    theirs = torchmetrics.multiclass_jaccard_index(prediction, truth, 3)
    ours = mean_iou(confusion_matrix(prediction, truth, 3))
    assert ours == pytest.approx(theirs.item())


def test_smp_macro_counts_an_absent_class_as_1():
    smp = pytest.importorskip("segmentation_models_pytorch").metrics
    prediction, truth = torch.tensor([[0, 0, 1]]), torch.tensor([[0, 0, 1]])
    wrong = torch.tensor([[0, 1, 1]])
    for mask in (prediction, wrong):
        stats = smp.get_stats(
            mask[:, None], truth[:, None], mode="multiclass", num_classes=3
        )
        theirs = smp.iou_score(*stats, reduction="macro").item()
        per_class = iou(confusion_matrix(mask, truth, 3))
        assert theirs == pytest.approx(
            np.nan_to_num(per_class, nan=1).mean()
        )


def test_scikit_learn_counts_an_absent_class_as_0():
    truth, prediction = [0, 0, 1], [0, 0, 1]
    theirs = sklearn_metrics.jaccard_score(
        truth, prediction, labels=range(3), average="macro", zero_division=0
    )
    assert theirs == pytest.approx(2 / 3)
    assert mean_iou(confusion_matrix(prediction, truth, 3)) == 1


def test_nothing_counted_is_nan_everywhere():
    truth = np.full((3, 5), IGNORED)
    matrix = confusion_matrix(
        np.zeros((3, 5), int), truth, 3, ignore_index=255
    )
    assert matrix.sum() == 0
    for figure in (
        pixel_accuracy,
        mean_class_accuracy,
        mean_iou,
        mean_dice,
        frequency_weighted_iou,
    ):
        assert np.isnan(figure(matrix))


def test_a_prediction_may_be_anything_where_the_truth_is_ignored():
    matrix = confusion_matrix(
        [255, -7, 1], [255, 255, 1], 2, ignore_index=255
    )
    np.testing.assert_array_equal(matrix, [[0, 0], [0, 1]])


def test_an_ignored_class_of_the_range_empties_its_row_alone():
    matrix = confusion_matrix([0, 1, 0], [0, 1, 1], 2, ignore_index=0)
    np.testing.assert_array_equal(matrix, [[0, 0], [1, 1]])


def test_bool_masks_and_an_empty_array_count():
    matrix = confusion_matrix(np.array([True]), np.array([False]), 2)
    np.testing.assert_array_equal(matrix, [[0, 1], [0, 0]])
    assert (
        confusion_matrix(np.zeros(0, int), np.zeros(0, int), 2).sum() == 0
    )


def test_views_that_are_not_contiguous_count_right():
    truth = np.arange(24).reshape(4, 6) % 3
    matrix = confusion_matrix(truth.T[::2], truth.T[::2], 3)
    assert np.trace(matrix) == 12


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0.0], [0], 2), TypeError, "prediction must hold integer"),
        (([0], [np.nan], 2), TypeError, "truth must hold integer"),
        (([0, 1], [0], 2), ValueError, "same shape"),
        (([2], [0], 2), ValueError, "prediction must hold class indices"),
        (([0], [-1], 2), ValueError, "got -1"),
        (([0], [0], 1), ValueError, "num_classes must be 2 or more, got 1"),
        (([0], [0], 2.0), TypeError, "num_classes must be an integer"),
        (([0], [0], True), TypeError, "num_classes must be an integer"),
        (([[0], [0, 1]], [0], 2), ValueError, "unequal length"),
        ((["a"], [0], 2), TypeError, "must hold numbers"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        confusion_matrix(*arguments)


@pytest.mark.parametrize("bad", [[1, 2], [[1, 2]], [[-1, 0], [0, 0]]])
def test_figures_refuse_what_is_no_confusion_matrix(bad):
    with pytest.raises(ValueError, match="matrix must"):
        iou(bad)
