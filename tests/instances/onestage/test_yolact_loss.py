"""YOLACT's losses, piece by piece."""

import pytest
import torch
from onestage_scenes import IMAGES, MAPS
from torch.nn import functional as F

from seglab.instances.onestage.anchors import make_anchors, to_changes
from seglab.instances.onestage.yolact import Yolact, YolactOutput
from seglab.instances.onestage.yolact_loss import (
    YolactLoss,
    mask_loss,
    match_batch,
    mined_cross_entropy,
)

SMALL = {"widths": (8, 8, 8, 8), "channels": 16, "prototypes": 4}
THINGS = (1, 2, 3, 4, 5)


def perfect(maps):
    """What a network says that knows the truth."""
    anchors = make_anchors([(8, 8), (4, 4)])
    matched = match_batch(anchors, maps, THINGS)
    labels = matched.labels.clamp(min=0)
    logits = 50.0 * F.one_hot(labels, 6)
    changes = torch.zeros(len(maps), len(anchors), 4)
    chosen = matched.images, matched.anchors
    changes[chosen] = to_changes(matched.boxes, anchors[matched.anchors])
    # one prototype for each object: all of its mask and nothing besides
    values = maps.unique()
    values = values[values > 0]
    drawn = (maps[:, None] == values[:, None, None]).float()
    prototypes = torch.cat([drawn, torch.ones(len(maps), 1, 64, 64)], 1)
    coefficients = torch.zeros(len(maps), len(anchors), len(values) + 1)
    for p, (n, a) in enumerate(zip(*chosen, strict=True)):
        same = (drawn[n] == matched.masks[p]).all(-1).all(-1)
        coefficients[n, a, :-1] = 100.0 * same.float()
        coefficients[n, a, -1] = -50.0
    semantic = torch.zeros(len(maps), 5, 64, 64)
    for category in THINGS:
        shown = maps // 1000 == category
        semantic[:, category - 1] = torch.where(shown, 50.0, -50.0)
    return YolactOutput(
        anchors, logits, changes, coefficients, prototypes, semantic
    )


def test_the_truth_costs_nothing():
    for name, value in YolactLoss().parts(perfect(MAPS), MAPS).items():
        assert value.item() == pytest.approx(0, abs=1e-5), name


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("logits", "class"),
        ("changes", "box"),
        ("coefficients", "mask"),
        ("prototypes", "mask"),
        ("semantic", "semantic"),
    ],
)
def test_each_loss_judges_its_own(field, part):
    torch.manual_seed(0)
    right = perfect(MAPS)
    wrong = torch.randn_like(getattr(right, field))
    found = YolactLoss().parts(right._replace(**{field: wrong}), MAPS)
    for name, value in found.items():
        assert (value > 0.01) == (name == part), name


def test_an_image_without_objects_still_teaches():
    maps = torch.zeros(2, 64, 64, dtype=torch.int64)
    model = Yolact(**SMALL)
    parts = YolactLoss().parts(model(IMAGES), maps)
    assert parts["mask"] == 0 and parts["box"] == 0 and parts["class"] == 0
    YolactLoss()(model(IMAGES), maps).backward()
    assert parts["semantic"] > 0


def test_matches_name_the_objects_of_their_own_image():
    anchors = make_anchors([(8, 8), (4, 4)])
    matched = match_batch(anchors, MAPS, THINGS)
    assert len(matched.anchors) > 4
    for p, (n, a) in enumerate(
        zip(matched.images, matched.anchors, strict=True)
    ):
        value = MAPS[n][matched.masks[p]].unique()
        assert value.numel() == 1
        assert value // 1000 == matched.labels[n, a]
    assert set(matched.images.tolist()) == {0, 1}
    assert (matched.labels == -1).any()


def test_only_the_hardest_negatives_count():
    labels = torch.tensor([[2, 0, 0, 0, 0, -1]])
    logits = torch.zeros(1, 6, 3)
    logits[0, 1:5, 0] = torch.tensor([0.0, 3.0, -3.0, 1.0])
    each = F.cross_entropy(logits[0, :5], labels[0, :5], reduction="none")
    for allowed in (1, 3, 9):
        hard = each[1:].sort(descending=True).values[:allowed].sum()
        found = mined_cross_entropy(logits, labels, negatives_each=allowed)
        assert found == pytest.approx((each[0] + hard).item())


def test_images_count_their_own_positives():
    # the second image has none: its negatives do not count at all
    labels = torch.tensor([[1, 0, 0], [0, 0, 0]])
    logits = torch.zeros(2, 3, 2)
    logits[1] += torch.tensor([-9.0, 9.0])
    found = mined_cross_entropy(logits, labels)
    assert found.item() == pytest.approx(3 * 0.6931, abs=1e-3)


def test_the_mask_is_judged_inside_the_box_and_by_its_area():
    right = perfect(MAPS)
    matched = match_batch(right.anchors, MAPS, THINGS)
    blank = right._replace(coefficients=0 * right.coefficients)
    # every pixel in a box costs log 2, whatever the size of the object
    per_object = mask_loss(blank, matched) / len(matched.anchors)
    assert per_object.item() == pytest.approx(0.6931, abs=1e-3)
    outside = right.prototypes.clone()
    for n in range(len(MAPS)):
        seen = (MAPS[n] > 0).nonzero()
        low, high = seen.amin(0), seen.amax(0) + 1
        outside[n, :, : low[0]] = 7.0
        outside[n, :, high[0] :] = 7.0
        outside[n, :, :, : low[1]] = 7.0
        outside[n, :, :, high[1] :] = 7.0
    assert mask_loss(right._replace(prototypes=outside), matched) < 1e-4


def test_gradients_reach_every_weight():
    model = Yolact(**SMALL)
    YolactLoss()(model(IMAGES), MAPS).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name


def test_weights_are_named():
    with pytest.raises(ValueError, match="weights must name"):
        YolactLoss(weights={"class": 1.0})
