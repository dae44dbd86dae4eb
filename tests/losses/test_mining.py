"""OHEM against a slow obvious version."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import IGNORED, cases

from seglab.losses import (
    OHEMCrossEntropyLoss,
    cross_entropy,
    ohem_cross_entropy,
)


def slow_ohem(logits, target, threshold, min_kept):
    """The losses that are kept, hardest first."""
    valid = target != IGNORED
    losses = torch.nn.functional.cross_entropy(
        logits, target, ignore_index=IGNORED, reduction="none"
    )[valid]
    losses = losses.sort(descending=True).values.tolist()
    bound = -torch.tensor(threshold).log().item()
    hard = sum(loss > bound for loss in losses)
    return losses[: max(hard, min_kept)]


@given(cases(), st.floats(0.05, 0.95), st.integers(0, 100), st.booleans())
def test_is_the_slow_obvious_version(case, threshold, min_kept, ignoring):
    logits, target = case
    if ignoring:
        target = target.masked_fill(torch.rand(target.shape) < 0.5, IGNORED)
    kept = slow_ohem(logits, target, threshold, min_kept)
    keywords = {
        "ignore_index": IGNORED,
        "threshold": threshold,
        "min_kept": min_kept,
    }
    total = ohem_cross_entropy(logits, target, reduction="sum", **keywords)
    assert total.item() == pytest.approx(sum(kept), abs=1e-4)
    mean = ohem_cross_entropy(logits, target, **keywords)
    expected = sum(kept) / max(len(kept), 1)
    assert mean.item() == pytest.approx(expected, abs=1e-4)


def test_enough_pixels_to_keep_make_it_cross_entropy():
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    ours = ohem_cross_entropy(logits, target, min_kept=40)
    torch.testing.assert_close(ours, cross_entropy(logits, target))


def test_nothing_hard_and_nothing_to_keep_is_0():
    logits = torch.tensor([[[20.0], [0.0]]], requires_grad=True)
    loss = ohem_cross_entropy(logits, torch.tensor([[0]]), min_kept=0)
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_ignored_pixels_are_no_candidates():
    logits = torch.tensor([[[0.0, 9.0, 9.0], [9.0, 0.0, 0.0]]])
    target = torch.tensor([[IGNORED, 0, 0]])
    losses = ohem_cross_entropy(
        logits,
        target,
        ignore_index=IGNORED,
        min_kept=1,
        reduction="none",
    )
    assert (losses > 0).sum() == 1
    assert losses[0, 0] == 0


def test_the_module_hands_its_settings_on():
    logits, target = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    module = OHEMCrossEntropyLoss(threshold=0.3, min_kept=3)
    expected = ohem_cross_entropy(logits, target, threshold=0.3, min_kept=3)
    assert module(logits, target) == expected


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"threshold": 0}, ValueError, "threshold must be above 0"),
        ({"threshold": 1.1}, ValueError, "at most 1, got 1.1"),
        ({"min_kept": -1}, ValueError, "min_kept must be 0 or more"),
        ({"min_kept": 0.5}, TypeError, "min_kept must be an integer"),
    ],
)
def test_wrong_settings_are_named(keywords, error, message):
    logits, target = torch.zeros(1, 2, 3), torch.zeros(1, 3).long()
    with pytest.raises(error, match=message):
        ohem_cross_entropy(logits, target, **keywords)
    with pytest.raises(error, match=message):
        OHEMCrossEntropyLoss(**keywords)
