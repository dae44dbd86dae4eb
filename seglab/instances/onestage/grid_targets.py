"""Which cell of which grid is to find which object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

NO_OBJECT = -1
GRIDS = (16, 8)
# by the root of the area of its box an object belongs to one or both
SIZES = ((0.0, 40.0), (28.0, float("inf")))
CENTRE = 0.2


def grid_targets(
    truth: Mapping[str, Tensor],
    *,
    grids: Sequence[int] = GRIDS,
    sizes: Sequence[tuple[float, float]] = SIZES,
    centre: float = CENTRE,
) -> Tensor:
    """The object that each cell is to find.

    An object belongs to the cells that its centre region touches: a box
    around its centre of mass, ``centre`` times as wide and high as its
    own box, and never more than the 3 x 3 cells in the middle.

    Args:
        truth: "boxes" float32 [K, 4] and "masks" bool [K, H, W].
        grids: cells a side of each grid.
        sizes: for each grid the least and the largest square root of a
            box's area, in pixels.
        centre: share of the box that counts as its centre region.

    Returns:
        int64 [G], the index of an object or -1, row by row, one grid
        after the other.

    Raises:
        ValueError: not as many sizes as grids, or a share outside (0, 1].

    Convention:
        Where two objects claim a cell, the smaller one has it. Of a ring,
        the centre of mass lies in the hole: it need not be in the mask.

    Source: Wang et al. 2020, SOLO, section 3.3.

    >>> masks = torch.zeros(1, 8, 8, dtype=torch.bool)
    >>> masks[0, 4:8, 0:4] = True
    >>> boxes = torch.tensor([[0.0, 4.0, 4.0, 8.0]])
    >>> truth = {"boxes": boxes, "masks": masks}
    >>> grid_targets(truth, grids=[2], sizes=[(0, 8)])
    tensor([-1, -1,  0, -1])
    """
    if len(grids) != len(sizes):
        raise ValueError(
            f"sizes must be as many as the {len(grids)} grids, got "
            f"{len(sizes)}"
        )
    if not 0 < centre <= 1:
        raise ValueError(f"centre must be a share in (0, 1], got {centre}")
    boxes, masks = truth["boxes"], truth["masks"]
    width_height = boxes[:, 2:] - boxes[:, :2]
    scale = width_height.prod(1).sqrt()
    middles = centres_of_mass(masks)
    image = middles.new_tensor([masks.shape[2], masks.shape[1]])
    large_first = scale.argsort(descending=True, stable=True).tolist()
    targets = []
    for cells, (least, most) in zip(grids, sizes, strict=True):
        grid = torch.full(
            (cells, cells),
            NO_OBJECT,
            dtype=torch.int64,
            device=masks.device,
        )
        per_cell = image / cells
        for k in large_first:
            if not least <= scale[k] <= most:
                continue
            reach = centre / 2 * width_height[k]
            middle = _cell(middles[k], per_cell, cells)
            low = _cell(middles[k] - reach, per_cell, cells)
            high = _cell(middles[k] + reach, per_cell, cells)
            left, top = low.maximum(middle - 1).tolist()
            right, bottom = high.minimum(middle + 1).tolist()
            grid[top : bottom + 1, left : right + 1] = k
        targets.append(grid.flatten())
    return torch.cat(targets)


def centres_of_mass(masks: Tensor) -> Tensor:
    """The mean position of each mask's pixels.

    Args:
        masks: bool [K, H, W].

    Returns:
        float32 [K, 2], (x, y); the centre of the first pixel is
        (0.5, 0.5). (0, 0) for an empty mask.

    >>> mask = torch.tensor([[[False, True, True]]])
    >>> centres_of_mass(mask)
    tensor([[2.0000, 0.5000]])
    """
    rows, columns = masks.sum(2).float(), masks.sum(1).float()
    y = torch.arange(masks.shape[1], device=masks.device) + 0.5
    x = torch.arange(masks.shape[2], device=masks.device) + 0.5
    area = rows.sum(1).clamp(min=1)
    return torch.stack([columns @ x / area, rows @ y / area], 1)


def _cell(point: Tensor, per_cell: Tensor, cells: int) -> Tensor:
    """The cell (column, row) that a point (x, y) lies in."""
    return (point / per_cell).floor().long().clamp(0, cells - 1)
