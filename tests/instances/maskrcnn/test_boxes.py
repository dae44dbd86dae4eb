import pytest
import torch
from box_cases import random_boxes
from torchvision import ops
from torchvision.models.detection._utils import BoxCoder

from seglab.instances.maskrcnn.boxes import (
    box_area,
    box_iou,
    clip_boxes,
    decode_boxes,
    encode_boxes,
)

WEIGHTS = [(1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)]


@pytest.mark.parametrize("seed", range(3))
def test_iou_is_torchvisions(seed):
    ours, others = random_boxes(30, seed), random_boxes(20, seed + 100)
    assert torch.allclose(
        box_iou(ours, others), ops.box_iou(ours, others), atol=1e-6
    )
    assert torch.allclose(box_area(ours), ops.box_area(ours))


def test_iou_of_whole_boxes_counts_pixels():
    boxes = random_boxes(12, 3, size=20).round()
    masks = torch.zeros(12, 40, 40, dtype=torch.bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.int(), strict=True):
        mask[y0:y1, x0:x1] = True
    flat = masks.flatten(1).float()
    shared = flat @ flat.T
    areas = flat.sum(1)
    counted = shared / (areas[:, None] + areas - shared)
    assert torch.allclose(box_iou(boxes, boxes), counted, atol=1e-6)


def test_boxes_without_area_share_nothing():
    point = torch.tensor([[3.0, 3.0, 3.0, 3.0]])
    assert box_iou(point, point).item() == 0
    assert box_iou(point, torch.zeros(0, 4)).shape == (1, 0)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_coding_is_torchvisions(weights):
    anchors, targets = random_boxes(50, 1), random_boxes(50, 2)
    peer = BoxCoder(weights)
    coded = encode_boxes(targets, anchors, weights)
    assert torch.allclose(
        coded, peer.encode_single(targets, anchors), atol=1e-5
    )
    changes = torch.randn(50, 4) * 2
    assert torch.allclose(
        decode_boxes(changes, anchors, weights),
        peer.decode_single(changes, anchors),
        rtol=1e-5,
        atol=1e-3,
    )


@pytest.mark.parametrize("weights", WEIGHTS)
def test_decoding_undoes_encoding(weights):
    anchors, targets = random_boxes(50, 1), random_boxes(50, 2)
    coded = encode_boxes(targets, anchors, weights)
    back = decode_boxes(coded, anchors, weights)
    assert torch.allclose(back, targets, atol=1e-3)


def test_each_class_has_a_change_of_its_own():
    anchors, changes = random_boxes(5, 1), torch.randn(5, 3, 4)
    together = decode_boxes(changes, anchors)
    peer = BoxCoder(WEIGHTS[0]).decode_single(changes.flatten(1), anchors)
    assert torch.allclose(together.flatten(1), peer, rtol=1e-5, atol=1e-3)


def test_growth_has_a_limit():
    box = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    huge = decode_boxes(torch.tensor([[0.0, 0.0, 99.0, 99.0]]), box)
    assert box_area(huge).item() == pytest.approx(62.5**2, rel=1e-4)


def test_clipping_is_torchvisions():
    boxes = random_boxes(50, 4, size=80) - 20
    assert torch.equal(
        clip_boxes(boxes, (50, 30)),
        ops.clip_boxes_to_image(boxes, (50, 30)),
    )


def test_what_are_no_boxes_is_refused():
    boxes = random_boxes(3)
    with pytest.raises(ValueError, match="others must be xyxy"):
        box_iou(boxes, boxes[:, :2])
    with pytest.raises(ValueError, match="as many as the 3 anchors"):
        encode_boxes(boxes[:2], boxes)
    with pytest.raises(ValueError, match="changes must be"):
        decode_boxes(torch.zeros(2, 4), boxes)
