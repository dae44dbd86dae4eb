"""Signed distances by brute force, and the loss on them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from loss_cases import IGNORED, cases, one_hot

from seglab.losses import (
    BoundaryLoss,
    boundary_loss,
    signed_distance_maps,
)


def slow_distances(mask):
    """By all pairs of pixels; 0 without a boundary."""
    result = torch.zeros(mask.shape)
    if mask.all() or not mask.any():
        return result
    inside, outside = mask.nonzero().float(), (~mask).nonzero().float()
    for pixel in np.ndindex(*mask.shape):
        others = outside if mask[pixel] else inside
        here = torch.tensor(pixel).float()
        nearest = (others - here).square().sum(1).sqrt().min()
        result[pixel] = 1 - nearest if mask[pixel] else nearest
    return result


@given(cases())
def test_maps_and_loss_are_what_all_pairs_give(case):
    logits, target = case
    classes = logits.shape[1]
    masks = one_hot(target, classes).bool()
    expected = torch.stack(
        [torch.stack([slow_distances(m) for m in image]) for image in masks]
    )
    maps = signed_distance_maps(target, classes)
    torch.testing.assert_close(maps, expected)
    ours = boundary_loss(logits, target)
    torch.testing.assert_close(ours, (logits.softmax(1) * expected).mean())
    given_maps = boundary_loss(logits, target, distances=maps)
    assert torch.equal(ours, given_maps)
    ours = boundary_loss(logits, one_hot(target, classes))
    torch.testing.assert_close(ours, (logits.sigmoid() * expected).mean())


def test_a_class_that_is_absent_or_everywhere_has_a_map_of_0():
    maps = signed_distance_maps(torch.zeros(1, 4, 5).long(), 3)
    assert maps.shape == (1, 3, 4, 5)
    assert (maps == 0).all()
    assert not torch.signbit(maps).any()


def test_there_is_a_gradient_and_it_pulls_towards_the_boundary():
    target = torch.zeros(1, 9, 9).long()
    target[:, 3:6, 3:6] = 1
    logits = torch.zeros(1, 2, 9, 9, requires_grad=True)
    boundary_loss(logits, target).backward()
    foreground = logits.grad[0, 1]
    assert foreground[4, 4] < 0 < foreground[0, 0]
    assert foreground[0, 0] > foreground[2, 4]


def test_ignored_pixels_are_outside_of_every_class():
    target = torch.tensor([[0, 0, 1, 1, IGNORED]])
    logits = torch.randn(1, 2, 5)
    maps = signed_distance_maps(target, 2)
    losses = boundary_loss(
        logits, target, ignore_index=IGNORED, reduction="none"
    )
    expected = logits.softmax(1) * maps
    torch.testing.assert_close(losses[..., :4], expected[..., :4])
    assert (losses[..., 4] == 0).all()
    mean = boundary_loss(logits, target, ignore_index=IGNORED)
    torch.testing.assert_close(mean, losses.sum() / 8)


def test_the_module_takes_maps_too():
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    maps = signed_distance_maps(target, 3)
    module = BoundaryLoss()
    assert module(logits, target, maps) == module(logits, target)
    assert module(logits, target, 0 * maps).item() == 0


def test_wrong_arguments_are_named():
    logits, target = torch.zeros(1, 2, 3), torch.zeros(1, 3).long()
    with pytest.raises(ValueError, match="distances must have the logits"):
        boundary_loss(logits, target, distances=torch.zeros(1, 3))
    with pytest.raises(TypeError, match="target must hold integer"):
        signed_distance_maps(target.float(), 2)
    with pytest.raises(ValueError, match="at least one axis of pixels"):
        signed_distance_maps(target[0], 2)
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        signed_distance_maps(target, 0)
