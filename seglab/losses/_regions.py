"""Soft masks and their sums, from which the region losses are made."""

from __future__ import annotations

import torch
from torch import Tensor

from seglab.losses._inputs import (
    index_target,
    is_index_target,
    mean_of_valid,
    same_shape_target,
)


def soft_masks(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities and truth, 0 where ignored, and validity [N, C, P]."""
    if is_index_target(logits, target):
        target, valid = index_target(logits, target, ignore_index)
        valid = valid.flatten(1).unsqueeze(1)
        predicted = logits.flatten(2).softmax(1)
        truth = torch.zeros_like(predicted, requires_grad=False)
        truth.scatter_(
            1, target.flatten(1).unsqueeze(1), valid.to(truth.dtype)
        )
        valid = valid.expand_as(predicted)
    else:
        target, valid = same_shape_target(logits, target, ignore_index)
        truth, valid = target.flatten(2), valid.flatten(2)
        predicted = logits.flatten(2).sigmoid()
    return _keep(predicted, valid, ignore_index), truth, valid


def soft_sums(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums of p t, of p and of t over pixels, and what counts [N, C]."""
    if is_index_target(logits, target):
        return _index_sums(logits, target, ignore_index)
    predicted, truth, valid = soft_masks(logits, target, ignore_index)
    hits = (predicted * truth).sum(-1)
    counted = valid.any(-1).to(predicted.dtype)
    return hits, predicted.sum(-1), truth.sum(-1), counted


def reduce_regions(
    losses: Tensor, counted: Tensor, reduction: str
) -> Tensor:
    """The mean over regions with a valid pixel, the sum, or all of them."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return mean_of_valid(losses, counted)


def exact_type(values: Tensor) -> torch.dtype:
    """The widest float that the values' device has."""
    on_mps = values.device.type == "mps"
    return torch.float32 if on_mps else torch.float64


def check_smooth(smooth: float) -> None:
    """Refuse a smoothing that could leave 0 / 0."""
    if not smooth > 0:
        raise ValueError(f"smooth must be above 0, got {smooth}")


def _index_sums(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    target, valid = index_target(logits, target, ignore_index)
    # only the true class's probability can be a hit: no [N, C, P] of truth
    target, valid = target.flatten(1), valid.flatten(1)
    predicted = _keep(
        logits.flatten(2).softmax(1), valid.unsqueeze(1), ignore_index
    )
    of_truth = predicted.gather(1, target.unsqueeze(1)).squeeze(1)
    hits = _sum_by_class(of_truth, target, logits.shape[1])
    sizes = _sum_by_class(valid.to(logits.dtype), target, logits.shape[1])
    counted = valid.any(-1, keepdim=True).expand_as(hits)
    return hits, predicted.sum(-1), sizes, counted.to(logits.dtype)


def _sum_by_class(values: Tensor, target: Tensor, classes: int) -> Tensor:
    # one after another into a float32 sum would lose small addends
    exact = exact_type(values)
    sums = values.new_zeros(len(values), classes, dtype=exact)
    return sums.scatter_add(1, target, values.to(exact)).to(values.dtype)


def _keep(
    predicted: Tensor, valid: Tensor, ignore_index: int | None
) -> Tensor:
    if ignore_index is None:
        return predicted
    # where, not a product: an infinite logit at an ignored pixel is 0 too
    return torch.where(valid, predicted, 0)
