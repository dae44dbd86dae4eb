"""Boxes to prompt with, from any detector or by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from seglab.instances.detections import Detector


@dataclass(frozen=True, eq=False)
class LabelledBoxes:
    """Where something is in one picture, and what it is taken for.

    Convention:
        xyxy in pixels, the right and lower edge one past the last pixel.
        Label 0 is the background and never stands here.

    Args:
        boxes: float32 [K, 4].
        labels: int64 [K], 1 or more.
        scores: float32 [K] in [0, 1]; 1 for boxes that a person drew.

    Raises:
        ValueError: shapes do not fit together, a box has no area, or a
            label or score is out of range.

    >>> box = torch.tensor([[1.0, 2.0, 5.0, 9.0]])
    >>> len(LabelledBoxes(box, torch.tensor([3]), torch.ones(1)))
    1
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor

    def __post_init__(self) -> None:
        count = len(self.labels)
        shapes = {"boxes": (count, 4), "scores": (count,)}
        for name, wanted in shapes.items():
            found = tuple(getattr(self, name).shape)
            if found != wanted:
                raise ValueError(
                    f"{name} must have shape {wanted} beside {count} "
                    f"labels, got {found}"
                )
        if not self.boxes.isfinite().all():
            raise ValueError("boxes must be finite, got NaN or infinity")
        if (self.boxes[:, 2:] <= self.boxes[:, :2]).any():
            raise ValueError(
                "boxes must be (left, top, right, bottom) with right > "
                "left and bottom > top, got one that is not"
            )
        if count and int(self.labels.min()) < 1:
            raise ValueError(
                f"labels must be 1 or more, got {int(self.labels.min())}"
            )
        if not ((self.scores >= 0) & (self.scores <= 1)).all():
            raise ValueError("scores must lie in [0, 1], got others")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Any) -> LabelledBoxes:
        """Some of the boxes: by a slice, indices or a bool mask [K]."""
        return LabelledBoxes(
            self.boxes[chosen], self.labels[chosen], self.scores[chosen]
        )

    def inside(self, size: Sequence[int]) -> LabelledBoxes:
        """The boxes cut to a picture (height, width).

        What is left of a box must be a pixel wide and high, or it goes.

        >>> boxes = yolo_boxes([(0, 0.5, 0.5, 2, 0.5)], (10, 10))
        >>> boxes.inside((10, 10)).boxes.tolist()
        [[0.0, 2.5, 10.0, 7.5]]
        """
        height, width = size
        limit = torch.tensor([width, height, width, height])
        cut = self.boxes.clamp(min=0).minimum(limit.to(self.boxes))
        kept = ((cut[:, 2:] - cut[:, :2]) >= 1).all(1)
        return LabelledBoxes(
            cut[kept], self.labels[kept], self.scores[kept]
        )


class BoxSource(Protocol):
    """Anything that says where objects are."""

    def find(self, name: str, image: Tensor) -> LabelledBoxes:
        """The boxes in one picture.

        Args:
            name: of the picture's file.
            image: float32 [3, H, W] in [0, 1].
        """
        ...  # pragma: no cover


class DetectorBoxes:
    """The boxes of any detector of this book.

    Args:
        detector: has ``detect``.
        least_score: boxes below it are left out.

    >>> from seglab.instances.maskrcnn import SmallMaskRCNN
    >>> source = DetectorBoxes(SmallMaskRCNN(3).eval(), least_score=1.0)
    >>> len(source.find("a.png", torch.rand(3, 64, 64)))
    0
    """

    def __init__(
        self, detector: Detector, *, least_score: float = 0.3
    ) -> None:
        self.detector, self.least_score = detector, least_score

    def find(self, name: str, image: Tensor) -> LabelledBoxes:
        """As ``BoxSource``; the name is not asked for."""
        (found,) = self.detector.detect(image[None])
        boxes = LabelledBoxes(found.boxes, found.labels, found.scores)
        return boxes[boxes.scores >= self.least_score]


class TorchvisionBoxes:
    """The boxes of a detector of torchvision, with or without masks.

    Args:
        network: such as ``fasterrcnn_resnet50_fpn_v2``, in eval mode.
        least_score: boxes below it are left out.

    Raises:
        ValueError: the network is in training mode.

    >>> from seglab.instances.maskrcnn import SmallMaskRCNN
    >>> inner = SmallMaskRCNN(3).eval().network
    >>> source = TorchvisionBoxes(inner, least_score=1.0)
    >>> len(source.find("a.png", torch.rand(3, 64, 64)))
    0
    """

    def __init__(
        self, network: torch.nn.Module, *, least_score: float = 0.3
    ) -> None:
        if network.training:
            raise ValueError("the network must be in eval mode to detect")
        self.network, self.least_score = network, least_score

    @torch.no_grad()
    def find(self, name: str, image: Tensor) -> LabelledBoxes:
        """As ``BoxSource``; the name is not asked for."""
        (found,) = self.network([image])
        kept = found["scores"] >= self.least_score
        boxes = found["boxes"][kept]
        # regression may fold a box to nothing
        kept_sides = (boxes[:, 2:] > boxes[:, :2]).all(1)
        return LabelledBoxes(
            boxes[kept_sides].cpu(),
            found["labels"][kept][kept_sides].cpu(),
            found["scores"][kept][kept_sides].cpu(),
        )


class GivenBoxes:
    """Boxes that are known already, by the name of their picture.

    Args:
        boxes: from file name to its boxes; a picture that is not named
            has none.

    >>> drawn = yolo_boxes([(0, 0.5, 0.5, 0.2, 0.2)], (100, 200))
    >>> source = GivenBoxes({"a.png": drawn})
    >>> len(source.find("a.png", None)), len(source.find("b.png", None))
    (1, 0)
    """

    def __init__(self, boxes: Mapping[str, LabelledBoxes]) -> None:
        self.boxes = dict(boxes)

    def find(self, name: str, image: Tensor | None) -> LabelledBoxes:
        """As ``BoxSource``; the picture is not looked at."""
        return self.boxes.get(name, yolo_boxes([], (1, 1)))


def yolo_boxes(
    rows: Sequence[Sequence[float]], size: Sequence[int]
) -> LabelledBoxes:
    """Boxes as the YOLO family writes them.

    Convention:
        A row is (class, centre x, centre y, width, height) in shares of
        the picture, with the score as a sixth number where there is one.
        Classes count from 0 there and from 1 here, where 0 is background.

    Args:
        rows: K of them.
        size: (height, width) of the picture in pixels.

    Raises:
        ValueError: rows that differ in length or have neither 5 nor 6
            numbers, a class that is no whole number, or as
            ``LabelledBoxes``.

    >>> found = yolo_boxes([(2, 0.5, 0.5, 0.25, 0.5)], (100, 200))
    >>> found.boxes.tolist(), found.labels.tolist()
    ([[75.0, 25.0, 125.0, 75.0]], [3])
    """
    lengths = {len(row) for row in rows}
    if lengths - {5} and lengths - {6}:
        raise ValueError(
            "rows must all have 5 numbers, or 6 with a score, got "
            f"{sorted(lengths)}"
        )
    table = torch.tensor(rows, dtype=torch.float32).reshape(
        len(rows), max(lengths, default=5)
    )
    if (table[:, 0] != table[:, 0].round()).any():
        raise ValueError("classes must be whole numbers, got others")
    height, width = size
    scale = torch.tensor([width, height])
    centres, sides = table[:, 1:3] * scale, table[:, 3:5] * scale
    scores = table[:, 5] if table.shape[1] == 6 else torch.ones(len(rows))
    return LabelledBoxes(
        torch.cat([centres - sides / 2, centres + sides / 2], 1),
        table[:, 0].long() + 1,
        scores,
    )
