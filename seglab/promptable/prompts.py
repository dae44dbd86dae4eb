"""What a person points at: clicks, boxes and earlier masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

ON, OFF = 1, 0  # labels of clicks


@dataclass(frozen=True, eq=False)
class Prompts:
    """One prompt for each of P objects of one image.

    Convention:
        Pixels of the image as it came, x before y, the middle of the
        first pixel at (0, 0). Boxes are xyxy, their right and lower edge
        one past the last pixel. All objects get equally many clicks.

    Args:
        points: float32 [P, K, 2], or None.
        labels: int64 [P, K]: 1 on the object, 0 off it; with ``points``.
        boxes: float32 [P, 4], or None.
        masks: float32 [P, 1, h, w], logits of an earlier answer, or None.

    Raises:
        ValueError: nothing is given, shapes do not fit together, or a
            label or coordinate makes no sense.

    >>> len(Prompts(boxes=torch.tensor([[0.0, 0.0, 9.0, 9.0]])))
    1
    """

    points: Tensor | None = None
    labels: Tensor | None = None
    boxes: Tensor | None = None
    masks: Tensor | None = None

    def __post_init__(self) -> None:
        given = {k: v for k, v in vars(self).items() if v is not None}
        if not given:
            raise ValueError(
                "a prompt needs points, boxes or masks, got none"
            )
        counts = {k: len(v) for k, v in given.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(
                f"all parts of a prompt must be of as many objects, got "
                f"{counts}"
            )
        if (self.points is None) != (self.labels is None):
            raise ValueError("points and labels come together, got one")
        if self.points is not None and self.labels is not None:
            _check_points(self.points, self.labels)
        if self.boxes is not None:
            _check_boxes(self.boxes)
        if self.masks is not None and self.masks.shape[1:2] != (1,):
            raise ValueError(
                "masks must have shape [P, 1, h, w], got "
                f"{tuple(self.masks.shape)}"
            )

    def __len__(self) -> int:
        return next(
            len(part) for part in vars(self).values() if part is not None
        )


def clicks(points: Any, labels: Any = None) -> Prompts:
    """One object each for points [P, 2], or clicks of one object [K, 2].

    Args:
        points: (x, y) of each click. Without labels each click asks for
            an object of its own.
        labels: 1 or 0 for each: then all clicks are of one object.

    Raises:
        ValueError: as ``Prompts``.

    >>> len(clicks([(3, 4), (9, 9)])), len(clicks([(3, 4), (9, 9)], [1, 0]))
    (2, 1)
    """
    places = torch.as_tensor(points, dtype=torch.float32).reshape(-1, 2)
    if labels is None:
        ones = torch.ones(len(places), 1, dtype=torch.int64)
        return Prompts(places[:, None], ones)
    signs = torch.as_tensor(labels, dtype=torch.int64).reshape(-1)
    return Prompts(places[None], signs[None])


def boxes(corners: Any) -> Prompts:
    """One object for each box (left, top, right, bottom).

    Raises:
        ValueError: as ``Prompts``.

    >>> len(boxes([(0, 0, 8, 9), (4, 4, 9, 9)]))
    2
    """
    places = torch.as_tensor(corners, dtype=torch.float32)
    return Prompts(boxes=places.reshape(-1, 4))


def _check_points(points: Tensor, labels: Tensor) -> None:
    if points.ndim != 3 or points.shape[-1] != 2:
        raise ValueError(
            f"points must have shape [P, K, 2], got {tuple(points.shape)}"
        )
    if labels.shape != points.shape[:2]:
        raise ValueError(
            f"labels must have shape {tuple(points.shape[:2])}, got "
            f"{tuple(labels.shape)}"
        )
    _check_finite("points", points)
    strange = set(labels.unique().tolist()) - {ON, OFF}
    if strange:
        raise ValueError(f"labels must be 1 or 0, got {sorted(strange)}")


def _check_boxes(corners: Tensor) -> None:
    if corners.ndim != 2 or corners.shape[-1] != 4:
        raise ValueError(
            f"boxes must have shape [P, 4], got {tuple(corners.shape)}"
        )
    _check_finite("boxes", corners)
    if (corners[:, 2:] <= corners[:, :2]).any():
        raise ValueError(
            "boxes must be (left, top, right, bottom) with right > left "
            "and bottom > top, got one that is not"
        )


def _check_finite(name: str, values: Tensor) -> None:
    if not values.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")


def check_inside(points: Tensor, size: Sequence[int]) -> None:
    """Refuse clicks [P, K, 2] that lie outside an image (height, width).

    Raises:
        ValueError: one does; says which.
    """
    limit = torch.tensor([size[1], size[0]]) - 0.5
    outside = ((points < -0.5) | (points > limit)).any(-1)
    if outside.any():
        x, y = points[outside][0].tolist()
        raise ValueError(
            f"points must lie in the image of {size[1]} x {size[0]} "
            f"pixels, got ({x:g}, {y:g})"
        )
