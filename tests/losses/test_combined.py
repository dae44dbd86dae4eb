"""The combinations are weighted sums of their parts."""

import monai.losses
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab import losses

weights = st.tuples(st.floats(0, 5), st.floats(0, 5))


def case(seed, ignored=0.3):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    target = torch.randint(0, 3, (2, 4, 5), generator=generator)
    hidden = torch.rand(2, 4, 5, generator=generator) < ignored
    return logits, target.masked_fill(hidden, 255)


@given(st.integers(0, 999), weights, st.sampled_from(["mean", "sum"]))
@settings(deadline=None)
def test_softmax_combination_is_the_weighted_sum(seed, pair, reduction):
    logits, target = case(seed)
    keywords = {"ignore_index": 255, "reduction": reduction}
    ours = losses.cross_entropy_dice(
        logits, target, weights=pair, smooth=0.5, **keywords
    )
    pixel = losses.cross_entropy(logits, target, **keywords)
    region = losses.dice_loss(logits, target, smooth=0.5, **keywords)
    torch.testing.assert_close(ours, pair[0] * pixel + pair[1] * region)


@given(st.integers(0, 999), weights, st.sampled_from(["mean", "sum"]))
@settings(deadline=None)
def test_sigmoid_combination_is_the_weighted_sum(seed, pair, reduction):
    logits = case(seed)[0]
    truth = logits.roll(1, 0) > 0
    keywords = {"reduction": reduction}
    ours = losses.binary_cross_entropy_dice(
        logits, truth, weights=pair, smooth=0.5, **keywords
    )
    pixel = losses.binary_cross_entropy(logits, truth, **keywords)
    region = losses.dice_loss(logits, truth, smooth=0.5, **keywords)
    torch.testing.assert_close(ours, pair[0] * pixel + pair[1] * region)


@given(st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_is_monais_dice_ce_with_equal_smoothing(seed):
    logits, target = case(seed, ignored=0)
    theirs = monai.losses.DiceCELoss(
        softmax=True,
        to_onehot_y=True,
        smooth_nr=1,
        smooth_dr=1,
        lambda_ce=0.3,
        lambda_dice=0.7,
    )
    ours = losses.cross_entropy_dice(logits, target, weights=(0.3, 0.7))
    torch.testing.assert_close(ours, theirs(logits, target[:, None]))


def test_all_ignored_is_0_with_a_gradient_path():
    logits = torch.randn(1, 2, 3, 3, requires_grad=True)
    target = torch.full((1, 3, 3), 255)
    loss = losses.cross_entropy_dice(logits, target, ignore_index=255)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_half_precision_is_finite():
    logits = torch.full((1, 2, 300, 300), -60000.0, dtype=torch.float16)
    truth = torch.ones(1, 2, 300, 300)
    loss = losses.binary_cross_entropy_dice(logits, truth)
    assert torch.isfinite(loss)


def test_modules_give_what_the_functions_give():
    logits, target = case(1)
    keywords = {"ignore_index": 255, "weights": (0.2, 0.8), "smooth": 2.0}
    module = losses.CrossEntropyDiceLoss(**keywords)
    expected = losses.cross_entropy_dice(logits, target, **keywords)
    assert torch.equal(module(logits, target), expected)
    truth = (logits > 0).float()
    module = losses.BinaryCrossEntropyDiceLoss(**keywords)
    expected = losses.binary_cross_entropy_dice(logits, truth, **keywords)
    assert torch.equal(module(logits, truth), expected)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"reduction": "none"}, "reduction must be one of mean, sum"),
        ({"weights": (1.0,)}, "weights must be two finite numbers"),
        ({"weights": (1.0, -1.0)}, "weights must be two finite numbers"),
        ({"weights": (float("nan"), 1.0)}, "weights must be two finite"),
        ({"smooth": 0.0}, "smooth must be above 0"),
    ],
)
def test_wrong_settings_are_named(keywords, message):
    logits, target = case(0, ignored=0)
    with pytest.raises(ValueError, match=message):
        losses.cross_entropy_dice(logits, target, **keywords)
    with pytest.raises(ValueError, match=message):
        losses.binary_cross_entropy_dice(logits, logits > 0, **keywords)
