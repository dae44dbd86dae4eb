"""Prompts refuse what makes no sense, in one sentence."""

import math

import pytest
import torch

from seglab.promptable.prompts import Prompts, boxes, check_inside, clicks

POINTS = torch.zeros(2, 3, 2)
LABELS = torch.ones(2, 3, dtype=torch.int64)
BOXES = torch.tensor([[0.0, 0, 4, 5], [1, 1, 2, 2]])
MASKS = torch.zeros(2, 1, 8, 8)


def test_counts_objects():
    assert len(Prompts(POINTS, LABELS)) == 2
    assert len(Prompts(boxes=BOXES[:1])) == 1
    assert len(Prompts(masks=MASKS)) == 2
    assert len(Prompts(POINTS, LABELS, BOXES, MASKS)) == 2
    assert len(boxes(torch.zeros(0, 4))) == 0


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "needs points, boxes or masks"),
        ({"points": POINTS}, "come together"),
        ({"labels": LABELS}, "come together"),
        (
            {"points": POINTS, "labels": LABELS[:, :2]},
            r"labels .* \(2, 3\)",
        ),
        ({"points": POINTS[0], "labels": LABELS[:3]}, "as many objects"),
        ({"points": POINTS, "labels": LABELS * 2}, r"1 or 0, got \[2\]"),
        (
            {"points": POINTS * math.nan, "labels": LABELS},
            "points .* finite",
        ),
        ({"boxes": BOXES[:, :3]}, r"shape \[P, 4\]"),
        ({"boxes": BOXES.flip(1)}, "right > left"),
        ({"boxes": BOXES * math.inf}, "boxes .* finite"),
        ({"masks": MASKS[:, 0]}, r"shape \[P, 1, h, w\]"),
        ({"boxes": BOXES, "masks": MASKS[:1]}, "as many objects"),
    ],
)
def test_refuses(parts, words):
    with pytest.raises(ValueError, match=words):
        Prompts(**parts)


def test_points_need_two_coordinates():
    with pytest.raises(ValueError, match=r"shape \[P, K, 2\]"):
        Prompts(torch.zeros(2, 3, 3), LABELS)


def test_clicks_without_labels_are_objects_of_their_own():
    asked = clicks([(3, 4), (9, 8)])
    assert asked.points.tolist() == [[[3, 4]], [[9, 8]]]
    assert asked.labels.tolist() == [[1], [1]]


def test_clicks_with_labels_are_one_object():
    asked = clicks([(3, 4), (9, 8)], [1, 0])
    assert asked.points.tolist() == [[[3, 4], [9, 8]]]
    assert asked.labels.tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="labels must have shape"):
        clicks([(3, 4), (9, 8)], [1])


def test_boxes_of_one_tuple():
    assert boxes((1, 2, 3, 4)).boxes.tolist() == [[1, 2, 3, 4]]


def test_inside_includes_half_a_pixel_around():
    edge = torch.tensor([[[-0.5, -0.5], [7.5, 4.5]]])
    check_inside(edge, (5, 8))
    with pytest.raises(ValueError, match=r"8 x 5 pixels, got \(7, 5\)"):
        check_inside(torch.tensor([[[0.0, 0.0], [7.0, 5.0]]]), (5, 8))
