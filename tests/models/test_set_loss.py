"""The loss of sets: an obvious loop, transformers', and what is empty."""

import math

import pytest
import torch
from peer_networks import mask2former

from seglab.models.mask_points import EveryPixel, SampledPoints
from seglab.models.set_loss import SetLoss
from seglab.models.set_prediction import (
    SetPrediction,
    SetTarget,
    SetWeights,
    semantic_targets,
)


def two_images(size=8, queries=5, classes=3):
    """A prediction at half the size of its targets, of 2 and 1 truths."""
    torch.manual_seed(0)
    prediction = SetPrediction(
        torch.randn(2, queries, classes + 1, requires_grad=True),
        torch.randn(2, queries, size // 2, size // 2, requires_grad=True),
    )
    targets = [
        SetTarget(torch.tensor([2, 0]), torch.rand(2, size, size) < 0.3),
        SetTarget(torch.tensor([1]), torch.rand(1, size, size) < 0.6),
    ]
    return prediction, targets


def obvious_parts(prediction, targets, matches, no_object):
    """The three parts, query by query and pixel by pixel."""
    class_logits, mask_logits = prediction
    truths = sum(len(target.labels) for target in targets)
    classes = weight = masks = dice = 0.0
    for image, (queries, given) in enumerate(matches):
        pairs = dict(zip(queries.tolist(), given.tolist(), strict=True))
        for query, logits in enumerate(class_logits[image]):
            nothing = len(logits) - 1
            label, share = nothing, no_object
            if query in pairs:
                label, share = targets[image].labels[pairs[query]], 1.0
            classes -= share * logits.log_softmax(0)[label].item()
            weight += share
        for query, truth in pairs.items():
            truth = targets[image].masks[truth]
            larger = torch.nn.functional.interpolate(
                mask_logits[image, query][None, None],
                truth.shape,
                mode="bilinear",
            )
            p = larger[0, 0].sigmoid()
            right = torch.where(truth, p, 1 - p)
            masks -= right.log().mean().item()
            shared = p[truth].sum().item()
            both = p.sum().item() + truth.sum().item()
            dice += 1 - (2 * shared + 1) / (both + 1)
    return classes / weight, masks / truths, dice / truths


@pytest.mark.parametrize("no_object", [0.1, 1.0])
def test_parts_equal_an_obvious_loop(no_object):
    prediction, targets = two_images()
    loss = SetLoss(weights=SetWeights(no_object=no_object))
    matches = loss.match(prediction, targets)
    wanted = obvious_parts(prediction, targets, matches, no_object)
    found = loss.parts(prediction, targets)
    assert [part.item() for part in found] == pytest.approx(
        wanted, abs=1e-5
    )


def test_total_is_the_weighted_sum_over_predictions():
    prediction, targets = two_images()
    other = SetPrediction(*(-logits for logits in prediction))
    weights = SetWeights(1.0, 2.0, 3.0, 0.5)
    loss = SetLoss(weights=weights)
    wanted = 0
    for one in (prediction, other):
        classes, masks, dice = loss.parts(one, targets)
        wanted = wanted + classes + 2 * masks + 3 * dice
    torch.testing.assert_close(loss([prediction, other], targets), wanted)


@torch.no_grad()
def test_equals_transformers():
    """All layers' predictions together, with the same points drawn."""
    theirs = mask2former(train_num_points=50)
    targets = [
        SetTarget(torch.tensor([0, 3]), torch.rand(2, 64, 64) < 0.5),
        SetTarget(torch.tensor([1, 1, 4]), torch.rand(3, 64, 64) < 0.3),
    ]
    x = torch.randn(2, 3, 64, 64)
    whole = theirs(x, output_auxiliary_logits=True)
    torch.manual_seed(1)
    wanted = theirs.get_loss(
        theirs.get_loss_dict(
            whole.masks_queries_logits,
            whole.class_queries_logits,
            [target.masks.float() for target in targets],
            [target.labels for target in targets],
            whole.auxiliary_logits,
        )
    )
    # the library draws points for the last prediction first
    predictions = [(whole.class_queries_logits, whole.masks_queries_logits)]
    for one in whole.auxiliary_logits:
        predictions.append(
            (one["class_queries_logits"], one["masks_queries_logits"])
        )
    torch.manual_seed(1)
    loss = SetLoss(points=SampledPoints(50))
    found = loss([SetPrediction(*one) for one in predictions], targets)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)


def test_the_order_of_queries_and_truths_does_not_matter():
    prediction, targets = two_images()
    loss = SetLoss()
    wanted = loss([prediction], targets)
    order = torch.randperm(5)
    shuffled = SetPrediction(*(logits[:, order] for logits in prediction))
    turned = [SetTarget(t.labels.flip(0), t.masks.flip(0)) for t in targets]
    torch.testing.assert_close(loss([shuffled], turned), wanted)


def test_a_perfect_prediction_costs_nothing():
    labels = torch.zeros(1, 8, 8).long()
    labels[:, 2:6, 3:7] = 1
    targets = semantic_targets(labels)
    class_logits = torch.full((1, 3, 3), -20.0)
    class_logits[0, [0, 1, 2], [1, 2, 0]] = 20
    mask_logits = torch.full((1, 3, 8, 8), -20.0)
    mask_logits[0, 0][labels[0] == 1] = 20
    mask_logits[0, 2][labels[0] == 0] = 20
    prediction = SetPrediction(class_logits, mask_logits)
    loss = SetLoss()
    queries, truths = loss.match(prediction, targets)[0]
    assert queries.tolist() == [0, 2]
    assert truths.tolist() == [1, 0]
    assert loss([prediction], targets).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("points", [EveryPixel(), SampledPoints(9)])
def test_images_with_nothing_in_them(points):
    """Every query learns to say nothing, and no mask is judged."""
    prediction, targets = two_images()
    empty = SetTarget(torch.zeros(0).long(), torch.zeros(0, 8, 8).bool())
    loss = SetLoss(points=points)
    parts = loss.parts(prediction, [empty, empty])
    assert parts.masks == parts.dice == 0
    nothing = prediction.class_logits.log_softmax(-1)[..., -1]
    assert parts.classes.item() == pytest.approx(-nothing.mean().item())
    loss([prediction], [empty, empty]).backward()
    assert prediction.class_logits.grad.any()
    assert not prediction.mask_logits.grad.any()
    assert loss([prediction], [targets[0], empty]).isfinite()


def test_more_truths_than_queries():
    """The truths without a query still count in the mean."""
    prediction, targets = two_images(queries=1)
    loss = SetLoss()
    matches = loss.match(prediction, targets)
    assert [len(queries) for queries, _ in matches] == [1, 1]
    wanted = obvious_parts(prediction, targets, matches, 0.1)
    found = loss.parts(prediction, targets)
    assert [part.item() for part in found] == pytest.approx(
        wanted, abs=1e-5
    )


def test_half_precision_is_summed_in_single():
    prediction, targets = two_images(size=256)
    half = SetPrediction(*(40 * logits.half() for logits in prediction))
    with torch.autocast("cpu", dtype=torch.float16):
        found = SetLoss()([half], targets)
    wanted = SetLoss()(
        [SetPrediction(*(logits.float() for logits in half))], targets
    )
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(wanted.item(), rel=1e-3)


def test_a_diverged_prediction_gives_nan_and_not_an_error():
    prediction, targets = two_images()
    broken = SetPrediction(
        prediction.class_logits, prediction.mask_logits * math.nan
    )
    assert SetLoss()([broken], targets).isnan()


def wrong(target, **change):
    return [target._replace(**change), target]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": torch.tensor([3])}, r"from 0 to 2, got \[3\]"),
        ({"labels": torch.tensor([-1])}, r"from 0 to 2, got \[-1\]"),
        ({"labels": torch.tensor([0, 1])}, r"as many labels as masks"),
        ({"masks": torch.ones(1, 8, 9).bool()}, r"one size, .* \(8, 9\)"),
    ],
)
def test_targets_are_checked(change, message):
    prediction, targets = two_images()
    with pytest.raises(ValueError, match=message):
        SetLoss()([prediction], wrong(targets[1], **change))


def test_as_many_targets_as_images():
    prediction, targets = two_images()
    with pytest.raises(ValueError, match="each of 2 images, got 1"):
        SetLoss()([prediction], targets[:1])
    with pytest.raises(
        ValueError, match="predictions must hold one or more"
    ):
        SetLoss()([], targets)
