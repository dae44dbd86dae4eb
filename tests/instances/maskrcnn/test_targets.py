import torch
from box_cases import random_boxes
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from seglab.instances.maskrcnn.boxes import box_iou
from seglab.instances.maskrcnn.small import SmallMaskRCNN
from seglab.instances.maskrcnn.targets import (
    crop_masks,
    label_anchors,
    label_proposals,
)

PEER = SmallMaskRCNN(4).network


def test_labels_of_anchors_are_torchvisions():
    anchors, boxes = random_boxes(300, 1), random_boxes(4, 2)
    labels, objects = label_anchors(anchors, boxes)
    peer = PEER.rpn.assign_targets_to_anchors([anchors], [{"boxes": boxes}])
    assert torch.equal(labels, peer[0][0])
    assert torch.equal(boxes[objects], peer[1][0])
    assert set(labels.tolist()) == {-1, 0, 1}


def test_labels_of_proposals_are_torchvisions():
    boxes, labels = random_boxes(4, 2), torch.tensor([3, 1, 2, 2])
    proposals = torch.cat([random_boxes(200, 1), boxes + 2])
    found, objects = label_proposals(proposals, boxes, labels)
    peer = PEER.roi_heads.assign_targets_to_proposals(
        [proposals], [boxes], [labels]
    )
    assert torch.equal(objects, peer[0][0])
    assert torch.equal(found, peer[1][0])
    assert (found > 0).any() and (found == 0).any()


def test_without_objects_all_is_background():
    none = torch.zeros(0, 4)
    labels, objects = label_anchors(random_boxes(5), none)
    assert labels.tolist() == [0] * 5 and objects.tolist() == [0] * 5
    found, _ = label_proposals(
        random_boxes(5), none, torch.zeros(0, dtype=torch.int64)
    )
    assert found.tolist() == [0] * 5


def test_every_object_has_an_anchor():
    anchors, boxes = random_boxes(40, 1), random_boxes(6, 9, least=60)
    labels, objects = label_anchors(anchors, boxes)
    nearest = box_iou(boxes, anchors).argmax(1)
    assert (labels[nearest] == 1).all()
    assert (
        objects[nearest] == box_iou(boxes, anchors).argmax(0)[nearest]
    ).all()


def test_cropped_masks_are_torchvisions():
    torch.manual_seed(0)
    masks = torch.rand(3, 50, 70) > 0.5
    boxes = random_boxes(8, 3, size=40, least=4)
    which = torch.randint(0, 3, (8,))
    peer = project_masks_on_boxes(masks, boxes, which, 28)
    assert torch.allclose(
        crop_masks(masks, boxes, which, 28), peer, atol=1e-5
    )
    assert crop_masks(masks, boxes[:0], which[:0], 28).shape == (0, 28, 28)
