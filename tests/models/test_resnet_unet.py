"""A U-Net on a backbone equals smp's, odd sizes included."""

import pytest
import torch
from network_cases import (
    largest_difference,
    outputs_on_peers_weights,
    share_of_loss_left,
    small_backbone,
)

from seglab.models.backbones import ResNetBackbone, TimmBackbone
from seglab.models.resnet_unet import FROM_SMP, ResNetUNet, UpTo


@pytest.mark.parametrize("size", [(64, 48), (65, 97)])
@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_equals_smp(name, size):
    smp = pytest.importorskip("segmentation_models_pytorch")
    theirs = smp.Unet(name, encoder_weights=None, classes=5)
    ours = ResNetUNet(ResNetBackbone(name), 5)
    outputs = outputs_on_peers_weights(ours, theirs, FROM_SMP, size)
    assert largest_difference(*outputs) < 1e-5


@pytest.mark.parametrize("size", [(1, 1), (33, 47)])
@pytest.mark.parametrize("output_stride", [8, 32])
def test_any_size_and_stride(output_stride, size):
    model = ResNetUNet(
        small_backbone(output_stride), 3, widths=(8, 8, 8, 4, 4)
    )
    x = torch.randn(1, 1, *size)
    assert model.eval()(x).shape == (1, 3, *size)


def test_backbones_with_fewer_maps():
    """ConvNeXt begins at stride 4; its last step enlarges fourfold."""
    pytest.importorskip("timm")
    backbone = TimmBackbone("convnext_atto", in_channels=1)
    model = ResNetUNet(backbone, 2, widths=(16, 8, 8, 4)).eval()
    assert model(torch.randn(1, 1, 64, 40)).shape == (1, 2, 64, 40)


def test_a_step_repeats_pixels_and_joins_the_skip_last():
    up = UpTo(2, 3, 4)
    joined = []
    up.convolve.register_forward_pre_hook(
        lambda _, inputs: joined.append(inputs[0])
    )
    x, skip = torch.randn(1, 2, 2, 2), torch.randn(1, 3, 4, 4)
    up(x, skip)
    assert torch.equal(joined[0][:, 2:], skip)
    assert torch.equal(joined[0][:, :2, ::2, ::2], x)
    assert torch.equal(joined[0][:, :2, 1::2, 1::2], x)


def test_logits_depend_on_the_image_only_through_the_backbone():
    model = ResNetUNet(small_backbone(32), 2, widths=(8, 8, 8, 4, 4)).eval()
    x = torch.randn(1, 1, 40, 40)
    maps = model.backbone(x)
    other = torch.randn_like(x)
    assert torch.equal(model.decode(maps, other), model(x))


@pytest.mark.parametrize(
    ("classes", "widths", "message"),
    [
        (2, (8, 8), "widths must be 5 positive channel counts .* got"),
        (2, (8, 8, 8, 8, 0), "widths must be 5 positive"),
        (0, (8, 8, 8, 8, 8), "num_classes must be 1 or more, got 0"),
    ],
)
def test_arguments_are_checked(classes, widths, message):
    with pytest.raises(ValueError, match=message):
        ResNetUNet(small_backbone(32), classes, widths=widths)


def test_images_are_checked():
    model = ResNetUNet(small_backbone(32), 2)
    with pytest.raises(ValueError, match=r"shape \[N, 1, H, W\]"):
        model(torch.zeros(1, 3, 32, 32))


def test_learns_eight_scenes():
    torch.manual_seed(0)
    model = ResNetUNet(
        small_backbone(16, maps=4), 3, widths=(32, 16, 16, 8)
    )
    assert share_of_loss_left(model, steps=80) < 0.1
