"""Mask R-CNN, whole, out of this room's own parts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.instances.detections import Detections
from seglab.instances.maskrcnn.anchors import anchor_shapes, grid_anchors
from seglab.instances.maskrcnn.boxes import decode_boxes
from seglab.instances.maskrcnn.choices import (
    choose_detections,
    choose_proposals,
)
from seglab.instances.maskrcnn.heads import (
    BOX_HEAD,
    MASK_HEAD,
    PROPOSAL_HEAD,
    BoxFeatures,
    BoxHead,
    MaskHead,
    ProposalHead,
)
from seglab.instances.maskrcnn.lessons import (
    HEAD_WEIGHTS,
    Truth,
    draw_anchors,
    draw_proposals,
)
from seglab.instances.maskrcnn.levels import pyramid_roi_align
from seglab.instances.maskrcnn.losses import (
    head_losses,
    mask_loss,
    proposal_losses,
)
from seglab.instances.maskrcnn.paste import sample_masks
from seglab.instances.maskrcnn.pyramid import (
    FROM_TORCHVISION,
    FeaturePyramid,
)
from seglab.instances.maskrcnn.small import (
    BOX_SIDE,
    MASK_SIDE,
    SAMPLES,
    SmallBody,
    SmallMaskRCNN,
)
from seglab.models import load_renamed

STRIDES = (4, 8, 16)


class MaskRCNN(nn.Module):
    """The network of ``SmallMaskRCNN``, every line of it in this room.

    Two stages: boxes that may hold something, then for each its class,
    its last change, and its mask.

    Args:
        as for ``SmallMaskRCNN``.

    Source: He et al. 2017; with the same weights (``load_parts``) equal to
    ``SmallMaskRCNN``, its losses too, if the random numbers are.

    >>> model = MaskRCNN(3).eval()
    >>> len(model.detect(torch.rand(1, 3, 64, 64)))
    1
    """

    def __init__(
        self,
        num_classes: int = 6,
        *,
        widths: Sequence[int] = (32, 32, 64, 96),
        channels: int = 56,
        anchors: Sequence[int] = (16, 28, 48),
        head: int = 64,
        hidden: int = 128,
    ) -> None:
        super().__init__()
        self.shapes = [anchor_shapes([side]) for side in anchors]
        self.body = SmallBody(widths)
        self.pyramid = FeaturePyramid(widths[1:], channels)
        self.proposal_head = ProposalHead(channels, 1)
        self.box_features = BoxFeatures(channels, BOX_SIDE, head, hidden)
        self.box_head = BoxHead(hidden, num_classes)
        self.mask_head = MaskHead(channels, (head, head), num_classes)

    def see(self, images: Tensor) -> list[Tensor]:
        """The maps of the pyramid, of images [N, 3, H, W]."""
        height, width = images.shape[-2:]
        padded = F.pad(images, (0, -width % 32, 0, -height % 32))
        return self.pyramid(self.body(padded))

    def anchors(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """The anchors of each map, xyxy [M_i, 4]."""
        return [
            grid_anchors(
                shapes.to(x), (x.shape[-2], x.shape[-1]), (stride, stride)
            )
            for shapes, x, stride in zip(
                self.shapes, maps, STRIDES, strict=True
            )
        ]

    def propose(
        self,
        objectness: Tensor,
        changes: Tensor,
        anchors: Sequence[Tensor],
        size: tuple[int, int],
    ) -> list[Tensor]:
        """The proposals of each image, xyxy [K, 4], best first."""
        counts = [len(a) for a in anchors]
        return [
            choose_proposals(
                logits.split(counts),
                decode_boxes(change, torch.cat(list(anchors))).split(
                    counts
                ),
                size,
                before=200,
                after=100 if self.training else 50,
            )[0]
            for logits, change in zip(
                objectness.detach(), changes.detach(), strict=True
            )
        ]

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[Detections]:
        """The objects in each image, best first.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
        """
        size = (images.shape[-2], images.shape[-1])
        maps = self.see(images)
        objectness, changes = self.proposal_head(maps)
        proposals = self.propose(
            objectness, changes, self.anchors(maps), size
        )
        return [
            self._answer([x[i : i + 1] for x in maps], boxes, size)
            for i, boxes in enumerate(proposals)
        ]

    def name_boxes(
        self, maps: Sequence[Tensor], boxes: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Class logits [R, C] and changes [R, C, 4] of all boxes."""
        regions = pyramid_roi_align(maps, boxes, BOX_SIDE, samples=SAMPLES)
        found: tuple[Tensor, Tensor] = self.box_head(
            self.box_features(regions)
        )
        return found

    def draw_masks(
        self, maps: Sequence[Tensor], boxes: Sequence[Tensor]
    ) -> Tensor:
        """Mask logits [R, C, 28, 28] of all boxes."""
        regions = pyramid_roi_align(maps, boxes, MASK_SIDE, samples=SAMPLES)
        masks: Tensor = self.mask_head(regions)
        return masks

    def _answer(
        self,
        maps: Sequence[Tensor],
        proposals: Tensor,
        size: tuple[int, int],
    ) -> Detections:
        """What the two heads make of one image's proposals."""
        logits, changes = self.name_boxes(maps, [proposals])
        boxes, labels, scores = choose_detections(
            logits.softmax(-1),
            decode_boxes(changes, proposals, HEAD_WEIGHTS),
            size,
        )
        masks = self.draw_masks(maps, [boxes]).sigmoid()
        chosen = masks[torch.arange(len(labels)), labels]
        # the masks were learnt half a pixel off: see crop_masks
        pasted = sample_masks(chosen, boxes + 0.5, size)
        return Detections(boxes, labels, scores, pasted >= 0.5)

    def forward(self, images: Tensor, truth: Sequence[Truth]) -> Tensor:
        """The five losses [5] of a batch, in the order of ``LOSSES``.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
            truth: for each image, as ``true_objects`` gives it.
        """
        maps = self.see(images)
        anchors = self.anchors(maps)
        objectness, changes = self.proposal_head(maps)
        size = (images.shape[-2], images.shape[-1])
        proposals = self.propose(objectness, changes, anchors, size)
        return torch.stack(
            [
                *self._first_stage(objectness, changes, anchors, truth),
                *self._second_stage(maps, proposals, truth),
            ]
        )

    def _first_stage(
        self,
        objectness: Tensor,
        changes: Tensor,
        anchors: Sequence[Tensor],
        truth: Sequence[Truth],
    ) -> tuple[Tensor, Tensor]:
        everywhere = torch.cat(list(anchors))
        lessons = [draw_anchors(everywhere, one) for one in truth]
        starts = [i * len(everywhere) for i in range(len(lessons))]
        return proposal_losses(
            objectness.flatten(),
            changes.flatten(0, 1),
            torch.cat([one.labels for one in lessons]),
            torch.cat([one.targets for one in lessons]),
            torch.cat(
                [
                    x.positives + n
                    for x, n in zip(lessons, starts, strict=True)
                ]
            ),
            torch.cat(
                [
                    x.negatives + n
                    for x, n in zip(lessons, starts, strict=True)
                ]
            ),
        )

    def _second_stage(
        self,
        maps: Sequence[Tensor],
        proposals: Sequence[Tensor],
        truth: Sequence[Truth],
    ) -> tuple[Tensor, Tensor, Tensor]:
        lessons = [
            draw_proposals(boxes, one, mask_side=2 * MASK_SIDE)
            for boxes, one in zip(proposals, truth, strict=True)
        ]
        labels = torch.cat([one.labels for one in lessons])
        targets = torch.cat([one.targets for one in lessons])
        logits, changes = self.name_boxes(maps, [x.boxes for x in lessons])
        masks = self.draw_masks(
            maps, [one.boxes[one.labels > 0] for one in lessons]
        )
        return (
            *head_losses(logits, changes, labels, targets),
            mask_loss(
                masks,
                labels[labels > 0],
                torch.cat([one.masks for one in lessons]),
            ),
        )


def load_parts(ours: MaskRCNN, theirs: SmallMaskRCNN) -> None:
    """Give our network the weights of the one of torchvision's parts.

    Args:
        ours: changed in place.
        theirs: of the same arguments.

    Raises:
        ValueError: the two were made with other arguments.

    >>> load_parts(MaskRCNN(3), SmallMaskRCNN(3))
    """
    network = theirs.network
    heads = network.roi_heads.state_dict()
    load_renamed(ours.body, network.backbone.body.state_dict(), [])
    load_renamed(
        ours.pyramid,
        network.backbone.pyramid.state_dict(),
        FROM_TORCHVISION,
    )
    load_renamed(
        ours.proposal_head, network.rpn.head.state_dict(), PROPOSAL_HEAD
    )
    load_renamed(
        ours.box_features, network.roi_heads.box_head.state_dict(), []
    )
    load_renamed(
        ours.box_head,
        network.roi_heads.box_predictor.state_dict(),
        BOX_HEAD,
    )
    load_renamed(ours.mask_head, heads, MASK_HEAD)
