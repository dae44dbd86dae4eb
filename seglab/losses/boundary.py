"""A loss that weighs each pixel by its distance from the boundary."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor, nn

from seglab.losses._inputs import (
    check_logits,
    check_reduction,
    index_target,
    is_index_target,
    reduce_pixels,
    same_shape_target,
)


def signed_distance_maps(target: Tensor, num_classes: int) -> Tensor:
    """Signed distance of each pixel from each class's boundary, in pixels.

    Outside a class, the distance to its nearest pixel; inside, minus the
    distance to the nearest pixel outside, plus 1: 0 on its boundary pixels,
    falling inwards.

    Args:
        target: class indices [N, ...], any integer type. Labels outside
            0..num_classes-1 are outside of every class.
        num_classes: C, 1 or more.

    Returns:
        float32 [N, C, ...], on the target's device.

    Raises:
        TypeError: a target of floats.
        ValueError: no axis of pixels, or ``num_classes`` below 1.

    Convention:
        A class absent from an image, or filling it, has no boundary there:
        its map is 0. Distances are Euclidean, between pixel centres.

    Source:
        Kervadec et al. 2019.

    >>> signed_distance_maps(torch.tensor([[0, 0, 1, 1, 1, 0]]), 2)[0, 1]
    tensor([ 2.,  1.,  0., -1.,  0.,  1.])
    """
    if target.is_floating_point() or target.is_complex():
        raise TypeError(
            f"target must hold integer class indices, got {target.dtype}"
        )
    if target.ndim < 2:
        raise ValueError(
            "target must be [N, ...] with at least one axis of pixels, got "
            f"shape {tuple(target.shape)}"
        )
    if num_classes < 1:
        raise ValueError(
            f"num_classes must be 1 or more, got {num_classes}"
        )
    masks = [target == index for index in range(num_classes)]
    return _mask_distances(torch.stack(masks, 1))


def boundary_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    distances: Tensor | None = None,
) -> Tensor:
    """Mean of probability times signed distance from the true boundary.

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...] (softmax over C), or the logits'
            shape (one sigmoid a channel; bool, or 0 and 1).
        ignore_index: target value whose pixels do not count; for the
            distances they lie outside of every class.
        reduction: ``"mean"`` over valid pixels and classes, ``"sum"``, or
            ``"none"`` for the logits' shape with 0 where ignored.
        distances: what :func:`signed_distance_maps` gives for the target,
            [N, C, ...], where a data set has computed it before; otherwise
            it is computed here, on the CPU.

    Returns:
        float32 (float64 for float64 logits). Below 0 for good predictions.

    Raises:
        TypeError, ValueError: as :func:`~seglab.losses.region.dice_loss`,
            or ``distances`` of another shape than the logits.

    Convention:
        All C classes count, the background too. The loss is about the
        boundary alone and can empty a mask: add it to a region loss with a
        weight that grows during training, as the paper does.

    Source:
        Kervadec et al. 2019.

    >>> target = torch.tensor([[[[0, 1, 1, 0]]]])
    >>> good, bad = 400.0 * target - 200, 200 - 400.0 * target
    >>> boundary_loss(good, target), boundary_loss(bad, target)
    (tensor(0.), tensor(0.5000))
    """
    check_reduction(reduction)
    logits = check_logits(logits)
    if is_index_target(logits, target):
        labels, valid = index_target(logits, target, ignore_index)
        labels = labels.masked_fill(~valid, -1)
        valid = valid.unsqueeze(1).expand_as(logits)
        predicted = logits.softmax(1)
        if distances is None:
            distances = signed_distance_maps(labels, logits.shape[1])
    else:
        truth, valid = same_shape_target(logits, target, ignore_index)
        predicted = logits.sigmoid()
        if distances is None:
            distances = _mask_distances(truth > 0.5)
    _check_distances(distances, logits)
    losses = predicted * distances.to(logits)
    return reduce_pixels(losses, valid.to(losses.dtype), valid, reduction)


class BoundaryLoss(nn.Module):
    """Module form of :func:`boundary_loss`."""

    def __init__(
        self, *, ignore_index: int | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        self.ignore_index = ignore_index
        self.reduction = reduction

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        distances: Tensor | None = None,
    ) -> Tensor:
        """The loss of logits, a target, and its maps if known."""
        return boundary_loss(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            distances=distances,
        )


def _mask_distances(masks: Tensor) -> Tensor:
    """Signed distances of bool masks [N, C, ...]."""
    arrays = masks.cpu().numpy()
    maps = np.zeros(arrays.shape, np.float32)
    for index in np.ndindex(arrays.shape[:2]):
        maps[index] = _signed_distance(arrays[index])
    return torch.from_numpy(maps).to(masks.device)


def _signed_distance(mask: NDArray[np.bool_]) -> NDArray | float:
    if mask.all() or not mask.any():
        return 0.0
    inside = 1 - distance_transform_edt(mask)
    return np.where(mask, inside, distance_transform_edt(~mask))


def _check_distances(distances: Tensor, logits: Tensor) -> None:
    if distances.shape != logits.shape:
        raise ValueError(
            f"distances must have the logits' shape {tuple(logits.shape)}, "
            f"got {tuple(distances.shape)}"
        )
