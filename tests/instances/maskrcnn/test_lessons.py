import torch
from box_cases import random_boxes

from seglab.instances.maskrcnn.boxes import decode_boxes
from seglab.instances.maskrcnn.lessons import (
    HEAD_WEIGHTS,
    draw_anchors,
    draw_proposals,
)
from seglab.instances.maskrcnn.small import SmallMaskRCNN


def truth(count=3):
    return {
        "boxes": random_boxes(count, 2, size=60, least=8),
        "labels": torch.arange(count) % 3 + 1,
        "masks": torch.rand(count, 120, 120) > 0.5,
    }


def test_what_anchors_learn_leads_to_their_objects():
    objects, anchors = truth(), random_boxes(400, 1)
    lesson = draw_anchors(anchors, objects, count=32)
    assert 0 < len(lesson.positives) <= 16
    assert len(lesson.positives) + len(lesson.negatives) == 32
    there = decode_boxes(lesson.targets, anchors)[lesson.positives]
    gap = (there[:, None] - objects["boxes"]).abs().amax(2).amin(1)
    assert gap.max() < 1e-3
    assert (lesson.labels[lesson.positives] == 1).all()
    assert (lesson.labels[lesson.negatives] == 0).all()


def test_proposals_are_those_that_torchvision_draws():
    torch.manual_seed(0)
    objects, proposals = truth(), random_boxes(90, 1)
    heads = SmallMaskRCNN(4).network.roi_heads
    torch.manual_seed(5)
    boxes, _, labels, targets = heads.select_training_samples(
        [proposals.clone()], [objects]
    )
    torch.manual_seed(5)
    lesson = draw_proposals(proposals, objects)
    assert torch.equal(lesson.boxes, boxes[0])
    assert torch.equal(lesson.labels, labels[0])
    assert torch.allclose(lesson.targets, targets[0], atol=1e-4)
    assert len(lesson.masks) == (lesson.labels > 0).sum() > 0


def test_true_boxes_are_proposals_that_need_no_change():
    objects = truth(2)
    lesson = draw_proposals(torch.zeros(0, 4), objects)
    assert torch.equal(lesson.boxes, objects["boxes"])
    assert torch.equal(lesson.labels, objects["labels"])
    assert lesson.targets.abs().max() == 0
    there = decode_boxes(lesson.targets, lesson.boxes, HEAD_WEIGHTS)
    assert torch.allclose(there, objects["boxes"], atol=1e-3)


def test_an_empty_image():
    nothing = truth(0)
    lesson = draw_proposals(random_boxes(5), nothing, mask_side=28)
    assert lesson.labels.tolist() == [0] * 5
    assert lesson.masks.shape == (0, 28, 28)
    anchors = draw_anchors(random_boxes(5), nothing)
    assert not len(anchors.positives) and len(anchors.negatives) == 5
