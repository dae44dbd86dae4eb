"""A simulated person: where to click first, and where to correct.

Nobody sits beside an experiment for ten thousand clicks. The literature
puts a rule in place of the person: click in the middle of the largest
error, on or off the object as needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from seglab.promptable.prompts import OFF, ON

Place = tuple[int, int]


class Click(NamedTuple):
    """A point (x, y) in pixels, and 1 on the object or 0 off it."""

    x: int
    y: int
    label: int


def first_click(region: Tensor) -> Place:
    """The pixel (x, y) of a region that is furthest from its border.

    Convention:
        Beyond the border of the image is outside. Of equal pixels the
        first, row by row. Who means a whole does not click on a part of
        it: hand in the whole without its parts (``without_parts``).

    Args:
        region: bool [H, W], not empty.

    Raises:
        TypeError, ValueError: it is not such a mask.

    >>> region = torch.zeros(9, 9, dtype=torch.bool)
    >>> region[2:7, 4:9] = True
    >>> first_click(region)
    (6, 4)
    """
    check_masks("region", region, 2)
    if not region.any():
        raise ValueError("region must not be empty, got no pixel")
    _, place = _depth(region.cpu().numpy())
    return place


def next_click(
    truth: Tensor, found: Tensor, *, clicked: Sequence[Place] = ()
) -> Click | None:
    """Where a person clicks to correct a mask, or None if it is right.

    Convention:
        Of what was missed and of what is too much, the deepest pixel, as
        in RITM: a large thin error counts less than a smaller round one.
        In a tie, and of equal pixels, a miss and the first one. A pixel
        is not clicked on twice, unless nothing else is wrong.

    Args:
        truth: bool [H, W].
        found: bool [H, W].
        clicked: (x, y) of earlier clicks.

    Raises:
        TypeError, ValueError: they are not two masks of one size.

    Source:
        Sofiiuk et al., Reviving Iterative Training with Mask Guidance for
        Interactive Segmentation, ICIP 2022, and its code.

    >>> truth = torch.zeros(9, 9, dtype=torch.bool)
    >>> truth[2:7, 4:9] = True
    >>> next_click(truth, torch.zeros_like(truth))
    Click(x=6, y=4, label=1)
    >>> next_click(truth, truth) is None
    True
    """
    check_masks("truth", truth, 2)
    check_masks("found", found, 2)
    if truth.shape != found.shape:
        raise ValueError(
            f"found must have the truth's shape {tuple(truth.shape)}, got "
            f"{tuple(found.shape)}"
        )
    missed = (truth & ~found).cpu().numpy()
    too_much = (found & ~truth).cpu().numpy()
    depth_on, place_on = _depth(missed, clicked)
    depth_off, place_off = _depth(too_much, clicked)
    if max(depth_on, depth_off) == 0 and (missed.any() or too_much.any()):
        return next_click(truth, found)
    if depth_on >= depth_off:
        return Click(*place_on, ON) if depth_on else None
    return Click(*place_off, OFF)


def without_parts(masks: Tensor, parents: Tensor) -> Tensor:
    """Where a person clicks who means each mask, and not a part of it.

    Args:
        masks: bool [M, H, W].
        parents: int64 [M], of each mask the index of its whole, or -1.

    Returns:
        Bool [M, H, W]: the masks without their parts; a mask that its
        parts cover entirely stays as it is.

    Raises:
        TypeError, ValueError: shapes that do not fit together.

    >>> masks = torch.ones(2, 3, 3, dtype=torch.bool)
    >>> masks[1, :2] = False
    >>> without_parts(masks, torch.tensor([-1, 0])).sum((1, 2)).tolist()
    [6, 3]
    """
    check_masks("masks", masks, 3)
    parents = torch.as_tensor(parents)
    if parents.shape != masks.shape[:1]:
        raise ValueError(
            f"parents must have shape ({len(masks)},), got "
            f"{tuple(parents.shape)}"
        )
    rest = masks.clone()
    for part, owner in zip(masks, parents.tolist(), strict=True):
        if owner >= 0:
            rest[owner] &= ~part
    covered = ~rest.flatten(1).any(1)
    rest[covered] = masks[covered]
    return rest


def check_masks(name: str, masks: Tensor, axes: int) -> None:
    """A bool tensor [H, W] or [P, H, W].

    Raises:
        TypeError, ValueError: it is none; says which.
    """
    shape = {2: "[H, W]", 3: "[P, H, W]"}[axes]
    if not isinstance(masks, Tensor) or masks.dtype != torch.bool:
        kind = getattr(masks, "dtype", type(masks).__name__)
        raise TypeError(f"{name} must be a bool tensor, got {kind}")
    if masks.ndim != axes:
        raise ValueError(
            f"{name} must have shape {shape}, got {tuple(masks.shape)}"
        )


def _depth(
    region: NDArray[np.bool_], clicked: Sequence[Place] = ()
) -> tuple[float, Place]:
    """How deep the deepest pixel lies that is not clicked yet, and where.

    Only the box around the region is looked at: no pixel outside it is
    nearer than its rim.
    """
    rows = np.flatnonzero(region.any(1))
    columns = np.flatnonzero(region.any(0))
    if not len(rows):
        return 0.0, (0, 0)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    framed = np.pad(region[top:bottom, left:right], 1)
    depth = ndimage.distance_transform_edt(framed)[1:-1, 1:-1]
    for x, y in clicked:
        if left <= x < right and top <= y < bottom:
            depth[y - top, x - left] = 0
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    place = int(column) + left, int(row) + top
    return float(depth[row, column]), place
