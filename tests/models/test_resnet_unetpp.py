"""A UNet++ on a backbone equals smp's, the whole network."""

import pytest
import torch
from network_cases import (
    largest_difference,
    outputs_on_peers_weights,
    randomise,
    share_of_loss_left,
    small_backbone,
)

from seglab.models.backbones import ResNetBackbone, TimmBackbone
from seglab.models.factory import build
from seglab.models.resnet_unet import ResNetUNet
from seglab.models.resnet_unetpp import FROM_SMP, ResNetUNetPlusPlus
from seglab.models.state_dicts import load_renamed

SMALL = (8, 8, 8, 4, 4)


@pytest.mark.parametrize(
    ("name", "size"), [("resnet18", (96, 160)), ("resnet50", (64, 32))]
)
def test_equals_smp(name, size):
    smp = pytest.importorskip("segmentation_models_pytorch")
    theirs = smp.UnetPlusPlus(name, encoder_weights=None, classes=5)
    ours = ResNetUNetPlusPlus(ResNetBackbone(name), 5)
    outputs = outputs_on_peers_weights(ours, theirs, FROM_SMP, size)
    assert largest_difference(*outputs) < 1e-5


def test_equals_smp_in_training():
    """Batch statistics, and the gradient that reaches the encoder."""
    smp = pytest.importorskip("segmentation_models_pytorch")
    torch.manual_seed(0)
    theirs = randomise(smp.UnetPlusPlus("resnet18", encoder_weights=None))
    ours = build("unetpp_resnet", 1, backbone="resnet18")
    load_renamed(ours, theirs.state_dict(), FROM_SMP)
    x = torch.randn(2, 3, 64, 64)
    outputs = [ours.train()(x), theirs.train()(x)]
    for logits in outputs:
        logits.square().mean().backward()
    assert largest_difference(*outputs) < 1e-5
    found, wanted = ours.backbone.conv1, theirs.encoder.conv1
    gap = (found.weight.grad - wanted.weight.grad).abs().max()
    assert gap < 1e-4 * wanted.weight.grad.abs().max()


def test_with_one_skip_connection_it_is_a_unet():
    torch.manual_seed(0)
    backbone = small_backbone(4, maps=2)
    nested = ResNetUNetPlusPlus(backbone, 3, widths=(6, 4)).eval()
    plain = ResNetUNet(backbone, 3, widths=(6, 4)).eval()
    rules = [(r"^nodes\.0_1\.", "decoder.0."), (r"^last\.", "decoder.1.")]
    load_renamed(plain, nested.state_dict(), rules)
    x = torch.randn(1, 1, 21, 18)
    assert torch.equal(nested(x), plain(x))


@pytest.mark.parametrize("size", [(1, 1), (33, 47)])
@pytest.mark.parametrize("output_stride", [8, 32])
def test_any_size_and_stride(output_stride, size):
    model = ResNetUNetPlusPlus(
        small_backbone(output_stride), 3, widths=SMALL
    )
    x = torch.randn(1, 1, *size)
    assert model.eval()(x).shape == (1, 3, *size)


def test_backbones_with_fewer_maps():
    pytest.importorskip("timm")
    backbone = TimmBackbone("convnext_atto", in_channels=1)
    model = ResNetUNetPlusPlus(backbone, 2, widths=(16, 8, 8, 4)).eval()
    assert model(torch.randn(1, 1, 64, 40)).shape == (1, 2, 64, 40)


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = ResNetUNetPlusPlus(small_backbone(16), 2, widths=SMALL)
    model(torch.randn(2, 1, 64, 64)).square().mean().backward()
    assert all(p.grad.any() for p in model.parameters())


@pytest.mark.parametrize(
    ("classes", "widths", "message"),
    [
        (2, (8, 8), "widths must be 5 positive channel counts .* got"),
        (2, (8, 8, 8, 8, 0), "widths must be 5 positive"),
        (0, SMALL, "num_classes must be 1 or more, got 0"),
    ],
)
def test_arguments_are_checked(classes, widths, message):
    with pytest.raises(ValueError, match=message):
        ResNetUNetPlusPlus(small_backbone(32), classes, widths=widths)


def test_images_are_checked():
    model = ResNetUNetPlusPlus(small_backbone(32), 2)
    with pytest.raises(ValueError, match=r"shape \[N, 1, H, W\]"):
        model(torch.zeros(1, 3, 32, 32))


def test_learns_eight_scenes():
    torch.manual_seed(0)
    backbone = small_backbone(16, maps=4)
    model = ResNetUNetPlusPlus(backbone, 3, widths=(32, 16, 16, 8))
    assert share_of_loss_left(model, steps=80) < 0.1
