"""Models by name: one table, and one function that builds from it."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import nn

from seglab.models import deeplab, fcn
from seglab.models.deeplab import DeepLabV3, DeepLabV3Plus
from seglab.models.fcn import FCN, SkipFCN
from seglab.models.hrnet import HRNETS, HRNet, HRNetBackbone
from seglab.models.makers import (
    ModelEntry,
    make_segformer,
    of_size,
    on_backbone,
    unknown,
    with_encoder,
)
from seglab.models.mask2former import Mask2Former
from seglab.models.mix_transformer import MIX_TRANSFORMERS, MixTransformer
from seglab.models.pretrained import load_imagenet, load_voc
from seglab.models.pretrained_hub import load_ade20k, load_hub_imagenet
from seglab.models.pspnet import PSPNet
from seglab.models.resnet_unet import ResNetUNet
from seglab.models.resnet_unetpp import ResNetUNetPlusPlus
from seglab.models.setr import SETR
from seglab.models.unet import UNet
from seglab.models.unetpp import UNetPlusPlus
from seglab.models.vision_transformer import (
    VISION_TRANSFORMERS,
    VisionTransformer,
)

IMAGENET = {"imagenet": load_imagenet}
HUB_IMAGENET = {"imagenet": load_hub_imagenet}
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
    "unetpp_resnet": ModelEntry(
        on_backbone(ResNetUNetPlusPlus, "resnet34", 32),
        "UNet++ with a ResNet as encoder",
        "Zhou et al. 2018; He et al. 2016",
        "smp UnetPlusPlus",
        IMAGENET,
    ),
    "hrnet": ModelEntry(
        of_size(HRNet, HRNetBackbone, HRNETS, "w18"),
        "parallel branches of four resolutions, fused again and again",
        "Wang et al. 2021",
        "timm hrnet_w18 (backbone)",
        HUB_IMAGENET,
    ),
    "setr": ModelEntry(
        of_size(SETR, VisionTransformer, VISION_TRANSFORMERS, "small"),
        "a plain vision transformer and a small head",
        "Zheng et al. 2021",
        "timm VisionTransformer (backbone)",
        HUB_IMAGENET,
    ),
    "segformer": ModelEntry(
        make_segformer,
        "a hierarchical transformer and a head of linear layers",
        "Xie et al. 2021",
        "transformers SegformerForSemanticSegmentation",
        HUB_IMAGENET | {"ade20k": load_ade20k},
    ),
    "mask2former": ModelEntry(
        of_size(Mask2Former, MixTransformer, MIX_TRANSFORMERS, "b0"),
        "queries that become masks with classes, on a feature pyramid",
        "Cheng et al. 2022",
        "transformers Mask2Former (decoder, loss), MaskFormer "
        "(pixel decoder)",
        HUB_IMAGENET,
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
        raise ValueError(unknown("name", name, MODELS))
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
            backbone of a published size, ``"voc"`` for the whole of
            ``"fcn"`` and ``"deeplabv3"``, ``"ade20k"`` for the whole of
            ``"segformer"``; without them the model is untrained.
        options: keyword arguments of the model's class; for a model on a
            backbone also ``backbone`` and ``output_stride``, as in
            :func:`build_backbone`.

    Raises:
        ValueError: an unknown name, or weights that do not exist for this
            model or do not fit it.
        TypeError: an option that the model does not have.
        ConnectionError: the weights cannot be downloaded; says so within
            a second or two.
        ImportError: a library that fetches them is not installed.
        RuntimeError: a weight file is not the one that was published.

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
