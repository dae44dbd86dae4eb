"""Fast and matrix NMS against loops that do what the papers say."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.ops import batched_nms

from seglab.instances.onestage.suppression import (
    fast_nms,
    gaussian_decay,
    linear_decay,
    mask_iou,
    matrix_nms,
    surest,
)

DECAYS = [linear_decay, gaussian_decay, partial(gaussian_decay, sigma=0.1)]


def some_boxes(seed, count=25):
    """Boxes that overlap, all scores different, two labels."""
    generator = torch.Generator().manual_seed(seed)
    corner = 20 * torch.rand(count, 2, generator=generator)
    size = 5 + 15 * torch.rand(count, 2, generator=generator)
    scores = (1 + torch.randperm(count, generator=generator)) / count
    labels = torch.randint(1, 3, (count,), generator=generator)
    return torch.cat([corner, corner + size], 1), scores, labels


def box_overlap(a, b):
    low, high = torch.maximum(a[:2], b[:2]), torch.minimum(a[2:], b[2:])
    both = (high - low).clamp(min=0).prod()
    areas = [(box[2:] - box[:2]).prod() for box in (a, b)]
    return (both / (sum(areas) - both)).item()


def slow_fast_nms(boxes, scores, labels, threshold):
    kept = []
    for j in scores.argsort(descending=True).tolist():
        better = (scores > scores[j]) & (labels == labels[j])
        overlaps = [
            box_overlap(boxes[i], boxes[j])
            for i in better.nonzero()[:, 0].tolist()
        ]
        if all(overlap <= threshold for overlap in overlaps):
            kept.append(j)
    return kept


def overlap(a, b):
    union = (a | b).sum().item()
    return (a & b).sum().item() / union if union else 0.0


def slow_matrix_nms(masks, scores, labels, decay):
    """One pair after the other, as section 3.3 of the paper has it."""

    def f(iou):
        return decay(torch.tensor(iou)).item()

    def better(j):
        return [
            i
            for i in range(len(scores))
            if scores[i] > scores[j] and labels[i] == labels[j]
        ]

    found = []
    for j in range(len(scores)):
        factor = 1.0
        for i in better(j):
            most = [overlap(masks[k], masks[i]) for k in better(i)]
            own = f(max(most, default=0.0))
            if own > 0:
                factor = min(factor, f(overlap(masks[i], masks[j])) / own)
        found.append(scores[j].item() * factor)
    return torch.tensor(found)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_fast_nms_does_what_a_loop_does(seed, threshold):
    given_boxes = some_boxes(seed, 12)
    found = fast_nms(*given_boxes, iou_threshold=threshold)
    assert found.tolist() == slow_fast_nms(*given_boxes, threshold)


@given(st.integers(0, 10_000))
def test_fast_nms_keeps_some_of_what_nms_keeps(seed):
    given_boxes = some_boxes(seed)
    fast = set(fast_nms(*given_boxes).tolist())
    usual = set(batched_nms(*given_boxes, 0.5).tolist())
    assert fast <= usual


def test_the_middle_one_drops_the_last_though_it_is_gone_itself():
    boxes = torch.tensor([[0.0, 0, 10, 9], [0, 3, 10, 12], [0, 6, 10, 15]])
    scores, labels = torch.tensor([0.7, 0.9, 0.8]), torch.ones(3)
    # the best one overlaps both
    assert fast_nms(boxes, scores, labels, iou_threshold=0.4).tolist() == [
        1
    ]
    scores = torch.tensor([0.9, 0.8, 0.7])
    found = fast_nms(boxes, scores, labels, iou_threshold=0.4)
    usual = batched_nms(boxes, scores, labels, 0.4)
    assert found.tolist() == [0] and usual.tolist() == [0, 2]


def test_equal_scores_keep_their_order():
    boxes = torch.tensor([[0.0, 0, 9, 9]]).expand(3, 4)
    found = fast_nms(boxes, torch.full((3,), 0.5), torch.ones(3))
    assert found.tolist() == [0]


def test_other_labels_are_left_alone():
    boxes = torch.tensor([[0.0, 0, 9, 9]]).expand(3, 4)
    scores = torch.tensor([0.1, 0.3, 0.2])
    found = fast_nms(boxes, scores, torch.tensor([1, 2, 3]))
    assert found.tolist() == [1, 2, 0]


def test_nothing_in_nothing_out():
    none = torch.zeros(0)
    assert len(fast_nms(torch.zeros(0, 4), none, none)) == 0
    masks = torch.zeros(0, 4, 4, dtype=torch.bool)
    assert len(matrix_nms(masks, none, none)) == 0


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize("seed", range(12))
def test_matrix_nms_does_what_a_loop_does(seed, decay):
    generator = torch.Generator().manual_seed(seed)
    base = torch.rand(3, 5, 6, generator=generator) > 0.5
    flips = torch.rand(14, 5, 6, generator=generator) > 0.8
    masks = base[torch.arange(14) % 3] ^ flips
    masks[3] = masks[0]  # an exact copy
    masks[5] = False
    scores = (1 + torch.randperm(14, generator=generator)) / 14
    labels = torch.randint(1, 3, (14,), generator=generator)
    found = matrix_nms(masks, scores, labels, decay=decay)
    wanted = slow_matrix_nms(masks, scores, labels, decay)
    assert torch.allclose(found, wanted, atol=1e-5)
    assert (found <= scores).all()
    best = scores.argmax()
    assert found[best] == scores[best]


def test_a_copy_of_a_copy_is_gone_and_nan_is_nowhere():
    masks = torch.ones(3, 4, 4, dtype=torch.bool)
    scores = torch.tensor([0.7, 0.9, 0.8])
    found = matrix_nms(masks, scores, torch.ones(3), decay=linear_decay)
    assert found.tolist() == [0, pytest.approx(0.9), 0]


def test_matrix_nms_leaves_its_arguments_alone():
    masks = torch.ones(2, 4, 4, dtype=torch.bool)
    scores = torch.tensor([0.7, 0.9])
    matrix_nms(masks, scores, torch.ones(2))
    assert scores.tolist() == pytest.approx([0.7, 0.9])


def test_sigma_stands_below():
    iou = torch.tensor([0.6])
    assert gaussian_decay(iou, sigma=2.0) > gaussian_decay(iou, sigma=0.5)
    assert gaussian_decay(iou).item() == pytest.approx(0.4868, abs=1e-4)


def test_iou_of_empty_masks_is_zero():
    masks = torch.zeros(2, 3, 3, dtype=torch.bool)
    assert (mask_iou(masks) == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fast_nms(torch.zeros(4), torch.ones(1), torch.ones(1)),
            "boxes must be",
        ),
        (
            lambda: fast_nms(
                torch.zeros(2, 4), torch.ones(1), torch.ones(2)
            ),
            "scores must have shape",
        ),
        (
            lambda: fast_nms(
                torch.zeros(1, 4),
                torch.ones(1),
                torch.ones(1),
                iou_threshold=2,
            ),
            "iou_threshold must be",
        ),
        (
            lambda: matrix_nms(
                torch.zeros(1, 4, 4), torch.ones(1), torch.ones(1)
            ),
            "masks must be bool",
        ),
        (
            lambda: matrix_nms(
                torch.zeros(1, 4, 4, dtype=torch.bool),
                torch.ones(1),
                torch.ones(1, 1),
            ),
            "labels must have shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_surest_come_first_and_ties_keep_their_order():
    chances = torch.tensor([[0.5, 0.2], [0.5, 0.9], [0.1, 0.5]])
    places, classes, scores = surest(chances, above=0.2, most=3)
    assert places.tolist() == [1, 0, 1]
    assert classes.tolist() == [1, 0, 0]
    assert torch.equal(scores, torch.tensor([0.9, 0.5, 0.5]))


def test_nobody_is_sure():
    parts = surest(torch.zeros(4, 2), above=0.0, most=5)
    assert [len(part) for part in parts] == [0, 0, 0]
