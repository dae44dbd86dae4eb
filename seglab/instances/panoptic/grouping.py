"""From centres and offsets to objects, as Panoptic-DeepLab does it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.instances.panoptic.categories import Categories
from seglab.instances.panoptic.merging import fill_stuff
from seglab.instances.truth import DIVISOR


def find_centres(
    heat: Tensor, *, threshold: float = 0.1, kernel: int = 7, top: int = 200
) -> Tensor:
    """The peaks of a heat map: pixels that are the highest of their window.

    Max pooling with stride 1 writes at each pixel the highest value
    around it; a pixel that keeps its own value is a peak.

    Args:
        heat: float [H, W].
        threshold: a peak is higher than that.
        kernel: side of the window, odd.
        top: so many peaks at most, highest first.

    Returns:
        int64 [K, 2], (row, column), highest first.

    Raises:
        ValueError: the heat map is no [H, W], the kernel is even, or
            ``top`` is below 1.

    Convention:
        On a plateau every pixel is a peak; of equal peaks the first in
        reading order counts as higher. Detectron2 gives them in reading
        order.

    Source:
        Cheng et al. 2020, "Panoptic-DeepLab".

    >>> find_centres(torch.tensor([[0.0, 0.6, 0.2, 0.9]]), kernel=3)
    tensor([[0, 3],
            [0, 1]])
    """
    if heat.ndim != 2:
        raise ValueError(f"heat must be [H, W], got {list(heat.shape)}")
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"kernel must be odd, got {kernel}")
    if top < 1:
        raise ValueError(f"top must be 1 or more, got {top}")
    highest = F.max_pool2d(
        heat[None], kernel, stride=1, padding=kernel // 2
    )[0]
    peaks = ((heat == highest) & (heat > threshold)).nonzero()
    order = heat[peaks[:, 0], peaks[:, 1]].argsort(
        descending=True, stable=True
    )
    return peaks[order[:top]]


def group_pixels(centres: Tensor, offsets: Tensor) -> Tensor:
    """Which centre each pixel points at: the nearest to where it points.

    Args:
        centres: [K, 2], (row, column).
        offsets: float [2, H, W], rows and columns from each pixel.

    Returns:
        int64 [H, W], ``k + 1`` for centre k; all 0 without a centre.

    Raises:
        ValueError: one of the two has another shape.

    Convention:
        Every pixel gets a centre, however far it is; stuff is taken out
        later. Of equally near centres the first wins.

    Source:
        Cheng et al. 2020, "Panoptic-DeepLab".

    >>> offsets = torch.zeros(2, 1, 4)
    >>> group_pixels(torch.tensor([[0, 0], [0, 3]]), offsets)
    tensor([[1, 1, 2, 2]])
    """
    if centres.ndim != 2 or centres.shape[1] != 2:
        raise ValueError(
            f"centres must be [K, 2], got {list(centres.shape)}"
        )
    if offsets.ndim != 3 or offsets.shape[0] != 2:
        raise ValueError(
            f"offsets must be [2, H, W], got {list(offsets.shape)}"
        )
    height, width = offsets.shape[1:]
    if not len(centres):
        return torch.zeros(
            height, width, dtype=torch.int64, device=offsets.device
        )
    rows = torch.arange(height, device=offsets.device)[:, None]
    columns = torch.arange(width, device=offsets.device)
    aims = torch.stack([offsets[0] + rows, offsets[1] + columns])
    # one centre at a time: [K, H, W] distances, not [K, H, W, 2] steps
    apart = [
        ((aims - centre[:, None, None]) ** 2).sum(dim=0)
        for centre in centres
    ]
    return torch.stack(apart).argmin(dim=0) + 1


def merge_by_vote(
    semantic: Tensor,
    groups: Tensor,
    *,
    categories: Categories,
    min_stuff: int = 0,
) -> Tensor:
    """One category for each group of thing pixels, by majority; then stuff.

    Pixels that the semantic map calls stuff belong to no group. The
    others of a group are one object, and its category is what most of
    them say.

    Args:
        semantic: the category of each pixel, integers [H, W].
        groups: int64 [H, W] as ``group_pixels`` gives them.
        categories: things and stuff.
        min_stuff: stuff of fewer pixels is left out.

    Returns:
        int64 [H, W], ``category * 1000 + id``, the id being the group's;
        stuff has id 0, and 0 is a pixel without an answer.

    Raises:
        ValueError: the two differ in size, or there are 1000 groups.

    Convention:
        Of categories with equal votes the smallest wins, as in
        Detectron2, which numbers the objects of each category anew.

    Source:
        Cheng et al. 2020, "Panoptic-DeepLab".

    >>> semantic = torch.tensor([[1, 1, 2, 7, 2]])
    >>> groups = torch.tensor([[1, 1, 1, 1, 2]])
    >>> merge_by_vote(semantic, groups, categories=Categories([1, 2], [7]))
    tensor([[1001, 1001, 1001, 7000, 2002]])
    """
    if semantic.shape != groups.shape or semantic.ndim != 2:
        raise ValueError(
            "semantic and groups must be [H, W] of one size, got "
            f"{list(semantic.shape)} and {list(groups.shape)}"
        )
    if groups.numel() and int(groups.max()) >= DIVISOR:
        raise ValueError(
            f"groups must hold numbers below {DIVISOR}, got "
            f"{int(groups.max())}"
        )
    merged = torch.zeros_like(semantic, dtype=torch.int64)
    is_thing = categories.is_thing(semantic)
    for number in groups[is_thing].unique():
        if number == 0:
            continue
        members = is_thing & (groups == number)
        kinds, votes = semantic[members].unique(return_counts=True)
        merged[members] = kinds[votes.argmax()] * DIVISOR + number
    return fill_stuff(
        merged, semantic, categories=categories, min_stuff=min_stuff
    )
