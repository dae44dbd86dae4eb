"""Online hard example mining: the loss of the hardest pixels alone."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seglab.losses._inputs import (
    check_logits,
    check_reduction,
    index_target,
    reduce_pixels,
)


def ohem_cross_entropy(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    threshold: float = 0.7,
    min_kept: int = 10_000,
) -> Tensor:
    """Softmax cross-entropy of the pixels that are still hard.

    Kept are the pixels whose true class has a probability below
    ``threshold``, and at least the ``min_kept`` hardest of the batch.

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...], any integer type.
        ignore_index: target label that does not count, and is never kept.
        reduction: ``"mean"`` over kept pixels, ``"sum"``, or ``"none"``
            for [N, ...] with 0 where not kept.
        threshold: probability, above 0 and at most 1.
        min_kept: pixels of the batch, 0 or more.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as
            :func:`~seglab.losses.pixel.cross_entropy`, or ``threshold`` or
            ``min_kept`` out of range.

    Convention:
        Batches with fewer valid pixels than ``min_kept`` keep them all:
        plain cross-entropy. Nothing kept gives 0 with a gradient of 0.

    Source:
        Shrivastava et al. 2016, for pixels as in HRNet's code.

    >>> logits = torch.tensor([[[4.0, 0.0, 0.0], [0.0, 0.0, 4.0]]])
    >>> target = torch.tensor([[0, 0, 0]])
    >>> ohem_cross_entropy(
    ...     logits, target, min_kept=1, reduction="none"
    ... )
    tensor([[0.0000, 0.6931, 4.0181]])
    """
    check_reduction(reduction)
    _check_mining(threshold, min_kept)
    logits = check_logits(logits)
    target, valid = index_target(logits, target, ignore_index)
    losses = F.cross_entropy(logits, target, reduction="none")
    kept = _hardest(losses.detach(), valid, threshold, min_kept)
    return reduce_pixels(losses, kept.to(losses.dtype), kept, reduction)


class OHEMCrossEntropyLoss(nn.Module):
    """Module form of :func:`ohem_cross_entropy`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        threshold: float = 0.7,
        min_kept: int = 10_000,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        _check_mining(threshold, min_kept)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.threshold = threshold
        self.min_kept = min_kept

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and class indices [N, ...]."""
        return ohem_cross_entropy(
            logits,
            target,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            threshold=self.threshold,
            min_kept=self.min_kept,
        )


def _hardest(
    losses: Tensor, valid: Tensor, threshold: float, min_kept: int
) -> Tensor:
    """The pixels that are kept, as a bool mask."""
    kept = losses > -math.log(threshold)
    # every pixel that is hard is among the hardest, or there are enough
    ranked = torch.where(valid, losses, -torch.inf).flatten()
    count = min(min_kept, ranked.numel())
    hardest = ranked.topk(count, sorted=False).indices
    kept.view(-1)[hardest] = True
    return kept & valid


def _check_mining(threshold: float, min_kept: int) -> None:
    if not 0 < threshold <= 1:
        raise ValueError(
            f"threshold must be above 0 and at most 1, got {threshold}"
        )
    if isinstance(min_kept, bool) or not isinstance(min_kept, int):
        raise TypeError(f"min_kept must be an integer, got {min_kept!r}")
    if min_kept < 0:
        raise ValueError(f"min_kept must be 0 or more, got {min_kept}")
