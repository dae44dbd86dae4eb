"""torchvision's detectors behind the face that all of this room have."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seglab.instances.detections import Detections

# name in torchvision.models.detection, and its COCO weights
OFFICIAL = {
    "maskrcnn_resnet50_fpn": "MaskRCNN_ResNet50_FPN_Weights",
    "maskrcnn_resnet50_fpn_v2": "MaskRCNN_ResNet50_FPN_V2_Weights",
}


class TorchvisionDetector(nn.Module):
    """Any mask detector of torchvision behind one ``detect``.

    Shapes: as torchvision's own: a list of images float32 [3, H, W] in
    [0, 1], in training with a list of targets, to a dict of losses in
    training and a list of dicts of detections otherwise.

    Args:
        network: a ``torchvision.models.detection.MaskRCNN``.
        mask_threshold: a pixel is part of an object from this
            probability on.

    Raises:
        ValueError: a threshold outside (0, 1).

    >>> detector = official("maskrcnn_resnet50_fpn", num_classes=3)
    >>> type(detector.network).__name__
    'MaskRCNN'
    """

    def __init__(
        self, network: nn.Module, *, mask_threshold: float = 0.5
    ) -> None:
        super().__init__()
        if not 0 < mask_threshold < 1:
            raise ValueError(
                "mask_threshold must be above 0 and below 1, got "
                f"{mask_threshold}"
            )
        self.network: Any = network
        self.mask_threshold = mask_threshold

    def forward(
        self,
        images: list[Tensor],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> Any:
        return self.network(images, targets)

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[Detections]:
        """The objects in each image, best first.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].

        Raises:
            ValueError: images of another shape, or a detector that is in
                training mode and would change its statistics.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(
                f"images must be [N, 3, H, W], got {tuple(images.shape)}"
            )
        if self.training:
            raise ValueError("the detector must be in eval mode to detect")
        return [
            Detections(
                boxes=found["boxes"],
                labels=found["labels"],
                scores=found["scores"],
                masks=found["masks"][:, 0] >= self.mask_threshold,
            )
            for found in self.network(list(images))
        ]


def official(
    name: str, *, pretrained: bool = False, num_classes: int = 91
) -> TorchvisionDetector:
    """torchvision's own Mask R-CNN, of ResNet-50 and a feature pyramid.

    Convention:
        The version without ``v2`` is the paper's network. ``v2`` has
        batch norm in its pyramid and heads, four convolutions before the
        box head's layers and two in the RPN, and a longer training.

    Args:
        name: "maskrcnn_resnet50_fpn" or "maskrcnn_resnet50_fpn_v2".
        pretrained: download weights learnt on COCO (170 or 177 MB);
            random ones otherwise.
        num_classes: with the background; 91 is COCO's numbering.

    Raises:
        ValueError: another name, fewer than two classes, or another
            number than 91 together with pretrained weights.

    Source: He et al. 2017; ``v2`` after Li et al. 2021.
    """
    from torchvision.models import detection

    if name not in OFFICIAL:
        raise ValueError(
            f"name must be one of {', '.join(OFFICIAL)}, got {name!r}"
        )
    if num_classes < 2 or (pretrained and num_classes != 91):
        raise ValueError(
            "num_classes must be 2 or more, and 91 for pretrained weights, "
            f"got {num_classes}"
        )
    weights = getattr(detection, OFFICIAL[name]).DEFAULT
    network = getattr(detection, name)(
        weights=weights if pretrained else None,
        weights_backbone=None,
        num_classes=num_classes,
    )
    return TorchvisionDetector(network)
