"""The five losses of Mask R-CNN: two of proposals, three of the heads."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

BETA = 1 / 9


def smooth_l1(found: Tensor, wanted: Tensor, beta: float = BETA) -> Tensor:
    """A square near 0 and a straight line beyond, summed over all.

    One box that is far off must not shout down a hundred that are nearly
    right: beyond ``beta`` its gradient no longer grows.

    Args:
        found, wanted: of one shape.
        beta: where the square ends.

    Raises:
        ValueError: shapes that differ, or a ``beta`` that is not above 0.

    Source: Girshick 2015, with ``beta`` as in Detectron; equal to
        ``torch.nn.functional.smooth_l1_loss`` with ``reduction="sum"``.

    >>> smooth_l1(torch.tensor([0.5, 3.0]), torch.zeros(2), beta=1.0)
    tensor(2.6250)
    """
    if found.shape != wanted.shape or not beta > 0:
        raise ValueError(
            "found and wanted must have one shape and beta be above 0, got "
            f"{tuple(found.shape)}, {tuple(wanted.shape)} and {beta}"
        )
    off = (found - wanted).abs()
    return torch.where(
        off < beta, off**2 / (2 * beta), off - beta / 2
    ).sum()


def proposal_losses(
    objectness: Tensor,
    changes: Tensor,
    labels: Tensor,
    targets: Tensor,
    positives: Tensor,
    negatives: Tensor,
) -> tuple[Tensor, Tensor]:
    """Losses 1 and 2: is there an object, and how must the anchor move.

    Args:
        objectness: logits [N] of all anchors.
        changes: [N, 4].
        labels: [N], 1 for an object and 0 for background.
        targets: [N, 4]; only those of ``positives`` count.
        positives, negatives: the indices that were drawn.

    Returns:
        Binary cross-entropy, and smooth L1 of the positives; both divided
        by the number of all anchors drawn.

    Convention:
        The box loss, too, is divided by all that were drawn, so that an
        image with few objects does not count more for each of them.

    Source: Ren et al. 2015; equal to torchvision's
        ``RegionProposalNetwork.compute_loss``.

    >>> one, two = proposal_losses(
    ...     torch.zeros(2), torch.zeros(2, 4), torch.tensor([1.0, 0.0]),
    ...     torch.zeros(2, 4), torch.tensor([0]), torch.tensor([1]))
    >>> one, two
    (tensor(0.6931), tensor(0.))
    """
    drawn = torch.cat([positives, negatives])
    boxes = smooth_l1(changes[positives], targets[positives]) / len(drawn)
    objects = F.binary_cross_entropy_with_logits(
        objectness[drawn], labels[drawn]
    )
    return objects, boxes


def head_losses(
    logits: Tensor, changes: Tensor, labels: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """Losses 3 and 4: which class, and the change of the true class.

    Args:
        logits: [R, C] of the proposals drawn, background first.
        changes: [R, C, 4], one for each class.
        labels: int64 [R], 0 for background.
        targets: [R, 4]; those of background do not count.

    Returns:
        Cross-entropy, and smooth L1 of the positives; both divided by R.

    Raises:
        ValueError: no proposal at all, of which there is no mean.

    Source: Girshick 2015; equal to torchvision's ``fastrcnn_loss``.

    >>> one, two = head_losses(torch.zeros(1, 4), torch.zeros(1, 4, 4),
    ...                        torch.tensor([2]), torch.zeros(1, 4))
    >>> one, two
    (tensor(1.3863), tensor(0.))
    """
    if not len(labels):
        raise ValueError("labels must name a proposal or more, got none")
    true = torch.nonzero(labels > 0)[:, 0]
    boxes = smooth_l1(changes[true, labels[true]], targets[true])
    return F.cross_entropy(logits, labels), boxes / len(labels)


def mask_loss(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Loss 5: the mask of the true class, of positives only.

    The masks of the other classes get no gradient. So classes need not
    compete for a pixel: which class it is, the box head has settled.

    Args:
        logits: [R, C, M, M] of the positive proposals.
        labels: int64 [R], 1 or more.
        targets: [R, M, M] in [0, 1].

    Returns:
        Mean binary cross-entropy over positives and pixels; 0, with a
        gradient of 0, if there are none.

    Raises:
        ValueError: a label of background, which has no mask, or shapes
            that do not fit.

    Source: He et al. 2017; equal to torchvision's ``maskrcnn_loss``.

    >>> logits = torch.tensor([[[[9.0]], [[0.0]]]])
    >>> mask_loss(logits, torch.tensor([1]), torch.ones(1, 1, 1))
    tensor(0.6931)
    """
    if targets.shape != (len(logits), *logits.shape[2:]):
        raise ValueError(
            f"targets must be {(len(logits), *logits.shape[2:])}, got "
            f"{tuple(targets.shape)}"
        )
    if not len(logits):
        return logits.sum() * 0
    if int(labels.min()) < 1:
        raise ValueError("labels must be 1 or more: background has no mask")
    row = torch.arange(len(labels), device=labels.device)
    return F.binary_cross_entropy_with_logits(logits[row, labels], targets)
