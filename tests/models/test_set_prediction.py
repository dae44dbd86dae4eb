"""Sets of masks: targets, scores, costs, and the cheapest assignment."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peer_networks import load_transformers

from seglab.models.mask_points import SampledPoints
from seglab.models.set_prediction import (
    SetPrediction,
    SetTarget,
    SetWeights,
    assign,
    matching_costs,
    semantic_scores,
    semantic_targets,
)


def one_image(queries=4, classes=3, truths=2, size=6):
    """Logits of one image's queries, and its truths at twice the size."""
    torch.manual_seed(0)
    class_logits = torch.randn(queries, classes + 1)
    mask_logits = 2 * torch.randn(queries, size, size)
    labels = torch.randint(0, classes, (truths,))
    masks = torch.rand(truths, 2 * size, 2 * size) < 0.4
    return class_logits, mask_logits, SetTarget(labels, masks)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_assignment_is_the_cheapest_of_all(queries, truths, seed):
    """Beside a search through every way to pair them."""
    draw = torch.Generator().manual_seed(seed)
    costs = torch.randn(queries, truths, generator=draw)
    found, given_truths = assign(costs)
    assert len(found) == len(given_truths) == min(queries, truths)
    assert len(set(found.tolist())) == len(found)
    assert len(set(given_truths.tolist())) == len(found)
    if queries >= truths:
        ways = (
            zip(way, range(truths), strict=True)
            for way in itertools.permutations(range(queries), truths)
        )
    else:
        ways = (
            zip(range(queries), way, strict=True)
            for way in itertools.permutations(range(truths), queries)
        )
    cheapest = min(sum(costs[q, t].item() for q, t in way) for way in ways)
    assert costs[found, given_truths].sum().item() == pytest.approx(
        cheapest, abs=1e-5
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_cost_that_is_not_finite_is_taken_last(bad):
    costs = torch.tensor([[bad, 1.0], [2.0, 9.0], [3.0, 4.0]])
    queries, truths = assign(costs)
    assert dict(zip(queries.tolist(), truths.tolist(), strict=True)) == {
        0: 1,
        1: 0,
    }
    assert len(assign(torch.full((2, 2), bad))[0]) == 2


def test_no_truth_needs_no_query():
    queries, truths = assign(torch.zeros(3, 0))
    assert queries.tolist() == truths.tolist() == []


def obvious_cost(class_logits, mask_logits, label, mask, weights):
    """One query and one truth, pixel by pixel."""
    chance = class_logits.softmax(0)[label].item()
    entropy, shared, both = 0.0, 0.0, 0.0
    for logit, inside in zip(
        mask_logits.flatten().tolist(), mask.flatten().tolist(), strict=True
    ):
        p = 1 / (1 + math.exp(-logit))
        entropy -= math.log(p if inside else 1 - p)
        shared += 2 * p * inside
        both += p + inside
    return (
        -weights.classes * chance
        + weights.masks * entropy / mask.numel()
        + weights.dice * (1 - (shared + 1) / (both + 1))
    )


@pytest.mark.parametrize(
    "weights",
    [SetWeights(), SetWeights(1.0, 0.0, 3.0), SetWeights(0, 1, 0)],
)
def test_costs_equal_an_obvious_loop(weights):
    class_logits, _, target = one_image()
    mask_logits = torch.randn(4, *target.masks.shape[1:])
    found = matching_costs(
        class_logits, mask_logits, target, weights=weights
    )
    for query, truth in itertools.product(range(4), range(2)):
        wanted = obvious_cost(
            class_logits[query],
            mask_logits[query],
            target.labels[truth],
            target.masks[truth],
            weights,
        )
        assert found[query, truth].item() == pytest.approx(wanted, abs=1e-4)


def test_matches_equal_transformers():
    """The same points drawn, the same pairs found."""
    load_transformers()
    from transformers.models.mask2former import modeling_mask2former

    matcher = modeling_mask2former.Mask2FormerHungarianMatcher(
        cost_class=2.0, cost_mask=5.0, cost_dice=5.0, num_points=40
    )
    class_logits, mask_logits, target = one_image(queries=6, truths=4)
    torch.manual_seed(1)
    wanted = matcher(
        mask_logits[None],
        class_logits[None],
        [target.masks.float()],
        [target.labels],
    )[0]
    torch.manual_seed(1)
    costs = matching_costs(
        class_logits, mask_logits, target, points=SampledPoints(40)
    )
    for found, theirs in zip(assign(costs), wanted, strict=True):
        assert found.tolist() == theirs.tolist()


def test_scores_are_a_sum_over_queries():
    torch.manual_seed(0)
    prediction = SetPrediction(
        torch.randn(2, 5, 4), torch.randn(2, 5, 3, 6)
    )
    found = semantic_scores(prediction, (3, 6))
    wanted = torch.zeros(2, 3, 3, 6)
    for query in range(5):
        chances = prediction.class_logits[:, query].softmax(-1)[:, :3]
        masks = prediction.mask_logits[:, query].sigmoid()
        wanted += chances[:, :, None, None] * masks[:, None]
    torch.testing.assert_close(found, wanted)
    assert semantic_scores(prediction, (7, 5)).shape == (2, 3, 7, 5)


def test_maps_equal_transformers():
    """Its processor interpolates the masks to 384 x 384 first."""
    library = load_transformers()
    from transformers.models.mask2former import (
        modeling_mask2former as theirs,
    )

    processor = library.Mask2FormerImageProcessor()
    torch.manual_seed(0)
    prediction = SetPrediction(
        4 * torch.randn(1, 9, 4), 4 * torch.randn(1, 9, 9, 9)
    )
    output = theirs.Mask2FormerForUniversalSegmentationOutput(
        class_queries_logits=prediction.class_logits,
        masks_queries_logits=prediction.mask_logits,
    )
    wanted = processor.post_process_semantic_segmentation(output)
    found = semantic_scores(prediction, (384, 384)).argmax(1)
    assert found.unique().numel() == 3
    assert torch.equal(found[0], wanted[0])


def test_semantic_targets_are_the_classes_that_are_there():
    labels = torch.tensor([[[0, 2], [2, 255]], [[1, 1], [1, 1]]]).byte()
    first, second = semantic_targets(labels, ignore_index=255)
    assert first.labels.dtype == torch.int64
    assert first.labels.tolist() == [0, 2]
    assert first.masks.tolist() == [
        [[True, False], [False, False]],
        [[False, True], [True, False]],
    ]
    assert second.labels.tolist() == [1]
    assert second.masks.all()


def test_an_ignored_image_has_no_target():
    target = semantic_targets(torch.full((1, 3, 4), 9), ignore_index=9)[0]
    assert target.labels.shape == (0,)
    assert target.masks.shape == (0, 3, 4)


@pytest.mark.parametrize(
    "labels", [torch.zeros(2, 3).long(), torch.zeros(1, 2, 3)]
)
def test_semantic_labels_are_checked(labels):
    with pytest.raises(ValueError, match=r"class indices \[N, H, W\], got"):
        semantic_targets(labels)
