import pytest
import torch
from torchvision.ops import FeaturePyramidNetwork

from seglab.instances.maskrcnn.pyramid import (
    FROM_TORCHVISION,
    FeaturePyramid,
)
from seglab.models import load_renamed


@pytest.mark.parametrize(
    "sizes", [[(16, 16), (8, 8), (4, 4)], [(9, 7), (5, 4)], [(3, 3)]]
)
def test_with_torchvisions_weights_it_is_torchvisions(sizes):
    torch.manual_seed(0)
    widths = [4, 6, 8][: len(sizes)]
    peer = FeaturePyramidNetwork(widths, 5)
    ours = FeaturePyramid(widths, 5)
    load_renamed(ours, peer.state_dict(), FROM_TORCHVISION)
    maps = [
        torch.randn(2, width, *size)
        for width, size in zip(widths, sizes, strict=True)
    ]
    named = {str(i): x for i, x in enumerate(maps)}
    for mine, other in zip(ours(maps), peer(named).values(), strict=True):
        assert torch.allclose(mine, other, atol=1e-5)


def test_the_finest_map_hears_of_the_coarsest():
    ours = FeaturePyramid((2, 2), 3)
    coarse = torch.zeros(1, 2, 4, 4, requires_grad=True)
    ours([torch.zeros(1, 2, 8, 8), coarse])[0].sum().backward()
    assert (coarse.grad != 0).all()


def test_as_many_maps_as_it_was_made_for():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        FeaturePyramid((2, 2), 3)([torch.zeros(1, 2, 8, 8)])


@pytest.mark.parametrize(
    "widths, channels", [((), 3), ((2, 0), 3), ((2,), 0)]
)
def test_channel_counts_are_positive(widths, channels):
    with pytest.raises(ValueError, match="1 or more"):
        FeaturePyramid(widths, channels)
