"""Checkers for chapter 10, one-stage models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seglab.checks._ch10_pairs import (
    centre_cells_loop,
    fast_nms_loop,
    full_masks_product,
    matrix_nms_loop,
)
from seglab.checks.checker import Case, Result, run_cases


def full_masks(answer: Callable[..., Tensor]) -> Result:
    """Check masks mixed of prototypes, enlarged and cut at boxes."""
    generator = torch.Generator().manual_seed(0)
    ramp = torch.tensor([[[-3.0, 1.0]]])  # 0 lies beyond the middle
    one = torch.ones(1, 1)
    whole = torch.tensor([[0.0, 0.0, 99.0, 99.0]])
    two = torch.randn(2, 6, 8, generator=generator)
    mix = torch.randn(3, 2, generator=generator)
    boxes = torch.tensor(
        [[2.0, 1.0, 9.0, 7.0], [0.0, 0.0, 16.0, 12.0], [10, 5, 13, 12]]
    )

    def fits(
        prototypes: Tensor,
        coefficients: Tensor,
        boxes: Tensor,
        size: tuple[int, int],
    ) -> bool:
        got = answer(prototypes.clone(), coefficients, boxes, size)
        wanted = full_masks_product(prototypes, coefficients, boxes, size)
        return (
            got.dtype == torch.bool
            and got.shape == wanted.shape
            and bool(torch.equal(got, wanted))
        )

    return run_cases(
        "full_masks",
        [
            Case(
                "bool masks of the image's size, one for each object",
                lambda: (
                    answer(two, mix, boxes, (12, 16)).shape == (3, 12, 16)
                    and answer(two, mix, boxes, (12, 16)).dtype
                    == torch.bool
                ),
                "[M, height, width], dtype bool",
            ),
            Case(
                "amounts are enlarged, decisions are not",
                lambda: fits(ramp, one, whole, (1, 16)),
                "compare with 0 after the interpolation",
            ),
            Case(
                "a negative coefficient takes a prototype away",
                lambda: fits(ramp, -one, whole, (1, 16)),
                "a weighted sum, with its signs",
            ),
            Case(
                "a box cuts in pixels of the image",
                lambda: fits(
                    torch.ones(1, 6, 8), torch.ones(3, 1), boxes, (12, 16)
                ),
                "the boxes are no prototype pixels: cut after enlarging",
            ),
            Case(
                "random prototypes, several objects, any size",
                lambda: (
                    fits(two, mix, boxes, (12, 16))
                    and fits(two, mix, 2 * boxes, (25, 31))
                ),
                "bilinear, with align_corners=False",
            ),
        ],
    )


def fast_nms(answer: Callable[..., Any]) -> Result:
    """Check fast NMS against a loop over pairs."""
    generator = torch.Generator().manual_seed(0)

    def draw(count: int) -> tuple[Tensor, Tensor, Tensor]:
        corner = 20 * torch.rand(count, 2, generator=generator)
        side = 5 + 15 * torch.rand(count, 2, generator=generator)
        scores = (1 + torch.randperm(count, generator=generator)) / count
        labels = torch.randint(1, 3, (count,), generator=generator)
        return torch.cat([corner, corner + side], 1), scores, labels

    row = torch.tensor([[0.0, 0, 10, 9], [0, 3, 10, 12], [0, 6, 10, 15]])
    ones = torch.ones(3, dtype=torch.int64)
    samples = [draw(12) for _ in range(6)]

    def kept(*given: Any) -> list[int]:
        return [int(index) for index in answer(*given)]

    return run_cases(
        "fast_nms",
        [
            Case(
                "of two copies the better one is kept",
                lambda: (
                    kept(
                        row[[0, 0]], torch.tensor([0.3, 0.9]), ones[:2], 0.5
                    )
                    == [1]
                ),
                "sort by score first, and no box may drop itself",
            ),
            Case(
                "boxes apart are all kept, best first",
                lambda: (
                    kept(
                        row + torch.tensor([[0.0], [50.0], [90.0]]),
                        torch.tensor([0.2, 0.9, 0.5]),
                        ones,
                        0.5,
                    )
                    == [1, 2, 0]
                ),
                "return indices into what came, highest score first",
            ),
            Case(
                "labels do not disturb each other",
                lambda: (
                    kept(
                        row[[0, 0, 0]],
                        torch.tensor([0.9, 0.8, 0.7]),
                        torch.tensor([1, 2, 1]),
                        0.5,
                    )
                    == [0, 1]
                ),
                "an overlap counts between boxes of one label only",
            ),
            Case(
                "what is dropped still drops",
                lambda: (
                    kept(row, torch.tensor([0.9, 0.8, 0.7]), ones, 0.4)
                    == [0]
                ),
                "compare with all better boxes, kept or not",
            ),
            Case(
                "random boxes",
                lambda: all(
                    kept(*sample, limit) == fast_nms_loop(*sample, limit)
                    for sample in samples
                    for limit in (0.2, 0.5)
                ),
                "an overlap of exactly the threshold is allowed",
            ),
        ],
    )


def centre_cells(answer: Callable[..., Any]) -> Result:
    """Check which cells of a grid answer for a mask."""

    def rectangle(
        top: int, left: int, bottom: int, right: int, size: Any = (64, 64)
    ) -> np.ndarray[Any, Any]:
        mask = np.zeros(size, bool)
        mask[top:bottom, left:right] = True
        return mask

    rows, columns = np.ogrid[:64, :64]
    triangle = (rows >= 16) & (rows < 56) & (columns < rows - 12)
    ring = np.hypot(rows - 31.5, columns - 23.5)
    ring = (ring < 20) & (ring > 12)

    def fits(mask: np.ndarray[Any, Any], cells: int) -> bool:
        before = mask.copy()
        got = {tuple(int(v) for v in cell) for cell in answer(mask, cells)}
        return got == centre_cells_loop(before, cells)

    return run_cases(
        "centre_cells",
        [
            Case(
                "a small mask in the middle of a cell: that cell",
                lambda: fits(rectangle(10, 18, 14, 22), 4),
                "pairs (row, column), each counted from 0",
            ),
            Case(
                "the centre region reaches into neighbours",
                lambda: fits(rectangle(8, 4, 40, 60), 8),
                "0.2 of the box's width and height, around the centre",
            ),
            Case(
                "the centre is that of the pixels, not of the box",
                lambda: fits(triangle, 16),
                "the mean of the pixels' centres",
            ),
            Case(
                "a ring's centre lies in its hole",
                lambda: fits(ring, 8),
                "the cell need not touch the mask",
            ),
            Case(
                "never more than 3 x 3 cells",
                lambda: fits(rectangle(0, 0, 64, 64), 32),
                "at most one cell to each side of the centre's",
            ),
            Case(
                "images that are no square",
                lambda: fits(rectangle(3, 60, 21, 96, (24, 128)), 4),
                "a cell is height / cells high and width / cells wide",
            ),
        ],
    )


def matrix_nms(answer: Callable[..., Any]) -> Result:
    """Check matrix NMS with the Gaussian against a loop over pairs."""
    generator = torch.Generator().manual_seed(0)
    left = torch.zeros(4, 8, dtype=torch.bool)
    left[:, :4] = True
    base = torch.rand(3, 6, 6, generator=generator) > 0.5
    flips = torch.rand(9, 6, 6, generator=generator) > 0.85
    many = base[torch.arange(9) % 3] ^ flips
    many_scores = (1 + torch.randperm(9, generator=generator)) / 9
    shifted = torch.stack([left.roll(k, 1) for k in (0, 1, 2)])

    def fits(masks: Tensor, scores: Tensor) -> bool:
        got = torch.as_tensor(answer(masks.clone(), scores.clone()))
        wanted = matrix_nms_loop(masks, scores)
        return got.shape == wanted.shape and bool(
            torch.allclose(got.float(), wanted, atol=1e-4)
        )

    return run_cases(
        "matrix_nms",
        [
            Case(
                "masks apart keep their scores",
                lambda: fits(
                    torch.stack([left, ~left]), torch.tensor([0.9, 0.8])
                ),
                "exp(-0 / 0.5) is 1; no mask lowers itself",
            ),
            Case(
                "a copy keeps exp(-2) of its score",
                lambda: fits(
                    torch.stack([left, left]), torch.tensor([0.9, 0.8])
                ),
                "exp(-IoU^2 / 0.5)",
            ),
            Case(
                "scores come back in the order that they came in",
                lambda: fits(
                    torch.stack([left, ~left, left]),
                    torch.tensor([0.5, 0.7, 0.9]),
                ),
                "undo the sorting",
            ),
            Case(
                "a duplicate has less to say than the best",
                lambda: fits(shifted, torch.tensor([0.9, 0.8, 0.7])),
                "divide by the decay of i's own largest overlap",
            ),
            Case(
                "many masks",
                lambda: fits(many, many_scores),
                "the least factor over all better masks",
            ),
        ],
    )
