"""The memory bank: what is in it, and that it does not grow."""

import gc
import tracemalloc

import pytest
import torch
from small_sam2 import click_at, small_clip, small_sam2

from seglab.promptable.sam2.state import VideoState


class LongClip:
    """A clip that is never in memory as a whole."""

    def __init__(self, length):
        self.length = length
        self.asked = []

    def __len__(self):
        return self.length

    def __getitem__(self, t):
        self.asked.append(t)
        frames, _ = small_clip()
        return frames[t % len(frames)]


def followed(length):
    tracker = small_sam2()
    state = tracker.watch(LongClip(length))
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    for _ in tracker.follow(state):
        pass
    return state


def test_twice_the_clip_needs_no_more_state():
    short, long = followed(20), followed(40)
    assert short.nbytes() == long.nbytes() > 0
    assert len(short.memories(1)) == len(long.memories(1))


def test_the_peak_of_python_s_memory_does_not_grow_either():
    followed(3)  # what is made once
    peaks = []
    for length in (15, 30):
        gc.collect()
        tracemalloc.start()
        followed(length)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] + 50_000


def test_frames_are_read_when_their_turn_comes():
    tracker, clip = small_sam2(), LongClip(30)
    state = tracker.watch(clip)
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    answers = tracker.follow(state)
    for _ in range(4):
        next(answers)
    assert max(clip.asked) == 3


def test_memories_say_what_they_are():
    state = followed(6)
    kept = state.memories(1)
    assert [memory.frame for memory in kept] == list(range(6))
    assert [memory.prompted for memory in kept] == [True] + [False] * 5
    assert kept[0].features.shape == (32, 8, 8)
    assert kept[0].features.dtype == torch.bfloat16
    assert kept[0].pointer.shape == (64,)


def test_forgetting_leaves_what_is_read_as_it_was():
    tracker, (frames, _) = small_sam2(), small_clip(0, 14)
    tidy, hoarder = tracker.watch(frames), tracker.watch(frames)
    hoarder.forget_beyond = lambda frame: None
    found = []
    for state in (tidy, hoarder):
        tracker.point(state, 0, click_at(40, 50), object_id=1)
        found.append(torch.stack([a.logits for a in tracker.follow(state)]))
    assert torch.equal(*found)
    assert tidy.nbytes() < hoarder.nbytes()


def test_prompted_frames_are_never_forgotten():
    tracker = small_sam2()
    state = tracker.watch(LongClip(24))
    tracker.point(state, 2, click_at(40, 50), object_id=7)
    for _ in tracker.follow(state):
        pass
    assert state.memories(7)[0].frame == 2
    assert state.memories(7)[1].frame > 2 + 5


def test_an_unknown_object_and_an_empty_clip_are_refused():
    with pytest.raises(KeyError, match=r"one of \[1\], got 2"):
        followed(1).memories(2)
    with pytest.raises(ValueError, match="got none"):
        VideoState(
            LongClip(0), side=128, reach=8, place=torch.device("cpu")
        )
