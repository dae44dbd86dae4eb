"""Moving scenes: the same for a seed, and what they promise happens."""

from __future__ import annotations

import numpy as np
import pytest

from seglab.data.clips import Clip, draw_clip
from seglab.data.shapes import LEAST_PIXELS


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [draw_clip(seed, frames=6) for seed in range(40)]


def test_shapes_and_types_are_as_promised():
    clip = draw_clip(3, frames=2, size=(72, 96))
    count = len(clip.categories)
    assert clip.frames.shape == (2, 3, 72, 96)
    assert clip.frames.dtype == np.float32
    assert clip.masks.shape == (2, count, 72, 96)
    assert clip.masks.dtype == bool
    assert clip.categories.dtype == np.int64
    assert len(clip) == 2


def test_the_same_seed_draws_the_same_clip():
    first, again = draw_clip(7, frames=3), draw_clip(7, frames=3)
    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.masks, again.masks)
    assert not np.array_equal(first.frames, draw_clip(8, frames=3).frames)


def test_a_longer_clip_begins_with_the_shorter_one():
    short, long = draw_clip(5, frames=2), draw_clip(5, frames=4)
    assert np.array_equal(short.frames, long.frames[:2])
    assert np.array_equal(short.masks, long.masks[:2])


def test_frames_are_pictures(clips):
    for clip in clips:
        assert clip.frames.min() >= 0 and clip.frames.max() <= 1


def test_masks_of_a_frame_never_overlap(clips):
    for clip in clips:
        assert clip.masks.sum(1).max() <= 1


def test_all_shapes_are_seen_at_first(clips):
    for clip in clips:
        assert 2 <= len(clip.categories) <= 4
        areas = clip.masks[0].sum(axis=(1, 2))
        assert areas.min() >= LEAST_PIXELS


def test_shapes_move(clips):
    for clip in clips:
        assert (clip.masks[0] != clip.masks[-1]).any()


def test_many_clips_hold_two_shapes_of_a_kind(clips):
    twins = [
        len(set(clip.categories)) < len(clip.categories) for clip in clips
    ]
    assert 0.4 < np.mean(twins) < 1


def test_look_alikes_have_nearly_the_same_colour():
    nearest = []
    for seed in range(16):
        clip = draw_clip(seed, frames=1)
        means = [clip.frames[0][:, mask].mean(1) for mask in clip.masks[0]]
        of_a_kind = [
            np.abs(means[a] - means[b]).max()
            for a in range(len(means))
            for b in range(a)
            if clip.categories[a] == clip.categories[b]
        ]
        nearest += [min(of_a_kind)] if of_a_kind else []
    assert len(nearest) >= 8
    assert np.median(nearest) < 0.12


def test_some_shapes_leave_or_hide_and_most_stay():
    gone = [
        not mask.any()
        for seed in range(30)
        for mask in draw_clip(seed, frames=16).masks[-1]
    ]
    assert 0.01 < np.mean(gone) < 0.3


def test_now_and_then_a_shape_is_hidden_and_comes_back():
    masks = draw_clip(5065).masks[:, 3]
    areas = masks.sum(axis=(1, 2))
    hidden = int(areas.argmin())
    assert 0 < hidden < 15
    assert areas[hidden] < 0.1 * areas[0]
    assert areas[-1] > 0.8 * areas[0]


def test_a_texture_turns_with_its_shape():
    # the same shape a frame later is found again by shifting its pixels
    clip = draw_clip(2, frames=2)
    for mask, later in zip(clip.masks[0], clip.masks[1], strict=True):
        before = clip.frames[0][:, mask].mean(1)
        after = clip.frames[1][:, later].mean(1)
        assert np.abs(before - after).max() < 0.06


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"frames": 0}, "frames must be 1 or more, got 0"),
        ({"size": (128, 32)}, "size must be"),
        ({"size": (128,)}, "size must be"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        draw_clip(**{"seed": 0, **arguments})
