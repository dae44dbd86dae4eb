"""The losses of promptable models, against plain ones."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from seglab.promptable.learning.losses import (
    dice_distance,
    focal_distance,
    iou_at_zero,
    mask_losses,
)


def pair(seed, shape=(3, 4, 50)):
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(shape, generator=draw) * 3
    truth = (torch.rand(shape[0], shape[2], generator=draw) < 0.3).float()
    return logits, truth


@given(st.integers(0, 99))
def test_focal_is_torchvision_s_without_alpha(seed):
    logits, truth = pair(seed)
    truth = truth[:, None].expand_as(logits)
    wanted = sigmoid_focal_loss(logits, truth, alpha=-1, gamma=2).mean(-1)
    torch.testing.assert_close(focal_distance(logits, truth), wanted)


def test_focal_is_zero_at_a_share_of_a_pixel():
    share = torch.tensor([0.25])
    assert focal_distance(share.logit(), share).abs() < 1e-12
    assert focal_distance(torch.tensor([4.0]), share) > 0.1


@given(st.integers(0, 99))
def test_dice_counts_pixels(seed):
    logits, truth = pair(seed)
    sure = torch.sign(logits) * 60
    found = (sure > 0).float()
    both = (found * truth[:, None]).sum(-1)
    sizes = found.sum(-1) + truth[:, None].sum(-1)
    wanted = 1 - (2 * both + 1) / (sizes + 1)
    torch.testing.assert_close(dice_distance(sure, truth[:, None]), wanted)


def test_iou_takes_no_gradient():
    logits, truth = pair(0)
    logits.requires_grad_()
    found = iou_at_zero(logits, truth[:, None])
    assert not found.requires_grad
    assert found.shape == (3, 4)
    empty = torch.full((5,), -1.0)
    assert iou_at_zero(empty, torch.zeros(5)) == 0


def test_mask_losses_are_their_parts():
    logits, truth = pair(1)
    quality = torch.rand(3, 4)
    masks, error = mask_losses(logits, quality, truth)
    for p in range(3):
        for k in range(4):
            one = logits[p, k]
            focal = focal_distance(one, truth[p])
            dice = dice_distance(one, truth[p])
            assert masks[p, k] == pytest.approx(
                float(10 * focal + 2 * dice), rel=1e-5
            )
            miss = quality[p, k] - iou_at_zero(one, truth[p])
            assert error[p, k] == pytest.approx(float(miss**2), rel=1e-5)


def test_a_right_mask_costs_nothing():
    truth = torch.tensor([[1.0, 0, 1, 0]])
    right = (truth[:, None] - 0.5) * 60
    masks, error = mask_losses(right, torch.ones(1, 1), truth)
    assert masks.max() < 1e-6
    assert error.max() < 1e-6
    wrong, _ = mask_losses(-right, torch.ones(1, 1), truth)
    assert wrong.min() > 100
    assert F.relu(wrong).isfinite().all()
