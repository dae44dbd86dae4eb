"""PSPNet equals smp's, with a whole backbone and with smp's short one."""

import pytest
import torch
from network_cases import (
    dilated_as_in_smp,
    largest_difference,
    outputs_on_peers_weights,
    share_of_loss_left,
    small_backbone,
)

from seglab.models.backbones import ResNetBackbone
from seglab.models.pspnet import FROM_SMP, PSPNet, PyramidPooling


class FirstThreeMaps(ResNetBackbone):
    """smp's default: what follows the third map has weights but no use."""

    def __init__(self, name):
        super().__init__(name)
        self.channels = self.channels[:3]
        self.strides = self.strides[:3]

    def forward(self, x):
        return super().forward(x)[:3]


@pytest.mark.parametrize("size", [(64, 48), (96, 96)])
@pytest.mark.parametrize("name", ["resnet18", "resnet34"])
def test_equals_smp_on_a_dilated_backbone(name, size):
    smp = pytest.importorskip("segmentation_models_pytorch")
    theirs = smp.PSPNet(
        name,
        encoder_weights=None,
        encoder_depth=5,
        output_stride=8,
        classes=5,
    )
    ours = PSPNet(dilated_as_in_smp(name, 8), 5)
    outputs = outputs_on_peers_weights(ours, theirs, FROM_SMP, size)
    assert largest_difference(*outputs) < 1e-5


@pytest.mark.parametrize("size", [(64, 48), (96, 96)])
def test_equals_smp_as_it_comes(size):
    smp = pytest.importorskip("segmentation_models_pytorch")
    theirs = smp.PSPNet("resnet18", encoder_weights=None, classes=5)
    ours = PSPNet(FirstThreeMaps("resnet18"), 5)
    outputs = outputs_on_peers_weights(ours, theirs, FROM_SMP, size)
    assert largest_difference(*outputs) < 1e-5


@pytest.mark.parametrize("size", [(1, 1), (33, 47)])
def test_any_size(size):
    model = PSPNet(small_backbone(8), 3, channels=8, auxiliary=True)
    pair = model.eval().forward_with_auxiliary(torch.randn(1, 1, *size))
    assert [logits.shape for logits in pair] == 2 * [(1, 3, *size)]


def test_pyramid_keeps_the_map_and_adds_as_many_channels():
    pyramid = PyramidPooling(12, (1, 2, 5))
    x = torch.randn(2, 12, 6, 7)
    found = pyramid(x)
    assert found.shape == (2, 24, 6, 7)
    assert pyramid.out_channels == 24
    assert torch.equal(found[:, 12:], x)
    assert PyramidPooling(10).out_channels == 18


def test_a_single_image_can_be_trained_on():
    """The grid of one cell has no batch norm, for this reason."""
    model = PSPNet(small_backbone(8), 3, channels=8)
    model(torch.randn(1, 1, 32, 32)).square().mean().backward()


def test_arguments_are_checked():
    for bins in ((), (1, 2, 3)):
        with pytest.raises(ValueError, match="bins must be 1 to 2 grid"):
            PyramidPooling(2, bins)
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        PSPNet(small_backbone(8), 0)


def test_learns_eight_scenes():
    torch.manual_seed(0)
    model = PSPNet(
        small_backbone(4, maps=4), 3, channels=32, auxiliary=True
    )
    assert share_of_loss_left(model) < 0.1
