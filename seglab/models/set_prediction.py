"""A set of masks: what it says, and which truth each mask answers for.

A network such as Mask2Former gives a fixed number of masks, one a query,
in no order. Each truth is matched with one of them; the queries that are
left over have to say "no object".

Source: N. Carion et al., "End-to-End Object Detection with Transformers",
ECCV 2020; B. Cheng et al., "Masked-attention Mask Transformer for
Universal Image Segmentation", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from seglab.models.layers import resize
from seglab.models.mask_points import EVERY_PIXEL, MaskPoints

Match = tuple[Tensor, Tensor]


class SetPrediction(NamedTuple):
    """What the queries say of a batch of N images.

    Args:
        class_logits: [N, Q, K + 1]; the last is "no object".
        mask_logits: [N, Q, h, w]; a sigmoid makes masks of them.
    """

    class_logits: Tensor
    mask_logits: Tensor


class SetTarget(NamedTuple):
    """What is in one image: T classes or T instances.

    Args:
        labels: class indices [T], int64.
        masks: bool [T, H, W]; they may overlap.
    """

    labels: Tensor
    masks: Tensor


def semantic_targets(
    labels: Tensor, *, ignore_index: int | None = None
) -> list[SetTarget]:
    """One mask for each class that an image has.

    Args:
        labels: class indices [N, H, W].
        ignore_index: a label that becomes no mask.

    Raises:
        ValueError: labels of another shape.

    Convention: ignored pixels lie outside every mask, so that the loss
    still counts them as negatives, as in the authors' code.

    >>> labels = torch.tensor([[[0, 2, 2]]])
    >>> target = semantic_targets(labels)[0]
    >>> target.labels, target.masks.int()
    (tensor([0, 2]), tensor([[[1, 0, 0]],
    <BLANKLINE>
            [[0, 1, 1]]], dtype=torch.int32))
    """
    if labels.ndim != 3 or labels.is_floating_point():
        raise ValueError(
            "labels must be class indices [N, H, W], got "
            f"{labels.dtype} {list(labels.shape)}"
        )
    targets = []
    for image in labels:
        present = image.unique().long()
        if ignore_index is not None:
            present = present[present != ignore_index]
        masks = image == present[:, None, None]
        targets.append(SetTarget(present, masks))
    return targets


def semantic_scores(
    prediction: SetPrediction, size: Sequence[int]
) -> Tensor:
    """How much each class claims each pixel, summed over the queries.

    A query gives its mask to every class, as far as it believes in the
    class; what it gives to "no object" is lost.

    Args:
        prediction: of N images.
        size: (height, width) that the masks are interpolated to first.

    Returns:
        Scores [N, K, height, width], 0 or more; no probabilities.

    >>> sure = SetPrediction(
    ...     torch.tensor([[[9.0, 0, 0]]]), torch.full((1, 1, 2, 2), 9.0)
    ... )
    >>> semantic_scores(sure, (2, 2))[0, :, 0, 0]
    tensor([9.9963e-01, 1.2336e-04])
    """
    classes = prediction.class_logits.softmax(dim=-1)[..., :-1]
    masks = resize(prediction.mask_logits, size).sigmoid()
    return torch.einsum("nqk,nqhw->nkhw", classes, masks)


@dataclass(frozen=True)
class SetWeights:
    """How much each part counts, in matching and in the loss.

    Args:
        classes: of the class.
        masks: of the masks' cross-entropy.
        dice: of the masks' Dice loss.
        no_object: of a query that should say "no object", beside 1 of a
            query that has a truth; in the loss only.

    >>> SetWeights().no_object
    0.1
    """

    classes: float = 2.0
    masks: float = 5.0
    dice: float = 5.0
    no_object: float = 0.1


PUBLISHED_WEIGHTS = SetWeights()


def matching_costs(
    class_logits: Tensor,
    mask_logits: Tensor,
    target: SetTarget,
    *,
    weights: SetWeights = PUBLISHED_WEIGHTS,
    points: MaskPoints = EVERY_PIXEL,
) -> Tensor:
    """What it costs to give each query each truth of one image.

    Args:
        class_logits: [Q, K + 1].
        mask_logits: [Q, h, w].
        target: T truths.
        weights: of the three parts.
        points: where masks are compared.

    Returns:
        Costs [Q, T].

    >>> truth = SetTarget(torch.tensor([0]), torch.ones(1, 4, 4).bool())
    >>> masks = torch.tensor([-9.0, 9.0])[:, None, None].expand(2, 4, 4)
    >>> matching_costs(torch.zeros(2, 3), masks, truth).round(decimals=1)
    tensor([[49.0000],
            [-0.7000]])
    """
    logits, truth = points.shared(mask_logits, target.masks)
    # not the cross-entropy: a probability is of the size of a Dice loss
    wrong_class = -class_logits.softmax(dim=-1)[:, target.labels]
    # softplus(x) - x t is the cross-entropy of logit x and truth t
    outside = F.softplus(logits).sum(dim=1, keepdim=True)
    wrong_pixels = (outside - logits @ truth.T) / logits.shape[1]
    chances = logits.sigmoid()
    shared = 2 * chances @ truth.T
    both = chances.sum(dim=1)[:, None] + truth.sum(dim=1)
    wrong_shape = 1 - (shared + 1) / (both + 1)
    return (
        weights.classes * wrong_class
        + weights.masks * wrong_pixels
        + weights.dice * wrong_shape
    )


def assign(costs: Tensor) -> Match:
    """The cheapest way to give every truth a query of its own.

    Args:
        costs: [Q, T].

    Returns:
        Indices of queries and of the truths they get, each
        [min(Q, T)], int64.

    Convention: with fewer queries than truths, the truths that cost most
    go without. A cost that is not finite is taken last, so that one
    overflow under mixed precision does not end a training run.

    Source: Hungarian method (Kuhn 1955), by SciPy.

    >>> assign(torch.tensor([[1.0, 2.0], [0.0, 9.0], [5.0, 5.0]]))
    (tensor([0, 1]), tensor([1, 0]))
    """
    most = torch.finfo(costs.dtype).max
    finite = torch.where(costs.isfinite(), costs, most)
    queries, truths = linear_sum_assignment(finite.cpu().numpy())
    return (
        torch.as_tensor(queries, device=costs.device),
        torch.as_tensor(truths, device=costs.device),
    )
