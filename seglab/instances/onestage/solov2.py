"""SOLOv2 in miniature: every cell of a grid writes its own mask kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.ops import masks_to_boxes

from seglab.instances.detections import Detections, no_detections
from seglab.instances.maskrcnn.small import PyramidBackbone
from seglab.instances.onestage.coordinates import add_coordinates
from seglab.instances.onestage.heads import grouped_conv
from seglab.instances.onestage.masks import (
    assemble_masks,
    enlarge_masks,
)
from seglab.instances.onestage.suppression import (
    Decay,
    gaussian_decay,
    matrix_nms,
    surest,
)
from seglab.models.arguments import check_channels, check_image
from seglab.models.layers import ConvNormReLU, resize

WIDTHS = (16, 32, 64, 96)
LEAST_SIDE = 32
PRIOR = 0.01  # how likely an untrained cell thinks that it holds an object
FIRST_SCORE = 0.1
MOST_CANDIDATES = 200
MOST_DETECTIONS = 100


class Solov2Output(NamedTuple):
    """What SOLOv2 says about a batch, with a row for each grid cell.

    The cells of one grid stand row by row, one grid after the other.

    Args:
        logits: [N, G, num_classes], one sigmoid a class.
        kernels: [N, G, E], the weights of a 1 x 1 convolution.
        features: [N, E, h, w], what that convolution runs on.
        semantic: logits [N, num_classes, h', w'] of a map that serves in
            training only.
    """

    logits: Tensor
    kernels: Tensor
    features: Tensor
    semantic: Tensor


class GridHead(nn.Module):
    """The classes and the kernel of every cell of a grid.

    Shapes: a map [N, channels, h, w] to logits [N, S S, num_classes] and
    kernels [N, S S, E], for a grid of S x S cells over the whole image.

    Args:
        channels: of the map, a multiple of 8.
        num_classes: one logit each.
        kernel_size: E.

    Source: Wang et al. 2020, figure 2.

    >>> head = GridHead(16, num_classes=5, kernel_size=8)
    >>> [tuple(x.shape) for x in head(torch.zeros(1, 16, 9, 7), 4)]
    [(1, 16, 5), (1, 16, 8)]
    """

    def __init__(
        self, channels: int, *, num_classes: int, kernel_size: int
    ) -> None:
        super().__init__()
        last = nn.Conv2d(channels, num_classes, 3, padding=1)
        rarely = math.log(PRIOR / (1 - PRIOR))
        nn.init.constant_(last.get_parameter("bias"), rarely)
        self.for_class = nn.Sequential(
            grouped_conv(channels, channels),
            grouped_conv(channels, channels),
            last,
        )
        self.for_kernel = nn.Sequential(
            grouped_conv(channels + 2, channels),
            grouped_conv(channels, channels),
            nn.Conv2d(channels, kernel_size, 3, padding=1),
        )

    def forward(self, feature: Tensor, cells: int) -> tuple[Tensor, Tensor]:
        grid = resize(feature, (cells, cells))
        # a kernel has to know where its cell lies, a class does not
        logits = self.for_class(grid)
        kernels = self.for_kernel(add_coordinates(grid))
        return (
            logits.flatten(2).transpose(1, 2),
            kernels.flatten(2).transpose(1, 2),
        )


class MaskFeatures(nn.Module):
    """One map of features for all masks, from all maps of a pyramid.

    Shapes: maps [N, channels, h_i, w_i], finest first, to
    [N, E, 2 h_0, 2 w_0].

    Args:
        levels: how many maps.
        channels: of each.
        kernel_size: E.

    Source: Wang et al. 2020, section 3.2.

    >>> maps = [torch.zeros(1, 16, 8, 8), torch.zeros(1, 16, 4, 4)]
    >>> MaskFeatures(2, 16, 4)(maps).shape
    torch.Size([1, 4, 16, 16])
    """

    def __init__(
        self, levels: int, channels: int, kernel_size: int
    ) -> None:
        super().__init__()
        self.convolve = nn.ModuleList(
            ConvNormReLU(channels, kernel_size, 3) for _ in range(levels)
        )
        self.mix = ConvNormReLU(kernel_size + 2, kernel_size, 3)
        self.finish = nn.Conv2d(kernel_size, kernel_size, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        height, width = maps[0].shape[-2:]
        fine = (2 * height, 2 * width)
        parts = [
            resize(convolve(feature), (height, width))
            for convolve, feature in zip(self.convolve, maps, strict=True)
        ]
        total = resize(torch.stack(parts).sum(0), fine)
        # the features know where they are, so a kernel can ask for it
        mixed = self.mix(add_coordinates(total))
        features: Tensor = self.finish(mixed)
        return features


class Solov2(nn.Module):
    """SOLOv2 for images of 100 to 200 px.

    Shapes: images [N, 3, H, W] in [0, 1] to a ``Solov2Output``; the mask
    features have half the size of the image.

    Args:
        num_classes: without the background.
        grids: cells a side on the maps of stride 8 and 16.
        kernel_size: numbers that a cell writes, E.
        widths: of the backbone's four maps, at strides 2 to 16.
        channels: of the pyramid's maps, a multiple of 8.

    Raises:
        ValueError: an argument is out of range, or images of another
            shape or below 32 px.

    Source: Wang et al. 2020, SOLOv2, with two grids in place of five,
    and with YOLACT's semantic branch, without which it learns slowly.

    >>> model = Solov2(2).eval()
    >>> output = model(torch.zeros(1, 3, 64, 96))
    >>> output.features.shape, output.kernels.shape
    (torch.Size([1, 24, 32, 48]), torch.Size([1, 320, 24]))
    >>> len(model.detect(torch.zeros(2, 3, 64, 96)))
    2
    """

    def __init__(
        self,
        num_classes: int = 5,
        *,
        grids: Sequence[int] = (16, 8),
        kernel_size: int = 24,
        widths: Sequence[int] = WIDTHS,
        channels: int = 48,
    ) -> None:
        super().__init__()
        check_channels(3, num_classes, widths)
        if len(grids) != 2 or min(grids) < 1:
            raise ValueError(
                f"grids must be two positive numbers, got {tuple(grids)}"
            )
        if kernel_size < 1:
            raise ValueError(
                f"kernel_size must be 1 or more, got {kernel_size}"
            )
        self.num_classes = num_classes
        self.grids = tuple(grids)
        self.pyramid = PyramidBackbone(widths, channels)
        self.head = GridHead(
            channels, num_classes=num_classes, kernel_size=kernel_size
        )
        self.mask_features = MaskFeatures(3, channels, kernel_size)
        self.semantic = nn.Conv2d(channels, num_classes, 1)

    def forward(self, images: Tensor) -> Solov2Output:
        check_image(images, 3, smallest=LEAST_SIDE)
        maps = list(self.pyramid(images).values())
        rows = (
            self.head(feature, cells)
            for feature, cells in zip(maps[1:], self.grids, strict=True)
        )
        logits, kernels = zip(*rows, strict=True)
        return Solov2Output(
            torch.cat(logits, 1),
            torch.cat(kernels, 1),
            self.mask_features(maps),
            self.semantic(maps[1]),
        )

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        *,
        least_score: float = 0.05,
        decay: Decay = gaussian_decay,
    ) -> list[Detections]:
        """The objects in each image, best first.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].
            least_score: below it, after matrix NMS, nothing is reported.
            decay: of ``matrix_nms``.

        Raises:
            ValueError: images of another shape, or a network in training
                mode, which would change its statistics.
        """
        if self.training:
            raise ValueError("the network must be in eval mode to detect")
        output = self(images)
        size = (images.shape[-2], images.shape[-1])
        return [
            solov2_detections(output, index, size, least_score, decay)
            for index in range(len(images))
        ]


def solov2_detections(
    output: Solov2Output,
    index: int,
    size: tuple[int, int],
    least_score: float,
    decay: Decay,
) -> Detections:
    """The objects of one image of a batch.

    Convention:
        A score is the class's chance times the *maskness*, the mean
        chance inside the mask; then matrix NMS lowers it. A box is what
        encloses the mask.

    Args:
        output: of ``Solov2``.
        index: of the image in the batch.
        size: (height, width) of the image.
        least_score: below it nothing is reported.
        decay: of ``matrix_nms``.

    >>> output = Solov2(2).eval()(torch.zeros(1, 3, 64, 64))
    >>> found = solov2_detections(output, 0, (64, 64), 0.9, gaussian_decay)
    >>> found.masks.shape
    torch.Size([0, 64, 64])
    """
    cells, classes, scores = surest(
        output.logits[index].sigmoid(),
        above=FIRST_SCORE,
        most=MOST_CANDIDATES,
    )
    logits = assemble_masks(
        output.features[index], output.kernels[index, cells]
    )
    masks, inside = logits > 0, logits.sigmoid()
    area = masks.sum((1, 2)).clamp(min=1)
    scores = scores * (inside * masks).sum((1, 2)) / area
    scores = matrix_nms(masks, scores, classes, decay=decay)
    order = scores.argsort(descending=True, stable=True)[:MOST_DETECTIONS]
    kept = order[scores[order] >= least_score]
    if not len(kept):
        return no_detections(size)
    full = enlarge_masks(logits[kept], size)
    seen = full.any(-1).any(-1)
    kept, full = kept[seen], full[seen]
    past = torch.tensor([0, 0, 1, 1], device=full.device)
    boxes = masks_to_boxes(full) + past
    return Detections(boxes, classes[kept] + 1, scores[kept], full)
