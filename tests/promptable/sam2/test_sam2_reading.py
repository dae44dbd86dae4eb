"""What is read in the memory bank adds up, and reading changes nothing."""

import pytest
import torch
from small_sam2 import click_at, small_clip, small_sam2

from seglab.promptable.sam2.reading import read_memory


@pytest.fixture(scope="module")
def watched():
    tracker, (frames, _) = small_sam2(), small_clip()
    state = tracker.watch(frames)
    tracker.point(state, 0, click_at(40, 50), object_id=1)
    answers = tracker.follow(state)
    for _ in range(4):
        next(answers)
    return tracker, state


def test_weights_of_a_place_sum_to_one(watched):
    tracker, state = watched
    reading = read_memory(tracker, state, 4, object_id=1)
    total = reading.spatial.sum((-2, -1)) + reading.pointers.sum(-1)
    torch.testing.assert_close(total, torch.ones_like(total))
    assert reading.frames == [0, 1, 2, 3]
    assert reading.spatial.shape == (2, 64, 4, 64)
    # four pointers of 64 numbers, in tokens of 32
    assert reading.pointers.shape == (2, 64, 8)


def test_weights_give_what_the_layer_gives(watched):
    tracker, state = watched
    layer = tracker.network.memory_attention.layers[0].cross_attn_image
    taken = []
    handle = layer.register_forward_hook(
        lambda module, args, kwargs, out: taken.append((kwargs, out)),
        with_kwargs=True,
    )
    reading = read_memory(tracker, state, 4, object_id=1)
    handle.remove()
    kwargs, out = taken[0]
    weights = torch.cat(
        [reading.spatial[0].flatten(1), reading.pointers[0]], -1
    )
    values = layer.v_proj(kwargs["v"])[0]
    torch.testing.assert_close(
        layer.out_proj(weights @ values), out[0], atol=1e-5, rtol=1e-4
    )


def test_reading_leaves_the_state_as_it_was(watched):
    tracker, state = watched
    before = [m.features.clone() for m in state.memories(1)]
    read_memory(tracker, state, 4, object_id=1)
    after = [m.features for m in state.memories(1)]
    assert len(before) == len(after)
    assert all(map(torch.equal, before, after))


def test_shares_and_maps(watched):
    tracker, state = watched
    reading = read_memory(tracker, state, 4, object_id=1)
    shares = reading.by_frame()
    assert shares.shape == (4,)
    assert 0 < float(shares.sum()) <= 1
    everywhere = torch.ones(8, 8, dtype=torch.bool)
    for at, frame in enumerate(reading.frames):
        looked = reading.map_of(frame, everywhere)
        assert looked.shape == (8, 8)
        torch.testing.assert_close(looked.sum(), shares[at])
    with pytest.raises(ValueError, match="frame must be one of"):
        reading.map_of(9, everywhere)


def test_prompted_frames_and_unknown_objects_are_refused(watched):
    tracker, state = watched
    with pytest.raises(ValueError, match="not prompted, got 0"):
        read_memory(tracker, state, 0, object_id=1)
    with pytest.raises(KeyError, match="object_id must be one of"):
        read_memory(tracker, state, 4, object_id=2)
