"""Which box learns from which object, and which learns at all."""

from __future__ import annotations

import torch
from torch import Tensor

BACKGROUND = -1
IGNORED = -2


def match_boxes(
    iou: Tensor,
    *,
    high: float,
    low: float,
    best_counts: bool = False,
) -> Tensor:
    """The object that each box stands for, or that it stands for none.

    Args:
        iou: float [K, N] of K objects with N boxes.
        high: from this IoU on, a box stands for its best object.
        low: below it, a box is background. Between the two, it is
            ignored: neither answer would be fair.
        best_counts: the best box of each object stands for it, however
            low their IoU; all of them if several are equally good. So no
            object goes unlearnt because no anchor fits it.

    Returns:
        int64 [N]: an index below K, ``BACKGROUND`` (-1) or ``IGNORED``
        (-2). Without objects all is background.

    Raises:
        ValueError: thresholds out of order, or an IoU of another shape.

    Convention:
        A box that ``best_counts`` rescues goes to *its own* best object,
        which is not always the one that it is the best box of, as in
        Detectron and torchvision.

    Source: Ren et al. 2015; equal to torchvision's ``Matcher``.

    >>> iou = torch.tensor([[0.8, 0.5, 0.1, 0.0], [0.0, 0.0, 0.2, 0.1]])
    >>> match_boxes(iou, high=0.7, low=0.3).tolist()
    [0, -2, -1, -1]
    >>> match_boxes(iou, high=0.7, low=0.3, best_counts=True).tolist()
    [0, -2, 1, -1]
    """
    if iou.ndim != 2:
        raise ValueError(f"iou must be [K, N], got {tuple(iou.shape)}")
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"low and high must be in order in [0, 1], got {low} and {high}"
        )
    if 0 in iou.shape:
        return torch.full(iou.shape[1:], BACKGROUND, device=iou.device)
    best, nearest = iou.max(0)
    matches = nearest.clone()
    matches[best < high] = IGNORED
    matches[best < low] = BACKGROUND
    if best_counts:
        rescued = (iou == iou.amax(1, keepdim=True)).any(0)
        matches[rescued] = nearest[rescued]
    return matches


def sample_balanced(
    labels: Tensor,
    count: int,
    *,
    positive_share: float,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw some positives and some negatives to learn from.

    Nearly all of an image is background. Without this choice the few
    objects would drown in it.

    Args:
        labels: [N]; 1 or more is positive, 0 negative, below 0 ignored.
        count: how many are drawn at most.
        positive_share: of them positives at most; what positives leave
            free goes to negatives, but not the other way round.
        generator: of the random numbers; torch's own if None.

    Returns:
        Indices of the positives and of the negatives, int64, in order.

    Raises:
        ValueError: a count below 1, or a share outside [0, 1].

    Source: Ren et al. 2015; the counts equal those of torchvision's
        ``BalancedPositiveNegativeSampler``.

    >>> positives, negatives = sample_balanced(
    ...     torch.tensor([1, 0, 0, -1, 0]), 4, positive_share=0.5)
    >>> positives.tolist(), len(negatives)
    ([0], 3)
    """
    if count < 1 or not 0 <= positive_share <= 1:
        raise ValueError(
            "count must be 1 or more and positive_share in [0, 1], got "
            f"{count} and {positive_share}"
        )
    positives = torch.nonzero(labels >= 1)[:, 0]
    negatives = torch.nonzero(labels == 0)[:, 0]
    most = min(len(positives), int(count * positive_share))
    return (
        _draw(positives, most, generator),
        _draw(negatives, count - most, generator),
    )


def _draw(
    indices: Tensor, count: int, generator: torch.Generator | None
) -> Tensor:
    order = torch.randperm(len(indices), generator=generator)
    chosen: Tensor = indices[order[:count].to(indices.device)]
    return chosen.sort().values
