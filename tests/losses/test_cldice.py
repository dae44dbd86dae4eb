"""clDice against MONAI, and what it is for."""

import monai.losses
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import cases, one_hot
from monai.losses.cldice import soft_skel

from seglab.losses import ClDiceLoss, cldice_loss, dice_loss, soft_skeleton


@given(cases(), st.integers(1, 4))
def test_skeletons_are_monais(case, iterations):
    masks = case[0].sigmoid()
    torch.testing.assert_close(
        soft_skeleton(masks, iterations), soft_skel(masks, iterations)
    )


def test_skeletons_of_volumes_are_monais():
    masks = torch.rand(1, 2, 5, 6, 7)
    torch.testing.assert_close(soft_skeleton(masks, 3), soft_skel(masks, 3))


@given(cases(), st.integers(1, 4), st.floats(0.1, 5))
def test_is_monais_loss_channel_by_channel(case, iterations, smooth):
    """MONAI sums over channels, and smooths the mean of the two shares."""
    logits, target = case
    theirs = monai.losses.cldice.SoftclDiceLoss(
        iter_=iterations,
        smooth_nr=smooth,
        smooth_dr=smooth,
        smooth=1e-12,
        reduction="none",
    )
    truth = one_hot(target, logits.shape[1])
    keywords = {
        "iterations": iterations,
        "smooth": smooth,
        "reduction": "none",
    }
    masks = cldice_loss(logits, truth, **keywords)
    classes = cldice_loss(logits, target, **keywords)
    assert classes.shape[1] == logits.shape[1] - 1
    for c in range(logits.shape[1]):
        part = slice(c, c + 1)
        torch.testing.assert_close(
            masks[:, c], theirs(logits.sigmoid()[:, part], truth[:, part])
        )
        if c > 0:
            torch.testing.assert_close(
                classes[:, c - 1],
                theirs(logits.softmax(1)[:, part], truth[:, part]),
            )


def test_the_iterations_are_used():
    bar = torch.zeros(1, 1, 21, 41)
    bar[..., 3:18, 3:38] = 1  # 15 pixels wide
    few, enough = soft_skeleton(bar, 2), soft_skeleton(bar, 8)
    assert few[0, 0, 10, 20] == 0
    assert enough[0, 0, 10, 20] == 1
    logits = (bar * 100 - 50) * torch.rand(bar.shape)
    first = cldice_loss(logits, bar, iterations=1)
    assert first != cldice_loss(logits, bar, iterations=8)


def test_a_gap_in_a_vessel_costs_more_than_thin_walls():
    vessel = torch.zeros(1, 1, 15, 60)
    vessel[..., 5:10, 2:58] = 1
    thin = torch.zeros_like(vessel)
    thin[..., 6:9, 3:57] = 1
    torn = vessel.clone()
    torn[..., 20:40] = 0
    losses = {
        loss: [
            loss(100 * mask - 50, vessel, smooth=1e-3).item()
            for mask in (thin, torn)
        ]
        for loss in (dice_loss, cldice_loss)
    }
    assert losses[cldice_loss][0] < 0.05 < losses[cldice_loss][1]
    assert losses[dice_loss][0] > losses[dice_loss][1] * 0.9


def test_the_module_hands_its_settings_on():
    logits, target = torch.randn(2, 3, 8, 9), torch.randint(0, 3, (2, 8, 9))
    module = ClDiceLoss(iterations=2, smooth=0.5)
    expected = cldice_loss(logits, target, iterations=2, smooth=0.5)
    assert module(logits, target) == expected


def test_wrong_arguments_are_named():
    logits = torch.zeros(1, 2, 3, 3)
    with pytest.raises(ValueError, match="iterations must be 1 or more"):
        cldice_loss(logits, logits, iterations=0)
    with pytest.raises(TypeError, match="iterations must be an integer"):
        ClDiceLoss(iterations=2.5)
    with pytest.raises(TypeError, match="masks must be a floating-point"):
        soft_skeleton(logits.long(), 2)
    with pytest.raises(ValueError, match=r"masks must be \[N, C, H, W"):
        soft_skeleton(logits[0], 2)
    with pytest.raises(ValueError, match=r"logits must be \[N, C, H, W"):
        cldice_loss(logits[0], logits[0])
