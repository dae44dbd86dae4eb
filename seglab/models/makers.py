"""What makes the models of the table: each by a few options in words."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from seglab.models.backbones import (
    RESNETS,
    Backbone,
    ResNetBackbone,
    TimmBackbone,
)
from seglab.models.mix_transformer import MIX_TRANSFORMERS, MixTransformer
from seglab.models.segformer import HEAD_WIDTHS, SegFormer
from seglab.models.small_resnet import SmallResNet

TIMM = "timm/"


def build_backbone(
    name: str, *, in_channels: int = 3, output_stride: int = 32
) -> Backbone:
    """A backbone by its name, untrained.

    Args:
        name: ``"small"``, a ResNet such as ``"resnet18"``, or ``"timm/"``
            and the name of a convolutional network of timm.
        in_channels: 1 for grey images, 3 for colour.
        output_stride: 32, or 16, 8 or 4 for larger maps.

    Raises:
        ValueError: an unknown name, or a stride that cannot be had.
        ImportError: timm is asked for and not installed.

    >>> build_backbone("small", in_channels=1, output_stride=8).strides
    (2, 4, 8, 8, 8)
    """
    if name == "small":
        return SmallResNet(in_channels, output_stride=output_stride)
    if name.startswith(TIMM):
        return TimmBackbone(
            name.removeprefix(TIMM),
            in_channels=in_channels,
            output_stride=output_stride,
        )
    if name not in RESNETS:
        known = ["small", *RESNETS, f"{TIMM}NAME"]
        raise ValueError(unknown("backbone", name, known))
    return ResNetBackbone(
        name, in_channels=in_channels, output_stride=output_stride
    )


@dataclass(frozen=True)
class ModelEntry:
    """What the table knows of one model.

    Args:
        make: called with the number of classes, ``in_channels=``, and
            whatever other options it takes.
        what: in a few words.
        source: the paper, in short.
        reference: whose output it is proved to give.
        weights: official ones, by name: functions that load them into the
            model.
    """

    make: Callable[..., nn.Module]
    what: str
    source: str
    reference: str
    weights: Mapping[str, Callable[[Any], None]] = field(
        default_factory=dict
    )


def on_backbone(
    network: Callable[..., nn.Module],
    usual_backbone: str,
    usual_stride: int,
    **fixed: Any,
) -> Callable[..., nn.Module]:
    """What makes a network on a backbone that is chosen by its name.

    Args:
        network: called with a backbone and the number of classes.
        usual_backbone: its name, unless the maker is given ``backbone=``.
        usual_stride: unless the maker is given ``output_stride=``.
        fixed: options that the network always gets.

    >>> from seglab.models.fcn import SkipFCN
    >>> make = on_backbone(SkipFCN, "small", 32, skips=1)
    >>> make(2, in_channels=1).backbone.strides
    (2, 4, 8, 16, 32)
    """

    def make(
        num_classes: int,
        *,
        in_channels: int,
        backbone: str = usual_backbone,
        output_stride: int = usual_stride,
        **options: Any,
    ) -> nn.Module:
        body = build_backbone(
            backbone, in_channels=in_channels, output_stride=output_stride
        )
        return network(body, num_classes, **fixed, **options)

    return make


def with_encoder(
    network: Callable[..., nn.Module],
) -> Callable[..., nn.Module]:
    """What makes a network that brings its own encoder.

    Args:
        network: called with the channels and the number of classes.

    >>> from seglab.models.unet import UNet
    >>> with_encoder(UNet)(2, in_channels=1, widths=(4, 8)).in_channels
    1
    """

    def make(
        num_classes: int, *, in_channels: int, **options: Any
    ) -> nn.Module:
        return network(in_channels, num_classes, **options)

    return make


def of_size(
    network: Callable[..., nn.Module],
    backbone: Callable[..., Backbone],
    sizes: Mapping[str, Any],
    usual_size: str,
) -> Callable[..., nn.Module]:
    """What makes a network on its own backbone, of a size by its name.

    Args:
        network: called with a backbone and the number of classes.
        backbone: called with a size and ``in_channels=``.
        sizes: by their names.
        usual_size: unless the maker is given ``size=``.

    >>> from seglab.models.hrnet import HRNETS, HRNet, HRNetBackbone
    >>> make = of_size(HRNet, HRNetBackbone, HRNETS, "w18")
    >>> make(2, in_channels=1, size="mini").backbone.channels
    (8, 16, 32, 64)
    """

    def make(
        num_classes: int,
        *,
        in_channels: int,
        size: str = usual_size,
        **options: Any,
    ) -> nn.Module:
        if size not in sizes:
            raise ValueError(unknown("size", size, sizes))
        body = backbone(sizes[size], in_channels=in_channels)
        return network(body, num_classes, **options)

    return make


def make_segformer(
    num_classes: int, *, in_channels: int, size: str = "b0", **options: Any
) -> nn.Module:
    """A SegFormer of a published size, with the head that belongs to it.

    >>> make_segformer(2, in_channels=1, size="mini").backbone.channels
    (8, 16, 40, 64)
    """
    if size in HEAD_WIDTHS:
        options.setdefault("width", HEAD_WIDTHS[size])
    make = of_size(SegFormer, MixTransformer, MIX_TRANSFORMERS, size)
    return make(num_classes, in_channels=in_channels, **options)


def unknown(argument: str, given: str, known: Iterable[str]) -> str:
    """One sentence about a name that does not exist.

    >>> unknown("name", "unett", ["unet", "fcn"])
    "name must be one of unet, fcn, got 'unett'; did you mean 'unet'?"
    """
    near = difflib.get_close_matches(given.lower(), list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"{argument} must be one of {', '.join(known)}, got {given!r}{hint}"
    )
