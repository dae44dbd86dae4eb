"""Overlap losses that price false positives and misses differently."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from seglab.losses._inputs import check_logits, check_reduction
from seglab.losses._regions import (
    check_smooth,
    reduce_regions,
    soft_sums,
)


def tversky_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    alpha_fp: float = 0.3,
    beta_fn: float = 0.7,
    smooth: float = 1.0,
) -> Tensor:
    """One minus the soft Tversky index, per image and class.

    With soft counts TP = sum(p t), FP = sum(p) - TP, FN = sum(t) - TP and
    s = smooth / 2: 1 - (TP + s) / (TP + alpha_fp FP + beta_fn FN + s).

    Args:
        logits: [N, C, ...].
        target: class indices [N, ...] (softmax over C), or the logits'
            shape (one sigmoid a channel; bool, 0 and 1, or probabilities).
        ignore_index: target value whose pixels do not count.
        reduction: ``"mean"`` over images and classes, ``"sum"``, or
            ``"none"`` for [N, C].
        alpha_fp: price of a false positive, 0 or more.
        beta_fn: price of a false negative, 0 or more. Above ``alpha_fp``
            it favours recall.
        smooth: in pixels, above 0.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as :func:`~seglab.losses.region.dice_loss`,
            or a price that is negative or not finite.

    Convention:
        0.5 and 0.5 give ``dice_loss`` with the same ``smooth``, 1 and 1 the
        soft Jaccard loss. Means as in ``dice_loss``. Some libraries call
        the price of false negatives alpha.

    Source:
        Salehi et al. 2017, whose best prices are the defaults.

    >>> target = torch.tensor([[[[1.0, 1, 0, 0]]]])
    >>> caught_all = torch.tensor([[[[50.0, 50, 50, -50]]]])
    >>> missed_one = torch.tensor([[[[50.0, -50, -50, -50]]]])
    >>> tversky_loss(caught_all, target) < tversky_loss(missed_one, target)
    tensor(True)
    """
    check_reduction(reduction)
    losses, counted = _tversky(
        logits, target, ignore_index, alpha_fp, beta_fn, smooth
    )
    return reduce_regions(losses, counted, reduction)


def focal_tversky_loss(
    logits: Tensor,
    target: Tensor,
    *,
    ignore_index: int | None = None,
    reduction: str = "mean",
    alpha_fp: float = 0.3,
    beta_fn: float = 0.7,
    exponent: float = 0.75,
    smooth: float = 1.0,
) -> Tensor:
    """Tversky loss to a power, per image and class.

    Args:
        logits, target, ignore_index, reduction, alpha_fp, beta_fn, smooth:
            as for :func:`tversky_loss`.
        exponent: above 0. Below 1 it steepens the loss near 0, so that
            almost solved regions keep a gradient; above 1 it flattens it.

    Returns:
        float32 (float64 for float64 logits).

    Raises:
        TypeError, ValueError: as :func:`tversky_loss`, or an ``exponent``
            of 0 or less.

    Convention:
        The power comes before the mean, as in the paper (smp raises the
        mean over classes). Abraham and Khan write the exponent as 1 / gamma
        with gamma = 4/3.

    Source:
        Abraham and Khan 2019.

    >>> logits, target = torch.zeros(1, 2, 8), torch.zeros(1, 8).long()
    >>> focal_tversky_loss(logits, target, exponent=1.0) == tversky_loss(
    ...     logits, target
    ... )
    tensor(True)
    """
    check_reduction(reduction)
    _check_exponent(exponent)
    losses, counted = _tversky(
        logits, target, ignore_index, alpha_fp, beta_fn, smooth
    )
    # a power below 1 is infinitely steep at 0
    least = torch.finfo(losses.dtype).eps
    powers = losses.clamp_min(least) ** exponent
    losses = torch.where(losses > 0, powers, 0)
    return reduce_regions(losses, counted, reduction)


class TverskyLoss(nn.Module):
    """Module form of :func:`tversky_loss`."""

    def __init__(
        self,
        *,
        ignore_index: int | None = None,
        reduction: str = "mean",
        alpha_fp: float = 0.3,
        beta_fn: float = 0.7,
        smooth: float = 1.0,
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        check_smooth(smooth)
        _check_prices(alpha_fp, beta_fn)
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.alpha_fp = alpha_fp
        self.beta_fn = beta_fn
        self.smooth = smooth

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and either kind of target."""
        return tversky_loss(logits, target, **self._settings())

    def _settings(self) -> dict:
        return {
            "ignore_index": self.ignore_index,
            "reduction": self.reduction,
            "alpha_fp": self.alpha_fp,
            "beta_fn": self.beta_fn,
            "smooth": self.smooth,
        }


class FocalTverskyLoss(TverskyLoss):
    """Module form of :func:`focal_tversky_loss`."""

    def __init__(self, *, exponent: float = 0.75, **settings: Any) -> None:
        super().__init__(**settings)
        _check_exponent(exponent)
        self.exponent = exponent

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss of logits [N, C, ...] and either kind of target."""
        return focal_tversky_loss(
            logits, target, exponent=self.exponent, **self._settings()
        )


def _tversky(
    logits: Tensor,
    target: Tensor,
    ignore_index: int | None,
    alpha_fp: float,
    beta_fn: float,
    smooth: float,
) -> tuple[Tensor, Tensor]:
    """Losses [N, C], and which of them count."""
    check_smooth(smooth)
    _check_prices(alpha_fp, beta_fn)
    hits, predicted, truth, counted = soft_sums(
        check_logits(logits), target, ignore_index
    )
    false = alpha_fp * (predicted - hits) + beta_fn * (truth - hits)
    half = smooth / 2  # as Dice, where everything counts twice
    return 1 - (hits + half) / (hits + false + half), counted


def _check_prices(alpha_fp: float, beta_fn: float) -> None:
    for name, price in (("alpha_fp", alpha_fp), ("beta_fn", beta_fn)):
        if not (math.isfinite(price) and price >= 0):
            raise ValueError(
                f"{name} must be finite and 0 or more, got {price}"
            )


def _check_exponent(exponent: float) -> None:
    if not (math.isfinite(exponent) and exponent > 0):
        raise ValueError(
            f"exponent must be finite and above 0, got {exponent}"
        )
