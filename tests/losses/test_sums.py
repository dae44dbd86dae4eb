"""Weighted sums of losses and of outputs."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from seglab import losses
from seglab.losses import (
    DeepSupervisionLoss,
    WeightedSumLoss,
    deep_supervision,
    weighted_sum,
)
from seglab.models import UNetPlusPlus


def example():
    return torch.randn(2, 3, 8, 6), torch.randint(0, 3, (2, 8, 6))


@given(st.tuples(st.floats(0, 5), st.floats(0, 5)))
def test_the_sum_is_that_of_the_parts(pair):
    logits, target = example()
    functions = [losses.focal_loss, losses.dice_loss]
    ours = weighted_sum(logits, target, losses=functions, weights=pair)
    expected = sum(
        w * f(logits, target) for w, f in zip(pair, functions, strict=True)
    )
    torch.testing.assert_close(ours, torch.as_tensor(expected))
    parts = [losses.FocalLoss(), losses.DiceLoss()]
    torch.testing.assert_close(
        WeightedSumLoss(parts, pair)(logits, target), ours
    )


def test_the_module_carries_its_parts_buffers():
    weight = torch.ones(3)
    module = WeightedSumLoss([losses.CrossEntropyLoss(weight=weight)], [1])
    assert list(module.state_dict()) == ["losses.0.weight"]
    module = DeepSupervisionLoss(losses.CrossEntropyLoss(weight=weight))
    assert list(module.state_dict()) == ["loss.weight"]


def test_a_weight_of_0_skips_its_loss():
    def refuses(logits, target):
        raise AssertionError

    logits, target = example()
    parts = [losses.dice_loss, refuses]
    ours = weighted_sum(logits, target, losses=parts, weights=[1, 0])
    assert ours == losses.dice_loss(logits, target)


def test_outputs_meet_the_target_at_their_own_size():
    logits, target = example()
    outputs = [logits, torch.randn(2, 3, 4, 3), torch.randn(2, 3, 3, 2)]
    masks = F.one_hot(target, 3).movedim(-1, 1).float()
    for loss, labels in (
        (losses.cross_entropy, target),
        (losses.binary_cross_entropy, masks),
    ):
        each = []
        for output in outputs:
            small = labels if labels.ndim == 4 else labels[:, None]
            small = F.interpolate(
                small.double(), output.shape[2:], mode="nearest-exact"
            )
            small = small if labels.ndim == 4 else small[:, 0].long()
            each.append(loss(output, small.to(labels.dtype)))
        ours = deep_supervision(
            outputs, labels, loss=loss, weights=[4, 2, 1]
        )
        expected = (4 * each[0] + 2 * each[1] + each[2]) / 7
        torch.testing.assert_close(ours, expected)
        alike = DeepSupervisionLoss(loss)(outputs, labels)
        torch.testing.assert_close(alike, sum(each) / 3)


def test_it_trains_every_head_of_unet_plus_plus():
    model = UNetPlusPlus(1, 3, widths=(4, 8, 16))
    target = torch.randint(0, 3, (2, 12, 16))
    outputs = model.all_logits(torch.randn(2, 1, 12, 16))
    deep_supervision(outputs, target, loss=losses.cross_entropy).backward()
    for head in model.heads:
        assert head.weight.grad.abs().sum() > 0


def test_wrong_arguments_are_named():
    logits, target = example()
    dice = losses.dice_loss
    with pytest.raises(ValueError, match="weights must be 1 finite"):
        weighted_sum(logits, target, losses=[dice], weights=[1, 2])
    with pytest.raises(ValueError, match="of 0 or more, one for each"):
        WeightedSumLoss([losses.DiceLoss()], [-1])
    with pytest.raises(ValueError, match="losses must not be empty"):
        weighted_sum(logits, target, losses=[], weights=[])
    with pytest.raises(ValueError, match="outputs must not be empty"):
        deep_supervision([], target, loss=dice)
    with pytest.raises(ValueError, match="weights must not all be 0"):
        deep_supervision([logits], target, loss=dice, weights=[0])
