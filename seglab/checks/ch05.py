"""Checkers for chapter 05, DeepLab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seglab.checks.checker import Case, Result, run_cases

Layer = tuple[int, int, int]


def receptive_field(answer: Callable[[list[Layer]], Any]) -> Result:
    """Check receptive field and output stride of a row of layers."""
    three = (3, 1, 1)
    backbone = [(3, 2, 1)] + 4 * [(3, 2, 1), three]
    dilated = [
        *backbone[:5],
        *[(3, 1, 1), (3, 1, 2), (3, 1, 2), (3, 1, 4)],
    ]

    def gives(layers: list[Layer], field: int, stride: int) -> bool:
        got = tuple(int(value) for value in answer(layers))
        return got == (field, stride)

    return run_cases(
        "receptive_field",
        [
            Case(
                "one 3 x 3 convolution sees 3 pixels",
                lambda: gives([three], 3, 1),
                "return (field, output stride)",
            ),
            Case(
                "a second one sees 2 more",
                lambda: gives([three, three], 5, 1),
                "each adds kernel - 1",
            ),
            Case(
                "rate 4 reaches four times as far",
                lambda: gives([(3, 1, 4), (5, 1, 2)], 17, 1),
                "a kernel of rate r adds (kernel - 1) * r",
            ),
            Case(
                "after a pooling of 2 each step is worth 2 pixels",
                lambda: gives([(2, 2, 1), three], 6, 2),
                "multiply by the strides of the layers before",
            ),
            Case(
                "no layer sees one pixel",
                lambda: gives([], 1, 1),
                "start from 1 and 1",
            ),
            Case(
                "our backbone, strided and dilated",
                lambda: gives(backbone, 183, 32) and gives(dilated, 183, 8),
                "strides before a layer count, its own does not",
            ),
        ],
    )


def atrous(answer: Callable[..., Tensor]) -> Result:
    """Check an atrous convolution by hand."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    impulse = torch.zeros(1, 1, 9, 11)
    impulse[..., 4, 5] = 1
    one = draw(1, 1, 3, 3)
    x, weight = draw(2, 3, 7, 10), draw(4, 3, 3, 3)

    def fits(x: Tensor, weight: Tensor, rate: int) -> bool:
        wanted = F.conv2d(x, weight, padding=rate, dilation=rate)
        got = answer(x.clone(), weight.clone(), rate)
        return got.shape == wanted.shape and bool(
            torch.allclose(got, wanted, atol=1e-4)
        )

    def works_alone() -> bool:
        none = mock.Mock(side_effect=RuntimeError("no convolution, please"))
        places = (F, "conv2d"), (torch, "conv2d"), (torch, "convolution")
        with (
            mock.patch.object(*places[0], none),
            mock.patch.object(*places[1], none),
            mock.patch.object(*places[2], none),
            mock.patch.object(torch.nn.Conv2d, "forward", none),
        ):
            answer(x.clone(), weight.clone(), 2)
        return True

    return run_cases(
        "atrous",
        [
            Case(
                "an impulse at rate 1 gives the kernel, turned round",
                lambda: fits(impulse, one, 1),
                "y[i] takes x[i + k], with weight k: nothing is flipped",
            ),
            Case(
                "at rate 3 its taps lie 3 pixels apart",
                lambda: fits(impulse, one, 3),
                "shift by rate * (i - 1) and rate * (j - 1)",
            ),
            Case(
                "channels are mixed, images are not",
                lambda: fits(x, weight, 1),
                "weight [D, C, 3, 3]: sum over C, keep D",
            ),
            Case(
                "zeros beyond the border, at any rate",
                lambda: all(fits(x, weight, rate) for rate in (2, 3, 5)),
                "pad with zeros; what leaves must not come back",
            ),
            Case(
                "beyond the map only the centre is left",
                lambda: fits(x, weight, 12),
                "the padding grows with the rate",
            ),
            Case(
                "it calls no convolution",
                works_alone,
                "add up nine shifted copies",
            ),
        ],
    )


def choose_rates(answer: Callable[[int], Any]) -> Result:
    """Check rates that reach far and leave nothing out."""
    reaches = (1, 2, 3, 4, 5, 6, 12, 13, 14, 31, 40, 41, 60)

    def rates(reach: int) -> list[int]:
        found = list(answer(reach))
        if any(rate != int(rate) for rate in found):
            raise ValueError(f"rates must be whole numbers, got {found}")
        return [int(rate) for rate in found]

    return run_cases(
        "choose_rates",
        [
            Case(
                "one convolution reaches 1 pixel, two reach 2",
                lambda: rates(1) == [1] and rates(2) == [1, 1],
                "return a list; a kernel of rate r reaches r to each side",
            ),
            Case(
                "rates are positive and add up to the reach",
                lambda: all(
                    min(rates(reach)) > 0 and sum(rates(reach)) == reach
                    for reach in reaches
                ),
                "reaches add up; make the last rate fit",
            ),
            Case(
                "every pixel of the window has a path",
                lambda: all(
                    _has_no_gap(rates(reach), reach) for reach in reaches
                ),
                "three shifted copies of a full stretch must touch",
            ),
            Case(
                "no convolution too many",
                lambda: all(
                    len(rates(reach)) == _fewest(reach) for reach in reaches
                ),
                "how large may a rate be, after a stretch of -c to c?",
            ),
        ],
    )


def to_class_map(answer: Callable[[Tensor, Any], Tensor]) -> Result:
    """Check that logits are enlarged before the argmax."""
    generator = torch.Generator().manual_seed(0)
    step = torch.zeros(1, 9, 1, 2)
    step[0, 0, 0, 0] = step[0, 8, 0, 1] = 5
    unsure = torch.tensor([[3.0, 0.0], [0.0, 1.0]]).reshape(1, 2, 1, 2)
    several = torch.randn(2, 4, 5, 7, generator=generator)

    def fits(logits: Tensor, size: Sequence[int]) -> bool:
        before = logits.clone()
        got = answer(logits, tuple(size))
        wanted = _class_map(before, size)
        return torch.equal(logits, before) and bool(
            torch.equal(torch.as_tensor(got), wanted)
        )

    return run_cases(
        "to_class_map",
        [
            Case(
                "whole numbers [N, H, W]",
                lambda: (
                    answer(several, (20, 21)).shape == (2, 20, 21)
                    and answer(several, (20, 21)).dtype == torch.int64
                ),
                "argmax over the channels, which then are gone",
            ),
            Case(
                "between classes 0 and 8 lies no other class",
                lambda: fits(step, (4, 16)),
                "interpolate amounts, not names",
            ),
            Case(
                "a sure position reaches farther than an unsure one",
                lambda: fits(unsure, (3, 24)),
                "nearest neighbours forget how sure the map was",
            ),
            Case(
                "random logits, any size, align_corners=False",
                lambda: (
                    fits(several, (33, 47))
                    and fits(several, (5, 7))
                    and fits(several, (3, 4))
                ),
                "bilinear, with PyTorch's default for the corners",
            ),
        ],
    )


def _has_no_gap(rates: list[int], reach: int) -> bool:
    seen = {0}
    for rate in rates:
        seen = {place + rate * tap for place in seen for tap in (-1, 0, 1)}
    return seen >= set(range(-reach, reach + 1))


def _fewest(reach: int) -> int:
    """n convolutions cover (3^n - 1) / 2 pixels to each side."""
    number = 0
    while (3**number - 1) // 2 < reach:
        number += 1
    return number


def _class_map(logits: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear interpolation as two matrix products, then argmax."""
    down, across = (
        torch.from_numpy(_weights(before, after)).to(logits.dtype)
        for before, after in zip(logits.shape[-2:], size, strict=True)
    )
    return (down @ logits @ across.T).argmax(1)


def _weights(before: int, after: int) -> np.ndarray[Any, Any]:
    """What each old pixel gives to each new one, [after, before]."""
    place = (np.arange(after) + 0.5) * before / after - 0.5
    place = np.clip(place, 0, before - 1)
    distance = np.abs(place[:, None] - np.arange(before))
    return np.clip(1 - distance, 0, None)
