"""DeepLabV3 equals torchvision's and smp's, DeepLabV3+ equals smp's."""

import pytest
import torch
import torchvision
from network_cases import (
    dilated_as_in_smp,
    largest_difference,
    outputs_on_peers_weights,
    share_of_loss_left,
    small_backbone,
)

from seglab.models.backbones import Backbone, ResNetBackbone
from seglab.models.deeplab import (
    PLUS_FROM_SMP,
    V3_FROM_SMP,
    V3_FROM_TORCHVISION,
    DeepLabV3,
    DeepLabV3Plus,
)


@pytest.mark.parametrize("size", [(64, 48), (65, 97)])
def test_v3_equals_torchvision(size):
    """Both heads, with random weights, odd sizes included."""
    theirs = torchvision.models.segmentation.deeplabv3_resnet50(
        weights=None, weights_backbone=None, num_classes=5, aux_loss=True
    )
    ours = DeepLabV3(ResNetBackbone(output_stride=8), 5, auxiliary=True)
    found, wanted = outputs_on_peers_weights(
        ours, theirs, V3_FROM_TORCHVISION, size
    )
    assert largest_difference(found, wanted["out"]) < 1e-5
    x = torch.randn(1, 3, *size)
    with torch.no_grad():
        pair, wanted = ours.forward_with_auxiliary(x), theirs(x)
    assert largest_difference(pair[0], wanted["out"]) < 1e-5
    assert largest_difference(pair[1], wanted["aux"]) < 1e-5


@pytest.mark.parametrize("size", [(64, 48), (96, 96)])
@pytest.mark.parametrize(
    ("name", "output_stride"), [("resnet18", 8), ("resnet34", 16)]
)
def test_v3_equals_smp(name, output_stride, size):
    """With smp's rates in the backbone, rates in ASPP, and corners.

    smp takes only sizes that its output stride divides.
    """
    smp = pytest.importorskip("segmentation_models_pytorch")
    theirs = smp.DeepLabV3(
        name,
        encoder_weights=None,
        encoder_output_stride=output_stride,
        classes=5,
    )
    ours = DeepLabV3(
        dilated_as_in_smp(name, output_stride),
        5,
        rates=(12, 24, 36),
        align_corners=True,
    )
    outputs = outputs_on_peers_weights(ours, theirs, V3_FROM_SMP, size)
    assert largest_difference(*outputs) < 1e-5


@pytest.mark.parametrize("size", [(64, 48), (96, 96)])
@pytest.mark.parametrize(
    ("name", "output_stride"), [("resnet18", 8), ("resnet34", 16)]
)
def test_v3_plus_equals_smp(name, output_stride, size):
    smp = pytest.importorskip("segmentation_models_pytorch")
    theirs = smp.DeepLabV3Plus(
        name,
        encoder_weights=None,
        encoder_output_stride=output_stride,
        classes=5,
    )
    ours = DeepLabV3Plus(
        dilated_as_in_smp(name, output_stride), 5, rates=(12, 24, 36)
    )
    outputs = outputs_on_peers_weights(ours, theirs, PLUS_FROM_SMP, size)
    assert largest_difference(*outputs) < 1e-5


@pytest.mark.parametrize("network", [DeepLabV3, DeepLabV3Plus])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_rates_follow_the_output_stride(network, output_stride):
    model = network(small_backbone(output_stride), 2, channels=4)
    one = 96 // output_stride
    kernels = [
        layer.dilation[0]
        for layer in model.head.aspp.modules()
        if getattr(layer, "kernel_size", None) == (3, 3)
    ]
    assert kernels == [one, 2 * one, 3 * one]
    chosen = network(small_backbone(8), 2, channels=4, rates=(1, 5))
    assert len(chosen.head.aspp.branches) == 4


@pytest.mark.parametrize("size", [(1, 1), (33, 47)])
@pytest.mark.parametrize("network", [DeepLabV3, DeepLabV3Plus])
@pytest.mark.parametrize("output_stride", [4, 8, 16, 32])
def test_any_size_and_stride(network, output_stride, size):
    backbone = small_backbone(output_stride)
    model = network(backbone, 3, channels=8, auxiliary=True).eval()
    pair = model.forward_with_auxiliary(torch.randn(1, 1, *size))
    assert [logits.shape for logits in pair] == 2 * [(1, 3, *size)]


def test_v3_plus_takes_the_finer_map_from_stride_four():
    """The decoder reads it: another one there, another output."""
    torch.manual_seed(0)
    head = DeepLabV3Plus(small_backbone(16), 3, channels=8).head.eval()
    maps = small_backbone(16).eval()(torch.randn(1, 1, 64, 64))
    assert head(maps).shape[2:] == (16, 16)
    for level, used in enumerate([False, True, False, False, True]):
        other = list(maps)
        other[level] = torch.randn_like(maps[level])
        assert torch.equal(head(other), head(maps)) != used, level


def test_arguments_are_checked():
    coarse = Backbone(1, (4, 8), (8, 16))
    with pytest.raises(ValueError, match=r"map of stride 4, got .*\(8, 16"):
        DeepLabV3Plus(coarse, 2)
    for network in (DeepLabV3, DeepLabV3Plus):
        with pytest.raises(ValueError, match="num_classes must be 1 or"):
            network(small_backbone(8), 0)


@pytest.mark.parametrize(
    ("network", "output_stride"), [(DeepLabV3, 4), (DeepLabV3Plus, 8)]
)
def test_learns_eight_scenes(network, output_stride):
    torch.manual_seed(0)
    model = network(
        small_backbone(output_stride, maps=4),
        3,
        rates=(1, 2, 3),
        channels=32,
    )
    assert share_of_loss_left(model, steps=90) < 0.1
