"""Temperature scaling: one number that makes probabilities honest."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def fit_temperature(
    logits: Tensor, target: Tensor, *, ignore_index: int | None = None
) -> float:
    """The temperature under which the labels are most likely.

    Dividing logits by it changes no decision at one half, or between
    classes; it changes how sure the network says it is.

    Args:
        logits: of validation images, float [N, C, ...].
        target: class indices [N, ...] (softmax over C), or masks of the
            logits' shape (a sigmoid for each).
        ignore_index: target value that does not count.

    Returns:
        Above 1 for a network that is too sure, below 1 for a doubtful
        one.

    Raises:
        ValueError: shapes do not fit, no pixel counts, or a logit is not
            finite.

    Convention:
        The negative log-likelihood, averaged over all counted pixels, has
        one minimum in 1 / T; Newton's method finds it. Between 0.01 and
        100: separable labels would ask for 0.

    Source:
        Guo et al. 2017.

    >>> logits = torch.tensor([[4.0, -4.0, 4.0, 4.0]]).reshape(1, 1, 4)
    >>> target = torch.tensor([[[1.0, 0.0, 1.0, 0.0]]])
    >>> fit_temperature(logits, target) > 1
    True
    """
    scores, truth = _counted(logits, target, ignore_index)

    def nll(sharpness: Tensor) -> Tensor:
        scaled = scores * sharpness
        if truth.is_floating_point():
            return F.binary_cross_entropy_with_logits(scaled, truth)
        return F.cross_entropy(scaled, truth)

    low, high = 0.01, 100.0
    sharpness = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    for _ in range(50):
        (slope,) = torch.autograd.grad(
            nll(sharpness), sharpness, create_graph=True
        )
        (bend,) = torch.autograd.grad(slope, sharpness)
        # a step may not leave the range that still brackets the minimum
        if slope > 0:
            high = min(high, sharpness.item())
        else:
            low = max(low, sharpness.item())
        wanted = sharpness.item() - slope.item() / max(bend.item(), 1e-12)
        if not low < wanted < high:
            wanted = (low * high) ** 0.5
        done = abs(wanted - sharpness.item()) < 1e-9
        with torch.no_grad():
            sharpness.fill_(wanted)
        if done:
            break
    return 1 / sharpness.item()


def _counted(
    logits: Tensor, target: Tensor, ignore_index: int | None
) -> tuple[Tensor, Tensor]:
    """float64 scores [P, C] with indices [P], or [P] with masks [P]."""
    if not torch.isfinite(logits).all():
        raise ValueError("logits must be finite, got infinity or NaN")
    if target.shape == logits.shape:
        scores, truth = logits.flatten(), target.flatten()
    elif target.shape == logits.shape[:1] + logits.shape[2:]:
        scores = logits.movedim(1, -1).flatten(0, -2)
        truth = target.flatten()
    else:
        raise ValueError(
            f"target must have shape {tuple(logits.shape)} or, without its "
            f"channels, class indices; got {tuple(target.shape)}"
        )
    kept = torch.ones_like(truth, dtype=torch.bool)
    if ignore_index is not None:
        kept = truth != ignore_index
    if not kept.any():
        raise ValueError("target must count a pixel or more, got none")
    truth = truth[kept]
    masks = scores.ndim == 1
    return scores[kept].double(), truth.double() if masks else truth.long()
