"""Cut a box out of a feature map, whatever fractions its corners have."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def sample_bilinear(feature: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Values of a feature map between its cells.

    Each is the mean of the four cells around the point, weighted by how
    near they are. So it changes smoothly with the point, and a gradient
    flows to all four.

    Args:
        feature: float [C, H, W].
        y, x: points [P]; cell (i, j) has its centre at (i, j).

    Returns:
        float [C, P].

    Raises:
        ValueError: a feature map of another shape, or not as many y as x.

    Convention:
        A point up to one cell outside takes the value at the edge, one
        farther away is 0, as in ``torchvision.ops.roi_align``.

    >>> feature = torch.tensor([[[0.0, 4.0], [8.0, 12.0]]])
    >>> sample_bilinear(feature, torch.tensor([0.5]), torch.tensor([0.25]))
    tensor([[5.]])
    """
    if feature.ndim != 3 or y.shape != x.shape or y.ndim != 1:
        raise ValueError(
            "feature must be [C, H, W], y and x [P], got "
            f"{tuple(feature.shape)}, {tuple(y.shape)}, {tuple(x.shape)}"
        )
    height, width = feature.shape[1:]
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.floor().long(), x.floor().long()
    bottom = (top + 1).clamp(max=height - 1)
    right = (left + 1).clamp(max=width - 1)
    down, across = y - top, x - left
    above = feature[:, top, left].lerp(feature[:, top, right], across)
    below = feature[:, bottom, left].lerp(feature[:, bottom, right], across)
    return above.lerp(below, down) * inside


def roi_align(
    features: Tensor,
    boxes: Sequence[Tensor],
    output_size: int,
    *,
    scale: float = 1.0,
    samples: int = 0,
    aligned: bool = True,
) -> Tensor:
    """RoIAlign: a small map of fixed size for each box, nothing rounded.

    The box is cut into ``output_size`` times ``output_size`` bins. Each
    bin is the mean of a few points in it, read by bilinear interpolation.

    Args:
        features: float [N, C, H, W].
        boxes: for each image, xyxy [K_i, 4] in image pixels.
        output_size: bins a side.
        scale: feature cells for one image pixel, such as 1 / 4.
        samples: points a side in each bin; 0 for one a cell, rounded up.
        aligned: image point 0 lies at the edge of the first cell, half a
            cell before its centre. Without it, the map is read half a
            cell too far to the right and below, as the first
            implementations did; and boxes below one cell are widened.

    Returns:
        float [sum of K_i, C, output_size, output_size].

    Raises:
        ValueError: not a list of boxes for each image, or a size, scale
            or number of samples out of range.

    Convention:
        torchvision's detectors read with ``aligned=False``, for the sake
        of weights trained so; its ``roi_align`` has both.

    Source: He et al. 2017; equal to ``torchvision.ops.roi_align``.

    >>> ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    >>> box = [torch.tensor([[2.0, 2.0, 6.0, 6.0]])]
    >>> roi_align(ramp, box, 2, samples=2)[0, 0, 0]
    tensor([2.5000, 4.5000])
    """
    _check_call(features, boxes, output_size, scale)
    if samples < 0:
        raise ValueError(f"samples must be 0 or more, got {samples}")
    found = [
        _align_one(feature, box * scale, output_size, samples, aligned)
        for feature, ours in zip(features, boxes, strict=True)
        for box in ours
    ]
    if found:
        return torch.stack(found)
    return features.new_zeros(
        0, features.shape[1], output_size, output_size
    )


def _align_one(
    feature: Tensor, box: Tensor, side: int, samples: int, aligned: bool
) -> Tensor:
    start, size = box[:2], box[2:] - box[:2]
    if aligned:
        start = start - 0.5
    else:
        size = size.clamp(min=1.0)
    bins = size / side
    counts = [samples or max(math.ceil(b), 0) for b in bins.tolist()]
    if 0 in counts:
        return feature.new_zeros(len(feature), side, side)
    x, y = (
        start[axis]
        + bins[axis] * (torch.arange(side * n, device=box.device) + 0.5) / n
        for axis, n in enumerate(counts)
    )
    grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
    points = sample_bilinear(feature, grid_y.flatten(), grid_x.flatten())
    across, down = counts
    return points.view(-1, side, down, side, across).mean((2, 4))


def roi_pool(
    features: Tensor,
    boxes: Sequence[Tensor],
    output_size: int,
    *,
    scale: float = 1.0,
) -> Tensor:
    """RoIPool, which came before: corners and bins rounded to cells.

    Each bin is the largest of its cells. At stride 16 the rounding moves
    a corner by up to 8 image pixels: that does a class no harm, and a
    mask much.

    Args:
        features: float [N, C, H, W].
        boxes: for each image, xyxy [K_i, 4] in image pixels.
        output_size: bins a side.
        scale: feature cells for one image pixel.

    Returns:
        float [sum of K_i, C, output_size, output_size].

    Raises:
        ValueError: as ``roi_align``.

    Convention:
        The last cell is part of the box, which is so one cell larger than
        its corners say, as in ``torchvision.ops.roi_pool``.

    Source: Girshick 2015; equal to ``torchvision.ops.roi_pool``.

    >>> ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    >>> box = [torch.tensor([[1.6, 2.0, 5.4, 6.0]])]
    >>> roi_pool(ramp, box, 2)[0, 0, 0]
    tensor([3., 5.])
    """
    _check_call(features, boxes, output_size, scale)
    found = [
        _pool_one(feature, box * scale, output_size)
        for feature, ours in zip(features, boxes, strict=True)
        for box in ours
    ]
    if found:
        return torch.stack(found)
    return features.new_zeros(
        0, features.shape[1], output_size, output_size
    )


def _pool_one(feature: Tensor, box: Tensor, side: int) -> Tensor:
    # halves are rounded up here; torch.round would take the even one
    left, top, right, bottom = (box + 0.5).floor().long().tolist()
    rows = _bin_edges(top, bottom, side, feature.shape[1])
    columns = _bin_edges(left, right, side, feature.shape[2])
    bins = [
        feature[:, r, c].amax((1, 2))
        if feature[:, r, c].numel()
        else feature.new_zeros(len(feature))
        for r in rows
        for c in columns
    ]
    return torch.stack(bins, 1).view(-1, side, side)


def _bin_edges(first: int, last: int, side: int, limit: int) -> list[slice]:
    """The cells of each bin; neighbours may share one."""
    width = max(last - first + 1, 1) / side
    edges = (
        (math.floor(i * width) + first, math.ceil((i + 1) * width) + first)
        for i in range(side)
    )
    return [
        slice(min(max(low, 0), limit), min(max(high, 0), limit))
        for low, high in edges
    ]


def _check_call(
    features: Tensor, boxes: Sequence[Tensor], side: int, scale: float
) -> None:
    if features.ndim != 4:
        raise ValueError(
            f"features must be [N, C, H, W], got {tuple(features.shape)}"
        )
    if len(boxes) != len(features) or any(
        b.ndim != 2 or b.shape[1] != 4 for b in boxes
    ):
        raise ValueError(
            f"boxes must be a list of {len(features)} tensors [K, 4], got "
            f"{[tuple(b.shape) for b in boxes]}"
        )
    if side < 1 or not scale > 0:
        raise ValueError(
            "output_size must be 1 or more and scale above 0, got "
            f"{side} and {scale}"
        )
