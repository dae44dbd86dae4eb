"""Checkers for chapter 12, SAM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from seglab.checks.checker import Case, Result, run_cases

Answer = Callable[..., Any]
Mask = NDArray[np.bool_]


def box_tokens(answer: Answer) -> Result:
    """Check the two tokens of a box."""
    draw = torch.Generator().manual_seed(0)
    frequencies = torch.randn(2, 8, generator=draw)
    corners = torch.randn(2, 16, generator=draw)

    def fits(box: tuple[float, ...], side: int, given: Tensor) -> bool:
        found = answer(box, side, frequencies, given)
        wanted = _box_tokens(box, side, frequencies, given)
        return found.shape == wanted.shape and torch.allclose(
            found, wanted, atol=1e-4
        )

    nothing = torch.zeros(2, 16)
    return run_cases(
        "box_tokens",
        [
            Case(
                "a box around the middle, without learnt vectors",
                lambda: fits((-0.5, -0.5, 127.5, 127.5), 128, nothing),
                "half a pixel is added, then 0 to side becomes -1 to 1",
            ),
            Case(
                "upper left and lower right are two places",
                lambda: fits((10, 30, 100, 50), 128, nothing),
                "x before y: the corners are (left, top), (right, bottom)",
            ),
            Case(
                "each corner has its own learnt vector",
                lambda: fits((10, 30, 100, 50), 128, corners),
                "add corners[0] to the first token and corners[1] to the "
                "second",
            ),
            Case(
                "a square of another side",
                lambda: fits((1, 2, 40, 50), 64, corners),
                "use the argument, not 128",
            ),
        ],
    )


def stable(answer: Answer) -> Result:
    """Check the ranking of masks by their stability."""
    line = torch.linspace(-4, 4, 17)
    slopes = torch.tensor([1.0, 8.0, 0.1, 3.0])[:, None]
    edges = (line * slopes)[:, None]
    shifted = (line * slopes - 1)[:, None]
    nothing = torch.full((2, 1, 17), -9.0)
    twins = edges[[1, 1, 0, 0]]

    def fits(logits: Tensor, offset: float, least: float) -> bool:
        found = [int(k) for k in answer(logits, offset, least)]
        return found == _stable(logits, offset, least)

    return run_cases(
        "stable",
        [
            Case(
                "a steep edge comes before a flat one",
                lambda: fits(edges, 1.0, 0.0),
                "divide the area above +offset by that above -offset",
            ),
            Case(
                "masks below the limit go, one at the limit stays",
                lambda: fits(edges, 1.0, 0.7) and fits(edges, 1.0, 7 / 11),
                "keep a stability of at least `least`",
            ),
            Case(
                "another offset, and masks that are smaller",
                lambda: fits(shifted, 0.5, 0.1) and fits(shifted, 2, 0.1),
                "cut at +offset and at -offset, not at 1 and 0",
            ),
            Case(
                "a mask without pixels has stability 0",
                lambda: (
                    fits(torch.cat([nothing, edges]), 1.0, 0.1)
                    and fits(nothing, 1.0, 0.0)
                ),
                "0 / 0 is not a stability: decide it",
            ),
            Case(
                "of equal ones the earlier comes first",
                lambda: fits(twins, 1.0, 0.0),
                "sort so that ties keep their order",
            ),
        ],
    )


def full_mask(answer: Answer) -> Result:
    """Check what brings logits back to the picture."""
    rows, columns = torch.meshgrid(*[torch.arange(64.0)] * 2, indexing="ij")

    def disc(row: float, column: float, radius: float) -> Tensor:
        away = (rows - row).square() + (columns - column).square()
        return radius - away.sqrt()

    def fits(
        logits: Tensor, shrunk: tuple[int, int], size: tuple[int, int]
    ) -> bool:
        found = answer(logits, shrunk, size)
        wanted = _full_mask(logits, shrunk, size)
        if found.dtype != torch.bool or found.shape != wanted.shape:
            return False
        both = (found & wanted).sum()
        # resizing once or twice moves an edge by a hair
        return bool(both / (found | wanted).sum() > 0.985)

    return run_cases(
        "full_mask",
        [
            Case(
                "a square picture of the model's own size",
                lambda: fits(disc(30, 20, 12), (128, 128), (128, 128)),
                "enlarge the logits to the square, then cut at 0; "
                "the mask is bool",
            ),
            Case(
                "a wide picture: the mask stays on its object",
                lambda: fits(disc(14, 40, 9), (64, 128), (150, 300)),
                "only the upper left of the square is picture",
            ),
            Case(
                "a tall picture too",
                lambda: fits(disc(40, 9, 7), (128, 48), (320, 120)),
                "shrunk is (height, width): rows first",
            ),
            Case(
                "a small object has a smooth outline",
                lambda: fits(disc(10.3, 50.6, 2.6), (96, 128), (600, 800)),
                "cut at 0 last: a threshold before enlarging leaves steps",
            ),
        ],
    )


def correct(answer: Answer) -> Result:
    """Check where a simulated person clicks."""
    nothing = np.zeros((21, 27), bool)
    square, ring, bar = (nothing.copy() for _ in range(3))
    square[4:13, 5:14] = True
    ring[3:18, 6:21] = True
    ring[7:14, 10:17] = False
    bar[:5, 20:] = True
    small = nothing.copy()
    small[15:20, 2:7] = True

    def fits(truth: Mask, found: Mask) -> bool:
        click = answer(truth, found)
        wanted = _depths(truth, found)
        if wanted is None or click is None:
            return click is None and wanted is None
        x, y, label = click
        depths, right = wanted
        return label == right and depths[y, x] >= depths.max() - 1e-9

    return run_cases(
        "correct",
        [
            Case(
                "a missed square is clicked in its middle, with label 1",
                lambda: fits(square, nothing),
                "missed is truth and not found; x is the column",
            ),
            Case(
                "what is too much is clicked off",
                lambda: fits(square, square | small),
                "too much is found and not truth; its label is 0",
            ),
            Case(
                "the deeper error comes first, and of equal ones a miss",
                lambda: (
                    fits(square, small)
                    and fits(small, square)
                    and fits(small, bar[::-1])
                ),
                "compare the largest depth of the two errors",
            ),
            Case(
                "a ring is clicked on, not into",
                lambda: fits(ring, nothing) and fits(nothing, ring),
                "the deepest pixel of the error, not the middle of its box",
            ),
            Case(
                "the border of the picture is an edge",
                lambda: fits(bar, nothing),
                "pad with False before the distance transform",
            ),
            Case(
                "nothing is wrong: None",
                lambda: fits(ring, ring) and fits(nothing, nothing),
                "return None if both depths are 0",
            ),
        ],
    )


def _box_tokens(
    box: tuple[float, ...], side: int, frequencies: Tensor, corners: Tensor
) -> Tensor:
    places = torch.tensor(box, dtype=torch.float32).reshape(2, 2)
    angles = 2 * torch.pi * (2 * (places + 0.5) / side - 1) @ frequencies
    return torch.cat([angles.sin(), angles.cos()], 1) + corners


def _stable(logits: Tensor, offset: float, least: float) -> list[int]:
    small, large = (
        (logits > cut).flatten(1).sum(1).double()
        for cut in (offset, -offset)
    )
    scores = (small / large.clamp(min=1)).tolist()
    kept = [k for k, score in enumerate(scores) if score >= least]
    return sorted(kept, key=lambda k: -scores[k])


def _full_mask(
    logits: Tensor, shrunk: tuple[int, int], size: tuple[int, int]
) -> Tensor:
    square = F.interpolate(logits[None, None], (128, 128), mode="bilinear")
    inside = square[..., : shrunk[0], : shrunk[1]]
    return F.interpolate(inside, size, mode="bilinear")[0, 0] > 0


def _depths(
    truth: Mask, found: Mask
) -> tuple[NDArray[np.float64], int] | None:
    """Depths of the deeper error, and its label; None without errors."""
    missed, extra = (
        ndimage.distance_transform_edt(np.pad(wrong, 1))[1:-1, 1:-1]
        for wrong in (truth & ~found, found & ~truth)
    )
    if max(missed.max(), extra.max()) == 0:
        return None
    label = int(missed.max() >= extra.max())
    return (missed if label else extra), label
