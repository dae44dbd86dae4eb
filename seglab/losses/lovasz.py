"""Losses that are the Jaccard index itself, made continuous."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor, nn

from seglab.losses._inputs import (
    check_logits,
    check_reduction,
    is_index_target,
    mean_of_valid,
    same_shape_target,
)
from seglab.losses._regions import exact_type, soft_masks

Over: TypeAlias = Literal["image", "batch"]


def lovasz_hinge(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    over: Over = "image",
) -> Tensor:
    """Lovasz extension of 1 - IoU at the hinge errors of binary masks.

    A pixel's error is 1 - z for logit z where the truth is 1, and 1 + z
    where it is 0; errors below 0 cost nothing.

    Args:
        logits: [N, C, ...].
        target: the same shape; bool, or 0 and 1.
        ignore_index: target value that does not count.
        reduction: ``"mean"`` over rows and channels with a valid pixel,
            ``"sum"``, or ``"none"`` for [rows, C].
        over: ``"image"`` makes a row of each image, ``"batch"`` one row of
            all of them together.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError: logits that are no floats.
        ValueError: shapes that differ, an unknown ``over``, or (on the CPU)
            a target that is neither 0 nor 1.

    Convention:
        Logits of +1 and -1 give twice 1 - IoU of the mask that they draw.
        Where the truth is empty, only the largest error costs. Everything
        ignored gives 0 with a gradient of 0.

    Source:
        Berman et al. 2018; Yu and Blaschko 2015.

    >>> truth = torch.tensor([[[1, 1, 0, 0]]])
    >>> lovasz_hinge(torch.tensor([[[1.0, 1, 1, -1]]]), truth)  # IoU 2/3
    tensor(0.6667)
    """
    _check_settings(reduction, over)
    logits = check_logits(logits)
    truth, valid = same_shape_target(logits, target, ignore_index)
    _check_hard(truth)
    errors = (1 - logits * (2 * truth - 1)).relu()
    if ignore_index is not None:
        errors = torch.where(valid, errors, 0)
    losses, counted = _extensions(
        errors.flatten(2), truth.flatten(2), valid.flatten(2), over
    )
    if reduction == "mean":
        return mean_of_valid(losses, counted)
    return losses.sum() if reduction == "sum" else losses


def lovasz_softmax(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    over: Over = "image",
) -> Tensor:
    """Lovasz extension of 1 - IoU of each present class, after softmax.

    A pixel's error for a class is 1 - p where the truth is that class, and
    p elsewhere.

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...], any integer type.
        ignore_index: target label that does not count.
        reduction: ``"mean"`` over the present classes of each row, then
            over rows, ``"sum"``, or ``"none"`` for [rows, C] with 0 for
            absent classes.
        over: ``"image"`` makes a row of each image, ``"batch"`` one row of
            all of them together.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError: logits that are no floats, or a target of floats.
        ValueError: shapes that do not fit, an unknown ``over``, or (on the
            CPU) an index outside 0..C-1.

    Convention:
        Classes absent from the truth of a row are left out, as the authors
        do (kornia counts them). Sure predictions give 1 - IoU, the mean
        over classes. Everything ignored gives 0 with a gradient of 0.

    Source:
        Berman et al. 2018.

    >>> target = torch.tensor([[0, 1, 1]])
    >>> logits = 50.0 * torch.tensor([[[1, 1, 0], [0, 0, 1]]])
    >>> lovasz_softmax(logits, target)  # IoU of 1/2 in both classes
    tensor(0.5000)
    """
    _check_settings(reduction, over)
    logits = check_logits(logits)
    if not is_index_target(logits, target):
        raise ValueError(
            "target must hold class indices [N, ...], got the logits' "
            f"shape {tuple(target.shape)}; masks are for lovasz_hinge"
        )
    predicted, truth, valid = soft_masks(logits, target, ignore_index)
    losses, _ = _extensions((predicted - truth).abs(), truth, valid, over)
    present = _rows(truth, over).any(-1).to(losses.dtype)
    if reduction == "none":
        return losses * present
    if reduction == "sum":
        return (losses * present).sum()
    shares = present / present.sum(1, keepdim=True).clamp_min(1)
    return mean_of_valid(losses, shares)


class _Lovasz(nn.Module):
    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        over: Over = "image",
    ) -> None:
        super().__init__()
        _check_settings(reduction, over)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.over: Over = over


class LovaszHingeLoss(_Lovasz):
    """Module form of :func:`lovasz_hinge`."""

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits and masks, both [N, C, ...]."""
        return lovasz_hinge(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            over=self.over,
        )


class LovaszSoftmaxLoss(_Lovasz):
    """Module form of :func:`lovasz_softmax`."""

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and class indices [N, ...]."""
        return lovasz_softmax(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            over=self.over,
        )


def _rows(masks: Tensor, over: Over) -> Tensor:
    """[N, C, P] as it is, or [1, C, N P]."""
    if over == "image":
        return masks
    return masks.transpose(0, 1).flatten(1).unsqueeze(0)


def _extensions(
    errors: Tensor, truth: Tensor, valid: Tensor, over: Over
) -> tuple[Tensor, Tensor]:
    """The loss of each row and channel, and which have a valid pixel."""
    errors, truth = _rows(errors, over), _rows(truth, over)
    weights = torch.zeros_like(errors, requires_grad=False)
    flat = errors.detach().flatten(0, 1), truth.flatten(0, 1)
    # the order of the errors is a constant to the gradient
    for row, its_errors, its_truth in zip(
        weights.flatten(0, 1), *flat, strict=True
    ):
        _weigh(row, its_errors, its_truth > 0)
    counted = _rows(valid, over).any(-1).to(errors.dtype)
    return (errors * weights).sum(-1), counted


def _weigh(row: Tensor, errors: Tensor, truth: Tensor) -> None:
    """Write into the row what each error above 0 adds to 1 - IoU."""
    at, labels = _by_falling_error(errors, truth)
    exact = exact_type(errors)
    # with the first pixels wrong: the true ones still right, and the IoU
    right = (truth.sum() - labels.cumsum(0)).to(exact)
    wrong = torch.arange(1, len(at) + 1, dtype=exact, device=at.device)
    iou = right / (right + wrong)
    steps = -iou.diff(prepend=iou.new_ones(1))
    row.scatter_(0, at, steps.to(row.dtype))


def _by_falling_error(
    errors: Tensor, truth: Tensor
) -> tuple[Tensor, Tensor]:
    """Where the errors above 0 are, the largest first, and their truth."""
    at = _places(errors > 0)
    if errors.dtype != torch.float32:
        at = at[errors[at].argsort(descending=True, stable=True)]
        return at, truth[at].long()
    # the bits of floats above 0 rise as the floats do: with the place and
    # the truth below them, one sort of integers orders all three
    bits = errors.gather(0, at).view(torch.int32).long()
    below = torch.add(truth.gather(0, at), at, alpha=2)
    keys = _sorted(below - (bits << 32))
    return (keys & (2**32 - 1)) >> 1, keys & 1


def _places(mask: Tensor) -> Tensor:
    # on the CPU NumPy is several times as fast as PyTorch at this
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return mask.nonzero().squeeze(-1)


def _sorted(keys: Tensor) -> Tensor:
    # and at sorting integers
    if keys.device.type == "cpu":
        return torch.from_numpy(np.sort(keys.numpy()))
    return keys.sort().values


def _check_settings(reduction: str, over: str) -> None:
    check_reduction(reduction)
    if over not in get_args(Over):
        raise ValueError(f'over must be "image" or "batch", got {over!r}')


def _check_hard(truth: Tensor) -> None:
    # on a GPU the answer would have to be waited for, at every step
    if truth.device.type == "cpu" and not truth.equal(truth.round()):
        raise ValueError(
            "target must hold 0 and 1 alone, got values in between; IoU "
            "counts pixels"
        )
