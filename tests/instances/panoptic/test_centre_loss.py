import pytest
import torch
from panoptic_cases import KINDS, scenes
from torch.nn import functional as F

from seglab.instances.panoptic.categories import Categories
from seglab.instances.panoptic.centre_loss import (
    CentreLoss,
    CentreWeights,
    centre_losses,
)
from seglab.instances.panoptic.centres import centre_targets
from seglab.instances.panoptic.deeplab import CentreOutputs


def random_outputs(maps):
    torch.manual_seed(1)
    count, height, width = maps.shape
    return CentreOutputs(
        torch.randn(count, len(KINDS), height, width),
        torch.rand(count, 1, height, width),
        5 * torch.randn(count, 2, height, width),
    )


def test_parts_are_what_the_paper_says():
    _, maps = scenes(2)
    targets = centre_targets(maps, KINDS)
    outputs = random_outputs(maps)
    parts = centre_losses(outputs, targets)
    torch.testing.assert_close(
        parts.semantic, F.cross_entropy(outputs.logits, targets.classes)
    )
    torch.testing.assert_close(
        parts.heat, ((outputs.heat - targets.heat) ** 2).mean()
    )
    inside = targets.is_thing.expand(-1, 2, -1, -1)
    away = (outputs.offsets - targets.offsets).abs()[inside]
    # two numbers a pixel, added, then the mean of pixels
    torch.testing.assert_close(parts.offsets, 2 * away.mean())


def test_the_loss_is_their_weighted_sum():
    _, maps = scenes(2)
    outputs = random_outputs(maps)
    parts = centre_losses(outputs, centre_targets(maps, KINDS, sigma=3.0))
    loss = CentreLoss(
        KINDS, sigma=3.0, weights=CentreWeights(2.0, 3.0, 5.0)
    )
    wanted = 2 * parts.semantic + 3 * parts.heat + 5 * parts.offsets
    torch.testing.assert_close(loss(outputs, maps), wanted)


def test_nothing_to_learn_is_no_trouble():
    maps = torch.zeros(1, 6, 6).long()
    outputs = random_outputs(maps)
    parts = centre_losses(outputs, centre_targets(maps, KINDS))
    assert parts.semantic == 0
    assert parts.offsets == 0
    assert parts.heat > 0


def test_offsets_of_stuff_are_free():
    maps = torch.full((1, 4, 4), 6000)
    targets = centre_targets(maps, Categories([1], [6]))
    logits = torch.zeros(1, 2, 4, 4)
    wild = CentreOutputs(logits, targets.heat, targets.offsets + 99)
    assert centre_losses(wild, targets).offsets == 0


def test_sizes_must_agree():
    maps = scenes(1)[1]
    targets = centre_targets(maps, KINDS)
    with pytest.raises(ValueError, match="targets' size"):
        centre_losses(random_outputs(maps[:, :-1]), targets)
