"""Focal losses against their formula, torchvision, MONAI and smp."""

import kornia.losses
import monai.losses
import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import IGNORED, cases, one_hot
from torchvision.ops import sigmoid_focal_loss

from seglab.losses import (
    BinaryFocalLoss,
    FocalLoss,
    binary_cross_entropy,
    binary_focal_loss,
    cross_entropy,
    focal_loss,
)

gammas = st.floats(0, 5)


def true_probability(logits, target):
    return logits.double().softmax(1).gather(1, target[:, None])[:, 0]


@given(cases(), gammas, st.booleans())
def test_is_the_formula(case, gamma, weighted):
    logits, target = case
    alpha = torch.rand(logits.shape[1]) if weighted else None
    p = true_probability(logits, target)
    expected = -((1 - p) ** gamma) * p.log()
    if weighted:
        expected = expected * alpha[target]
    ours = focal_loss(
        logits, target, gamma=gamma, alpha=alpha, reduction="none"
    )
    torch.testing.assert_close(ours, expected.float(), atol=1e-5, rtol=1e-4)


@given(cases())
def test_gamma_0_and_no_alpha_is_cross_entropy(case):
    logits, target = case
    assert focal_loss(logits, target, gamma=0) == cross_entropy(
        logits, target
    )
    truth = one_hot(target, logits.shape[1])
    assert binary_focal_loss(logits, truth, gamma=0) == (
        binary_cross_entropy(logits, truth)
    )


@given(cases(), gammas, st.floats(0, 1) | st.none(), st.booleans())
def test_the_sigmoid_form_is_torchvisions(case, gamma, alpha, soft):
    logits, target = case
    truth = one_hot(target, logits.shape[1])
    truth = truth * 0.8 + 0.1 if soft else truth
    theirs = sigmoid_focal_loss(
        logits,
        truth,
        alpha=-1 if alpha is None else alpha,
        gamma=gamma,
        reduction="none",
    )
    ours = binary_focal_loss(
        logits, truth, gamma=gamma, alpha=alpha, reduction="none"
    )
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_smp_binary_is_the_sigmoid_form():
    logits = torch.randn(2, 1, 4, 5)
    truth = (torch.rand(2, 1, 4, 5) < 0.3).float()
    theirs = smp.losses.FocalLoss("binary", alpha=0.25, gamma=2.0)
    torch.testing.assert_close(
        binary_focal_loss(logits, truth, alpha=0.25), theirs(logits, truth)
    )


@given(cases())
def test_monai_and_kornia_divide_by_the_classes_too(case):
    logits, target = case
    ours = focal_loss(logits, target)
    theirs = monai.losses.FocalLoss(
        to_onehot_y=True, use_softmax=True, gamma=2.0
    )(logits, target[:, None])
    torch.testing.assert_close(ours, theirs * logits.shape[1])
    theirs = kornia.losses.focal_loss(
        logits, target, alpha=None, gamma=2.0, reduction="mean"
    )
    torch.testing.assert_close(
        ours, theirs * logits.shape[1], atol=1e-5, rtol=1e-4
    )


def test_smp_multiclass_is_one_sigmoid_against_the_rest():
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    theirs = smp.losses.FocalLoss("multiclass", gamma=2.0)(logits, target)
    rest = binary_focal_loss(logits, one_hot(target, 3))
    torch.testing.assert_close(theirs, rest)
    assert abs(theirs - focal_loss(logits, target)) > 0.01


def test_alpha_rests_on_positives_and_its_rest_on_negatives():
    truth = torch.tensor([[[1.0, 0.0]]])
    loss = binary_focal_loss(
        torch.zeros(1, 1, 2), truth, alpha=0.25, reduction="none"
    )
    assert loss[0, 0, 1] == pytest.approx(3 * loss[0, 0, 0].item())


def test_the_mean_is_over_valid_pixels_whatever_alpha_is():
    target = torch.tensor([[0, 1, IGNORED, IGNORED]])
    keywords = {"alpha": torch.tensor([1.0, 3.0]), "ignore_index": IGNORED}
    logits = torch.zeros(1, 2, 4)
    mean = focal_loss(logits, target, **keywords)
    total = focal_loss(logits, target, reduction="sum", **keywords)
    assert mean == total / 2


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_sure_predictions_have_finite_gradients(gamma):
    logits = torch.tensor([[[200.0, -200.0], [-200.0, 200.0]]])
    for right in (True, False):
        logits = logits.detach().requires_grad_()
        target = torch.tensor([[0, 1]] if right else [[1, 0]])
        loss = focal_loss(logits, target, gamma=gamma)
        loss = loss + binary_focal_loss(
            logits, one_hot(target, 2), gamma=gamma
        )
        loss.backward()
        assert torch.isfinite(loss)
        assert torch.isfinite(logits.grad).all()


def test_modules_hand_their_settings_on():
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    alpha = torch.tensor([1.0, 2.0, 3.0])
    module = FocalLoss(gamma=1.5, alpha=alpha)
    assert "alpha" in module.state_dict()
    expected = focal_loss(logits, target, gamma=1.5, alpha=alpha)
    assert module(logits, target) == expected
    truth = one_hot(target, 3)
    expected = binary_focal_loss(logits, truth, gamma=1.5, alpha=0.3)
    assert BinaryFocalLoss(gamma=1.5, alpha=0.3)(logits, truth) == expected


def test_wrong_settings_are_named():
    logits, target = torch.zeros(1, 2, 3), torch.zeros(1, 3).long()
    with pytest.raises(ValueError, match="gamma must be finite and 0"):
        focal_loss(logits, target, gamma=-1)
    with pytest.raises(ValueError, match="gamma must be finite and 0"):
        FocalLoss(gamma=float("inf"))
    with pytest.raises(ValueError, match=r"alpha must have shape \(2,\)"):
        focal_loss(logits, target, alpha=torch.ones(3))
    with pytest.raises(ValueError, match="alpha must be a number from 0"):
        binary_focal_loss(logits, logits, alpha=2)
    with pytest.raises(ValueError, match="alpha must be a number from 0"):
        BinaryFocalLoss(alpha=torch.ones(2))
