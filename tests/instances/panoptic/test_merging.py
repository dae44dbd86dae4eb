import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from panoptic_cases import (
    KINDS,
    oracle,
    random_detections,
    same_segments,
    scenes,
)

from seglab.instances.detections import no_detections
from seglab.instances.panoptic.merging import fill_stuff, merge_detections

LIMITS = {"min_score": 0.3, "max_overlap": 0.4, "min_stuff": 30}


def slow_merge(found, semantic, min_score, max_overlap, min_stuff):
    """Kirillov et al.'s words, one pixel at a time."""
    height, width = semantic.shape
    merged = np.zeros((height, width), np.int64)
    number = 0
    for k in sorted(range(len(found)), key=lambda k: -found.scores[k]):
        if found.scores[k] < min_score:
            continue
        pixels = [tuple(p) for p in found.masks[k].nonzero().tolist()]
        free = [p for p in pixels if merged[p] == 0]
        if not free or len(pixels) - len(free) > max_overlap * len(pixels):
            continue
        number += 1
        for p in free:
            merged[p] = 1000 * int(found.labels[k]) + number
    for kind in KINDS.stuff:
        left = [
            (row, column)
            for row in range(height)
            for column in range(width)
            if semantic[row, column] == kind and merged[row, column] == 0
        ]
        if len(left) >= min_stuff:
            for p in left:
                merged[p] = 1000 * kind
    return merged


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 9))
def test_equals_a_slow_version(seed, count):
    generator = np.random.default_rng(seed)
    size = (9, 13)
    found = random_detections(generator, size, count)
    semantic = torch.from_numpy(generator.integers(0, 9, size))
    limits = {**LIMITS, "min_stuff": int(generator.integers(0, 12))}
    merged = merge_detections(found, semantic, categories=KINDS, **limits)
    slow = slow_merge(found, semantic.numpy(), **limits)
    assert merged.tolist() == slow.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_equals_detectron2(seed):
    structures = pytest.importorskip("detectron2.structures")
    theirs = pytest.importorskip(
        "detectron2.modeling.meta_arch.panoptic_fpn"
    )
    generator = np.random.default_rng(seed)
    size = (40, 52)
    found = random_detections(generator, size, 8)
    semantic = torch.from_numpy(generator.integers(0, 4, size))
    instances = structures.Instances(size)
    instances.scores = found.scores
    instances.pred_classes = found.labels
    instances.pred_masks = found.masks
    ids, segments = theirs.combine_semantic_and_instance_outputs(
        instances, semantic, 0.4, 30, 0.3
    )
    wanted = torch.zeros(size, dtype=torch.int64)
    for segment in segments:
        # their semantic class 0 is "a thing", and 1 is our 6
        kind = segment["category_id"] + 5 * (not segment["isthing"])
        unit = segment["id"] if segment["isthing"] else 0
        wanted[ids == segment["id"]] = 1000 * kind + unit
    ours = merge_detections(
        found,
        torch.where(semantic == 0, 0, semantic + 5),
        categories=KINDS,
        **LIMITS,
    )
    assert (ours == wanted).all()


def test_two_faultless_answers_make_the_truth():
    for panoptic in scenes(4)[1]:
        merged = merge_detections(
            oracle(panoptic), panoptic // 1000, categories=KINDS
        )
        assert same_segments(merged, panoptic)


def test_limits_are_kept_when_met_exactly():
    found = random_detections(np.random.default_rng(0), (1, 4), 2)
    found.masks[:] = torch.tensor([[[1, 1, 0, 0]], [[0, 1, 1, 0]]]).bool()
    found.scores[:] = torch.tensor([0.9, 0.5])
    semantic = torch.full((1, 4), 6)

    def ids(**limits):
        merged = merge_detections(
            found, semantic, categories=KINDS, **limits
        )
        return (merged[0] % 1000).tolist()

    assert ids(max_overlap=0.5, min_score=0.5) == [1, 1, 2, 0]
    assert ids(max_overlap=0.49) == [1, 1, 0, 0]
    assert ids(min_score=0.51) == [1, 1, 0, 0]
    left = fill_stuff(
        torch.zeros(1, 4).long(), semantic, categories=KINDS, min_stuff=4
    )
    assert left.tolist() == [[6000] * 4]
    none = fill_stuff(
        torch.zeros(1, 4).long(), semantic, categories=KINDS, min_stuff=5
    )
    assert none.tolist() == [[0] * 4]


def test_nothing_found_and_empty_masks():
    semantic = torch.tensor([[1, 6, 0]])
    merged = merge_detections(
        no_detections((1, 3)), semantic, categories=KINDS
    )
    assert merged.tolist() == [[0, 6000, 0]]
    found = random_detections(np.random.default_rng(0), (1, 3), 2)
    found.masks[:] = False
    found.scores[:] = 1
    merged = merge_detections(found, semantic, categories=KINDS)
    assert merged.tolist() == [[0, 6000, 0]]


def test_what_is_given_is_not_changed():
    semantic = torch.tensor([[1, 6, 6]], dtype=torch.int32)
    things = torch.tensor([[1001, 0, 0]])
    fill_stuff(things, semantic, categories=KINDS)
    assert things.tolist() == [[1001, 0, 0]]
    assert semantic.tolist() == [[1, 6, 6]]


@pytest.mark.parametrize(
    "semantic, message",
    [
        (torch.zeros(4, 4), "semantic must be categories"),
        (torch.zeros(1, 4, 4).long(), "semantic must be categories"),
        (torch.zeros(4, 5).long(), "the masks' size"),
    ],
)
def test_what_is_no_semantic_map(semantic, message):
    with pytest.raises(ValueError, match=message):
        merge_detections(no_detections((4, 4)), semantic, categories=KINDS)


def test_stuff_is_no_object():
    found = random_detections(np.random.default_rng(0), (4, 4), 2)
    found.labels[1] = 6
    with pytest.raises(ValueError, match="must be things"):
        merge_detections(found, torch.zeros(4, 4).long(), categories=KINDS)
