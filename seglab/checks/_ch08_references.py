"""References of the exercises of chapter 08, number by number."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def _overlap(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return shared / (sum(areas) - shared)


def soft_nms(boxes: Tensor, scores: Tensor, sigma: float) -> Tensor:
    corners, now = boxes.tolist(), scores.tolist()
    waiting = set(range(len(now)))
    while waiting:
        best = max(waiting, key=lambda i: now[i])
        waiting.remove(best)
        for i in waiting:
            iou = _overlap(corners[best], corners[i])
            now[i] *= math.exp(-(iou**2) / sigma)
    return torch.tensor(now)


def draw(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return {
        "objectness": normal(9),
        "is_object": (normal(9) > 0).float(),
        "logits": normal(5, 3),
        "labels": torch.tensor([2, 0, 1, 2, 0]),
        "changes": normal(5, 3, 4) * 0.3,
        "targets": normal(5, 4) * 0.3,
        "masks": normal(5, 3, 4, 4),
        "mask_targets": (normal(5, 4, 4) > 0).float(),
    }


def _binary(logit: float, truth: float) -> float:
    return max(logit, 0) - logit * truth + math.log1p(math.exp(-abs(logit)))


def losses(
    objectness: Tensor,
    is_object: Tensor,
    logits: Tensor,
    labels: Tensor,
    changes: Tensor,
    targets: Tensor,
    masks: Tensor,
    mask_targets: Tensor,
) -> tuple[float, float, float, float]:
    """Number by number."""
    objects = [
        _binary(x, y)
        for x, y in zip(
            objectness.tolist(), is_object.tolist(), strict=True
        )
    ]
    classes, boxes = [], 0.0
    for i, label in enumerate(labels.tolist()):
        row = logits[i].double()
        classes.append(float(row.logsumexp(0) - row[label]))
        if label:
            for off in (changes[i, label] - targets[i]).abs().tolist():
                boxes += 4.5 * off**2 if off < 1 / 9 else off - 1 / 18
    return (
        sum(objects) / len(objects),
        sum(classes) / len(classes),
        boxes / len(labels),
        mask_loss(masks, labels, mask_targets),
    )


def mask_loss(logits: Tensor, labels: Tensor, targets: Tensor) -> float:
    values = [
        _binary(x, y)
        for i, label in enumerate(labels.tolist())
        if label
        for x, y in zip(
            logits[i, label].flatten().tolist(),
            targets[i].flatten().tolist(),
            strict=True,
        )
    ]
    return sum(values) / len(values)


def ious(masks: Tensor) -> tuple[Tensor, Tensor]:
    """By counting pixels, of boxes too."""
    filled = torch.zeros_like(masks)
    for box, mask in zip(filled, masks, strict=True):
        rows, columns = mask.nonzero().T
        box[
            rows.min() : rows.max() + 1, columns.min() : columns.max() + 1
        ] = True

    def iou(layers: Tensor) -> Tensor:
        both = (layers[:, None] & layers).sum((2, 3)).float()
        return both / (layers[:, None] | layers).sum((2, 3))

    return iou(filled), iou(masks)
