"""HRNet: parallel resolutions that keep talking to each other.

Source: J. Wang et al., "Deep High-Resolution Representation Learning for
Visual Recognition", TPAMI 2021. The segmentation head is that of HRNetV2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock, Bottleneck

from seglab.models.backbones import Backbone
from seglab.models.layers import ConvNormReLU, resize
from seglab.models.network import SegmentationNetwork, check_head

# timm's keys, as those of our backbone
FROM_TIMM = [
    (r"^conv1\.", "stem.0.0."),
    (r"^bn1\.", "stem.0.1."),
    (r"^conv2\.", "stem.1.0."),
    (r"^bn2\.", "stem.1.1."),
    (r"^layer1\.", "stage1."),
    (r"^transition1\.0\.", "narrow."),
    (r"^transition1\.1\.0\.", "opens.0."),
    (r"^transition2\.2\.0\.", "opens.1."),
    (r"^transition3\.3\.0\.", "opens.2."),
    (r"^stage2\.", "stages.0."),
    (r"^stage3\.", "stages.1."),
    (r"^stage4\.", "stages.2."),
    (r"\.fuse_layers\.", ".fusion.paths."),
    # the head that classifies images
    (r"^(incre_modules|downsamp_modules|final_layer|classifier)\..*", ""),
]


@dataclass(frozen=True)
class HRNetSize:
    """The sizes of an HRNet.

    Args:
        width: channels of the finest branch; each coarser one has twice
            as many.
        modules: how many modules stages 2, 3 and 4 have.
        blocks: residual blocks of a branch in a module.
        stem: channels after the stem.
        first_width: inner channels of stage 1's bottlenecks.
        first_blocks: how many bottlenecks there are.

    Raises:
        ValueError: a size below 1.

    >>> HRNetSize(width=18).widths
    (18, 36, 72, 144)
    """

    width: int = 18
    modules: tuple[int, int, int] = (1, 4, 3)
    blocks: int = 4
    stem: int = 64
    first_width: int = 64
    first_blocks: int = 4

    def __post_init__(self) -> None:
        width, modules, *others = astuple(self)
        if min(width, *modules, *others) < 1:
            raise ValueError(f"every size must be 1 or more, got {self}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the four branches, finest first."""
        return tuple(self.width * 2**branch for branch in range(4))


# "mini" is not published: it trains on a laptop in seconds
HRNETS = {
    "mini": HRNetSize(8, (1, 1, 1), 1, 16, 8, 1),
    "w18_small": HRNetSize(16, (1, 1, 1), 2, 64, 32, 1),
    "w18_small_v2": HRNetSize(18, (1, 3, 2), 2, 64, 64, 2),
    **{f"w{n}": HRNetSize(n) for n in (18, 30, 32, 40, 44, 48, 64)},
}


def conv_norm(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Sequential:
    """A convolution and its batch norm, without ReLU.

    >>> conv_norm(3, 8, 3, stride=2)(torch.zeros(1, 3, 9, 6)).shape
    torch.Size([1, 8, 5, 3])
    """
    conv, norm, _ = ConvNormReLU(
        in_channels, out_channels, kernel_size, stride=stride
    )
    return nn.Sequential(conv, norm)


def exchange_path(
    widths: Sequence[int], source: int, target: int
) -> nn.Module:
    """What one branch's map passes through on its way to another.

    A coarser map only gets the target's channels here: ``Fusion`` enlarges
    it. A finer one is halved by one strided convolution after the other,
    and the last of them changes the channels.

    >>> path = exchange_path((4, 8, 16), source=0, target=2)
    >>> path(torch.zeros(1, 4, 12, 12)).shape
    torch.Size([1, 16, 3, 3])
    """
    if source == target:
        return nn.Identity()
    before, after = widths[source], widths[target]
    if source > target:
        return conv_norm(before, after, 1)
    path = nn.Sequential()
    for _ in range(target - source - 1):
        path.append(ConvNormReLU(before, before, 3, stride=2))
    return path.append(conv_norm(before, after, 3, stride=2))


class Fusion(nn.Module):
    """Every branch becomes the sum of all branches at its own resolution.

    Shapes: a list of maps [N, widths[i], H / 2^i, W / 2^i] to a list of
    the same shapes.

    Convention: coarse maps are enlarged by repeating pixels (nearest), as
    in the authors' classifier and in timm; the authors' code for
    segmentation interpolates bilinearly.

    >>> maps = [torch.ones(1, 4, 8, 8), torch.ones(1, 8, 4, 4)]
    >>> [tuple(fused.shape) for fused in Fusion((4, 8))(maps)]
    [(1, 4, 8, 8), (1, 8, 4, 4)]
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        branches = range(len(widths))
        self.paths = nn.ModuleList(
            nn.ModuleList(
                exchange_path(widths, source, target) for source in branches
            )
            for target in branches
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        fused = []
        for own, paths in zip(maps, self.paths, strict=True):
            pairs = zip(paths.children(), maps, strict=True)
            brought = [path(feature) for path, feature in pairs]
            same_size = [
                feature
                if feature.shape == own.shape
                else F.interpolate(feature, own.shape[-2:], mode="nearest")
                for feature in brought
            ]
            fused.append(F.relu(reduce(torch.add, same_size)))
        return fused


class ParallelModule(nn.Module):
    """Residual blocks on every branch, then one fusion of all branches.

    Shapes: as :class:`Fusion`.

    >>> maps = [torch.ones(1, 4, 8, 8), torch.ones(1, 8, 4, 4)]
    >>> len(ParallelModule((4, 8), blocks=2)(maps))
    2
    """

    def __init__(self, widths: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                *(BasicBlock(width, width) for _ in range(blocks))
            )
            for width in widths
        )
        self.fusion = Fusion(widths)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        pairs = zip(self.branches, maps, strict=True)
        return self.fusion([branch(feature) for branch, feature in pairs])


class HRNetBackbone(Backbone):
    """HRNet without a head: four maps, of which the finest stays fine.

    The stem halves the image twice. Each later stage opens one branch of
    half the resolution and keeps all the others.

    Shapes: images [N, in_channels, H, W] to a list of maps
    [N, widths[i], H / 2^(i + 2), W / 2^(i + 2)], rounded up.

    Args:
        size: the widths and depths; ``HRNETS`` holds the published ones.
        in_channels: 1 for grey images, 3 for colour.

    >>> backbone = HRNetBackbone(HRNETS["mini"])
    >>> maps = backbone(torch.zeros(1, 3, 64, 96))
    >>> [tuple(feature.shape[1:]) for feature in maps]
    [(8, 16, 24), (16, 8, 12), (32, 4, 6), (64, 2, 3)]
    """

    def __init__(self, size: HRNetSize, *, in_channels: int = 3) -> None:
        super().__init__(in_channels, size.widths, (4, 8, 16, 32))
        self.size = size
        self.stem = nn.Sequential(
            ConvNormReLU(in_channels, size.stem, 3, stride=2),
            ConvNormReLU(size.stem, size.stem, 3, stride=2),
        )
        inner, wide = size.first_width, 4 * size.first_width
        shortcut = conv_norm(size.stem, wide, 1)
        self.stage1 = nn.Sequential(
            Bottleneck(size.stem, inner, downsample=shortcut),
            *(
                Bottleneck(wide, inner)
                for _ in range(size.first_blocks - 1)
            ),
        )
        self.narrow = ConvNormReLU(wide, size.width, 3)
        self.opens = nn.ModuleList(
            ConvNormReLU(coarsest, new, 3, stride=2)
            for coarsest, new in pairwise((wide, *size.widths[1:]))
        )
        self.stages = nn.ModuleList()
        for branches, modules in enumerate(size.modules, start=2):
            parallel = [
                ParallelModule(size.widths[:branches], size.blocks)
                for _ in range(modules)
            ]
            self.stages.append(nn.Sequential(*parallel))

    def forward(self, x: Tensor) -> list[Tensor]:
        coarsest = self.stage1(self.stem(x))
        maps = [self.narrow(coarsest)]
        for opens, stage in zip(self.opens, self.stages, strict=True):
            maps = stage([*maps, opens(coarsest)])
            coarsest = maps[-1]
        return maps


class StackedHead(nn.Module):
    """HRNetV2's head: all maps at the finest size, then a classifier.

    Shapes: a list of maps [N, channels[i], h_i, w_i], finest first, to
    [N, num_classes, h_0, w_0].

    Convention: the 1 x 1 convolution before batch norm has no bias here;
    the authors' has one, which the norm subtracts again.

    >>> maps = [torch.zeros(1, 4, 8, 8), torch.zeros(1, 8, 4, 4)]
    >>> StackedHead((4, 8), 3)(maps).shape
    torch.Size([1, 3, 8, 8])
    """

    def __init__(self, channels: Sequence[int], num_classes: int) -> None:
        super().__init__()
        stacked = sum(channels)
        self.mix = ConvNormReLU(stacked, stacked, 1)
        self.classify = nn.Conv2d(stacked, num_classes, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        finest = features[0].shape[-2:]
        same_size = [resize(feature, finest) for feature in features]
        return self.classify(self.mix(torch.cat(same_size, dim=1)))


class HRNet(SegmentationNetwork):
    """HRNet for segmentation: the parallel branches and HRNetV2's head.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W], made at a quarter of the resolution.

    Args:
        backbone: whose maps are stacked.
        num_classes: how many logits a pixel gets.

    Raises:
        ValueError: no class, or images of another shape.

    Convention: in training, the coarsest maps of a batch must have more
    than one pixel between them (batch norm).

    >>> backbone = HRNetBackbone(HRNETS["mini"], in_channels=1)
    >>> HRNet(backbone, 2)(torch.zeros(1, 1, 70, 45)).shape
    torch.Size([1, 2, 70, 45])
    """

    def __init__(self, backbone: Backbone, num_classes: int) -> None:
        check_head(backbone, num_classes)
        head = StackedHead(backbone.channels, num_classes)
        super().__init__(backbone, head)
