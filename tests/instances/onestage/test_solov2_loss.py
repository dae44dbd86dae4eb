"""SOLOv2's losses, piece by piece."""

import pytest
import torch
from onestage_scenes import IMAGES, MAPS
from torch.nn import functional as F

from seglab.instances.onestage.grid_targets import grid_targets
from seglab.instances.onestage.solov2 import Solov2, Solov2Output
from seglab.instances.onestage.solov2_loss import (
    Solov2Loss,
    mask_dice_loss,
)
from seglab.instances.truth import true_objects

SMALL = {"widths": (8, 8, 8, 8), "channels": 16, "kernel_size": 8}


def perfect(maps):
    """What a network says that knows the truth."""
    logits = torch.full((len(maps), 320, 5), -50.0)
    values = maps.unique()
    values = values[values > 0]
    features = 100.0 * (maps[:, None] == values[:, None, None]) - 50.0
    kernels = torch.zeros(len(maps), 320, len(values))
    for n, one in enumerate(maps):
        truth = true_objects(one, things=range(1, 6))
        targets = grid_targets(truth)
        for cell in (targets >= 0).nonzero()[:, 0]:
            k = targets[cell]
            logits[n, cell, truth["labels"][k] - 1] = 50.0
            value = one[truth["masks"][k]][0]
            kernels[n, cell] = (values == value).float()
    kinds = torch.arange(1, 6)[:, None, None]
    semantic = 100.0 * (maps[:, None] // 1000 == kinds) - 50.0
    return Solov2Output(logits, kernels, features, semantic)


def test_the_truth_costs_nothing():
    for name, value in Solov2Loss().parts(perfect(MAPS), MAPS).items():
        assert value.item() == pytest.approx(0, abs=1e-5), name


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("logits", "class"),
        ("kernels", "mask"),
        ("features", "mask"),
        ("semantic", "semantic"),
    ],
)
def test_each_loss_judges_its_own(field, part):
    torch.manual_seed(0)
    right = perfect(MAPS)
    wrong = torch.randn_like(getattr(right, field))
    found = Solov2Loss().parts(right._replace(**{field: wrong}), MAPS)
    for name, value in found.items():
        assert (value > 0.01) == (name == part), name


def test_an_image_without_objects_still_teaches():
    maps = torch.zeros(2, 64, 64, dtype=torch.int64)
    model = Solov2(**SMALL)
    parts = Solov2Loss().parts(model(IMAGES), maps)
    assert parts["mask"] == 0
    assert parts["class"] > 0
    Solov2Loss()(model(IMAGES), maps).backward()


def test_the_focal_loss_is_divided_by_cells_with_an_object_and_one():
    torch.manual_seed(0)
    output = perfect(MAPS)
    output = output._replace(logits=torch.randn_like(output.logits))
    classes = (perfect(MAPS).logits > 0).float()
    chance = output.logits.sigmoid()
    right = torch.where(classes > 0, chance, 1 - chance)
    alpha = torch.where(classes > 0, 0.25, 0.75)
    wanted = (-alpha * (1 - right) ** 2 * right.log()).sum()
    wanted = wanted / (classes.sum() + 1)
    found = Solov2Loss().parts(output, MAPS)["class"]
    assert found.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_dice_with_squares():
    torch.manual_seed(0)
    chances, truth = (
        torch.rand(3, 4, 5),
        (torch.rand(3, 4, 5) > 0.5).float(),
    )
    for found, p, t in zip(
        mask_dice_loss(chances, truth), chances, truth, strict=True
    ):
        wanted = 1 - 2 * (p * t).sum() / ((p * p).sum() + (t * t).sum())
        assert found.item() == pytest.approx(wanted.item(), abs=1e-6)


def test_dice_of_nothing():
    empty = torch.zeros(2, 3, 3, requires_grad=True)
    loss = mask_dice_loss(empty, torch.zeros(2, 3, 3))
    assert loss.tolist() == [0, 0]
    loss.sum().backward()
    assert empty.grad.isfinite().all()
    assert mask_dice_loss(
        torch.zeros(0, 3, 3), torch.zeros(0, 3, 3)
    ).shape == (0,)
    full = mask_dice_loss(torch.ones(1, 3, 3), torch.zeros(1, 3, 3))
    assert full.item() == 1


def test_gradients_reach_every_weight():
    model = Solov2(**SMALL)
    Solov2Loss()(model(IMAGES), MAPS).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name


def test_it_counts_on_the_grids_of_its_network():
    model = Solov2(grids=(6, 3), **SMALL)
    loss = Solov2Loss(grids=(6, 3), sizes=((0, 30), (20, 99)))
    assert loss(model(F.pad(IMAGES, (0, 8))), F.pad(MAPS, (0, 8))) > 0


def test_weights_are_named():
    with pytest.raises(ValueError, match="weights must name"):
        Solov2Loss(weights={"class": 1.0})
