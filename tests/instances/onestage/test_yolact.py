"""YOLACT: shapes, order of rows, detections, and learning by heart."""

from functools import partial

import pytest
import torch
from onestage_scenes import IMAGES, PAIRS, TRUTH, overlap_of_best
from torchvision.ops import batched_nms

from seglab.instances.onestage.anchors import make_anchors
from seglab.instances.onestage.suppression import fast_nms
from seglab.instances.onestage.yolact import (
    PredictionHead,
    Yolact,
    YolactOutput,
    yolact_detections,
)
from seglab.instances.onestage.yolact_loss import YolactLoss
from seglab.train import fit


@pytest.mark.parametrize("size", [(32, 32), (50, 99), (128, 64)])
def test_rows_belong_to_anchors_at_any_size(size):
    model = Yolact(3, prototypes=4, widths=(8, 8, 8, 8), channels=16)
    output = model(torch.rand(2, 3, *size))
    count = len(output.anchors)
    assert output.logits.shape == (2, count, 4)
    assert output.changes.shape == (2, count, 4)
    assert output.coefficients.shape == (2, count, 4)
    assert output.coefficients.abs().max() < 1
    assert output.prototypes.shape[:2] == (2, 4)
    for found in model.eval().detect(torch.rand(2, 3, *size)):
        assert found.masks.shape[1:] == size


def test_rows_come_in_the_order_of_the_anchors():
    head = PredictionHead(8, 3, num_classes=2, prototypes=4)
    torch.nn.init.zeros_(head.locate.weight)
    bias = torch.arange(12.0)  # four numbers for each of three anchors
    head.locate.bias.data = bias
    _, changes, _ = head(torch.rand(1, 8, 2, 5))
    assert torch.equal(changes[0], bias.reshape(3, 4).repeat(10, 1))


def test_a_position_decides_its_own_rows():
    torch.manual_seed(0)
    head = PredictionHead(8, 3, num_classes=2, prototypes=4)
    head.share = torch.nn.Identity()
    feature = torch.zeros(1, 8, 6, 6)
    moved = feature.clone()
    moved[0, :, 0, 5] = 1
    different = (head(feature)[1] != head(moved)[1])[0].any(1)
    rows = different.nonzero()[:, 0]
    positions = {divmod(int(row) // 3, 6) for row in rows}
    # 3 x 3 kernels: the neighbours of row 0, column 5
    assert positions == {(0, 4), (0, 5), (1, 4), (1, 5)}


def hand_made(coefficients, logits):
    """An output of one image of 16 px whose anchors are known."""
    anchors = torch.tensor(
        [[0.0, 0, 8, 8], [0, 0, 8, 8], [8, 8, 16, 16], [0, 0, 16, 16]]
    )
    prototypes = torch.zeros(1, 2, 8, 8)
    prototypes[0, 0, :, :4] = 4.0  # the left half
    prototypes[0, 1] = 1.0
    return YolactOutput(
        anchors,
        torch.tensor(logits)[None].log(),
        torch.zeros(1, 4, 4),
        torch.tensor(coefficients)[None],
        prototypes,
        torch.zeros(1, 2, 2, 2),
    )


def test_masks_are_mixed_and_cut_off_at_their_boxes():
    output = hand_made(
        [[0.0, 1.0], [0.0, 1.0], [1.0, -1.0], [1.0, -1.0]],
        [[0.1, 0.9, 0], [0.2, 0.8, 0], [0.3, 0, 0.7], [0.4, 0, 0.6]],
    )
    found = yolact_detections(output, 0, (16, 16), 0.05, fast_nms)
    # the second is a duplicate; the third's mask lies outside its box
    assert found.labels.tolist() == [1, 2]
    assert found.scores.tolist() == pytest.approx([0.9, 0.6])
    assert found.boxes.tolist() == [[0, 0, 8, 8], [0, 0, 16, 16]]
    assert found.masks[0].sum() == 64 and found.masks[0, :8, :8].all()
    assert found.masks[1, :, :7].all() and not found.masks[1, :, 9:].any()


def test_who_keeps_boxes_can_be_changed():
    output = hand_made(
        [[0.0, 1.0]] * 4,
        [[0.1, 0.9, 0], [0.2, 0.8, 0], [0.3, 0, 0.7], [0.4, 0, 0.6]],
    )
    usual = partial(batched_nms, iou_threshold=0.9999)
    found = yolact_detections(output, 0, (16, 16), 0.75, usual)
    assert found.scores.tolist() == pytest.approx([0.9])
    everything = yolact_detections(
        output, 0, (16, 16), 0.05, lambda *_: torch.arange(4)
    )
    assert len(everything) == 4


def test_an_anchor_speaks_for_every_class_that_it_believes_in():
    output = hand_made(
        [[0.0, 1.0]] * 4, [[0.2, 0.5, 0.3]] + [[1.0, 0, 0]] * 3
    )
    found = yolact_detections(output, 0, (16, 16), 0.25, fast_nms)
    assert found.labels.tolist() == [1, 2]


def test_it_learns_two_scenes_by_heart():
    torch.manual_seed(0)
    model = Yolact(prototypes=8, widths=(8, 16, 32, 32), channels=16)
    history = fit(
        model,
        PAIRS,
        loss=YolactLoss(),
        steps=50,
        batch_size=2,
        learning_rate=1e-2,
    )
    losses = history.column("loss")
    assert losses[-1] < losses[0] / 3
    for found, truth in zip(model.detect(IMAGES), TRUTH, strict=True):
        best = overlap_of_best(found.above(0.5), truth)
        assert best.min() > 0.6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes must be 1 or more"),
        ({"prototypes": 0}, "prototypes must be 1 or more"),
        ({"channels": 20}, "multiple of 8"),
        ({"widths": (8, 8)}, "widths must be 4"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Yolact(**arguments)


def test_images_are_checked():
    model = Yolact(2, widths=(8, 8, 8, 8), channels=16)
    with pytest.raises(ValueError, match="at least 32 x 32"):
        model(torch.zeros(1, 3, 16, 40))
    with pytest.raises(ValueError, match="must have shape"):
        model(torch.zeros(1, 1, 64, 64))


def test_its_anchors_are_those_of_its_maps():
    output = Yolact(2)(torch.zeros(1, 3, 64, 96))
    assert torch.equal(output.anchors, make_anchors([(8, 12), (4, 6)]))


def test_it_detects_in_eval_mode_only():
    with pytest.raises(ValueError, match="eval mode"):
        Yolact(2).detect(torch.zeros(1, 3, 64, 64))
