"""J with its convention, and two trackers without a memory."""

import pytest
import torch
from small_sam2 import small_clip, small_sam2

from seglab.promptable.prompts import boxes
from seglab.promptable.sam2.scoring import (
    keep_first_masks,
    region_similarity,
    reprompt_boxes,
)


def square(left, top, right, bottom, side=16):
    mask = torch.zeros(side, side, dtype=torch.bool)
    mask[top:bottom, left:right] = True
    return mask


def test_j_by_hand():
    found, truth = square(0, 0, 4, 4), square(2, 0, 6, 4)
    assert float(region_similarity(found, truth)) == pytest.approx(1 / 3)


def test_j_equals_a_loop_over_frames_and_objects():
    torch.manual_seed(0)
    found, truth = torch.rand(2, 4, 3, 5, 6) > 0.5
    for t in range(4):
        for k in range(3):
            a, b = found[t, k], truth[t, k]
            wanted = (a & b).sum() / (a | b).sum()
            got = region_similarity(found, truth)[t, k]
            assert float(got) == pytest.approx(float(wanted))


def test_hidden_objects_want_an_empty_mask():
    nothing = torch.zeros(16, 16, dtype=torch.bool)
    assert float(region_similarity(nothing, nothing)) == 1
    assert float(region_similarity(square(0, 0, 1, 1), nothing)) == 0
    assert float(region_similarity(nothing, square(0, 0, 1, 1))) == 0


@pytest.mark.parametrize(
    ("found", "truth", "error", "words"),
    [
        (torch.zeros(4, 4), torch.zeros(4, 4).bool(), TypeError, "found"),
        (torch.zeros(4, 4).bool(), torch.zeros(4, 4), TypeError, "truth"),
        (
            torch.zeros(4, 4).bool(),
            torch.zeros(4, 5).bool(),
            ValueError,
            r"\[\.\.\., H, W\]",
        ),
        (torch.zeros(4).bool(), torch.zeros(4).bool(), ValueError, "shape"),
    ],
)
def test_what_are_no_masks_is_refused(found, truth, error, words):
    with pytest.raises(error, match=words):
        region_similarity(found, truth)


def test_first_masks_stay():
    first = torch.stack([square(0, 0, 4, 4), square(5, 5, 9, 9)])
    kept = keep_first_masks(first, 3)
    assert kept.shape == (3, 2, 16, 16)
    assert all(torch.equal(frame, first) for frame in kept)
    with pytest.raises(ValueError, match="count must be 1 or more, got 0"):
        keep_first_masks(first, 0)


def test_reprompting_asks_for_the_box_of_the_mask_before():
    tracker, (frames, _) = small_sam2(), small_clip()
    first = torch.stack([square(20, 30, 60, 70, 128)])
    found = reprompt_boxes(tracker, frames[:2], first)
    wanted = tracker.segment(frames[1], boxes([(20, 30, 60, 70)]))
    assert torch.equal(found[0], first)
    assert torch.equal(found[1], wanted)


def test_what_is_lost_stays_lost():
    tracker, (frames, _) = small_sam2(), small_clip()
    first = torch.stack(
        [square(20, 30, 60, 70, 128), square(0, 0, 0, 0, 128)]
    )
    found = reprompt_boxes(tracker, frames[:3], first)
    assert found.shape == (3, 2, 128, 128)
    assert not found[:, 1].any()
