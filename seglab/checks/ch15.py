"""Checkers for chapter 15, inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from seglab.checks._ch15_probabilities import (
    calibration_error,
    threshold_for_recall,
)
from seglab.checks.checker import Case, Result, run_cases

__all__ = [
    "calibration_error",
    "classes_at_size",
    "cover",
    "flip_mean",
    "threshold_for_recall",
]

Array = NDArray[Any]


def cover(answer: Callable[..., Any]) -> Result:
    """Check windows that leave no pixel out."""

    def starts(length: int, window: int, step: int) -> list[int]:
        return [int(first) for first in answer(length, window, step)]

    every = [
        (length, window, step)
        for length in (1, 7, 20, 31, 32, 33, 64, 65, 100)
        for window in (8, 20, 32)
        for step in (1, 5, window)
    ]

    def covers() -> bool:
        for length, window, step in every:
            seen = np.zeros(length, bool)
            for first in starts(length, window, step):
                seen[first : first + window] = True
            if not seen.all():
                return False
        return True

    def inside() -> bool:
        return all(
            0 <= first <= max(0, length - window)
            for length, window, step in every
            for first in starts(length, window, step)
        )

    def no_twins() -> bool:
        found = [starts(*case) for case in every]
        return all(one == sorted(set(one)) for one in found)

    def steps() -> bool:
        return all(
            starts(length, window, step)[:-1]
            == list(range(0, max(0, length - window), step))
            for length, window, step in every
        )

    return run_cases(
        "cover",
        [
            Case(
                "two windows of 4 in 8 pixels begin at 0 and 4",
                lambda: starts(8, 4, 4) == [0, 4],
                "range leaves its end out: the window that fits exactly",
            ),
            Case(
                "in 11 pixels with a step of 4 the last begins at 7",
                lambda: starts(11, 4, 4) == [0, 4, 7],
                "move the last window back until it ends with the image",
            ),
            Case(
                "every pixel is covered, whatever the numbers",
                covers,
                "the last window begins at length - window",
            ),
            Case(
                "no window begins outside or sticks out",
                inside,
                "an image shorter than a window has its window at 0",
            ),
            Case(
                "no window comes twice, and they ascend",
                no_twins,
                "do not add the last one where it is there already",
            ),
            Case(
                "all but the last begin a step apart",
                steps,
                "only the last window may be moved",
            ),
        ],
    )


def flip_mean(answer: Callable[..., Any]) -> Result:
    """Check a mean over mirror images that undoes the mirror."""
    torch_random = torch.Generator().manual_seed(0)
    images = torch.rand(2, 1, 5, 7, generator=torch_random)
    kernel = torch.rand(3, 1, 3, 3, generator=torch_random)

    def lopsided(x: Tensor) -> Tensor:
        return F.conv2d(x, kernel, padding=1).softmax(1)

    def halves(x: Tensor) -> Tensor:
        left = torch.arange(x.shape[-1]) < x.shape[-1] / 2
        return torch.cat([1 - x, x * left, x * ~left], 1)

    def returned(x: Tensor, network: Any, mirror: list[int]) -> Tensor:
        out = answer(x, network, mirror)
        if not isinstance(out, Tensor):
            raise TypeError(f"return a tensor, got {type(out).__name__}")
        return out

    def wanted(x: Tensor, mirror: list[int]) -> Tensor:
        back = lopsided(x.flip(-1)).flip(-1)[:, mirror]
        return (lopsided(x) + back) / 2

    def same(mirror: list[int]) -> bool:
        out = returned(images, lopsided, mirror)
        return out.shape == (2, 3, 5, 7) and torch.allclose(
            out, wanted(images, mirror), atol=1e-6
        )

    def symmetrical() -> bool:
        mirror = [0, 2, 1]
        there = returned(images.flip(-1), lopsided, mirror)
        back = returned(images, lopsided, mirror).flip(-1)[:, mirror]
        return torch.allclose(there, back, atol=1e-6)

    def perfect_network() -> bool:
        even = images[..., :6].round()
        out = returned(even, halves, [0, 2, 1])
        return torch.allclose(out, halves(even))

    def images_kept() -> bool:
        before = images.clone()
        returned(images, lopsided, [0, 1, 2])
        return torch.equal(before, images)

    return run_cases(
        "flip_mean",
        [
            Case(
                "without sides: the map is flipped back, then averaged",
                lambda: same([0, 1, 2]),
                "flip the output of the mirrored image along its last axis",
            ),
            Case(
                "with sides: the channels are exchanged as well",
                lambda: same([0, 2, 1]),
                "index the channels of the mirrored output with mirror",
            ),
            Case(
                "a network that is always right stays right",
                perfect_network,
                "left in the mirror is right here",
            ),
            Case(
                "it does not matter which of the two images comes first",
                symmetrical,
                "only the mirrored output is flipped and renamed",
            ),
            Case(
                "the images are as they were",
                images_kept,
                "do not write into the images",
            ),
        ],
    )


def classes_at_size(answer: Callable[..., Any]) -> Result:
    """Check that scores are resized before the decision."""
    y, x = torch.meshgrid(
        torch.arange(12.0), torch.arange(16.0), indexing="ij"
    )

    def blobs() -> Tensor:
        middles = [(3.0, 4.0), (8.0, 5.0), (6.0, 12.0)]
        return torch.stack([-torch.hypot(y - a, x - b) for a, b in middles])

    def returned(logits: Tensor, size: tuple[int, int]) -> Array:
        found = answer(logits.clone(), size)
        return np.asarray(found)

    def wanted(logits: Tensor, size: tuple[int, int]) -> Array:
        large = F.interpolate(logits[None], size, mode="bilinear")
        return large[0].argmax(0).numpy()

    def no_new_class() -> bool:
        logits = torch.full((4, 6, 8), -9.0)
        logits[0, :, :4] = logits[3, :, 4:] = 9.0
        return set(np.unique(returned(logits, (24, 32)))) == {0, 3}

    def size_and_kind() -> bool:
        found = returned(blobs(), (30, 40))
        return found.shape == (30, 40) and found.dtype.kind in "iu"

    def smooth() -> bool:
        # the straight border between two classes, at 16 times the size
        logits = torch.stack([x - 1.7 * y, 1.7 * y - x])
        found = returned(logits, (192, 256))
        return bool((found == wanted(logits, (192, 256))).mean() > 0.995)

    def same() -> bool:
        found = returned(blobs(), (48, 64))
        return bool((found == wanted(blobs(), (48, 64))).mean() > 0.995)

    return run_cases(
        "classes_at_size",
        [
            Case(
                "whole numbers of the size asked for",
                size_and_kind,
                "size is (height, width); argmax over the classes",
            ),
            Case(
                "no class appears that was not there",
                no_new_class,
                "class indices cannot be interpolated",
            ),
            Case(
                "a slanted border stays straight",
                smooth,
                "resize the logits bilinearly, decide last",
            ),
            Case(
                "three classes meet where their logits are equal",
                same,
                "resize all channels alike, without align_corners",
            ),
        ],
    )
