import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from panoptic_cases import KINDS, same_segments, scenes

from seglab.instances.panoptic.queries import (
    QueryLimits,
    merge_predictions,
    merge_queries,
    panoptic_targets,
)
from seglab.models.set_prediction import SetPrediction

EASY = QueryLimits(0.3, 0.4)


def slow_merge(class_logits, mask_logits, limits):
    """MaskFormer's rule, one pixel and one query at a time."""
    _, height, width = mask_logits.shape
    chances = class_logits.softmax(1).numpy()
    masks = mask_logits.sigmoid().numpy()
    says = [
        q
        for q, row in enumerate(chances)
        if row.argmax() < len(KINDS) and row.max() > limits.min_score
    ]
    claims = {q: [] for q in says}
    for p in np.ndindex(height, width):
        if says:
            best = max(says, key=lambda q: chances[q].max() * masks[q][p])
            claims[best].append(p)
    merged, number = np.zeros((height, width), np.int64), 0
    for q in says:
        whole = int((masks[q] >= 0.5).sum())
        kept = [p for p in claims[q] if masks[q][p] >= 0.5]
        if not kept or len(claims[q]) / whole <= limits.min_share:
            continue
        kind = KINDS.everything[chances[q].argmax()]
        number += kind in KINDS.things
        for p in kept:
            merged[p] = 1000 * kind + number * (kind in KINDS.things)
    return merged


def true_queries(panoptic):
    """Queries without a fault, in a random order, and three that rest."""
    target = panoptic_targets(panoptic[None], KINDS)[0]
    count = len(target.labels) + 3
    classes = torch.zeros(count, len(KINDS) + 1)
    classes[:, -1] = 20.0
    classes[: len(target.labels)] = 20.0 * torch.nn.functional.one_hot(
        target.labels, len(KINDS) + 1
    )
    masks = torch.full((count, *panoptic.shape), -20.0)
    masks[: len(target.labels)][target.masks] = 20.0
    order = torch.randperm(
        count, generator=torch.Generator().manual_seed(0)
    )
    return classes[order], masks[order]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7))
def test_equals_a_slow_version(seed, queries):
    generator = torch.Generator().manual_seed(seed)
    classes = 3 * torch.randn(queries, len(KINDS) + 1, generator=generator)
    masks = 2 * torch.randn(queries, 5, 7, generator=generator)
    found = merge_queries(
        classes, masks, (5, 7), categories=KINDS, limits=EASY
    )
    assert found.tolist() == slow_merge(classes, masks, EASY).tolist()


def test_queries_without_a_fault_give_the_truth():
    for panoptic in scenes(4)[1]:
        found = merge_queries(
            *true_queries(panoptic), panoptic.shape, categories=KINDS
        )
        assert same_segments(found, panoptic)


def test_equals_transformers_on_sure_answers():
    transformers = pytest.importorskip("transformers")
    modelling = pytest.importorskip(
        "transformers.models.mask2former.modeling_mask2former"
    )
    processor = transformers.Mask2FormerImageProcessor()
    # 384 px, to which transformers interpolates everything
    panoptic = scenes(1, size=(384, 384))[1][0]
    classes, masks = true_queries(panoptic)
    out = modelling.Mask2FormerForUniversalSegmentationOutput(
        class_queries_logits=classes[None], masks_queries_logits=masks[None]
    )
    fused = {i for i, k in enumerate(KINDS.everything) if k in KINDS.stuff}
    theirs = processor.post_process_panoptic_segmentation(
        out, threshold=0.8, label_ids_to_fuse=fused
    )[0]
    wanted = torch.zeros_like(panoptic)
    for segment in theirs["segments_info"]:
        kind = KINDS.everything[segment["label_id"]]
        unit = 0 if segment["was_fused"] else segment["id"]
        wanted[theirs["segmentation"] == segment["id"]] = 1000 * kind + unit
    found = merge_queries(classes, masks, (384, 384), categories=KINDS)
    assert same_segments(found, wanted)
    assert same_segments(found, panoptic)


def test_two_queries_of_one_stuff_are_one_segment():
    classes = torch.full((3, 9), -9.0)
    classes[[0, 1, 2], [5, 0, 5]] = 9.0
    masks = torch.full((3, 1, 6), -9.0)
    for query in range(3):
        masks[query, 0, 2 * query : 2 * query + 2] = 9.0
    found = merge_queries(classes, masks, (1, 6), categories=KINDS)
    assert found.tolist() == [[6000, 6000, 1001, 1001, 6000, 6000]]


def test_a_query_that_lost_its_mask_is_left_out():
    classes = torch.full((2, 9), -9.0)
    classes[0, 0], classes[1, 1] = 9.0, 2.0
    masks = torch.full((2, 1, 4), -9.0)
    masks[0, 0, :3], masks[1, 0, 1:] = 9.0, 9.0
    limits = QueryLimits(0.5, 0.3)
    found = merge_queries(
        classes, masks, (1, 4), categories=KINDS, limits=limits
    )
    assert found.tolist() == [[1001, 1001, 1001, 2002]]
    strict = QueryLimits(0.5, 0.5)
    found = merge_queries(
        classes, masks, (1, 4), categories=KINDS, limits=strict
    )
    assert found.tolist() == [[1001, 1001, 1001, 0]]


def test_targets_hold_every_segment_once():
    for panoptic in scenes(3)[1]:
        target = panoptic_targets(panoptic[None], KINDS)[0]
        assert len(target.labels) == len(panoptic.unique())
        assert (target.masks.sum(dim=0) == 1).all()
        for label, mask in zip(target.labels, target.masks, strict=True):
            kinds = panoptic[mask].unique() // 1000
            assert kinds.tolist() == [KINDS.everything[label]]


def test_ids_of_stuff_and_what_is_nothing():
    panoptic = torch.tensor([[[7001, 7002, 0, 9001]]])
    target = panoptic_targets(panoptic, KINDS)[0]
    assert target.labels.tolist() == [6]
    assert target.masks.tolist() == [[[True, True, False, False]]]


def test_a_batch_is_one_image_after_the_other():
    torch.manual_seed(0)
    said = SetPrediction(3 * torch.randn(3, 5, 9), torch.randn(3, 5, 4, 4))
    together = merge_predictions(
        said, (8, 8), categories=KINDS, limits=EASY
    )
    for k in range(3):
        alone = merge_queries(
            said.class_logits[k],
            said.mask_logits[k],
            (8, 8),
            categories=KINDS,
            limits=EASY,
        )
        assert (together[k] == alone).all()


def test_bad_arguments():
    with pytest.raises(ValueError, match="class_logits must be"):
        merge_queries(
            torch.zeros(3, 4),
            torch.zeros(3, 4, 4),
            (4, 4),
            categories=KINDS,
        )
    for panoptic in (torch.zeros(4, 4).long(), torch.zeros(1, 4, 4)):
        with pytest.raises(ValueError, match="panoptic must be"):
            panoptic_targets(panoptic, KINDS)
