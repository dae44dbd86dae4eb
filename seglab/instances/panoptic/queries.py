"""From queries to a panoptic map, and from a map to what queries learn.

Source: B. Cheng et al., "Per-Pixel Classification is Not All You Need for
Semantic Segmentation", NeurIPS 2021 (MaskFormer), and its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seglab.instances.panoptic.categories import Categories
from seglab.instances.truth import DIVISOR
from seglab.models.layers import resize
from seglab.models.set_prediction import SetPrediction, SetTarget


def panoptic_targets(
    panoptic: Tensor, categories: Categories
) -> list[SetTarget]:
    """One mask for each segment of each map, things and stuff alike.

    Args:
        panoptic: integers [N, H, W], ``category * 1000 + id``.
        categories: things and stuff.

    Returns:
        For each image what :class:`~seglab.models.set_loss.SetLoss`
        takes; labels are the network's classes.

    Raises:
        ValueError: the map is no [N, H, W] of integers.

    Convention:
        Values of no category become no mask; their pixels lie outside of
        all. The ids of stuff count for nothing.

    >>> truth = torch.tensor([[[1001, 1002, 7000, 0]]])
    >>> target = panoptic_targets(truth, Categories([1], [7]))[0]
    >>> target.labels, target.masks.sum(dim=(1, 2))
    (tensor([0, 0, 1]), tensor([1, 1, 1]))
    """
    if panoptic.ndim != 3 or panoptic.is_floating_point():
        raise ValueError(
            "panoptic must be [N, H, W] of integers, got "
            f"{panoptic.dtype} {list(panoptic.shape)}"
        )
    targets = []
    for image in panoptic:
        kinds = image // DIVISOR
        own = torch.where(
            categories.is_thing(kinds), image, kinds * DIVISOR
        )
        values = own.unique()
        classes = categories.to_classes(values // DIVISOR)
        values, classes = values[classes >= 0], classes[classes >= 0]
        targets.append(SetTarget(classes, own == values[:, None, None]))
    return targets


@dataclass(frozen=True)
class QueryLimits:
    """Which queries become segments; as published without arguments.

    Args:
        min_score: a query whose class is less sure says nothing.
        min_share: a segment is left out if it keeps no more than this
            share of its mask against the others.

    >>> QueryLimits()
    QueryLimits(min_score=0.8, min_share=0.8)
    """

    min_score: float = 0.8
    min_share: float = 0.8


PUBLISHED_LIMITS = QueryLimits()


def merge_queries(
    class_logits: Tensor,
    mask_logits: Tensor,
    size: Sequence[int],
    *,
    categories: Categories,
    limits: QueryLimits = PUBLISHED_LIMITS,
) -> Tensor:
    """The panoptic map that the queries of one image amount to.

    Each pixel goes to the query that claims it most, by the probability
    of its class times that of its mask. A query keeps what lies inside
    its own mask. One that lost too much of it to others is left out.

    Args:
        class_logits: [Q, C + 1]; the last is "no object".
        mask_logits: [Q, h, w].
        size: (height, width) of the map.
        categories: things and stuff, C together.
        limits: which queries become segments.

    Returns:
        int64 [height, width], ``category * 1000 + id``; queries of one
        stuff category become one segment of id 0, and 0 is a pixel
        without an answer.

    Raises:
        ValueError: the queries know another number of classes.

    Convention:
        The authors' code. transformers paints all that a query claims,
        outside its mask too, so that no pixel stays empty; it measures
        the mask after weighting by the class; and it interpolates to 384
        px first.

    >>> classes = torch.tensor([[9.0, 0, 0], [0, 9.0, 0]])
    >>> masks = torch.tensor([[[9.0, 9, -9, -9]], [[-9.0, -9, 9, 9]]])
    >>> kinds = Categories([1], [7])
    >>> merge_queries(classes, masks, (1, 4), categories=kinds)
    tensor([[1001, 1001, 7000, 7000]])
    """
    check_queries(class_logits, mask_logits, categories)
    scores, classes = class_logits.softmax(dim=1).max(dim=1)
    nothing = len(categories)
    says = (classes != nothing) & (scores > limits.min_score)
    merged = torch.zeros(
        tuple(size), dtype=torch.int64, device=mask_logits.device
    )
    if not bool(says.any()):
        return merged
    masks = resize(mask_logits[None, says], size)[0].sigmoid()
    owner = (scores[says, None, None] * masks).argmax(dim=0)
    kinds = categories.from_classes(classes[says])
    number = 0
    for query, (kind, mask) in enumerate(zip(kinds, masks, strict=True)):
        whole = mask >= 0.5
        claimed = owner == query
        kept = whole & claimed
        if not kept.any() or (
            claimed.sum() / whole.sum() <= limits.min_share
        ):
            continue
        if categories.is_thing(kind):
            number += 1
            merged[kept] = kind * DIVISOR + number
        else:
            merged[kept] = kind * DIVISOR
    return merged


def check_queries(
    class_logits: Tensor, mask_logits: Tensor, categories: Categories
) -> None:
    """Raise ``ValueError`` unless the two belong to the same queries.

    >>> kinds = Categories([1], [7])
    >>> check_queries(torch.zeros(5, 3), torch.zeros(5, 2, 2), kinds)
    """
    queries = len(mask_logits)
    wanted = (queries, len(categories) + 1)
    if mask_logits.ndim != 3 or tuple(class_logits.shape) != wanted:
        raise ValueError(
            f"class_logits must be {list(wanted)} beside masks [Q, h, w], "
            f"got {list(class_logits.shape)} and "
            f"{list(mask_logits.shape)}"
        )


def merge_predictions(
    prediction: SetPrediction,
    size: Sequence[int],
    *,
    categories: Categories,
    limits: QueryLimits = PUBLISHED_LIMITS,
) -> Tensor:
    """The maps of a batch, int64 [N, height, width].

    Args:
        prediction: of N images.
        size, categories, limits: as ``merge_queries``.

    >>> said = SetPrediction(torch.zeros(2, 5, 3), torch.zeros(2, 5, 4, 4))
    >>> kinds = Categories([1], [7])
    >>> merge_predictions(said, (8, 8), categories=kinds).unique()
    tensor([0])
    """
    return torch.stack(
        [
            merge_queries(*one, size, categories=categories, limits=limits)
            for one in zip(*prediction, strict=True)
        ]
    )
