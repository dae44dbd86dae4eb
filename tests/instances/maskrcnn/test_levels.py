import pytest
import torch
from box_cases import random_boxes
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.poolers import LevelMapper

from seglab.instances.maskrcnn.levels import (
    assign_levels,
    pyramid_roi_align,
)


@pytest.mark.parametrize("canonical", [(224, 4), (48, 3)])
def test_levels_are_torchvisions(canonical):
    boxes = torch.cat(
        [random_boxes(50, 1, size=s) for s in (4, 60, 500, 4000)]
    )
    side, level = canonical
    peer = LevelMapper(2, 5, side, level)([boxes]) + 2
    ours = assign_levels(
        boxes,
        lowest=2,
        highest=5,
        canonical_side=side,
        canonical_level=level,
    )
    assert torch.equal(ours, peer) and len(ours.unique()) == 4


def test_a_power_of_two_belongs_to_the_upper_level():
    sides = torch.tensor([111.9, 112, 223.9, 224, 448])
    boxes = torch.stack([sides * 0, sides * 0, sides, sides], 1)
    levels = assign_levels(boxes, lowest=0, highest=9)
    assert levels.tolist() == [2, 3, 3, 4, 5]


def test_pooling_is_torchvisions():
    generator = torch.Generator().manual_seed(0)
    maps = [
        torch.randn(2, 3, 128 // s, 96 // s, generator=generator)
        for s in (4, 8, 16)
    ]
    boxes = [random_boxes(9, 1, size=64), random_boxes(7, 2, size=96)]
    boxes[1] = boxes[1] * 9  # some for the coarser maps
    peer = MultiScaleRoIAlign(["a", "b", "c"], 7, 2)(
        dict(zip("abc", maps, strict=True)), boxes, [(128, 96)] * 2
    )
    ours = pyramid_roi_align(maps, boxes, 7)
    assert torch.allclose(ours, peer, atol=1e-5)
    used = assign_levels(torch.cat(boxes), lowest=2, highest=4).unique()
    assert len(used) == 3


def test_no_boxes():
    maps = [torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 4, 4)]
    found = pyramid_roi_align(maps, [torch.zeros(0, 4)], 7)
    assert found.shape == (0, 2, 7, 7)


def test_levels_are_in_order():
    with pytest.raises(ValueError, match="lowest"):
        assign_levels(random_boxes(1), lowest=5, highest=2)
    with pytest.raises(ValueError, match="canonical_side"):
        assign_levels(
            random_boxes(1), lowest=2, highest=5, canonical_side=0
        )
