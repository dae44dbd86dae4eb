"""What Panoptic-DeepLab learns: where centres are, and the way to them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from seglab.instances.panoptic.categories import Categories
from seglab.instances.truth import DIVISOR


class CentreTargets(NamedTuple):
    """The truth of a batch of N images, for the three heads.

    Args:
        classes: the network's class of each pixel, int64 [N, H, W];
            ``IGNORE`` where the map says nothing.
        heat: how near a centre is, float32 [N, 1, H, W] in [0, 1].
        offsets: rows and columns from a pixel to the centre of its
            object, float32 [N, 2, H, W]; 0 outside objects.
        is_thing: bool [N, 1, H, W], where the offsets are learnt.
    """

    classes: Tensor
    heat: Tensor
    offsets: Tensor
    is_thing: Tensor


def thing_values(panoptic: Tensor, categories: Categories) -> Tensor:
    """The values of a map that are things, ascending.

    Args:
        panoptic: integers of any shape, ``category * 1000 + id``.
        categories: things and stuff.

    >>> truth = torch.tensor([[1002, 7000, 1001]])
    >>> thing_values(truth, Categories([1], [7]))
    tensor([1001, 1002])
    """
    values = panoptic.unique()
    return values[categories.is_thing(values // DIVISOR)]


def object_centres(panoptic: Tensor, categories: Categories) -> Tensor:
    """The centre of mass of each thing in one map.

    Args:
        panoptic: integers [H, W], ``category * 1000 + id``.
        categories: things and stuff.

    Returns:
        float32 [K, 2], (row, column), in the order of the map's values.
        A ring's centre lies in its hole: it is a place, not a pixel.

    >>> truth = torch.tensor([[1001, 1001, 1001, 7000]])
    >>> object_centres(truth, Categories([1], [7]))
    tensor([[0., 1.]])
    """
    values = thing_values(panoptic, categories)
    if not len(values):
        return torch.zeros(0, 2, device=panoptic.device)
    return torch.stack(
        [(panoptic == v).nonzero().float().mean(dim=0) for v in values]
    )


def heat_map(
    centres: Tensor, size: tuple[int, int], sigma: float
) -> Tensor:
    """A Gaussian around each centre; where two meet, the higher counts.

    Args:
        centres: float32 [K, 2], (row, column).
        size: (height, width).
        sigma: standard deviation in pixels.

    Returns:
        float32 [H, W]; exactly 1 only at a centre that is a pixel's.

    Raises:
        ValueError: ``sigma`` is not above 0.

    >>> heat_map(torch.tensor([[0.0, 1.0]]), (1, 3), 1.0)
    tensor([[0.6065, 1.0000, 0.6065]])
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be above 0, got {sigma}")
    if not len(centres):
        return torch.zeros(size, device=centres.device)
    along = torch.arange(max(size), device=centres.device)
    # a Gaussian of two axes is the product of two of one
    rows, columns = (
        torch.exp(-((along[:side] - at[:, None]) ** 2) / (2 * sigma**2))
        for side, at in zip(size, centres.T, strict=True)
    )
    return (rows[:, :, None] * columns[:, None, :]).amax(dim=0)


def offsets_to(panoptic: Tensor, categories: Categories) -> Tensor:
    """The way from each pixel of a thing to the centre of its mass.

    Args:
        panoptic: integers [H, W].
        categories: things and stuff.

    Returns:
        float32 [2, H, W]: rows down, columns to the right; 0 outside
        things.

    >>> truth = torch.tensor([[1001, 1001, 1001, 7000]])
    >>> offsets_to(truth, Categories([1], [7]))[1]
    tensor([[ 1.,  0., -1.,  0.]])
    """
    offsets = torch.zeros(2, *panoptic.shape, device=panoptic.device)
    values = thing_values(panoptic, categories)
    centres = object_centres(panoptic, categories)
    for value, centre in zip(values, centres, strict=True):
        rows, columns = (panoptic == value).nonzero().T
        offsets[0, rows, columns] = centre[0] - rows
        offsets[1, rows, columns] = centre[1] - columns
    return offsets


def centre_targets(
    panoptic: Tensor, categories: Categories, *, sigma: float = 2.0
) -> CentreTargets:
    """The truth of a batch of panoptic maps, for the three heads.

    Args:
        panoptic: integers [N, H, W].
        categories: things and stuff.
        sigma: of the Gaussians, in pixels. The paper takes 8 for images
            of 513 px; for 128 px that is 2.

    Raises:
        ValueError: the map is no [N, H, W] of integers.

    Source:
        Cheng et al. 2020, "Panoptic-DeepLab".

    >>> truth = torch.zeros(2, 8, 8, dtype=torch.int64)
    >>> centre_targets(truth, Categories([1], [7])).heat.shape
    torch.Size([2, 1, 8, 8])
    """
    if panoptic.ndim != 3 or panoptic.is_floating_point():
        raise ValueError(
            "panoptic must be [N, H, W] of integers, got "
            f"{panoptic.dtype} {list(panoptic.shape)}"
        )
    height, width = panoptic.shape[1:]
    heat = [
        heat_map(object_centres(one, categories), (height, width), sigma)
        for one in panoptic
    ]
    offsets = [offsets_to(one, categories) for one in panoptic]
    kinds = panoptic // DIVISOR
    return CentreTargets(
        categories.to_classes(kinds),
        torch.stack(heat)[:, None],
        torch.stack(offsets),
        categories.is_thing(kinds)[:, None],
    )
