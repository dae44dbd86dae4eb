"""Class weights of a whole data set, from its pixel counts."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def class_counts(
    masks: Iterable[Tensor],
    num_classes: int,
    *,
    ignore_index: int | None = None,
) -> Tensor:
    """How many pixels each class has in all the masks together.

    Args:
        masks: class indices of any shape, one mask or batch after another.
        num_classes: C, 2 or more.
        ignore_index: label that does not count.

    Returns:
        int64 [C].

    Raises:
        TypeError: a mask of floats.
        ValueError: ``num_classes`` below 2, or an index outside 0..C-1.

    Convention:
        Count the training set once, not each batch: a batch in which a
        class is absent says nothing about how rare it is.

    >>> masks = [torch.tensor([0, 0, 1]), torch.tensor([0, 255])]
    >>> class_counts(masks, 3, ignore_index=255)
    tensor([3, 1, 0])
    """
    if num_classes < 2:
        raise ValueError(
            f"num_classes must be 2 or more, got {num_classes}"
        )
    counts = torch.zeros(num_classes, dtype=torch.int64)
    for mask in masks:
        counts += _counts_of(mask, num_classes, ignore_index)
    return counts


def inverse_frequency_weights(counts: Tensor) -> Tensor:
    """Weights 1 / frequency: each class gets the same total weight.

    Args:
        counts: pixels of each class [C], such as :func:`class_counts`.

    Returns:
        float32 [C], for the ``weight`` of cross-entropy.

    Raises:
        ValueError: counts that are no [C], negative, not finite or all 0.

    Convention:
        Weights are scaled so that the mean over the counted pixels is 1:
        scikit-learn's "balanced". A class without a pixel gets the largest
        weight of a present one, never infinity.

    >>> inverse_frequency_weights(torch.tensor([60, 20, 0]))
    tensor([0.6667, 2.0000, 2.0000])
    """
    return _scaled(1 / _checked(counts).clamp_min(1), counts)


def inverse_sqrt_frequency_weights(counts: Tensor) -> Tensor:
    """Weights 1 / sqrt(frequency): between balanced weights and none.

    Args:
        counts: pixels of each class [C].

    Returns:
        float32 [C].

    Raises:
        ValueError: as :func:`inverse_frequency_weights`.

    Convention:
        As :func:`inverse_frequency_weights`.

    >>> inverse_sqrt_frequency_weights(torch.tensor([90, 10]))
    tensor([0.8333, 2.5000])
    """
    return _scaled(_checked(counts).clamp_min(1).rsqrt(), counts)


def effective_number_weights(
    counts: Tensor, *, beta: float = 0.9999
) -> Tensor:
    """Weights 1 / effective number of pixels, (1 - beta^n) / (1 - beta).

    Args:
        counts: pixels of each class [C].
        beta: from 0 (no weighting) to below 1 (towards 1 / frequency).
            Above 1 / (1 - beta) pixels, more of them make no difference.

    Returns:
        float32 [C].

    Raises:
        ValueError: as :func:`inverse_frequency_weights`, or ``beta`` out of
            range.

    Convention:
        As :func:`inverse_frequency_weights`; the authors scale the weights
        to a sum of C instead. Pixels come by the million: a ``beta`` of
        0.9999 weighs all common classes alike.

    Source:
        Cui et al. 2019.

    >>> effective_number_weights(torch.tensor([90, 10]), beta=0.9)
    tensor([0.9492, 1.4572])
    """
    if not 0 <= beta < 1:
        raise ValueError(f"beta must be from 0 to below 1, got {beta}")
    # 1 - beta^n by expm1: exact for a beta next to 1 too
    rate = torch.tensor(beta, dtype=torch.float64).log()
    share = -torch.expm1(rate * _checked(counts).clamp_min(1))
    return _scaled((1 - beta) / share, counts)


def _counts_of(
    mask: Tensor, num_classes: int, ignore_index: int | None
) -> Tensor:
    if mask.is_floating_point() or mask.is_complex():
        raise TypeError(
            f"masks must hold integer class indices, got {mask.dtype}"
        )
    labels = mask.flatten().long()
    if ignore_index is not None:
        labels = labels[labels != ignore_index]
    outside = labels[(labels < 0) | (labels >= num_classes)]
    if len(outside):
        raise ValueError(
            f"masks must hold class indices from 0 to {num_classes - 1}, "
            f"got {outside[0].item()}; a label that does not count is "
            "ignore_index"
        )
    return labels.bincount(minlength=num_classes).cpu()


def _checked(counts: Tensor) -> Tensor:
    """The counts in float64."""
    if counts.ndim != 1 or len(counts) == 0:
        raise ValueError(
            f"counts must have shape [C], got {tuple(counts.shape)}"
        )
    numbers = counts.double()
    if not (numbers.isfinite().all() and (numbers >= 0).all()):
        raise ValueError(
            "counts must be finite and 0 or more, got "
            f"{numbers.min().item():g} to {numbers.max().item():g}"
        )
    if not numbers.any():
        raise ValueError("counts must hold at least one pixel, got none")
    return numbers


def _scaled(weights: Tensor, counts: Tensor) -> Tensor:
    """Absent classes like the rarest, then a mean over pixels of 1."""
    present = counts > 0
    largest = weights[present].max()
    weights = torch.where(present, weights, largest)
    mean = (weights * counts).sum() / counts.sum()
    return (weights / mean).float()
