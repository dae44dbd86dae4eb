"""Models by name: one table, and one function that builds from it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from torch import nn

from seglab.models import deeplab, fcn
from seglab.models.backbones import (
    RESNETS,
    Backbone,
    ResNetBackbone,
    TimmBackbone,
)
from seglab.models.deeplab import DeepLabV3, DeepLabV3Plus
from seglab.models.fcn import FCN, SkipFCN
from seglab.models.pretrained import load_imagenet, load_voc
from seglab.models.pspnet import PSPNet
from seglab.models.resnet_unet import ResNetUNet
from seglab.models.small_resnet import SmallResNet
from seglab.models.unet import UNet
from seglab.models.unetpp import UNetPlusPlus

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
        raise ValueError(_unknown("backbone", name, known))
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

    >>> with_encoder(UNet)(2, in_channels=1, widths=(4, 8)).in_channels
    1
    """

    def make(
        num_classes: int, *, in_channels: int, **options: Any
    ) -> nn.Module:
        return network(in_channels, num_classes, **options)

    return make


IMAGENET = {"imagenet": load_imagenet}
SKIPS = "scores of {} depths summed, on an undilated backbone"
MODELS: dict[str, ModelEntry] = {
    "fcn": ModelEntry(
        on_backbone(FCN, "resnet50", 8),
        "one small head on a dilated backbone",
        "Long et al. 2015",
        "torchvision fcn_resnet50",
        IMAGENET
        | {
            "voc": partial(
                load_voc, family="fcn", rules=fcn.FROM_TORCHVISION
            )
        },
    ),
    "fcn32s": ModelEntry(
        on_backbone(SkipFCN, "resnet50", 32, skips=0),
        "scores of the last map alone, on an undilated backbone",
        "Long et al. 2015",
        "",
        IMAGENET,
    ),
    "fcn16s": ModelEntry(
        on_backbone(SkipFCN, "resnet50", 32, skips=1),
        SKIPS.format("two"),
        "Long et al. 2015",
        "",
        IMAGENET,
    ),
    "fcn8s": ModelEntry(
        on_backbone(SkipFCN, "resnet50", 32, skips=2),
        SKIPS.format("three"),
        "Long et al. 2015",
        "",
        IMAGENET,
    ),
    "deeplabv3": ModelEntry(
        on_backbone(DeepLabV3, "resnet50", 8),
        "ASPP on a dilated backbone",
        "Chen et al. 2017",
        "torchvision deeplabv3_resnet50; smp DeepLabV3",
        IMAGENET
        | {
            "voc": partial(
                load_voc,
                family="deeplabv3",
                rules=deeplab.V3_FROM_TORCHVISION,
            )
        },
    ),
    "deeplabv3plus": ModelEntry(
        on_backbone(DeepLabV3Plus, "resnet50", 16),
        "separable ASPP, and a decoder that joins a finer map",
        "Chen et al. 2018",
        "smp DeepLabV3Plus",
        IMAGENET,
    ),
    "pspnet": ModelEntry(
        on_backbone(PSPNet, "resnet50", 8),
        "averages over four grids on a dilated backbone",
        "Zhao et al. 2017",
        "smp PSPNet",
        IMAGENET,
    ),
    "unet": ModelEntry(
        with_encoder(UNet),
        "encoder, decoder, and skip connections",
        "Ronneberger et al. 2015",
        "MONAI BasicUNet",
    ),
    "unetpp": ModelEntry(
        with_encoder(UNetPlusPlus),
        "U-Net with nested decoders",
        "Zhou et al. 2018",
        "MONAI BasicUNetPlusPlus",
    ),
    "unet_resnet": ModelEntry(
        on_backbone(ResNetUNet, "resnet34", 32),
        "U-Net with a ResNet as encoder",
        "Ronneberger et al. 2015; He et al. 2016",
        "smp Unet",
        IMAGENET,
    ),
}


def find_entry(name: str) -> ModelEntry:
    """What the table knows of the model of this name.

    Raises:
        ValueError: there is none; the message lists the names.

    >>> find_entry("pspnet").source
    'Zhao et al. 2017'
    """
    if name not in MODELS:
        raise ValueError(_unknown("name", name, MODELS))
    return MODELS[name]


def build(
    name: str,
    num_classes: int,
    *,
    in_channels: int = 3,
    weights: str | None = None,
    **options: Any,
) -> nn.Module:
    """A model by its name.

    Shapes: images [N, in_channels, H, W] to logits [N, num_classes, H, W].

    Args:
        name: a key of ``MODELS``.
        num_classes: how many logits a pixel gets.
        in_channels: 1 for grey images, 3 for colour.
        weights: official ones, downloaded once: ``"imagenet"`` for a
            ResNet backbone, ``"voc"`` for the whole of ``"fcn"`` and
            ``"deeplabv3"``; without them the model is untrained.
        options: keyword arguments of the model's class; for a model on a
            backbone also ``backbone`` and ``output_stride``, as in
            :func:`build_backbone`.

    Raises:
        ValueError: an unknown name, or weights that do not exist for this
            model or do not fit it.
        TypeError: an option that the model does not have.
        ConnectionError: the weights cannot be downloaded.

    >>> model = build("pspnet", 4, in_channels=1, backbone="small")
    >>> type(model).__name__, model.backbone.output_stride
    ('PSPNet', 8)
    """
    entry = find_entry(name)
    if weights is not None and weights not in entry.weights:
        known = " or ".join(map(repr, entry.weights)) or "none"
        raise ValueError(
            f"weights for {name!r} are {known}, got {weights!r}"
        )
    model = entry.make(num_classes, in_channels=in_channels, **options)
    if weights is not None:
        entry.weights[weights](model)
    return model


def _unknown(argument: str, given: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(given.lower(), list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        f"{argument} must be one of {', '.join(known)}, got {given!r}{hint}"
    )
