"""Anchors of YOLACT: shapes, order, and their objects."""

import pytest
import torch
from torchvision.models.detection.anchor_utils import AnchorGenerator

from seglab.instances.onestage.anchors import (
    ANCHORS_EACH,
    RATIOS,
    SIDES,
    STRIDES,
    make_anchors,
    match_anchors,
    to_boxes,
    to_changes,
)


def test_they_are_torchvisions():
    grids = [(5, 7), (3, 4)]
    generator = AnchorGenerator(
        tuple((side,) for side in SIDES), (RATIOS,) * len(SIDES)
    )
    strides = [[torch.tensor(s), torch.tensor(s)] for s in STRIDES]
    wanted = torch.cat(generator.grid_anchors([*grids], strides))
    assert torch.equal(make_anchors(grids), wanted)
    assert len(wanted) == ANCHORS_EACH * (5 * 7 + 3 * 4)


def test_two_maps_are_wanted():
    with pytest.raises(ValueError, match="grids must be 2 sizes, got 1"):
        make_anchors([(4, 4)])


def test_without_objects_all_is_background():
    found = match_anchors(torch.zeros(0, 4), make_anchors([(2, 2), (1, 1)]))
    assert (found == -1).all()


def test_every_object_has_an_anchor_however_odd_it_is():
    anchors = make_anchors([(16, 16), (8, 8)])
    thin = torch.tensor([[3.0, 40.0, 120.0, 44.0], [60.0, 60, 84, 84]])
    found = match_anchors(thin, anchors)
    assert set(found.unique().tolist()) == {-2, -1, 0, 1}


def test_changes_and_back():
    anchors = make_anchors([(4, 4), (2, 2)])
    boxes = anchors * torch.tensor([0.9, 1.0, 1.1, 1.2]) + 3
    again = to_boxes(to_changes(boxes, anchors), anchors)
    assert torch.allclose(again, boxes, atol=1e-3)
