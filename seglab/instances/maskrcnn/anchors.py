"""Anchors: the boxes that a detector starts from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def anchor_shapes(
    sides: Sequence[float], ratios: Sequence[float] = (1.0,)
) -> Tensor:
    """Anchors around the origin, one for each ratio and side.

    Args:
        sides: of the square of the same area, in pixels.
        ratios: height over width.

    Returns:
        float32 [len(ratios) * len(sides), 4], xyxy; the sides vary
        fastest.

    Raises:
        ValueError: a side or ratio that is not above 0, or none at all.

    Convention:
        Corners are rounded to whole pixels, halves to the even one, as
        torchvision does; Detectron2 rounds nothing.

    Source: Ren et al. 2015.

    >>> anchor_shapes([16], ratios=[0.25, 1])
    tensor([[-16.,  -4.,  16.,   4.],
            [ -8.,  -8.,   8.,   8.]])
    """
    for name, values in (("sides", sides), ("ratios", ratios)):
        if len(values) == 0 or not min(values) > 0:
            raise ValueError(f"{name} must be above 0, got {list(values)}")
    root = torch.tensor(ratios, dtype=torch.float32).sqrt()
    size = torch.tensor(sides, dtype=torch.float32)
    widths = ((1 / root)[:, None] * size).flatten()
    heights = (root[:, None] * size).flatten()
    corners = torch.stack([-widths, -heights, widths, heights], 1) / 2
    return corners.round()


def grid_anchors(
    shapes: Tensor, grid: tuple[int, int], stride: tuple[int, int]
) -> Tensor:
    """The anchors of one feature map: all shapes at each of its cells.

    Convention:
        Cell (row, column) has its anchors around the image point
        (column * stride, row * stride), the corner of what the cell sees.
        As the network learns the offset, the middle would do as well.

    Args:
        shapes: as ``anchor_shapes`` gives them, [A, 4].
        grid: rows and columns of the feature map.
        stride: image pixels from one row, and one column, to the next.

    Returns:
        float32 [rows * columns * A, 4] xyxy in image pixels: cell by cell
        in rows, all shapes of a cell together.

    Raises:
        ValueError: shapes that are no boxes, or a stride below 1.

    >>> grid_anchors(anchor_shapes([4]), (1, 2), (8, 8))
    tensor([[-2., -2.,  2.,  2.],
            [ 6., -2., 10.,  2.]])
    """
    if shapes.ndim != 2 or shapes.shape[1] != 4:
        raise ValueError(
            f"shapes must be [A, 4], got {tuple(shapes.shape)}"
        )
    if min(stride) < 1 or min(grid) < 0:
        raise ValueError(
            f"grid must be 0 or more and stride 1 or more, got {grid} and "
            f"{stride}"
        )
    rows = torch.arange(grid[0], device=shapes.device) * stride[0]
    columns = torch.arange(grid[1], device=shapes.device) * stride[1]
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    centres = torch.stack([x, y, x, y], -1).reshape(-1, 1, 4)
    return (centres + shapes).reshape(-1, 4)
