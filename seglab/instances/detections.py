"""What a detector says about one image: boxes, labels, scores and masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


@dataclass(frozen=True)
class Detections:
    """The objects that a detector finds in one image.

    Convention:
        Boxes are xyxy in pixels; the right and lower edge lie one past the
        last pixel. Masks are whole images, so that they can overlap.
        Label 0 is the background and never stands here.

    Args:
        boxes: float32 [K, 4].
        labels: int64 [K].
        scores: float32 [K] in [0, 1].
        masks: bool [K, H, W].

    Raises:
        ValueError: the four do not speak of the same number of objects.

    >>> found = no_detections((8, 8))
    >>> len(found), tuple(found.masks.shape)
    (0, (0, 8, 8))
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    masks: Tensor

    def __post_init__(self) -> None:
        shapes = {
            "boxes": (len(self.masks), 4),
            "labels": (len(self.masks),),
            "scores": (len(self.masks),),
        }
        for name, wanted in shapes.items():
            found = tuple(getattr(self, name).shape)
            if found != wanted:
                raise ValueError(
                    f"{name} must have shape {wanted} beside "
                    f"{len(self.masks)} masks, got {found}"
                )

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, chosen: Any) -> Detections:
        """Some of the objects: by a slice, indices or a bool mask [K]."""
        return Detections(
            self.boxes[chosen],
            self.labels[chosen],
            self.scores[chosen],
            self.masks[chosen],
        )

    def above(self, score: float) -> Detections:
        """The objects with a score of at least ``score``."""
        return self[self.scores >= score]

    def best_first(self) -> Detections:
        """The same objects, highest score first; ties keep their order."""
        order = self.scores.argsort(descending=True, stable=True)
        return self[order]

    def as_dict(self) -> dict[str, Tensor]:
        """As torchvision's detectors and ``average_precision`` have it."""
        return dict(vars(self))


class Detector(Protocol):
    """Anything that finds objects: the face of every family of models."""

    def detect(self, images: Tensor) -> list[Detections]:
        """The objects in each image.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
        """
        ...  # pragma: no cover


def no_detections(size: tuple[int, int]) -> Detections:
    """The answer for an image (height, width) in which nothing is found.

    >>> no_detections((4, 6)).boxes.shape
    torch.Size([0, 4])
    """
    return Detections(
        boxes=torch.zeros(0, 4),
        labels=torch.zeros(0, dtype=torch.int64),
        scores=torch.zeros(0),
        masks=torch.zeros(0, *size, dtype=torch.bool),
    )
