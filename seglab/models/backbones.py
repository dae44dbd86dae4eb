"""Backbones: what turns an image into feature maps.

The ResNets are torchvision's and the rest is timm's. Written here is what
segmentation adds: all the maps come out, and the last ones can be kept
large by atrous convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from seglab.models.arguments import check_channels, check_choice

RESNETS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
OUTPUT_STRIDES = (4, 8, 16, 32)


class Backbone(nn.Module):
    """What every head asks of a backbone; ``forward`` is left open.

    Shapes: images [N, in_channels, H, W] to a list of feature maps
    [N, channels[i], H / strides[i], W / strides[i]], rounded up, finest
    first.

    Args:
        in_channels: 1 for grey images, 3 for colour.
        channels: of each feature map.
        strides: image pixels from one pixel of the map to the next.

    Raises:
        ValueError: no input channel, or fewer than two maps.

    >>> Backbone(1, (8, 16), (2, 4)).output_stride
    4
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        strides: Sequence[int],
    ) -> None:
        super().__init__()
        check_channels(in_channels, 1, channels)
        self.in_channels = in_channels
        self.channels = tuple(channels)
        self.strides = tuple(strides)

    @property
    def output_stride(self) -> int:
        """The stride of the last map."""
        return self.strides[-1]

    def forward(self, x: Tensor) -> list[Tensor]:
        raise NotImplementedError


def dilate(stage: nn.Module, before: int, after: int) -> None:
    """Take the stride out of a stage, and put rates into its kernels.

    Without its stride, a stage computes its result at every pixel and not
    at every second one. The kernels that follow the stride then find
    their old neighbours twice as far away, so their rate doubles, and
    those weights go on meaning the same.

    Args:
        stage: changed in place; its kernels are padded so that the map
            keeps its size.
        before: rate of the kernels up to and with the strided one, or of
            all if none is strided.
        after: rate of the kernels that follow it.

    Source: Holschneider et al. 1990 (algorithme à trous); for networks
    Chen et al. 2015.

    >>> conv = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    >>> stage = nn.Sequential(conv, nn.Conv2d(1, 1, 3, padding=1))
    >>> dilate(stage, 1, 2)
    >>> [(layer.stride[0], layer.dilation[0]) for layer in stage]
    [(1, 1), (1, 2)]
    """
    rate = before
    for layer in stage.modules():
        if not isinstance(layer, nn.Conv2d):
            continue
        strided = max(layer.stride) > 1
        layer.stride = (1, 1)
        if max(layer.kernel_size) == 1:
            # one tap has no neighbours to be far from
            continue
        layer.dilation = (rate, rate)
        layer.padding = tuple(
            rate * (size // 2) for size in layer.kernel_size
        )
        if strided:
            rate = after


def hold_stride(
    stages: Sequence[nn.Module],
    strides: Sequence[int],
    output_stride: int,
) -> tuple[int, ...]:
    """Dilate those stages that would make the map too small.

    Args:
        stages: each halves its map; changed in place.
        strides: the stride that each of them has reached so far.
        output_stride: the largest that is wanted.

    Returns:
        The strides that they reach now.

    Convention:
        The first kernels of a dilated stage keep the rate of the stage
        before, as in torchvision, so that trained weights compute what
        they did, at more places. smp gives the whole stage the new rate.

    >>> convs = [nn.Conv2d(1, 1, 3, stride=2) for _ in range(3)]
    >>> hold_stride(convs, (8, 16, 32), output_stride=8)
    (8, 8, 8)
    >>> [conv.dilation[0] for conv in convs]
    [1, 1, 2]
    """
    rate = 1
    for stage, stride in zip(stages, strides, strict=True):
        if stride > output_stride:
            dilate(stage, rate, 2 * rate)
            rate *= 2
    return tuple(min(stride, output_stride) for stride in strides)


def check_output_stride(output_stride: int) -> None:
    """Raise ``ValueError`` unless a backbone can have this stride.

    >>> check_output_stride(8)
    """
    if output_stride not in OUTPUT_STRIDES:
        raise ValueError(
            f"output_stride must be one of {OUTPUT_STRIDES}, "
            f"got {output_stride}"
        )


class ResNetBackbone(Backbone):
    """torchvision's ResNet without its classifier, untrained.

    Shapes: images [N, in_channels, H, W] to five maps, at strides 2, 4,
    8, 16 and 32, or with the last ones at ``output_stride``.

    Args:
        name: one of ``RESNETS``.
        in_channels: 1 for grey images, 3 for colour.
        output_stride: 32, or 16, 8 or 4 for larger maps at a higher cost.

    Raises:
        ValueError: an unknown name, or a stride that cannot be had.

    Convention: the keys of the state dict are torchvision's. torchvision
    itself cannot dilate ResNet-18 and ResNet-34; :func:`dilate` can.

    Source: He et al. 2016.

    >>> import torch
    >>> backbone = ResNetBackbone("resnet18", output_stride=8)
    >>> maps = backbone(torch.zeros(1, 3, 65, 32))
    >>> [tuple(x.shape) for x in maps[-2:]]
    [(1, 256, 9, 4), (1, 512, 9, 4)]
    """

    def __init__(
        self,
        name: str = "resnet50",
        *,
        in_channels: int = 3,
        output_stride: int = 32,
    ) -> None:
        check_choice("name", name, RESNETS)
        check_output_stride(output_stride)
        # on use: it takes as long to import as torch itself
        import torchvision

        body = torchvision.models.get_model(name, weights=None)
        stages = [body.layer2, body.layer3, body.layer4]
        held = hold_stride(stages, (8, 16, 32), output_stride)
        wide = body.fc.in_features
        super().__init__(
            in_channels,
            (64, wide // 8, wide // 4, wide // 2, wide),
            (2, 4, *held),
        )
        self.name = name
        self.conv1 = body.conv1
        if in_channels != 3:
            self.conv1 = nn.Conv2d(
                in_channels, 64, 7, stride=2, padding=3, bias=False
            )
            # as torchvision begins all its convolutions
            nn.init.kaiming_normal_(
                self.conv1.weight, mode="fan_out", nonlinearity="relu"
            )
        self.bn1 = body.bn1
        self.relu = body.relu
        self.maxpool = body.maxpool
        self.layer1 = body.layer1
        self.layer2 = body.layer2
        self.layer3 = body.layer3
        self.layer4 = body.layer4

    def forward(self, x: Tensor) -> list[Tensor]:
        stem = self.relu(self.bn1(self.conv1(x)))
        features = [stem, self.layer1(self.maxpool(stem))]
        for layer in (self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features


class TimmBackbone(Backbone):
    """A convolutional network of the timm library, untrained.

    Shapes: images [N, in_channels, H, W] to the maps that timm's
    ``features_only`` gives.

    Args:
        name: as in ``timm.list_models()``, such as ``"convnext_tiny"``.
        in_channels: 1 for grey images, 3 for colour.
        output_stride: 32, or less where timm can dilate the network.

    Raises:
        ImportError: timm is not installed.
        ValueError: timm has no such network, or cannot dilate it.

    >>> backbone = TimmBackbone("resnet10t", in_channels=1)
    >>> backbone.strides
    (2, 4, 8, 16, 32)
    """

    def __init__(
        self, name: str, *, in_channels: int = 3, output_stride: int = 32
    ) -> None:
        check_output_stride(output_stride)
        try:
            import timm
        except ImportError as error:
            raise ImportError(
                "TimmBackbone needs timm: pip install "
                "'seglab[transformers]'"
            ) from error
        try:
            body = timm.create_model(
                name,
                features_only=True,
                in_chans=in_channels,
                output_stride=output_stride,
            )
        except (RuntimeError, NotImplementedError) as error:
            raise ValueError(
                "name must be a network of timm that can have output "
                f"stride {output_stride}, got {name!r}: {error}"
            ) from error
        info: Any = body.feature_info
        super().__init__(in_channels, info.channels(), info.reduction())
        self.body = body

    def forward(self, x: Tensor) -> list[Tensor]:
        return list(self.body(x))
