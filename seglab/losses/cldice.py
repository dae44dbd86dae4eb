"""Dice on skeletons, for vessels and other thin structures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seglab.losses._inputs import (
    check_logits,
    check_reduction,
    is_index_target,
)
from seglab.losses._regions import (
    check_smooth,
    reduce_regions,
    soft_masks,
)


def soft_skeleton(masks: Tensor, iterations: int) -> Tensor:
    """The skeleton of soft masks, by minima and maxima over neighbours.

    Each round peels one pixel off and keeps what an opening would lose.

    Args:
        masks: [N, C, H, W] or [N, C, D, H, W], from 0 to 1.
        iterations: rounds, 1 or more: at least the half-width of the widest
            structure in pixels, or its middle is missed.

    Returns:
        The masks' shape and type.

    Raises:
        TypeError, ValueError: masks or ``iterations`` of another kind.

    Convention:
        Erosion takes the minimum over the neighbours along the axes,
        dilation the maximum over 3 x 3 (x 3).

    Source:
        Shit et al. 2021 (their first code had a fixed number of rounds).

    >>> bar = torch.zeros(1, 1, 5, 7)
    >>> bar[..., 1:4, 1:6] = 1
    >>> soft_skeleton(bar, 2)[0, 0, 2]
    tensor([0., 0., 1., 1., 1., 0., 0.])
    """
    _check_iterations(iterations)
    if not masks.is_floating_point():
        raise TypeError(
            f"masks must be a floating-point tensor, got {masks.dtype}"
        )
    _check_axes(masks, "masks")
    skeleton = (masks - _open(masks)).relu()
    for _ in range(iterations):
        masks = _erode(masks)
        lost = (masks - _open(masks)).relu()
        skeleton = skeleton + lost * (1 - skeleton)
    return skeleton


def cldice_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    iterations: int = 10,
    smooth: float = 1.0,
) -> Tensor:
    """One minus soft centreline Dice, per image and class.

    The harmonic mean of how much of the predicted skeleton lies in the true
    mask, and how much of the true skeleton in the predicted mask.

    Args:
        logits: [N, C, H, W] or [N, C, D, H, W].
        target: class indices [N, ...] (softmax over C), or the logits'
            shape (one sigmoid a channel).
        ignore_index: target value whose pixels do not count.
        reduction: ``"mean"`` over images and classes, ``"sum"``, or
            ``"none"`` for [N, C] (class indices: [N, C - 1]).
        iterations: as for :func:`soft_skeleton`.
        smooth: added above and below in both shares, in pixels, above 0.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as :func:`~seglab.losses.region.dice_loss`
            and :func:`soft_skeleton`.

    Convention:
        With class indices, class 0 is the background and left out: it has
        no centreline. Ignored pixels are background in both masks. The
        paper adds the loss to Dice, with a weight of up to 0.5 (MONAI sums
        over the channels first, and smooths the harmonic mean too).

    Source:
        Shit et al. 2021.

    >>> truth = torch.zeros(1, 1, 9, 9)
    >>> truth[..., 4, 1:8] = 1
    >>> logits = 100 * truth - 50
    >>> cldice_loss(logits, truth, iterations=2)
    tensor(0.)
    """
    check_reduction(reduction)
    check_smooth(smooth)
    logits = check_logits(logits)
    _check_axes(logits, "logits")
    first = 1 if is_index_target(logits, target) else 0
    predicted, truth, valid = soft_masks(logits, target, ignore_index)
    predicted = predicted[:, first:]
    truth, valid = truth[:, first:], valid[:, first:]
    shape = (*predicted.shape[:2], *logits.shape[2:])
    precision = _share(predicted, shape, truth, iterations, smooth)
    sensitivity = _share(truth, shape, predicted, iterations, smooth)
    cldice = 2 * precision * sensitivity / (precision + sensitivity)
    counted = valid.any(-1).to(cldice.dtype)
    return reduce_regions(1 - cldice, counted, reduction)


class ClDiceLoss(nn.Module):
    """Module form of :func:`cldice_loss`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        iterations: int = 10,
        smooth: float = 1.0,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        check_smooth(smooth)
        _check_iterations(iterations)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.iterations = iterations
        self.smooth = smooth

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and either kind of target."""
        return cldice_loss(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            iterations=self.iterations,
            smooth=self.smooth,
        )


def _share(
    masks: Tensor,
    shape: tuple[int, ...],
    others: Tensor,
    iterations: int,
    smooth: float,
) -> Tensor:
    """How much of the masks' skeletons lies in the others [N, C]."""
    skeleton = soft_skeleton(masks.reshape(shape), iterations).flatten(2)
    hits = (skeleton * others).sum(-1)
    return (hits + smooth) / (skeleton.sum(-1) + smooth)


def _maximum(masks: Tensor, size: tuple[int, ...]) -> Tensor:
    pool = F.max_pool2d if masks.ndim == 4 else F.max_pool3d
    return pool(masks, size, stride=1, padding=[n // 2 for n in size])


def _erode(masks: Tensor) -> Tensor:
    axes = masks.ndim - 2
    sizes = (2 * torch.eye(axes, dtype=torch.int64) + 1).tolist()
    minima = [-_maximum(-masks, tuple(size)) for size in sizes]
    least = minima[0]
    for other in minima[1:]:
        least = torch.minimum(least, other)
    return least


def _open(masks: Tensor) -> Tensor:
    return _maximum(_erode(masks), (3,) * (masks.ndim - 2))


def _check_iterations(iterations: int) -> None:
    if isinstance(iterations, bool) or not isinstance(iterations, int):
        raise TypeError(
            f"iterations must be an integer, got {iterations!r}"
        )
    if iterations < 1:
        raise ValueError(f"iterations must be 1 or more, got {iterations}")


def _check_axes(masks: Tensor, name: str) -> None:
    if masks.ndim not in (4, 5):
        raise ValueError(
            f"{name} must be [N, C, H, W] or [N, C, D, H, W], got shape "
            f"{tuple(masks.shape)}"
        )
