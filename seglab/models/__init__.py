"""Networks, each built from scratch and proved equal to a library's."""

from seglab.models.aspp import ASPP, SeparableASPP
from seglab.models.backbones import (
    Backbone,
    ResNetBackbone,
    TimmBackbone,
    dilate,
)
from seglab.models.build import build, build_backbone
from seglab.models.complexity import count_multiply_adds
from seglab.models.deeplab import DeepLabV3, DeepLabV3Plus
from seglab.models.fcn import FCN, SkipFCN
from seglab.models.network import SegmentationNetwork
from seglab.models.parameters import count_parameters
from seglab.models.pspnet import PSPNet, PyramidPooling
from seglab.models.resnet_unet import ResNetUNet
from seglab.models.small_resnet import ResidualBlock, SmallResNet
from seglab.models.state_dicts import load_renamed, rename_keys
from seglab.models.table import available
from seglab.models.unet import DoubleConv, Down, Encoder, UNet, Up
from seglab.models.unetpp import UNetPlusPlus

__all__ = [
    "ASPP",
    "Backbone",
    "DeepLabV3",
    "DeepLabV3Plus",
    "DoubleConv",
    "Down",
    "Encoder",
    "FCN",
    "PSPNet",
    "PyramidPooling",
    "ResNetBackbone",
    "ResNetUNet",
    "ResidualBlock",
    "SegmentationNetwork",
    "SeparableASPP",
    "SkipFCN",
    "SmallResNet",
    "TimmBackbone",
    "UNet",
    "UNetPlusPlus",
    "Up",
    "available",
    "build",
    "build_backbone",
    "count_multiply_adds",
    "count_parameters",
    "dilate",
    "load_renamed",
    "rename_keys",
]
