"""Detectron2's models behind the faces of this package."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seglab.instances.detections import Detections
from seglab.instances.detectron._library import detectron2_part
from seglab.instances.detectron.answers import (
    to_detections,
    to_inputs,
    to_panoptic_map,
)
from seglab.instances.detectron.config import (
    mask_rcnn_config,
    panoptic_fpn_config,
)


class DetectronModel(nn.Module):
    """A model that Detectron2 builds from a configuration.

    Shapes: images float32 [N, 3, H, W] in [0, 1] to ``Detections``.

    Args:
        cfg: a ``CfgNode`` with masks.

    Raises:
        ImportError: Detectron2 is not installed.
    """

    def __init__(self, cfg: Any) -> None:
        super().__init__()
        self.network = detectron2_part("modeling").build_model(cfg)

    def forward(self, batch: list[dict[str, Any]]) -> Any:
        """As Detectron2's models: losses in training, else answers."""
        return self.network(batch)

    def answers(self, images: Tensor) -> list[dict[str, Any]]:
        """Detectron2's own answers, in eval mode and without gradients.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
        """
        was_training = self.training
        self.eval()
        try:
            with torch.no_grad():
                found: list[dict[str, Any]] = self(to_inputs(images))
        finally:
            self.train(was_training)
        return found

    def detect(self, images: Tensor) -> list[Detections]:
        """The objects in each image.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
        """
        return [
            to_detections(answer["instances"])
            for answer in self.answers(images)
        ]


class DetectronMaskRCNN(DetectronModel):
    """The Mask R-CNN of :func:`~.config.mask_rcnn_config`.

    Args:
        num_classes: kinds of objects; the background is not counted.
        side: of the images it is trained on, in pixels.

    Raises:
        ImportError, ValueError: as ``mask_rcnn_config``.

    >>> model = DetectronMaskRCNN(5)
    >>> model.detect(torch.zeros(1, 3, 64, 96))[0].masks.shape[1:]
    torch.Size([64, 96])
    """

    def __init__(self, num_classes: int = 5, side: int = 128) -> None:
        super().__init__(mask_rcnn_config(num_classes, side=side))


class DetectronPanopticFPN(DetectronModel):
    """The Panoptic FPN of :func:`~.config.panoptic_fpn_config`.

    Args:
        num_things: kinds of objects.
        num_stuff: kinds of stuff.
        side: of the images it is trained on, in pixels.

    Raises:
        ImportError, ValueError: as ``panoptic_fpn_config``.

    >>> model = DetectronPanopticFPN(5, 3)
    >>> model.segment(torch.zeros(1, 3, 64, 96)).shape
    torch.Size([1, 64, 96])
    """

    def __init__(
        self, num_things: int = 5, num_stuff: int = 3, side: int = 128
    ) -> None:
        super().__init__(
            panoptic_fpn_config(num_things, num_stuff, side=side)
        )
        self.num_things = num_things

    def segment(self, images: Tensor) -> Tensor:
        """Panoptic maps, int64 [N, H, W]; void is 0.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
        """
        maps = [
            to_panoptic_map(
                *answer["panoptic_seg"], num_things=self.num_things
            )
            for answer in self.answers(images)
        ]
        return torch.stack(maps)
