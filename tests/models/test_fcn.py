"""FCN equals torchvision's; the paper's skips do what the paper says."""

import pytest
import torch
import torchvision
from network_cases import (
    largest_difference,
    outputs_on_peers_weights,
    randomise,
    share_of_loss_left,
    small_backbone,
)
from torch import nn
from torch.nn import functional as F

from seglab.models.backbones import ResNetBackbone
from seglab.models.fcn import (
    FCN,
    FROM_TORCHVISION,
    FCNHead,
    SkipFCN,
    SkipHead,
)


@pytest.mark.parametrize("size", [(64, 48), (65, 97)])
def test_equals_torchvision(size):
    """Both heads, with random weights, odd sizes included."""
    theirs = torchvision.models.segmentation.fcn_resnet50(
        weights=None, weights_backbone=None, num_classes=5, aux_loss=True
    )
    ours = FCN(ResNetBackbone(output_stride=8), 5, auxiliary=True)
    found, wanted = outputs_on_peers_weights(
        ours, theirs, FROM_TORCHVISION, size
    )
    assert largest_difference(found, wanted["out"]) < 1e-5
    x = torch.randn(1, 3, *size)
    with torch.no_grad():
        pair, wanted = ours.forward_with_auxiliary(x), theirs(x)
    assert largest_difference(pair[0], wanted["out"]) < 1e-5
    assert largest_difference(pair[1], wanted["aux"]) < 1e-5


def enlarge_by_transposed_convolution(x, factor):
    """The paper's way: a bilinear kernel, as Caffe fills it."""
    size = 2 * factor - factor % 2
    ramp = 1 - (torch.arange(size) - (size - 1) / 2).abs() / factor
    kernel = torch.outer(ramp, ramp).expand(x.shape[1], 1, size, size)
    return F.conv_transpose2d(
        x, kernel, stride=factor, padding=factor // 2, groups=x.shape[1]
    )


@pytest.mark.parametrize("skips", [0, 1, 2])
def test_skips_are_those_of_the_paper(skips):
    """Recomputed with transposed convolutions, away from the border.

    No library has this network on a ResNet. At the border the paper's
    layers fade to zero, and interpolation repeats the last score.
    """
    torch.manual_seed(0)
    model = SkipFCN(small_backbone(32), 3, skips=skips).eval()
    randomise(model)
    for score in model.head.scores:
        nn.init.normal_(score.weight)
    x = torch.randn(1, 1, 192, 256)
    with torch.no_grad():
        *finer, total = (
            score(feature)
            for score, feature in zip(
                model.head.scores,
                model.backbone(x)[-1 - skips :],
                strict=True,
            )
        )
        for scores in reversed(finer):
            total = scores + enlarge_by_transposed_convolution(total, 2)
        stride = 32 // 2**skips
        wanted = enlarge_by_transposed_convolution(total, stride)
        found = model(x)
    inside = (..., slice(64, -64), slice(64, -64))
    assert largest_difference(found[inside], wanted[inside]) < 1e-5


def test_training_begins_with_the_coarse_network():
    head = SkipHead((4, 6, 8), 3)
    maps = [torch.randn(1, c, s, s) for c, s in ((4, 8), (6, 4), (8, 2))]
    other = [torch.randn_like(x) for x in maps[:2]]
    assert torch.equal(head(maps), head([*other, maps[2]]))
    head(maps).square().sum().backward()
    assert all(score.weight.grad.any() for score in head.scores)


@pytest.mark.parametrize("size", [(1, 1), (33, 47), (70, 40)])
@pytest.mark.parametrize("skips", [0, 1, 2])
def test_any_size(skips, size):
    model = SkipFCN(small_backbone(32), 3, skips=skips).eval()
    assert model(torch.randn(1, 1, *size)).shape == (1, 3, *size)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="skips must be 0, 1 or 2, got 3"):
        SkipFCN(small_backbone(32), 2, skips=3)
    with pytest.raises(ValueError, match=r"strides 8, 16 and 32, got \(2"):
        SkipFCN(small_backbone(8), 2)
    for network in (FCN, SkipFCN):
        with pytest.raises(ValueError, match="num_classes must be 1 or"):
            network(small_backbone(32), 0)


def test_head_has_a_quarter_of_the_channels():
    head = FCNHead(20, 3)
    assert head.reduce[0].out_channels == 5
    assert head([torch.randn(1, 20, 3, 4)]).shape == (1, 3, 3, 4)


def test_fcn_learns_eight_scenes():
    torch.manual_seed(0)
    model = FCN(small_backbone(4, maps=4), 3, auxiliary=True)
    assert share_of_loss_left(model) < 0.1


@pytest.mark.parametrize("skips", [0, 1, 2])
def test_skips_learn_what_their_finest_map_can_see(skips):
    """Images of blocks as large as the stride: 32, 16 and 8 px."""
    torch.manual_seed(0)
    stride = 32 // 2**skips
    blocks = torch.randint(0, 3, (8, 2**skips, 2**skips))
    masks = blocks.repeat_interleave(stride, 1).repeat_interleave(stride, 2)
    images = masks[:, None] / 3 + 0.1 * torch.randn(8, 1, 32, 32)
    model = SkipFCN(small_backbone(32), 3, skips=skips)
    left = share_of_loss_left(model, steps=60, scenes=(images, masks))
    assert left < 0.1
