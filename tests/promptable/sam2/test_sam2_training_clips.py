"""What the small SAM 2 learns from is numbered through its frames."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from seglab.data import catalog
from seglab.data.chest import class_slices, slab_split
from seglab.data.clips import draw_clip
from seglab.promptable.sam2.training_clips import (
    ct_stacks,
    drawn_clips,
    runs_of,
)


def test_drawn_clips_are_those_of_their_seeds():
    frames, numbers = drawn_clips([4, 9], 3)
    assert frames.dtype == numbers.dtype == torch.uint8
    clip = draw_clip(9, frames=3)
    off = np.abs(frames[1].numpy() / 255 - clip.frames)
    assert off.max() <= 0.5 / 255 + 1e-6
    for k in range(clip.masks.shape[1]):
        assert np.array_equal(numbers[1].numpy() == k + 1, clip.masks[:, k])


@pytest.mark.parametrize(
    ("places", "runs"),
    [
        ([5], [[5]]),
        ([1, 2, 3], [[1, 2, 3]]),
        ([0, 2, 4], [[0], [2], [4]]),
        ([0, 1, 5, 6, 9], [[0, 1], [5, 6], [9]]),
    ],
)
def test_runs_are_cut_where_a_number_is_missing(places, runs):
    assert runs_of(places) == runs


@pytest.mark.skipif(catalog.find("chest") is None, reason="needs the scan")
def test_stacks_of_the_ct_leave_out_what_is_held_out():
    frames, numbers = ct_stacks(8, every=5)
    assert frames.shape[1:] == (8, 3, 128, 128)
    assert numbers.shape == (len(frames), 8, 128, 128)
    slices = class_slices(size=(128, 128))
    _, held_out = slab_split(slices.z)
    seen = {f[0].numpy().tobytes() for f in frames.flatten(0, 1)}
    grey = (slices.images[held_out, 0] * 255).round().to(torch.uint8)
    assert not seen & {g.numpy().tobytes() for g in grey}
    # a piece keeps its number while it is seen
    overlaps = []
    for stack in numbers:
        for before, after in pairwise(stack):
            both = (before > 0) & (after > 0)
            overlaps.append((before[both] == after[both]).float().mean())
    assert torch.stack(overlaps).nanmean() > 0.9
