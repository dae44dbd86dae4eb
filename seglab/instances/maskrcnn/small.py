"""A Mask R-CNN that learns on a laptop, out of torchvision's parts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.mask_rcnn import (
    MaskRCNNHeads,
    MaskRCNNPredictor,
)
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from seglab.instances.maskrcnn.heads import BoxFeatures
from seglab.instances.maskrcnn.paste import sample_masks
from seglab.instances.maskrcnn.torchvision_detector import (
    TorchvisionDetector,
)
from seglab.models.layers import ConvNormReLU
from seglab.models.small_resnet import ResidualBlock

LEVELS = ("p2", "p3", "p4")
BOX_SIDE, MASK_SIDE, SAMPLES = 7, 14, 1


class SmallBody(nn.Module):
    """A residual backbone with two blocks at the two finer resolutions.

    Shapes: images [N, 3, H, W] to three maps [N, widths[i + 1], H / s,
    W / s], rounded up, for the strides s = 4, 8 and 16.

    Args:
        widths: of the stem and of the three maps.

    Raises:
        ValueError: another number of widths.

    Source: He et al. 2016.

    >>> import torch
    >>> maps = SmallBody((8, 8, 16, 24))(torch.zeros(1, 3, 64, 64))
    >>> [tuple(x.shape[1:]) for x in maps]
    [(8, 16, 16), (16, 8, 8), (24, 4, 4)]
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        if len(widths) != len(LEVELS) + 1:
            raise ValueError(
                f"widths must be {len(LEVELS) + 1} channel counts, got "
                f"{tuple(widths)}"
            )
        self.stem = ConvNormReLU(3, widths[0], 3, stride=2)
        stages = [
            nn.Sequential(
                ResidualBlock(fine, coarse, stride=2),
                ResidualBlock(coarse, coarse),
            )
            for fine, coarse in pairwise(widths[:-1])
        ]
        stages.append(nn.Sequential(ResidualBlock(*widths[-2:], stride=2)))
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> list[Tensor]:
        x, maps = self.stem(images), []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class PyramidBackbone(nn.Module):
    """A small backbone with torchvision's feature pyramid on its maps.

    Shapes: images [N, 3, H, W] to a dict of maps [N, channels, H / s,
    W / s], rounded up, for the strides s = 4 ("p2"), 8 ("p3"), 16 ("p4").

    Args:
        widths: of the backbone's stem and maps.
        channels: of every map of the pyramid.

    Raises:
        ValueError: another number of widths.

    >>> import torch
    >>> maps = PyramidBackbone((8, 8, 8, 8), 16)(torch.zeros(1, 3, 64, 64))
    >>> {name: tuple(x.shape[1:]) for name, x in maps.items()}
    {'p2': (16, 16, 16), 'p3': (16, 8, 8), 'p4': (16, 4, 4)}
    """

    def __init__(self, widths: Sequence[int], channels: int) -> None:
        super().__init__()
        self.out_channels = channels  # MaskRCNN asks for it
        self.body = SmallBody(widths)
        self.pyramid = FeaturePyramidNetwork(list(widths[1:]), channels)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        named = OrderedDict(zip(LEVELS, self.body(images), strict=True))
        out: dict[str, Tensor] = self.pyramid(named)
        return out


class Unresized(GeneralizedRCNNTransform):
    """torchvision's first step without its resizing to 800 px and more.

    Images of a batch are still padded to a common multiple of 32 px.

    >>> import torch
    >>> images, _ = Unresized()([torch.rand(3, 50, 64)])
    >>> images.image_sizes, tuple(images.tensors.shape)
    ([(50, 64)], (1, 3, 64, 64))
    """

    def __init__(self) -> None:
        super().__init__(1, 1, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        return image, target


class ExactPaste(Unresized):
    """As ``Unresized``, and masks are pasted without rounding.

    torchvision reads the masks that it learns from half a pixel too far
    to the right and below, and rounds corners when it puts them back. In
    a photograph nobody sees it; a small object loses several percent of
    IoU. Here the box is moved by the same half pixel and nothing is
    rounded.

    >>> type(SmallMaskRCNN(2).network.transform).__name__
    'ExactPaste'
    """

    def postprocess(
        self,
        result: list[dict[str, Tensor]],
        image_shapes: list[tuple[int, int]],
        original_image_sizes: list[tuple[int, int]],
    ) -> list[dict[str, Tensor]]:
        if not self.training:
            for found, size in zip(result, image_shapes, strict=True):
                masks = sample_masks(
                    found["masks"][:, 0], found["boxes"] + 0.5, size
                )
                found["masks"] = masks[:, None]
        return result


class SmallMaskRCNN(TorchvisionDetector):
    """Mask R-CNN for images of 100 to 200 px, with 0.7 million weights.

    Shapes: as ``TorchvisionDetector``. Nothing is resized: anchors and
    the sizes of the maps are chosen for small images instead.

    Args:
        num_classes: with the background.
        widths: of the backbone's stem and its three maps.
        channels: of the pyramid's maps.
        anchors: side of the square anchors of p2, p3 and p4, in pixels.
        head: channels of the two convolutions of the box head, and of
            those of the mask head.
        hidden: width of the box head's last layer.

    Raises:
        ValueError: fewer than two classes, or another number of widths
            or anchors.

    Source: He et al. 2017, with torchvision's classes.

    >>> import torch
    >>> model = SmallMaskRCNN(3).eval()
    >>> len(model.detect(torch.rand(2, 3, 96, 64)))
    2
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
        if num_classes < 2:
            raise ValueError(
                f"num_classes must be 2 or more, got {num_classes}"
            )
        if len(anchors) != len(LEVELS):
            raise ValueError(
                f"anchors must be {len(LEVELS)} sides, got {tuple(anchors)}"
            )
        super().__init__(
            MaskRCNN(
                PyramidBackbone(widths, channels),
                rpn_anchor_generator=AnchorGenerator(
                    tuple((a,) for a in anchors), ((1.0,),) * len(anchors)
                ),
                rpn_pre_nms_top_n_train=200,
                rpn_pre_nms_top_n_test=200,
                rpn_post_nms_top_n_train=100,
                rpn_post_nms_top_n_test=50,
                rpn_batch_size_per_image=64,
                box_roi_pool=_pool(BOX_SIDE),
                box_head=BoxFeatures(channels, BOX_SIDE, head, hidden),
                box_predictor=FastRCNNPredictor(hidden, num_classes),
                box_batch_size_per_image=32,
                mask_roi_pool=_pool(MASK_SIDE),
                mask_head=MaskRCNNHeads(channels, (head, head), 1),
                mask_predictor=MaskRCNNPredictor(head, head, num_classes),
            )
        )
        self.network.transform = ExactPaste()


def _pool(side: int) -> MultiScaleRoIAlign:
    # bins of small boxes are no larger than a cell: one point will do
    return MultiScaleRoIAlign(list(LEVELS), side, sampling_ratio=SAMPLES)
