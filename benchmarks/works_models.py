"""What is measured of the networks: training steps beside libraries'.

Both networks get the same weights and no dropout, so that the outputs in
train mode, batch statistics and all, must agree.
"""

from __future__ import annotations

import segmentation_models_pytorch as smp
import torch
import torchvision.models.segmentation as tv
from torch import Tensor, nn

from harness import Work
from seglab.models import deeplab, fcn, pspnet, resnet_unet
from seglab.models.backbones import ResNetBackbone, dilate
from seglab.models.state_dicts import Rules, load_renamed

CLASSES = 21


def step(net: nn.Module, images: Tensor) -> Tensor:
    """The logits of a training step without its optimiser."""
    net.zero_grad()
    logits = net(images)
    if isinstance(logits, dict):
        logits = logits["out"]
    logits.square().mean().backward()
    return logits.detach()


def agreement(ours: Tensor, peer: Tensor) -> str:
    """The largest difference of the logits, relative to the largest."""
    gap = ((ours - peer).abs().max() / peer.abs().max()).item()
    return f"logits differ by at most {gap:.0e} of the largest"


def work(
    name: str,
    ours: nn.Module,
    peer: tuple[str, nn.Module],
    rules: Rules,
    shape: tuple[int, int, int, int],
) -> Work:
    """A network of ours beside the library's whose weights it takes."""
    peer_name, theirs = peer
    load_renamed(ours, theirs.state_dict(), rules)
    for layer in [*ours.modules(), *theirs.modules()]:
        if isinstance(layer, nn.Dropout | nn.Dropout2d):
            layer.p = 0.0
    torch.manual_seed(0)
    images = torch.randn(shape)
    size = " x ".join(map(str, shape))
    return Work(
        id=name,
        work=f"{type(ours).__name__} on {ours.backbone.name}, forward "
        f"and backward, {size}",
        ours=lambda: step(ours, images),
        peers={peer_name: lambda: step(theirs, images)},
        compare=agreement,
    )


def dilated(name: str, output_stride: int) -> ResNetBackbone:
    """A ResNet with smp's rates, the new one for the whole stage."""
    backbone = ResNetBackbone(name, output_stride=output_stride)
    for stage, stride in ((backbone.layer3, 16), (backbone.layer4, 32)):
        if stride > output_stride:
            rate = stride // output_stride
            dilate(stage, rate, rate)
    return backbone


def model_fcn() -> Work:
    """FCN of output stride 8."""
    theirs = tv.fcn_resnet50(
        weights=None, weights_backbone=None, num_classes=CLASSES
    )
    return work(
        "model_fcn",
        fcn.FCN(ResNetBackbone("resnet50", output_stride=8), CLASSES),
        ("torchvision", theirs),
        fcn.FROM_TORCHVISION,
        (2, 3, 96, 96),
    )


def model_deeplabv3() -> Work:
    """DeepLabV3 of output stride 8."""
    theirs = tv.deeplabv3_resnet50(
        weights=None, weights_backbone=None, num_classes=CLASSES
    )
    backbone = ResNetBackbone("resnet50", output_stride=8)
    return work(
        "model_deeplabv3",
        deeplab.DeepLabV3(backbone, CLASSES),
        ("torchvision", theirs),
        deeplab.V3_FROM_TORCHVISION,
        (2, 3, 96, 96),
    )


def model_deeplabv3plus() -> Work:
    """DeepLabV3+ of output stride 16."""
    theirs = smp.DeepLabV3Plus(
        "resnet18", encoder_weights=None, classes=CLASSES
    )
    ours = deeplab.DeepLabV3Plus(
        dilated("resnet18", 16), CLASSES, rates=(12, 24, 36)
    )
    return work(
        "model_deeplabv3plus",
        ours,
        ("smp", theirs),
        deeplab.PLUS_FROM_SMP,
        (4, 3, 128, 128),
    )


def model_pspnet() -> Work:
    """PSPNet of output stride 8."""
    theirs = smp.PSPNet(
        "resnet18",
        encoder_weights=None,
        encoder_depth=5,
        output_stride=8,
        classes=CLASSES,
    )
    return work(
        "model_pspnet",
        pspnet.PSPNet(dilated("resnet18", 8), CLASSES),
        ("smp", theirs),
        pspnet.FROM_SMP,
        (2, 3, 128, 128),
    )


def model_unet_resnet() -> Work:
    """U-Net on a ResNet."""
    theirs = smp.Unet("resnet18", encoder_weights=None, classes=CLASSES)
    return work(
        "model_unet_resnet",
        resnet_unet.ResNetUNet(ResNetBackbone("resnet18"), CLASSES),
        ("smp", theirs),
        resnet_unet.FROM_SMP,
        (4, 3, 128, 128),
    )
