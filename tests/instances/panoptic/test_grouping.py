import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from panoptic_cases import KINDS, same_segments, scenes

from seglab.instances.panoptic.centres import heat_map, object_centres
from seglab.instances.panoptic.centres import offsets_to as true_offsets
from seglab.instances.panoptic.grouping import (
    find_centres,
    group_pixels,
    merge_by_vote,
)

SEEDS = st.integers(0, 10**6)


def slow_centres(heat, threshold, kernel, top):
    peaks, reach = [], kernel // 2
    height, width = heat.shape
    for row in range(height):
        for column in range(width):
            window = heat[
                max(0, row - reach) : row + reach + 1,
                max(0, column - reach) : column + reach + 1,
            ]
            value = heat[row, column]
            if value > threshold and value == window.max():
                peaks.append((-float(value), row, column))
    return [[row, column] for _, row, column in sorted(peaks)[:top]]


def slow_groups(centres, offsets):
    groups = np.zeros(offsets.shape[1:], np.int64)
    for row, column in np.ndindex(groups.shape):
        aim = offsets[:, row, column] + (row, column)
        far = [((aim - centre) ** 2).sum() for centre in centres]
        groups[row, column] = int(np.argmin(far)) + 1
    return groups


def slow_vote(semantic, groups, min_stuff):
    merged = np.zeros(semantic.shape, np.int64)
    for number in range(1, groups.max() + 1):
        members = [
            p
            for p in np.ndindex(semantic.shape)
            if groups[p] == number and semantic[p] in KINDS.things
        ]
        votes = dict.fromkeys(KINDS.things, 0)
        for p in members:
            votes[semantic[p]] += 1
        winner = max(votes, key=votes.get)  # the first of equals
        for p in members:
            merged[p] = 1000 * winner + number
    for kind in KINDS.stuff:
        if (semantic == kind).sum() >= min_stuff:
            merged[semantic == kind] = 1000 * kind
    return merged


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([1, 3, 5]), st.integers(1, 9))
def test_centres_equal_a_slow_version(seed, kernel, top):
    # few values, so that plateaus and ties occur
    heat = np.random.default_rng(seed).integers(0, 9, (7, 10)) / 8
    found = find_centres(
        torch.from_numpy(heat), threshold=0.4, kernel=kernel, top=top
    )
    assert found.tolist() == slow_centres(heat, 0.4, kernel, top)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_groups_equal_a_slow_version(seed, count):
    generator = np.random.default_rng(seed)
    centres = generator.integers(0, 9, (count, 2))
    offsets = generator.normal(0, 4, (2, 6, 9))
    found = group_pixels(
        torch.from_numpy(centres), torch.from_numpy(offsets)
    )
    assert found.tolist() == slow_groups(centres, offsets).tolist()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 15))
def test_votes_equal_a_slow_version(seed, min_stuff):
    generator = np.random.default_rng(seed)
    semantic = generator.integers(1, 9, (6, 9))
    groups = generator.integers(0, 4, (6, 9))
    found = merge_by_vote(
        torch.from_numpy(semantic),
        torch.from_numpy(groups),
        categories=KINDS,
        min_stuff=min_stuff,
    )
    assert found.tolist() == slow_vote(semantic, groups, min_stuff).tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore:torch.meshgrid")
def test_equals_detectron2(seed):
    theirs = pytest.importorskip(
        "detectron2.projects.panoptic_deeplab.post_processing"
    )
    generator = torch.Generator().manual_seed(seed)
    heat = torch.rand(1, 20, 30, generator=generator)
    offsets = 6 * torch.randn(2, 20, 30, generator=generator)
    semantic = torch.randint(1, 9, (1, 20, 30), generator=generator)
    wanted, _ = theirs.get_panoptic_segmentation(
        semantic,
        heat,
        offsets,
        thing_ids=KINDS.things,
        label_divisor=1000,
        stuff_area=30,
        void_label=0,
        threshold=0.8,
        nms_kernel=5,
        top_k=None,
    )
    centres = find_centres(heat[0], threshold=0.8, kernel=5)
    found = merge_by_vote(
        semantic[0],
        group_pixels(centres, offsets),
        categories=KINDS,
        min_stuff=30,
    )
    assert same_segments(found, wanted[0])


def test_true_centres_and_offsets_give_the_truth():
    for panoptic in scenes(4, size=(64, 80))[1]:
        size = tuple(panoptic.shape)
        centres = object_centres(panoptic, KINDS)
        peaks = find_centres(heat_map(centres, size, 2.0), kernel=3)
        assert len(peaks) == len(centres)
        groups = group_pixels(peaks, true_offsets(panoptic, KINDS))
        merged = merge_by_vote(panoptic // 1000, groups, categories=KINDS)
        assert same_segments(merged, panoptic)


def test_no_centre_leaves_things_without_an_answer():
    groups = group_pixels(torch.zeros(0, 2), torch.zeros(2, 1, 3))
    assert groups.tolist() == [[0, 0, 0]]
    semantic = torch.tensor([[1, 6, 2]])
    merged = merge_by_vote(semantic, groups, categories=KINDS)
    assert merged.tolist() == [[0, 6000, 0]]
    assert find_centres(torch.zeros(3, 3)).shape == (0, 2)
    assert find_centres(torch.full((1, 1), 0.2)).tolist() == [[0, 0]]


def test_bad_arguments():
    with pytest.raises(ValueError, match="heat must be"):
        find_centres(torch.zeros(1, 3, 3))
    with pytest.raises(ValueError, match="kernel must be odd"):
        find_centres(torch.zeros(3, 3), kernel=4)
    with pytest.raises(ValueError, match="top must be"):
        find_centres(torch.zeros(3, 3), top=0)
    with pytest.raises(ValueError, match="centres must be"):
        group_pixels(torch.zeros(3), torch.zeros(2, 3, 3))
    with pytest.raises(ValueError, match="offsets must be"):
        group_pixels(torch.zeros(1, 2), torch.zeros(3, 3))
    one = torch.ones(2, 2).long()
    with pytest.raises(ValueError, match="of one size"):
        merge_by_vote(one, one[:1], categories=KINDS)
    with pytest.raises(ValueError, match="below 1000"):
        merge_by_vote(one, 1000 * one, categories=KINDS)
