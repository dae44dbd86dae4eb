"""Binary overlap and the accumulator."""

import monai.metrics
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torchmetrics.functional import classification as torchmetrics

from seglab import metrics
from seglab.metrics import ConfusionMatrix, binary_dice, binary_iou

BOTH = (binary_iou, binary_dice)


@st.composite
def pairs(draw, dims=2):
    shape = draw(hnp.array_shapes(min_dims=dims, max_dims=dims, max_side=6))
    return tuple(draw(hnp.arrays(bool, shape)) for _ in range(2))


def slow_iou(prediction, truth):
    union = (prediction | truth).sum()
    return (prediction & truth).sum() / union if union else 1.0


@given(pairs())
@settings(deadline=None)
def test_one_pair_is_intersection_over_union(pair):
    expected = slow_iou(*pair)
    assert binary_iou(*pair) == pytest.approx(expected)
    assert binary_dice(*pair) == pytest.approx(
        2 * expected / (1 + expected)
    )


@given(pairs())
@settings(deadline=None)
def test_both_are_symmetric_and_within_0_and_1(pair):
    for metric in BOTH:
        score = metric(*pair)
        assert 0 <= score <= 1
        assert score == metric(*pair[::-1])
    assert binary_iou(*pair) <= binary_dice(*pair)


@given(pairs(dims=3))
@settings(deadline=None)
def test_image_is_the_mean_of_images_and_dataset_pools(pair):
    each = [slow_iou(*images) for images in zip(*pair, strict=True)]
    image = binary_iou(*pair, reduction="image")
    assert image == pytest.approx(np.mean(each))
    pooled = binary_iou(*pair, reduction="dataset")
    assert pooled == pytest.approx(slow_iou(*pair))


@given(pairs())
@settings(max_examples=30, deadline=None)
def test_agrees_with_torchmetrics_and_the_confusion_matrix(pair):
    tensors = [torch.from_numpy(mask).int() for mask in pair]
    matrix = metrics.confusion_matrix(*pair, 2)
    if pair[0].any() or pair[1].any():
        theirs = torchmetrics.binary_jaccard_index(*tensors).item()
        assert binary_iou(*pair) == pytest.approx(theirs)
        assert binary_iou(*pair) == pytest.approx(metrics.iou(matrix)[1])
        f1 = torchmetrics.binary_f1_score(*tensors).item()
        assert binary_dice(*pair) == pytest.approx(f1)


@given(pairs(dims=3))
@settings(max_examples=30, deadline=None)
def test_agrees_with_monai_where_the_truth_is_not_empty(pair):
    tensors = [torch.from_numpy(mask)[:, None] for mask in pair]
    iou = monai.metrics.compute_iou(*tensors).flatten()
    dice = monai.metrics.compute_dice(*tensors).flatten()
    for i, (mask, truth) in enumerate(zip(*pair, strict=True)):
        if truth.any():
            assert binary_iou(mask, truth) == pytest.approx(iou[i].item())
            assert binary_dice(mask, truth) == pytest.approx(dice[i].item())


def test_monai_hides_a_false_positive_on_an_empty_truth():
    """There it is NaN, which its mean leaves out; here it is 0."""
    mask, truth = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    assert torch.isnan(monai.metrics.compute_dice(mask, truth)).all()
    assert binary_dice(mask[0, 0].int(), truth[0, 0].int()) == 0


def test_torchmetrics_scores_two_empty_masks_0():
    empty = torch.zeros(2, 2, dtype=torch.int64)
    assert torchmetrics.binary_jaccard_index(empty, empty).item() == 0
    assert binary_iou(empty, empty) == 1
    assert binary_iou(empty, empty, empty=0.0) == 0


@pytest.mark.parametrize("metric", BOTH)
def test_empty_masks(metric):
    none, one = np.zeros((3, 4), bool), np.zeros((3, 4), bool)
    one[1, 2] = True
    assert metric(none, none) == 1
    assert np.isnan(metric(none, none, empty=float("nan")))
    assert metric(none, one) == metric(one, none) == 0
    assert metric(one, one) == 1


@pytest.mark.parametrize("metric", BOTH)
def test_nan_for_empty_leaves_those_images_out_of_the_mean(metric):
    truth = np.zeros((3, 2, 2), bool)
    truth[0] = True
    prediction = np.zeros_like(truth)
    kept = metric(prediction, truth, empty=float("nan"), reduction="image")
    assert kept == 0
    assert metric(prediction, truth, reduction="image") == pytest.approx(
        2 / 3
    )


def test_printed_but_never_computed_examples():
    """Two discs and a 5 x 5 exercise that circulate with wrong figures."""
    y, x = np.mgrid[:100, :100]
    discs = [(x - c) ** 2 + (y - 50) ** 2 <= 400 for c in (50, 55)]
    assert binary_iou(*discs) == pytest.approx(0.7290, abs=5e-5)
    assert binary_dice(*discs) == pytest.approx(0.8433, abs=5e-5)
    rows = (
        "00110 01110 11111 01110 00110",
        "00011 00111 01111 01110 00110",
    )
    small = [
        np.array([[c == "1" for c in row] for row in text.split()])
        for text in rows
    ]
    assert (small[0] & small[1]).sum() == 12
    assert (small[0] | small[1]).sum() == 17
    assert binary_iou(*small) == pytest.approx(12 / 17)


@pytest.mark.parametrize(
    ("prediction", "truth", "keywords", "error", "message"),
    [
        ([[0.5]], [[1]], {}, TypeError, "threshold scores first"),
        ([[255]], [[1]], {}, ValueError, "0 and 1 alone"),
        ([[1]], [[1, 0]], {}, ValueError, "same shape"),
        ([1], [1], {}, ValueError, "must be .H, W."),
        ([[[1]]], [[[1]]], {}, ValueError, "reduction must be given"),
        ([[1]], [[1]], {"reduction": "mean"}, ValueError, "reduction must"),
        ([[1]], [[1]], {"empty": 2.0}, ValueError, "empty must be"),
    ],
)
@pytest.mark.parametrize("metric", BOTH)
def test_wrong_masks_are_named(
    metric, prediction, truth, keywords, error, message
):
    with pytest.raises(error, match=message):
        metric(prediction, truth, **keywords)


@given(
    st.lists(hnp.arrays(np.uint8, (2, 3, 4), elements=st.integers(0, 2)))
)
@settings(max_examples=30, deadline=None)
def test_batch_by_batch_is_the_whole_at_once(batches):
    seen = ConfusionMatrix(3, ignore_index=2)
    left, right = (
        ConfusionMatrix(3, ignore_index=2),
        ConfusionMatrix(3, ignore_index=2),
    )
    for index, (prediction, truth) in enumerate(batches):
        prediction = np.minimum(prediction, 1)
        seen.update(prediction, truth)
        (left if index % 2 else right).update(prediction, truth)
    left.merge(right)
    np.testing.assert_array_equal(seen.matrix, left.matrix)


def test_every_figure_is_that_of_the_function():
    seen = ConfusionMatrix(3)
    seen.update(torch.tensor([[0, 1, 1]]), torch.tensor([[0, 1, 0]]))
    for name, value in seen.summary().items():
        assert value == getattr(seen, name)()
        assert value == getattr(metrics, name)(seen.matrix)
    for name in ("class_accuracy", "iou", "dice"):
        np.testing.assert_array_equal(
            getattr(seen, name)(), getattr(metrics, name)(seen.matrix)
        )


def test_per_class_rows_carry_the_names():
    seen = ConfusionMatrix(3, names=("background", "heart", "aorta"))
    seen.update([[0, 1]], [[0, 0]])
    rows = seen.per_class()
    assert list(rows) == ["background", "heart", "aorta"]
    assert rows["background"] == {
        "share": 1.0,
        "accuracy": 0.5,
        "iou": 0.5,
        "dice": pytest.approx(2 / 3),
    }
    assert np.isnan(rows["aorta"]["iou"])


def test_the_matrix_handed_out_is_a_copy():
    seen = ConfusionMatrix(2)
    seen.matrix[0, 0] = 9
    assert seen.matrix.sum() == 0


def test_names_and_partners_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="names must be 2 different"):
        ConfusionMatrix(2, names=("a", "a"))
    with pytest.raises(ValueError, match="same classes"):
        ConfusionMatrix(2).merge(ConfusionMatrix(3))
    with pytest.raises(ValueError, match="same classes"):
        ConfusionMatrix(2).merge(ConfusionMatrix(2, ignore_index=255))
