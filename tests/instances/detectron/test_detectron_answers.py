"""Detectron2's answers in this package's words."""

import pytest
import torch

pytest.importorskip("detectron2")

from detectron2.structures import Boxes, Instances

from seglab.instances.detectron.answers import (
    to_detections,
    to_inputs,
    to_panoptic_map,
)


def make_instances(masks, scores, classes):
    found = Instances(tuple(masks.shape[1:]))
    found.pred_masks = masks
    found.pred_boxes = Boxes(torch.arange(4.0 * len(masks)).reshape(-1, 4))
    found.scores = torch.tensor(scores)
    found.pred_classes = torch.tensor(classes, dtype=torch.int64)
    return found


def test_images_become_bytes_wide():
    images = torch.rand(2, 3, 5, 7)
    first, second = to_inputs(images)
    assert torch.equal(second["image"], images[1] * 255)
    assert (first["height"], first["width"]) == (5, 7)


@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 1, 5, 7), (5, 7)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="images must be"):
        to_inputs(torch.zeros(shape))


def test_labels_count_from_one():
    masks = torch.rand(3, 5, 7) > 0.5
    found = to_detections(make_instances(masks, [0.9, 0.5, 0.1], [0, 4, 2]))
    assert found.labels.tolist() == [1, 5, 3]
    assert torch.equal(found.masks, masks)
    assert found.boxes[1].tolist() == [4, 5, 6, 7]


def test_nothing_found_is_an_answer():
    found = to_detections(make_instances(torch.zeros(0, 5, 7) > 0, [], []))
    assert len(found) == 0 and found.masks.shape == (0, 5, 7)


def test_a_panoptic_map_numbers_things_and_not_stuff():
    ids = torch.tensor([[1, 1, 2], [3, 4, 0]], dtype=torch.int32)
    segments = [
        {"id": 1, "isthing": True, "category_id": 0},
        {"id": 2, "isthing": True, "category_id": 0},
        {"id": 3, "isthing": False, "category_id": 1},
        {"id": 4, "isthing": False, "category_id": 3},
    ]
    found = to_panoptic_map(ids, segments, num_things=5)
    assert found.tolist() == [[1001, 1001, 1002], [6000, 8000, 0]]
    assert found.dtype == torch.int64


def test_an_empty_answer_is_void():
    found = to_panoptic_map(torch.zeros(2, 3), [], num_things=5)
    assert found.tolist() == [[0] * 3] * 2
