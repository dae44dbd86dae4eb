"""Panoptic-DeepLab in miniature: what is it, where is its centre?

Source: B. Cheng et al., "Panoptic-DeepLab: A Simple, Strong, and Fast
Baseline for Bottom-Up Panoptic Segmentation", CVPR 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.ops import masks_to_boxes

from seglab.instances.detections import Detections, no_detections
from seglab.instances.panoptic.categories import Categories
from seglab.instances.panoptic.centres import thing_values
from seglab.instances.panoptic.grouping import (
    find_centres,
    group_pixels,
    merge_by_vote,
)
from seglab.instances.truth import DIVISOR
from seglab.models.arguments import check_image
from seglab.models.aspp import SeparableASPP
from seglab.models.layers import (
    ConvNormReLU,
    SeparableConvNormReLU,
    resize,
)
from seglab.models.small_resnet import SmallResNet

RATES = (1, 2, 3)


class CentreOutputs(NamedTuple):
    """What the three heads say of a batch of N images, at full size.

    Args:
        logits: of the categories, [N, C, H, W].
        heat: how near a centre is, [N, 1, H, W]; about 0 to 1.
        offsets: rows and columns to the centre, pixels, [N, 2, H, W].
    """

    logits: Tensor
    heat: Tensor
    offsets: Tensor


class StepwiseDecoder(nn.Module):
    """ASPP on the coarsest map, then one finer map after the other.

    Shapes: maps [N, channels[i], h_i, w_i], finest first, to
    [N, width, h, w] of the size of the map ``finest``.

    Args:
        channels: of all the maps.
        width: of the decoder.
        finest: index of the finest map that is used.

    >>> maps = [torch.zeros(2, c, s, s) for c, s in ((4, 16), (8, 8))]
    >>> StepwiseDecoder((4, 8), 16, finest=0)(maps).shape
    torch.Size([2, 16, 16, 16])
    """

    def __init__(
        self, channels: Sequence[int], width: int, *, finest: int
    ) -> None:
        super().__init__()
        self.finest = finest
        finer = list(reversed(channels[finest:-1]))
        self.aspp = SeparableASPP(channels[-1], width, RATES)
        self.reduce = nn.ModuleList(
            ConvNormReLU(own, width // 2, 1) for own in finer
        )
        self.fuse = nn.ModuleList(
            SeparableConvNormReLU(width + width // 2, width) for _ in finer
        )

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        x = self.aspp(features[-1])
        finer = list(reversed(features[self.finest : -1]))
        for reduce, fuse, feature in zip(
            self.reduce, self.fuse, finer, strict=True
        ):
            skip = reduce(feature)
            x = resize(x, skip.shape[-2:])
            x = fuse(torch.cat([x, skip], dim=1))
        return x


class PanopticDeepLab(nn.Module):
    """One encoder, two decoders, three heads; objects by grouping pixels.

    Shapes: images [N, 3, H, W] to ``CentreOutputs`` of their size.

    Args:
        things, stuff: as :class:`Categories`.
        widths: of the encoder, a :class:`SmallResNet` of output stride
            16.
        channels: of the two decoders, semantic and instance.
        threshold: of a centre's heat.
        kernel: side of the window in which a centre is the highest.
        min_stuff: stuff of fewer pixels is left out.

    Raises:
        ValueError: as :class:`Categories` and :class:`SmallResNet`, or
            images of another shape.

    Convention:
        As in the paper the decoders end at stride 4, and what they say is
        interpolated to the image's size before anything is grouped.
        Offsets are in the image's pixels.

    Source:
        Cheng et al. 2020.

    >>> model = PanopticDeepLab([1, 2], [6], widths=(8, 8, 16, 16)).eval()
    >>> x = torch.zeros(1, 3, 33, 47)
    >>> [tuple(out.shape[1:]) for out in model(x)]
    [(3, 33, 47), (1, 33, 47), (2, 33, 47)]
    >>> model.segment(x).shape
    torch.Size([1, 33, 47])
    """

    def __init__(
        self,
        things: Sequence[int],
        stuff: Sequence[int],
        *,
        widths: Sequence[int] = (16, 16, 32, 64, 96),
        channels: Sequence[int] = (64, 32),
        threshold: float = 0.1,
        kernel: int = 7,
        min_stuff: int = 0,
    ) -> None:
        super().__init__()
        self.categories = Categories(things, stuff)
        self.threshold, self.kernel = threshold, kernel
        self.min_stuff = min_stuff
        self.encoder = SmallResNet(3, widths, output_stride=16)
        semantic, instance = channels
        maps = self.encoder.channels
        self.semantic = StepwiseDecoder(maps, semantic, finest=1)
        self.instance = StepwiseDecoder(maps, instance, finest=1)
        self.classify = nn.Conv2d(semantic, len(self.categories), 1)
        self.heat = self._head(instance, 1)
        self.offsets = self._head(instance, 2)

    @staticmethod
    def _head(channels: int, out_channels: int) -> nn.Sequential:
        return nn.Sequential(
            SeparableConvNormReLU(channels, channels),
            nn.Conv2d(channels, out_channels, 1),
        )

    def forward(self, x: Tensor) -> CentreOutputs:
        check_image(x, 3, 1)
        features = self.encoder(x)
        size = x.shape[-2:]
        seen = self.instance(features)
        # a way of one is as long as a way across the encoder's largest
        # stride: such numbers suit a convolution better than pixels do
        ways = self.offsets(seen) * self.encoder.output_stride
        return CentreOutputs(
            resize(self.classify(self.semantic(features)), size),
            resize(self.heat(seen), size),
            resize(ways, size),
        )

    def group(self, outputs: CentreOutputs) -> Tensor:
        """The panoptic maps that the heads' answers amount to [N, H, W]."""
        semantic = self.categories.from_classes(outputs.logits.argmax(1))
        maps = []
        for kinds, heat, offsets in zip(
            semantic, outputs.heat[:, 0], outputs.offsets, strict=True
        ):
            centres = find_centres(
                heat, threshold=self.threshold, kernel=self.kernel
            )
            maps.append(
                merge_by_vote(
                    kinds,
                    group_pixels(centres, offsets),
                    categories=self.categories,
                    min_stuff=self.min_stuff,
                )
            )
        return torch.stack(maps)

    @torch.no_grad()
    def segment(self, images: Tensor) -> Tensor:
        """The panoptic map of each image, int64 [N, H, W]."""
        return self.group(self(images))

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[Detections]:
        """The things in each image, scored as the paper has it.

        A score is the heat at the object's centre times the mean
        probability of its category over its pixels.
        """
        outputs = self(images)
        maps = self.group(outputs)
        chances = outputs.logits.softmax(dim=1)
        return [
            self._objects(*one)
            for one in zip(maps, chances, outputs.heat[:, 0], strict=True)
        ]

    def _objects(
        self, panoptic: Tensor, chances: Tensor, heat: Tensor
    ) -> Detections:
        values = thing_values(panoptic, self.categories)
        if not len(values):
            return no_detections((panoptic.shape[0], panoptic.shape[1]))
        masks = panoptic == values[:, None, None]
        labels = values // DIVISOR
        classes = self.categories.to_classes(labels)
        # the id of an object is the number of its centre
        centres = find_centres(
            heat, threshold=self.threshold, kernel=self.kernel
        )[values % DIVISOR - 1]
        sure = torch.stack(
            [
                chances[c][mask].mean()
                for c, mask in zip(classes, masks, strict=True)
            ]
        )
        peaks = heat[centres[:, 0], centres[:, 1]].clamp(0, 1)
        past = torch.tensor([0, 0, 1, 1], device=masks.device)
        return Detections(
            masks_to_boxes(masks) + past, labels, sure * peaks, masks
        )
