"""Overlap of boundaries in pictures: by inner bands, by contour length."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from seglab.metrics._distances import (
    band,
    bounding_box,
    check_spacing,
    check_tolerance,
    contour_lengths,
    mask_pair,
    point_distances,
)
from seglab.metrics._inputs import Masks

PICTURE = {2: "a mask [H, W]"}


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
    """Share of contour length within a tolerance of the other contour.

    Args:
        prediction: mask [H, W]; bool, or 0 and 1.
        truth: mask of the same shape.
        tolerance: the distance that still counts as right, 0 or more, in
            the unit of the spacing.
        spacing: size of a pixel, (row, column), in mm say; 1 without it.

    Raises:
        TypeError: a mask of floats.
        ValueError: as :func:`boundary_iou`, a spacing that is not two
            positive numbers, or a tolerance below 0, infinite or NaN.

    Convention:
        The contour runs between pixels: each corner where four pixels meet
        and do not agree carries the piece of contour that passes it, and
        distances are between such corners. So a slanted edge counts by its
        length; :func:`~seglab.metrics.surface.surface_dice` counts pixels.
        Both masks empty -> 1; one empty -> 0.

    Source:
        Nikolov et al. 2018, in two dimensions.

    >>> weighted_surface_dice([[1, 0]], [[1, 0]], tolerance=0)
    1.0
    """
    masks = mask_pair(prediction, truth, PICTURE)
    sizes = check_spacing(spacing, 2)
    reach = check_tolerance(tolerance)
    box = bounding_box(masks[0] | masks[1])
    lengths = [contour_lengths(mask[box], sizes) for mask in masks]
    both = point_distances(lengths[0] > 0, lengths[1] > 0, sizes)
    near = total = 0.0
    for length, distances in zip(lengths, both, strict=True):
        pieces = length[length > 0]
        near += float(pieces[distances <= reach].sum())
        total += float(pieces.sum())
    return near / total if total else 1.0
