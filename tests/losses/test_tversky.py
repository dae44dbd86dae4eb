"""Tversky and focal Tversky against loops, Dice, MONAI and smp."""

import monai.losses
import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import cases, one_hot

from seglab.losses import (
    FocalTverskyLoss,
    TverskyLoss,
    dice_loss,
    focal_tversky_loss,
    tversky_loss,
)

prices = st.floats(0, 2)


def slow_tversky(probabilities, truth, alpha_fp, beta_fn, smooth):
    result = torch.empty(probabilities.shape[:2])
    for i, j in (
        (i, j) for i in range(len(truth)) for j in range(len(truth[0]))
    ):
        p, t = probabilities[i, j], truth[i, j]
        tp = float((p * t).sum())
        fp = float((p * (1 - t)).sum())
        fn = float(((1 - p) * t).sum())
        below = tp + alpha_fp * fp + beta_fn * fn + smooth / 2
        result[i, j] = 1 - (tp + smooth / 2) / below
    return result


@given(cases(), prices, prices, st.floats(0.01, 10))
def test_is_what_loops_give(case, alpha_fp, beta_fn, smooth):
    logits, target = case
    truth = one_hot(target, logits.shape[1])
    keywords = {"alpha_fp": alpha_fp, "beta_fn": beta_fn, "smooth": smooth}
    for given_target, p in (
        (target, logits.softmax(1)),
        (truth, logits.sigmoid()),
    ):
        expected = slow_tversky(p, truth, **keywords)
        ours = tversky_loss(
            logits, given_target, reduction="none", **keywords
        )
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
        raised = focal_tversky_loss(
            logits, given_target, exponent=1.5, **keywords
        )
        torch.testing.assert_close(
            raised, (ours.clamp_min(0) ** 1.5).mean(), atol=1e-5, rtol=1e-4
        )


@given(cases(), st.floats(0.01, 10))
def test_a_half_each_is_dice_with_the_same_smoothing(case, smooth):
    keywords = {"alpha_fp": 0.5, "beta_fn": 0.5, "smooth": smooth}
    torch.testing.assert_close(
        tversky_loss(*case, **keywords), dice_loss(*case, smooth=smooth)
    )


@given(cases(), prices, prices)
def test_is_monais_loss_with_half_the_smoothing(case, alpha_fp, beta_fn):
    logits, target = case
    theirs = monai.losses.TverskyLoss(
        softmax=True,
        to_onehot_y=True,
        alpha=alpha_fp,
        beta=beta_fn,
        smooth_nr=0.5,
        smooth_dr=0.5,
    )
    ours = tversky_loss(logits, target, alpha_fp=alpha_fp, beta_fn=beta_fn)
    torch.testing.assert_close(ours, theirs(logits, target[:, None]))


def test_missing_and_inventing_are_priced_apart():
    truth = torch.tensor([[[[1.0, 1, 0, 0]]]])
    missed = 100 * torch.tensor([[[[1.0, -1, -1, -1]]]])
    invented = 100 * torch.tensor([[[[1.0, 1, 1, -1]]]])
    free = {"alpha_fp": 0, "beta_fn": 1}
    assert tversky_loss(invented, truth, **free).item() == 0
    assert tversky_loss(missed, truth, **free).item() > 0.3
    free = {"alpha_fp": 1, "beta_fn": 0}
    assert tversky_loss(invented, truth, **free).item() > 0.2
    assert tversky_loss(missed, truth, **free).item() == 0


def test_smp_raises_the_mean_and_here_each_class_is_raised():
    logits = torch.tensor([[[9.0, 9, 9, 0], [0, 0, 0, 0], [0, 0, 0, 0]]])
    target = torch.tensor([[0, 0, 1, 2]])
    keywords = {"alpha": 0.3, "beta": 0.7, "smooth": 0.5}
    theirs = smp.losses.TverskyLoss("multiclass", gamma=0.5, **keywords)
    each = tversky_loss(logits, target, reduction="none")
    mean_raised = theirs(logits, target)
    torch.testing.assert_close(mean_raised, each.mean() ** 0.5)
    ours = focal_tversky_loss(logits, target, exponent=0.5)
    torch.testing.assert_close(ours, (each**0.5).mean())
    assert abs(ours - mean_raised) > 0.01


def test_a_perfect_prediction_has_a_finite_gradient():
    truth = torch.ones(1, 1, 4, 4)
    logits = torch.full_like(truth, 100).requires_grad_()
    loss = focal_tversky_loss(logits, truth, exponent=0.1)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(logits.grad).all()


def test_modules_hand_their_settings_on():
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    keywords = {"alpha_fp": 0.1, "beta_fn": 1.5, "smooth": 0.5}
    expected = tversky_loss(logits, target, **keywords)
    assert TverskyLoss(**keywords)(logits, target) == expected
    expected = focal_tversky_loss(logits, target, exponent=2, **keywords)
    module = FocalTverskyLoss(exponent=2, **keywords)
    assert module(logits, target) == expected


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"alpha_fp": -1}, "alpha_fp must be finite and 0 or more, got -1"),
        ({"beta_fn": float("nan")}, "beta_fn must be finite"),
        ({"exponent": 0}, "exponent must be finite and above 0, got 0"),
        ({"smooth": 0}, "smooth must be above 0"),
    ],
)
def test_wrong_settings_are_named(keywords, message):
    logits, target = torch.zeros(1, 2, 3), torch.zeros(1, 3).long()
    with pytest.raises(ValueError, match=message):
        focal_tversky_loss(logits, target, **keywords)
    with pytest.raises(ValueError, match=message):
        FocalTverskyLoss(**keywords)
