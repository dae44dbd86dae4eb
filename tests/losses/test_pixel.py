"""Pixel losses against PyTorch's own."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab import losses

IGNORED = 255


@st.composite
def cases(draw):
    """Logits [N, C, H, W] and class indices with some ignored."""
    n, c = draw(st.integers(1, 3)), draw(st.integers(2, 5))
    h, w = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    seed = draw(st.integers(0, 10_000))
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, c, h, w, generator=generator) * 5
    target = torch.randint(0, c, (n, h, w), generator=generator)
    ignored = torch.rand(n, h, w, generator=generator) < 0.3
    ignored.view(-1)[0] = False
    return logits, target.masked_fill(ignored, IGNORED)


@given(cases(), st.sampled_from(["mean", "sum", "none"]), st.booleans())
@settings(deadline=None)
def test_cross_entropy_is_that_of_pytorch(case, reduction, weighted):
    logits, target = case
    weight = torch.linspace(0.5, 2, logits.shape[1]) if weighted else None
    ours = losses.cross_entropy(
        logits,
        target.to(torch.uint8),
        ignore_index=IGNORED,
        reduction=reduction,
        weight=weight,
    )
    theirs = F.cross_entropy(
        logits,
        target,
        ignore_index=IGNORED,
        reduction=reduction,
        weight=weight,
    )
    torch.testing.assert_close(ours, theirs)


@given(cases(), st.sampled_from(["mean", "sum", "none"]), st.booleans())
@settings(deadline=None)
def test_binary_cross_entropy_is_that_of_pytorch(case, reduction, weighted):
    logits = case[0]
    truth = (logits.roll(1, 1) > 0).float()
    pos_weight = expanded = None
    if weighted:
        pos_weight = torch.linspace(0.5, 2, logits.shape[1])
        expanded = pos_weight[:, None, None]
    ours = losses.binary_cross_entropy(
        logits, truth, reduction=reduction, pos_weight=pos_weight
    )
    theirs = F.binary_cross_entropy_with_logits(
        logits,
        truth,
        reduction=reduction,
        pos_weight=expanded,
    )
    torch.testing.assert_close(ours, theirs)


@given(cases())
@settings(max_examples=30, deadline=None)
def test_the_binary_mean_runs_over_the_valid_entries(case):
    logits, target = case
    truth = (target[:, None] == IGNORED).expand_as(logits).long() * 200
    kept = truth != 200
    ours = losses.binary_cross_entropy(logits, truth, ignore_index=200)
    theirs = F.binary_cross_entropy_with_logits(
        logits[kept], truth[kept].float()
    )
    torch.testing.assert_close(ours, theirs)


@given(cases())
@settings(max_examples=30, deadline=None)
def test_two_softmax_channels_are_one_sigmoid_of_their_difference(case):
    logits = case[0][:, :2]
    target = (case[1] % 2).long()
    pair = losses.cross_entropy(logits, target)
    single = losses.binary_cross_entropy(
        logits[:, 1:] - logits[:, :1], target[:, None]
    )
    torch.testing.assert_close(pair, single)


def test_all_ignored_is_0_with_a_gradient_where_pytorch_says_nan():
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    target = torch.full((2, 4, 5), IGNORED)
    theirs = F.cross_entropy(logits, target, ignore_index=IGNORED)
    assert torch.isnan(theirs)
    ours = losses.cross_entropy(logits, target, ignore_index=IGNORED)
    ours.backward()
    assert ours.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))

    logits.grad = None
    masks = torch.full_like(logits, -1)
    ours = losses.binary_cross_entropy(logits, masks, ignore_index=-1)
    ours.backward()
    assert ours.item() == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_weights_of_0_on_every_pixel_give_0():
    weight = torch.tensor([0.0, 1.0])
    target = torch.zeros(1, 2, 2, dtype=torch.long)
    loss = losses.cross_entropy(
        torch.randn(1, 2, 2, 2), target, weight=weight
    )
    assert loss.item() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype):
    logits = torch.full((1, 2, 300, 300), 30000.0, dtype=dtype)
    logits[:, 1] = -30000
    logits.requires_grad_()
    target = torch.ones(1, 300, 300, dtype=torch.long)
    loss = losses.cross_entropy(logits, target, reduction="sum")
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    loss.backward()
    assert torch.isfinite(logits.grad).all()
    masks = torch.ones(1, 2, 300, 300)
    assert torch.isfinite(losses.binary_cross_entropy(logits, masks))


def test_gradients_are_those_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(
        1, 3, 2, 3, dtype=torch.float64, generator=generator
    ).requires_grad_()
    target = torch.tensor([[[0, 1, 2], [2, 255, 0]]])
    assert torch.autograd.gradcheck(
        lambda x: losses.cross_entropy(x, target, ignore_index=IGNORED),
        logits,
    )


def test_modules_give_what_the_functions_give():
    logits = torch.randn(2, 3, 4, 5)
    target = torch.randint(0, 3, (2, 4, 5))
    weight = torch.tensor([1.0, 2.0, 3.0])
    module = losses.CrossEntropyLoss(ignore_index=2, weight=weight)
    assert "weight" in module.state_dict()
    expected = losses.cross_entropy(
        logits, target, ignore_index=2, weight=weight
    )
    assert torch.equal(module(logits, target), expected)
    truth = (logits > 0).float()
    binary = losses.BinaryCrossEntropyLoss(
        reduction="sum", pos_weight=weight
    )
    expected = losses.binary_cross_entropy(
        logits, truth, reduction="sum", pos_weight=weight
    )
    assert torch.equal(binary(logits, truth), expected)


@pytest.mark.parametrize(
    ("logits", "target", "keywords", "error", "message"),
    [
        ((1, 2, 3), np.int64(0), {}, ValueError, "class indices of shape"),
        ((1, 3), None, {}, ValueError, "logits must be .N, C"),
        ((1, 2, 3), 2, {}, ValueError, "from 0 to 1, got 2"),
        ((1, 2, 3), -100, {}, ValueError, "got -100"),
        ((1, 2, 3), 0.0, {}, TypeError, "integer class indices"),
        ((1, 2, 3), 0, {"reduction": "avg"}, ValueError, "reduction must"),
        (
            (1, 2, 3),
            0,
            {"weight": torch.ones(3)},
            ValueError,
            "weight must have shape",
        ),
    ],
)
def test_wrong_arguments_are_named(
    logits, target, keywords, error, message
):
    shape = (1, 3) if isinstance(target, int | float) else (1, 1)
    full = torch.full(shape, 0 if target is None else target)
    with pytest.raises(error, match=message):
        losses.cross_entropy(torch.zeros(logits), full, **keywords)


def test_binary_targets_that_do_not_fit_are_named():
    logits = torch.zeros(1, 1, 2, 2)
    with pytest.raises(ValueError, match="the logits' shape"):
        losses.binary_cross_entropy(logits, torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match="from 0 to 1, got 255"):
        losses.binary_cross_entropy(logits, torch.full_like(logits, 255))
    with pytest.raises(ValueError, match="from 0 to 1, got nan"):
        losses.binary_cross_entropy(logits, torch.full_like(logits, np.nan))
    with pytest.raises(TypeError, match="floating-point tensor"):
        losses.binary_cross_entropy(logits.long(), torch.zeros_like(logits))
