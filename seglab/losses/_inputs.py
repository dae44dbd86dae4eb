"""What every loss asks of its arguments, said in one place."""

from __future__ import annotations

import torch
from torch import Tensor

REDUCTIONS = ("mean", "sum", "none")


def check_logits(logits: Tensor) -> Tensor:
    """The logits in float32 at least, so that half precision can sum."""
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = getattr(logits, "dtype", type(logits).__name__)
        raise TypeError(
            f"logits must be a floating-point tensor, got {kind}"
        )
    if logits.ndim < 3:
        raise ValueError(
            "logits must be [N, C, ...] with at least one axis of pixels, "
            f"got shape {tuple(logits.shape)}"
        )
    return logits if logits.dtype == torch.float64 else logits.float()


def check_reduction(
    reduction: str, allowed: tuple[str, ...] = REDUCTIONS
) -> None:
    """Refuse a reduction that the loss does not know."""
    if reduction not in allowed:
        raise ValueError(
            f"reduction must be one of {', '.join(allowed)}, got "
            f"{reduction!r}"
        )


def is_index_target(logits: Tensor, target: Tensor) -> bool:
    """True for class indices [N, ...], false for the logits' own shape."""
    if target.shape == logits.shape:
        return False
    if target.shape == logits.shape[:1] + logits.shape[2:]:
        return True
    raise ValueError(
        f"target must have shape {_index_shape(logits)} (class indices) or "
        f"{tuple(logits.shape)} (one mask a channel), got "
        f"{tuple(target.shape)}"
    )


def index_target(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor]:
    """Class indices as int64 with 0 where ignored, and the valid pixels."""
    if target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            f"target must hold class indices of shape "
            f"{_index_shape(logits)}, got {tuple(target.shape)}"
        )
    if target.is_floating_point() or target.is_complex():
        raise TypeError(
            f"target must hold integer class indices, got {target.dtype}"
        )
    target = target.long()
    valid = _valid(target, ignore_index)
    target = target.masked_fill(~valid, 0)
    _check_range(target, 0, logits.shape[1] - 1, "class indices")
    return target, valid


def same_shape_target(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor]:
    """Masks in the logits' type with 0 where ignored, and what is valid."""
    if target.shape != logits.shape:
        raise ValueError(
            f"target must have the logits' shape {tuple(logits.shape)}, "
            f"got {tuple(target.shape)}"
        )
    target = target.to(logits.dtype)
    valid = _valid(target, ignore_index)
    target = target.masked_fill(~valid, 0)
    _check_range(target, 0, 1, "values")
    return target, valid


def mean_of_valid(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean; no weight at all gives 0, still with a gradient."""
    total = weights.sum()
    return (values * weights).sum() / torch.where(total > 0, total, 1)


def check_class_weights(
    weight: Tensor, logits: Tensor, name: str
) -> Tensor:
    """One weight a class [C], in the logits' type."""
    if weight.shape != logits.shape[1:2]:
        raise ValueError(
            f"{name} must have shape ({logits.shape[1]},), one number a "
            f"channel, got {tuple(weight.shape)}"
        )
    return weight.to(logits)


def reduce_pixels(
    losses: Tensor, weights: Tensor, valid: Tensor, reduction: str
) -> Tensor:
    """The weighted mean over valid pixels, their sum, or each one."""
    # where, not a product: an infinite loss at an ignored pixel is 0 too
    losses = torch.where(valid, losses, 0)
    if reduction == "mean":
        return mean_of_valid(losses, weights)
    losses = losses * weights
    return losses.sum() if reduction == "sum" else losses


def _index_shape(logits: Tensor) -> tuple[int, ...]:
    return tuple(logits.shape[:1] + logits.shape[2:])


def _valid(target: Tensor, ignore_index: int | None) -> Tensor:
    if ignore_index is None:
        return torch.ones_like(target, dtype=torch.bool)
    return target != ignore_index


def _check_range(
    target: Tensor, lowest: int, highest: int, what: str
) -> None:
    # on a GPU the answer would have to be waited for, at every step
    if target.device.type != "cpu" or target.numel() == 0:
        return
    least, most = target.aminmax()
    if not (least >= lowest and most <= highest):
        wrong = most if least >= lowest else least
        raise ValueError(
            f"target must hold {what} from {lowest} to {highest}, got "
            f"{wrong.item()}; a label that does not count is ignore_index"
        )
