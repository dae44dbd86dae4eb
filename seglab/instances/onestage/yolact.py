"""YOLACT in miniature: boxes, and prototypes to mix a mask from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seglab.instances.detections import Detections
from seglab.instances.maskrcnn.boxes import clip_boxes
from seglab.instances.maskrcnn.small import PyramidBackbone
from seglab.instances.onestage.anchors import (
    ANCHORS_EACH,
    make_anchors,
    to_boxes,
)
from seglab.instances.onestage.heads import grouped_conv
from seglab.instances.onestage.masks import (
    assemble_masks,
    enlarge_masks,
    inside_boxes,
)
from seglab.instances.onestage.prototypes import Protonet
from seglab.instances.onestage.suppression import fast_nms, surest
from seglab.models.arguments import check_channels, check_image

# which of many boxes to keep: (boxes, scores, labels) to indices
Suppress = Callable[[Tensor, Tensor, Tensor], Tensor]

WIDTHS = (16, 32, 64, 96)
LEAST_SIDE = 32
MOST_CANDIDATES = 200
MOST_DETECTIONS = 100


class YolactOutput(NamedTuple):
    """What YOLACT says about a batch, with a row for each anchor.

    Args:
        anchors: float32 [A, 4], xyxy in pixels.
        logits: [N, A, 1 + num_classes], background first.
        changes: [N, A, 4], what makes the anchor a box.
        coefficients: [N, A, K] in (-1, 1).
        prototypes: [N, K, h, w], 0 or more.
        semantic: logits [N, num_classes, h', w'] of a map that serves in
            training only.
    """

    anchors: Tensor
    logits: Tensor
    changes: Tensor
    coefficients: Tensor
    prototypes: Tensor
    semantic: Tensor


class PredictionHead(nn.Module):
    """Class, box and mask coefficients of every anchor of a map.

    Shapes: a map [N, channels, h, w] to logits [N, h w B, 1 + classes],
    changes [N, h w B, 4] and coefficients [N, h w B, K], with B anchors
    at each position.

    Args:
        channels: of the map, a multiple of 8.
        anchors_each: B.
        num_classes: without the background.
        prototypes: K.

    Source: Bolya et al. 2019, figure 4.

    >>> head = PredictionHead(16, 2, num_classes=5, prototypes=8)
    >>> [tuple(x.shape) for x in head(torch.zeros(1, 16, 4, 4))]
    [(1, 32, 6), (1, 32, 4), (1, 32, 8)]
    """

    def __init__(
        self,
        channels: int,
        anchors_each: int,
        *,
        num_classes: int,
        prototypes: int,
    ) -> None:
        super().__init__()
        self.anchors_each = anchors_each
        self.share = grouped_conv(channels, channels)
        self.classify, self.locate, self.mix = (
            nn.Conv2d(channels, anchors_each * wide, 3, padding=1)
            for wide in (1 + num_classes, 4, prototypes)
        )

    def forward(self, feature: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shared = self.share(feature)
        return (
            self._rows(self.classify(shared)),
            self._rows(self.locate(shared)),
            # signed: a mask can take a prototype away
            self._rows(self.mix(shared)).tanh(),
        )

    def _rows(self, x: Tensor) -> Tensor:
        """[N, B D, h, w] to [N, h w B, D], in the order of the anchors."""
        n, _, height, width = x.shape
        x = x.reshape(n, self.anchors_each, -1, height, width)
        return x.permute(0, 3, 4, 1, 2).flatten(1, 3)


class Yolact(nn.Module):
    """YOLACT for images of 100 to 200 px.

    Shapes: images [N, 3, H, W] in [0, 1] to a ``YolactOutput``; the
    prototypes have half the size of the image.

    Args:
        num_classes: without the background.
        prototypes: how many an image has.
        widths: of the backbone's four maps, at strides 2 to 16.
        channels: of the pyramid's maps, a multiple of 8.

    Raises:
        ValueError: an argument is out of range, or images of another
            shape or below 32 px.

    Source: Bolya et al. 2019, without the pyramid's levels for large
    objects.

    >>> model = Yolact(2).eval()
    >>> model(torch.zeros(1, 3, 64, 96)).prototypes.shape
    torch.Size([1, 16, 32, 48])
    >>> len(model.detect(torch.zeros(2, 3, 64, 96)))
    2
    """

    def __init__(
        self,
        num_classes: int = 5,
        *,
        prototypes: int = 16,
        widths: Sequence[int] = WIDTHS,
        channels: int = 48,
    ) -> None:
        super().__init__()
        check_channels(3, num_classes, widths)
        if prototypes < 1:
            raise ValueError(
                f"prototypes must be 1 or more, got {prototypes}"
            )
        self.num_classes = num_classes
        self.pyramid = PyramidBackbone(widths, channels)
        self.protonet = Protonet(channels, prototypes)
        self.head = PredictionHead(
            channels,
            ANCHORS_EACH,
            num_classes=num_classes,
            prototypes=prototypes,
        )
        self.semantic = nn.Conv2d(channels, num_classes, 1)

    def forward(self, images: Tensor) -> YolactOutput:
        check_image(images, 3, smallest=LEAST_SIDE)
        finest, *maps = self.pyramid(images).values()
        rows = zip(*(self.head(feature) for feature in maps), strict=True)
        logits, changes, coefficients = (torch.cat(x, 1) for x in rows)
        return YolactOutput(
            make_anchors([(x.shape[-2], x.shape[-1]) for x in maps]).to(
                images.device
            ),
            logits,
            changes,
            coefficients,
            self.protonet(finest),
            self.semantic(maps[0]),
        )

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        *,
        least_score: float = 0.05,
        suppress: Suppress = fast_nms,
    ) -> list[Detections]:
        """The objects in each image, best first.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
            least_score: below it nothing is reported.
            suppress: called with the boxes, scores and labels of one
                image's candidates; returns indices of those to keep.

        Raises:
            ValueError: images of another shape, or a network in training
                mode, which would change its statistics.
        """
        if self.training:
            raise ValueError("the network must be in eval mode to detect")
        output = self(images)
        size = (images.shape[-2], images.shape[-1])
        return [
            yolact_detections(output, index, size, least_score, suppress)
            for index in range(len(images))
        ]


def yolact_detections(
    output: YolactOutput,
    index: int,
    size: tuple[int, int],
    least_score: float,
    suppress: Suppress,
) -> Detections:
    """The objects of one image of a batch.

    Convention:
        An anchor can speak for several classes. A mask is cut off at its
        predicted box, and whoever has no pixel left is dropped.

    Args:
        output: of ``Yolact``.
        index: of the image in the batch.
        size: (height, width) of the image.
        least_score: below it nothing is reported.
        suppress: as in ``Yolact.detect``.

    >>> output = Yolact(2).eval()(torch.zeros(1, 3, 64, 64))
    >>> found = yolact_detections(output, 0, (64, 64), 0.99, fast_nms)
    >>> found.masks.shape
    torch.Size([0, 64, 64])
    """
    anchors, classes, scores = surest(
        output.logits[index].softmax(-1)[:, 1:],
        above=least_score,
        most=MOST_CANDIDATES,
    )
    boxes = clip_boxes(
        to_boxes(output.changes[index, anchors], output.anchors[anchors]),
        size,
    )
    kept = suppress(boxes, scores, classes)[:MOST_DETECTIONS]
    logits = assemble_masks(
        output.prototypes[index], output.coefficients[index, anchors[kept]]
    )
    masks = enlarge_masks(logits, size) & inside_boxes(boxes[kept], size)
    found = Detections(boxes[kept], classes[kept] + 1, scores[kept], masks)
    return found[masks.any(-1).any(-1)]
