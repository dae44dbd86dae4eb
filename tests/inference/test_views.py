"""Every view is undone exactly, and a mean is a mean."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seglab.inference.views import (
    View,
    as_it_is,
    flip_columns,
    flip_rows,
    half_turn,
    mean_logits,
    mean_probabilities,
    rescale,
)

EXACT = [as_it_is(), flip_columns(), flip_rows(), half_turn()]


@pytest.mark.parametrize("view", EXACT, ids=lambda view: view.name)
def test_undone_exactly(view: View) -> None:
    images = torch.rand(2, 3, 5, 8)
    back = view.undo(view.change(images), (5, 8))
    assert torch.equal(back, images)


def test_each_view_is_another_picture() -> None:
    images = torch.rand(1, 1, 5, 8)
    seen = [view.change(images) for view in EXACT]
    for index, one in enumerate(seen):
        for other in seen[:index]:
            assert not torch.equal(one, other)


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(8, 8), (7, 12)])
def test_scales_come_back_at_the_right_size_and_place(
    factor: float, size: tuple[int, int]
) -> None:
    # a ramp survives any resizing, but at its ends
    ramp = torch.arange(float(size[1])).expand(1, 1, *size)
    view = rescale(factor)
    back = view.undo(view.change(ramp), size)
    assert back.shape == ramp.shape
    middle = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(back[middle], ramp[middle], atol=0.3, rtol=0)


def test_sides_are_renamed() -> None:
    """Channel 0 marks what lies left in the picture, channel 1 right."""

    def sides(images: Tensor) -> Tensor:
        left = torch.zeros_like(images)
        left[..., : images.shape[-1] // 2] = 1
        return torch.cat([left * images, (1 - left) * images], 1)

    images = torch.rand(1, 1, 4, 6)
    plain = sides(images)
    right = mean_logits(images, sides, [flip_columns(renamed=[1, 0])])
    wrong = mean_logits(images, sides, [flip_columns()])
    assert torch.equal(right, plain)
    assert not torch.equal(wrong, plain)


def test_the_two_means_differ_as_documented() -> None:
    """One view says 10, the other -1 and -1: who wins depends."""
    answers = iter([10.0, -1.0, -1.0])

    def network(images: Tensor) -> Tensor:
        return torch.full_like(images, next(answers))

    views = [as_it_is()] * 3
    images = torch.zeros(1, 1, 1, 1)
    assert mean_logits(images, network, views) > 2
    answers = iter([10.0, -1.0, -1.0])
    chance = mean_probabilities(images, network, views).item()
    assert chance == pytest.approx((1 + 2 * 0.2689) / 3, abs=1e-3)


def test_softmax_as_activation() -> None:
    images = torch.randn(1, 3, 4, 4)
    found = mean_probabilities(
        images, lambda x: x, EXACT, lambda x: x.softmax(1)
    )
    torch.testing.assert_close(found, images.softmax(1))


def test_bad_arguments() -> None:
    with pytest.raises(
        ValueError, match="views must hold one view or more"
    ):
        mean_logits(torch.zeros(1, 1, 2, 2), torch.abs, [])
    with pytest.raises(ValueError, match=r"\[N, C, H, W\]"):
        mean_logits(torch.zeros(1, 2, 2), torch.abs, [as_it_is()])
    with pytest.raises(ValueError, match="factor must be above 0, got 0"):
        rescale(0)
    for renamed in ([1, 2, 0], [0, 0], [0, 2]):
        with pytest.raises(ValueError, match="renamed must give every"):
            flip_columns(renamed)


def test_a_view_that_is_not_undone_is_named() -> None:
    lost = View("transposed", lambda x: x.mT, lambda x, _: x)
    with pytest.raises(ValueError, match="'transposed' must give outputs"):
        mean_logits(torch.zeros(1, 1, 2, 3), torch.abs, [lost])
