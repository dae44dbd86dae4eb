"""The small backbone: torchvision's block, any widths, any size."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import randomise
from torch import nn
from torchvision.models.resnet import BasicBlock

from seglab.models.small_resnet import ResidualBlock, SmallResNet
from seglab.models.state_dicts import load_renamed

FROM_TORCHVISION = [
    (r"^conv1\.", "convolve.0."),
    (r"^bn1\.", "convolve.1."),
    (r"^conv2\.", "finish.0."),
    (r"^bn2\.", "finish.1."),
    (r"^downsample\.", "shortcut."),
]


@pytest.mark.parametrize(
    ("channels", "stride"), [((4, 4), 1), ((4, 6), 2), ((4, 6), 1)]
)
def test_block_equals_torchvision(channels, stride):
    before, after = channels
    shortcut = None
    if stride == 2 or before != after:
        shortcut = nn.Sequential(
            nn.Conv2d(before, after, 1, stride, bias=False),
            nn.BatchNorm2d(after),
        )
    theirs = randomise(BasicBlock(before, after, stride, shortcut))
    ours = ResidualBlock(before, after, stride=stride)
    load_renamed(ours, theirs.state_dict(), FROM_TORCHVISION)
    x = torch.randn(2, before, 9, 7)
    for mode in (True, False):
        found, wanted = ours.train(mode)(x), theirs.train(mode)(x)
        assert torch.allclose(found, wanted, atol=1e-5)


@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=6),
    st.sampled_from([4, 8, 16, 32]),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_maps_are_as_said_property(widths, output_stride, height, width):
    backbone = SmallResNet(2, widths, output_stride=output_stride).eval()
    maps = backbone(torch.randn(1, 2, height, width))
    assert [x.shape[1] for x in maps] == widths
    assert max(backbone.strides) <= output_stride
    for x, stride in zip(maps, backbone.strides, strict=True):
        assert x.shape[2:] == (-(-height // stride), -(-width // stride))


def test_the_image_is_not_changed():
    """Activations work in place, but not on what came in."""
    x = torch.randn(1, 8, 6, 6)
    kept = x.clone()
    ResidualBlock(8, 8)(x)
    assert torch.equal(x, kept)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"widths": (8,)}, r"widths must be two or more .* got \(8,\)"),
        ({"widths": (8, 0)}, "widths must be two or more"),
        ({"in_channels": 0}, "in_channels must be 1 or more, got 0"),
        ({"output_stride": 64}, "output_stride must be one of"),
    ],
)
def test_arguments_are_checked(change, message):
    with pytest.raises(ValueError, match=message):
        SmallResNet(**change)
