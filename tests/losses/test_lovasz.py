"""Lovasz losses against IoU, kornia and smp."""

import kornia.losses
import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import IGNORED, cases, one_hot

from seglab.losses import lovasz_hinge, lovasz_softmax


def iou(prediction, truth):
    return (prediction & truth).sum() / (prediction | truth).sum()


def slow_extension(errors, truth):
    """1 - IoU at each step, as the largest errors go wrong in turn."""
    order = errors.argsort(descending=True)
    wrong = torch.zeros_like(truth)
    total = last = 0.0
    for pixel in order:
        wrong[pixel] = True
        jaccard = 1 - iou(truth ^ wrong, truth).item()
        total += errors[pixel].clamp_min(0).item() * (jaccard - last)
        last = jaccard
    return total


@given(cases())
def test_hinge_is_the_slow_obvious_version(case):
    logits, target = case
    truth = one_hot(target, logits.shape[1]).bool()
    expected = [
        slow_extension(1 - z * (2.0 * t - 1), t)
        for z, t in zip(
            logits.flatten(2).flatten(0, 1),
            truth.flatten(2).flatten(0, 1),
            strict=True,
        )
    ]
    ours = lovasz_hinge(logits, truth, reduction="none").flatten()
    torch.testing.assert_close(
        ours, torch.tensor(expected), atol=1e-4, rtol=1e-4
    )


@given(cases())
def test_softmax_is_kornias_where_it_counts_the_same_classes(case):
    logits, target = case
    each = lovasz_softmax(logits, target, reduction="none")
    for channel in range(logits.shape[1]):
        weight = torch.zeros(logits.shape[1])
        weight[channel] = logits.shape[1]
        present = (target == channel).any(-1).any(-1)
        for i in present.nonzero().flatten():
            theirs = kornia.losses.lovasz_softmax_loss(
                logits[i : i + 1], target[i : i + 1], weight
            )
            torch.testing.assert_close(
                each[i, channel], theirs, atol=1e-5, rtol=1e-4
            )


def test_kornia_counts_absent_classes_too():
    logits = torch.randn(1, 3, 4, 4)
    target = torch.randint(0, 2, (1, 4, 4))
    worst = logits.softmax(1)[0, 2].max()
    ours = lovasz_softmax(logits, target)
    theirs = kornia.losses.lovasz_softmax_loss(logits, target)
    torch.testing.assert_close(theirs, (2 * ours + worst) / 3)


@given(cases(), st.booleans())
def test_gradients_are_kornias_and_smps_without_ties(case, ignoring):
    logits, target = case[0].requires_grad_(), case[1]
    truth = one_hot(target, logits.shape[1])
    ours = lovasz_hinge(logits[:, :1], truth[:, :1])
    ours_gradient = torch.autograd.grad(ours, logits)[0]
    theirs = kornia.losses.lovasz_hinge_loss(
        logits[:, :1], truth[:, 0].long()
    )
    gradient = torch.autograd.grad(theirs, logits)[0]
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        ours_gradient, gradient, atol=1e-5, rtol=1e-4
    )

    if ignoring:
        target = target.masked_fill(torch.rand(target.shape) < 0.3, IGNORED)
        target[:, 0, 0] = 0
    for over in ("image", "batch"):
        ours = lovasz_softmax(
            logits, target, ignore_index=IGNORED, over=over
        )
        ours_gradient = torch.autograd.grad(ours, logits)[0]
        theirs = smp.losses.LovaszLoss(
            "multiclass", per_image=over == "image", ignore_index=IGNORED
        )(logits, target)
        gradient = torch.autograd.grad(theirs, logits)[0]
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(
            ours_gradient, gradient, atol=1e-5, rtol=1e-3
        )


@given(cases())
def test_hard_predictions_give_1_minus_iou(case):
    logits, target = case
    classes = logits.shape[1]
    prediction = one_hot(logits.argmax(1), classes)
    truth = one_hot(target, classes)
    sure = 300 * prediction
    each = lovasz_softmax(sure, target, reduction="none")
    signs = 2 * prediction - 1
    hinge = lovasz_hinge(signs, truth, reduction="none")
    for i in range(len(target)):
        for c in range(classes):
            if truth[i, c].any():
                gap = 1 - iou(prediction[i, c].bool(), truth[i, c].bool())
                torch.testing.assert_close(each[i, c], gap)
                torch.testing.assert_close(hinge[i, c], 2 * gap)


@given(cases())
def test_the_packed_sort_orders_as_the_plain_one(case):
    """float64 takes the plain path."""
    logits, target = case
    logits = (logits * 2).round() / 2  # many ties
    truth = one_hot(target, logits.shape[1])
    for loss, labels in ((lovasz_softmax, target), (lovasz_hinge, truth)):
        single = logits.clone().requires_grad_()
        double = logits.double().requires_grad_()
        one = loss(single, labels)
        two = loss(double, labels)
        torch.testing.assert_close(one, two.float(), atol=1e-5, rtol=1e-4)


def test_packed_and_plain_gradients_are_equal_at_ties():
    logits = torch.tensor([[[0.5, 0.5, -0.5, 0.0, 0.0]]])
    truth = torch.tensor([[[1, 0, 0, 1, 0]]])
    gradients = []
    for dtype in (torch.float32, torch.float64):
        x = logits.detach().clone().to(dtype).requires_grad_()
        lovasz_hinge(x, truth).backward()
        gradients.append(x.grad.float())
    torch.testing.assert_close(*gradients)


def test_many_pixels_are_counted_exactly():
    truth = torch.zeros(1, 1, 3000, 1000)
    truth[..., :600] = 1
    logits = torch.full_like(truth, -1.0)
    logits[..., :500] = 1
    loss = lovasz_hinge(logits, truth).item()
    assert loss == pytest.approx(2 * (1 - 500 / 600), rel=1e-5)


def test_an_empty_truth_costs_the_largest_error():
    logits = torch.tensor([[[0.5, -3.0, 2.0]]])
    loss = lovasz_hinge(logits, torch.zeros(1, 1, 3))
    assert loss.item() == 3


def test_the_batch_is_one_row_when_pooled():
    logits, target = torch.randn(3, 2, 4, 5), torch.randint(0, 2, (3, 4, 5))
    wide = logits.permute(1, 0, 2, 3).flatten(1)[None]
    for loss, labels, flat in (
        (lovasz_softmax, target, target.view(1, -1)),
        (
            lovasz_hinge,
            one_hot(target, 2),
            one_hot(target.view(1, -1), 2),
        ),
    ):
        pooled = loss(logits, labels, over="batch", reduction="none")
        torch.testing.assert_close(
            pooled, loss(wide, flat, reduction="none")
        )


def test_infinite_logits_on_the_right_side_cost_nothing():
    logits = torch.tensor([[[torch.inf, -torch.inf, 0.0]]])
    loss = lovasz_hinge(logits, torch.tensor([[[1, 0, 1]]]))
    assert loss.item() == pytest.approx(0.5)


def test_wrong_arguments_are_named():
    logits = torch.zeros(1, 2, 3)
    target = torch.zeros(1, 3).long()
    with pytest.raises(ValueError, match="over must be"):
        lovasz_softmax(logits, target, over="dataset")
    with pytest.raises(ValueError, match="masks are for lovasz_hinge"):
        lovasz_softmax(logits, logits)
    with pytest.raises(ValueError, match="0 and 1 alone"):
        lovasz_hinge(logits, logits + 0.5)
