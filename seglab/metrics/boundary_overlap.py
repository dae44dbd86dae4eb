"""Overlap of boundaries: by inner bands, by length or area of surface."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from seglab.metrics._distances import (
    band,
    bounding_box,
    check_spacing,
    check_tolerance,
    mask_pair,
    point_distances,
)
from seglab.metrics._inputs import Masks
from seglab.metrics._surface_elements import corner_codes, element_sizes

PICTURE = {2: "a mask [H, W]"}
PICTURE_OR_VOLUME = PICTURE | {3: "a volume [Z, H, W]"}


def boundary_iou(
    prediction: Masks, truth: Masks, *, dilation_ratio: float = 0.02
) -> float:
    """IoU of two masks' inner bands along their boundaries.

    Args:
        prediction: mask [H, W]; bool, or 0 and 1.
        truth: mask of the same shape.
        dilation_ratio: width of the bands, as a share of the image's
            diagonal.

    Raises:
        TypeError: a mask of floats.
        ValueError: values besides 0 and 1, shapes that differ or are not
            [H, W], or a ratio that is not positive.

    Convention:
        A band is what ``d`` erosions with a 3 x 3 square take off the
        mask, ``d`` the ratio times the diagonal, rounded, 1 or more; beyond
        the image border is outside. Both masks empty -> 1; one empty -> 0.

    Source:
        Cheng et al. 2021.

    >>> boundary_iou([[0, 1, 1]], [[1, 1, 0]])
    0.3333333333333333
    """
    masks = mask_pair(prediction, truth, PICTURE)
    if not (math.isfinite(dilation_ratio) and dilation_ratio > 0):
        raise ValueError(
            f"dilation_ratio must be positive, got {dilation_ratio}"
        )
    width = max(1, round(dilation_ratio * math.hypot(*masks[0].shape)))
    box = bounding_box(masks[0] | masks[1])
    first, second = (band(mask[box], width) for mask in masks)
    either = np.count_nonzero(first | second)
    both = np.count_nonzero(first & second)
    return float(both / either) if either else 1.0


def weighted_surface_dice(
    prediction: Masks,
    truth: Masks,
    *,
    tolerance: float,
    spacing: Sequence[float] | None = None,
) -> float:
    """Share of surface within a tolerance of the other mask's surface.

    In a picture the surface is the contour and counts by its length, in a
    volume by its area.

    Args:
        prediction: mask [H, W] or volume [Z, H, W]; bool, or 0 and 1.
        truth: mask of the same shape.
        tolerance: the distance that still counts as right, 0 or more, in
            the unit of the spacing.
        spacing: size of a pixel along each axis, (row, column) or
            (z, row, column), in mm say; 1 without it.

    Raises:
        TypeError: a mask of floats.
        ValueError: values besides 0 and 1, shapes that differ or are
            neither [H, W] nor [Z, H, W], a spacing that is not one positive
            number an axis, or a tolerance below 0, infinite or NaN.

    Convention:
        The surface runs between pixels: each corner where pixels meet and
        do not agree carries the piece of surface that passes it, and
        distances are between such corners. So a slanted edge counts by its
        length; :func:`~seglab.metrics.surface.surface_dice` counts pixels.
        In a volume the pieces are the triangles of marching cubes. Three
        axes are one volume, never a batch. Both masks empty -> 1; one
        empty -> 0.

    Source:
        Nikolov et al. 2018; agrees with their library, surface-distance.

    >>> weighted_surface_dice([[1, 0]], [[1, 0]], tolerance=0)
    1.0
    """
    masks = mask_pair(prediction, truth, PICTURE_OR_VOLUME)
    sizes = check_spacing(spacing, masks[0].ndim)
    reach = check_tolerance(tolerance)
    box = bounding_box(masks[0] | masks[1])
    table = element_sizes(sizes)
    codes = [corner_codes(mask[box]) for mask in masks]
    elements = [(table > 0)[code] for code in codes]
    both = point_distances(elements[0], elements[1], sizes)
    near = total = 0.0
    for code, element, distances in zip(codes, elements, both, strict=True):
        pieces = table[code[element]]
        near += float(pieces[distances <= reach].sum())
        total += float(pieces.sum())
    return near / total if total else 1.0
