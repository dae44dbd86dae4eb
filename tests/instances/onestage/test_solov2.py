"""SOLOv2: shapes, order of cells, detections, and learning by heart."""

import pytest
import torch
from onestage_scenes import IMAGES, PAIRS, TRUTH, overlap_of_best

from seglab.instances.onestage.grid_targets import grid_targets
from seglab.instances.onestage.solov2 import (
    GridHead,
    MaskFeatures,
    Solov2,
    Solov2Output,
    solov2_detections,
)
from seglab.instances.onestage.solov2_loss import Solov2Loss
from seglab.instances.onestage.suppression import (
    gaussian_decay,
    linear_decay,
)
from seglab.train import fit

SMALL = {"widths": (8, 8, 8, 8), "channels": 16, "kernel_size": 8}


@pytest.mark.parametrize("size", [(32, 32), (50, 99), (128, 64)])
def test_cells_are_as_many_at_any_size(size):
    model = Solov2(3, grids=(5, 3), **SMALL)
    output = model(torch.rand(2, 3, *size))
    assert output.logits.shape == (2, 34, 3)
    assert output.kernels.shape == (2, 34, 8)
    assert output.features.shape[:2] == (2, 8)
    for found in model.eval().detect(torch.rand(2, 3, *size)):
        assert found.masks.shape[1:] == size


def test_cells_stand_in_the_order_of_the_targets():
    torch.manual_seed(0)
    head = GridHead(8, num_classes=2, kernel_size=4)
    head.for_class = torch.nn.Conv2d(8, 2, 1)
    feature = torch.zeros(1, 8, 4, 4)
    moved = feature.clone()
    moved[0, :, 1, 3] = 1  # the cell in row 1, column 3
    different = (head(feature, 4)[0] != head(moved, 4)[0])[0].any(1)
    mask = torch.zeros(1, 32, 32, dtype=torch.bool)
    mask[0, 8:16, 24:32] = True
    truth = {"boxes": torch.tensor([[24.0, 8, 32, 16]]), "masks": mask}
    target = grid_targets(truth, grids=[4], sizes=[(0, 99)])
    assert torch.equal(different, target == 0)


def test_equal_cells_write_different_kernels():
    torch.manual_seed(0)
    head = GridHead(16, num_classes=2, kernel_size=4)
    logits, kernels = head(torch.ones(1, 16, 9, 9), 9)
    middle = torch.arange(81).reshape(9, 9)[3:6, 3:6].flatten()
    # away from the border, classes are blind to the place
    assert torch.allclose(logits[0, middle], logits[0, 40], atol=1e-5)
    assert not torch.allclose(kernels[0, middle[0]], kernels[0, 40])


def test_an_untrained_cell_hardly_believes_in_an_object():
    torch.manual_seed(0)
    output = Solov2(3, **SMALL).eval()(torch.rand(1, 3, 64, 64))
    assert output.logits.sigmoid().mean() < 0.05


def test_features_come_from_every_map():
    torch.manual_seed(0)
    network = MaskFeatures(3, 16, 4).eval()
    maps = [torch.rand(1, 16, side, side) for side in (8, 4, 2)]
    before = network(maps)
    assert before.shape == (1, 4, 16, 16)
    for level in range(3):
        changed = list(maps)
        changed[level] = 5 * torch.rand_like(maps[level])
        assert not torch.allclose(network(changed), before)


def hand_made(chances):
    """Three cells: the left half, nearly the same, the right half."""
    features = torch.full((1, 2, 8, 8), -9.0)
    features[0, 0, :, :4] = 9.0
    features[0, 1, :, 4:] = 9.0
    kernels = torch.tensor([[[1.0, 0.0], [0.5, 0.0], [0.0, 1.0]]])
    return Solov2Output(
        torch.tensor(chances)[None].logit(),
        kernels,
        features,
        torch.zeros(1, 2, 2, 2),
    )


def test_a_kernel_draws_its_mask_and_copies_fade():
    output = hand_made([[0.9, 0.01], [0.8, 0.01], [0.01, 0.7]])
    found = solov2_detections(output, 0, (16, 16), 0.05, gaussian_decay)
    assert found.labels.tolist() == [1, 2, 1]
    assert found.scores[:2].tolist() == pytest.approx([0.9, 0.7], abs=1e-3)
    # an exact copy: exp(-1 / 0.5)
    assert found.scores[2].item() == pytest.approx(0.8 * 0.1353, abs=2e-3)
    assert found.boxes[:2].tolist() == [[0, 0, 8, 16], [8, 0, 16, 16]]
    assert found.masks[0, :, :8].all() and not found.masks[0, :, 8:].any()
    strict = solov2_detections(output, 0, (16, 16), 0.05, linear_decay)
    assert strict.labels.tolist() == [1, 2]


def test_an_unsure_mask_costs_score():
    output = hand_made([[0.9, 0.01], [0.01, 0.01], [0.01, 0.01]])
    unsure = output._replace(features=output.features / 9)
    found = solov2_detections(unsure, 0, (16, 16), 0.05, gaussian_decay)
    # every pixel of the mask has a logit of 1
    maskness = torch.tensor(1.0).sigmoid()
    assert found.scores.item() == pytest.approx(0.9 * maskness.item(), 1e-3)


def test_an_empty_mask_is_no_object():
    output = hand_made([[0.9, 0.01], [0.8, 0.01], [0.01, 0.7]])
    nowhere = output._replace(features=-output.features.abs())
    found = solov2_detections(nowhere, 0, (16, 16), 0.0, gaussian_decay)
    assert len(found) == 0
    assert found.masks.shape == (0, 16, 16)


def test_it_learns_two_scenes_by_heart():
    torch.manual_seed(0)
    model = Solov2(
        grids=(8, 4), widths=(8, 16, 32, 32), channels=16, kernel_size=16
    )
    history = fit(
        model,
        PAIRS,
        loss=Solov2Loss(grids=(8, 4), sizes=((0, 24), (16, 99))),
        steps=60,
        batch_size=2,
        learning_rate=1e-2,
    )
    losses = history.column("loss")
    assert losses[-1] < losses[0] / 3
    for found, truth in zip(model.detect(IMAGES), TRUTH, strict=True):
        best = overlap_of_best(found.above(0.3), truth)
        assert best.min() > 0.7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be 1 or more"),
        ({"grids": (8,)}, "grids must be two positive numbers"),
        ({"grids": (8, 0)}, "grids must be two positive numbers"),
        ({"kernel_size": 0}, "kernel_size must be 1 or more"),
        ({"channels": 20}, "multiple of 8"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Solov2(**arguments)


def test_images_are_checked():
    with pytest.raises(ValueError, match="at least 32 x 32"):
        Solov2(2, **SMALL)(torch.zeros(1, 3, 16, 40))


def test_it_detects_in_eval_mode_only():
    with pytest.raises(ValueError, match="eval mode"):
        Solov2(2).detect(torch.zeros(1, 3, 64, 64))
