"""Networks, each built from scratch and proved equal to a library's.

Names load when they are first used: some of them need torchvision, which
takes as long to import as PyTorch itself.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seglab.models.aspp import ASPP, SeparableASPP
    from seglab.models.attention import MultiHeadAttention
    from seglab.models.backbones import (
        Backbone,
        ResNetBackbone,
        TimmBackbone,
        dilate,
    )
    from seglab.models.complexity import count_multiply_adds
    from seglab.models.deeplab import DeepLabV3, DeepLabV3Plus
    from seglab.models.factory import build
    from seglab.models.fcn import FCN, SkipFCN
    from seglab.models.hrnet import HRNet, HRNetBackbone
    from seglab.models.makers import build_backbone
    from seglab.models.mask2former import Mask2Former
    from seglab.models.mix_transformer import MixTransformer
    from seglab.models.network import SegmentationNetwork
    from seglab.models.parameters import count_parameters
    from seglab.models.pspnet import PSPNet, PyramidPooling
    from seglab.models.resnet_unet import ResNetUNet
    from seglab.models.resnet_unetpp import ResNetUNetPlusPlus
    from seglab.models.segformer import SegFormer
    from seglab.models.set_loss import SetLoss
    from seglab.models.set_prediction import (
        semantic_scores,
        semantic_targets,
    )
    from seglab.models.setr import SETR
    from seglab.models.small_resnet import ResidualBlock, SmallResNet
    from seglab.models.state_dicts import load_renamed, rename_keys
    from seglab.models.table import available
    from seglab.models.unet import DoubleConv, Down, Encoder, UNet, Up
    from seglab.models.unetpp import UNetPlusPlus
    from seglab.models.vision_transformer import VisionTransformer

# where each name is defined
_HOMES = {
    "ASPP": "aspp",
    "Backbone": "backbones",
    "DeepLabV3": "deeplab",
    "DeepLabV3Plus": "deeplab",
    "DoubleConv": "unet",
    "Down": "unet",
    "Encoder": "unet",
    "FCN": "fcn",
    "HRNet": "hrnet",
    "HRNetBackbone": "hrnet",
    "Mask2Former": "mask2former",
    "MixTransformer": "mix_transformer",
    "MultiHeadAttention": "attention",
    "PSPNet": "pspnet",
    "PyramidPooling": "pspnet",
    "ResNetBackbone": "backbones",
    "ResNetUNet": "resnet_unet",
    "ResNetUNetPlusPlus": "resnet_unetpp",
    "ResidualBlock": "small_resnet",
    "SETR": "setr",
    "SegFormer": "segformer",
    "SegmentationNetwork": "network",
    "SeparableASPP": "aspp",
    "SetLoss": "set_loss",
    "SkipFCN": "fcn",
    "SmallResNet": "small_resnet",
    "TimmBackbone": "backbones",
    "UNet": "unet",
    "UNetPlusPlus": "unetpp",
    "Up": "unet",
    "VisionTransformer": "vision_transformer",
    "available": "table",
    "build": "factory",
    "build_backbone": "makers",
    "count_multiply_adds": "complexity",
    "count_parameters": "parameters",
    "dilate": "backbones",
    "load_renamed": "state_dicts",
    "rename_keys": "state_dicts",
    "semantic_scores": "set_prediction",
    "semantic_targets": "set_prediction",
}

__all__ = [
    "ASPP",
    "Backbone",
    "DeepLabV3",
    "DeepLabV3Plus",
    "DoubleConv",
    "Down",
    "Encoder",
    "FCN",
    "HRNet",
    "HRNetBackbone",
    "Mask2Former",
    "MixTransformer",
    "MultiHeadAttention",
    "PSPNet",
    "PyramidPooling",
    "ResNetBackbone",
    "ResNetUNet",
    "ResNetUNetPlusPlus",
    "ResidualBlock",
    "SETR",
    "SegFormer",
    "SegmentationNetwork",
    "SeparableASPP",
    "SetLoss",
    "SkipFCN",
    "SmallResNet",
    "TimmBackbone",
    "UNet",
    "UNetPlusPlus",
    "Up",
    "VisionTransformer",
    "available",
    "build",
    "build_backbone",
    "count_multiply_adds",
    "count_parameters",
    "dilate",
    "load_renamed",
    "rename_keys",
    "semantic_scores",
    "semantic_targets",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(
            f"module 'seglab.models' has no attribute {name!r}"
        )
    home = importlib.import_module(f"seglab.models.{_HOMES[name]}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
