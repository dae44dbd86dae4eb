import pytest
import torch
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList

from seglab.instances.maskrcnn.anchors import anchor_shapes, grid_anchors


@pytest.mark.parametrize("ratios", [(1.0,), (0.5, 1.0, 2.0)])
@pytest.mark.parametrize("sides", [(16,), (17, 32, 61)])
def test_shapes_are_torchvisions(sides, ratios):
    peer = AnchorGenerator((sides,), (ratios,)).cell_anchors[0]
    assert torch.equal(anchor_shapes(sides, ratios), peer)


@pytest.mark.parametrize("size", [(64, 64), (96, 32), (33, 70)])
def test_anchors_of_two_maps_are_torchvisions(size):
    maps = [torch.zeros(1, 1, s // 4, t // 4) for s, t in [size]]
    maps.append(torch.zeros(1, 1, size[0] // 8, size[1] // 8))
    sides, ratios = ((16, 20), (28, 40)), ((0.5, 1.0),) * 2
    images = ImageList(torch.zeros(1, 3, *size), [size])
    peer = AnchorGenerator(sides, ratios)(images, maps)[0]
    ours = [
        grid_anchors(
            anchor_shapes(s, (0.5, 1.0)),
            tuple(x.shape[-2:]),
            (size[0] // x.shape[-2], size[1] // x.shape[-1]),
        )
        for s, x in zip(sides, maps, strict=True)
    ]
    assert torch.equal(torch.cat(ours), peer)


def test_a_ratio_is_height_over_width_and_keeps_the_area():
    (left, top, right, bottom) = anchor_shapes([100], [4.0])[0].tolist()
    assert (right - left, bottom - top) == (50, 200)


def test_a_map_without_cells_has_no_anchors():
    assert grid_anchors(anchor_shapes([8]), (0, 3), (4, 4)).shape == (0, 4)


@pytest.mark.parametrize("sides", [[], [0], [-3, 4], [float("nan")]])
def test_a_side_is_above_zero(sides):
    with pytest.raises(ValueError, match="sides must be above 0"):
        anchor_shapes(sides)


def test_what_is_no_grid_is_refused():
    with pytest.raises(ValueError, match="ratios"):
        anchor_shapes([8], [0.0])
    with pytest.raises(ValueError, match="shapes must be"):
        grid_anchors(torch.zeros(4), (2, 2), (4, 4))
    with pytest.raises(ValueError, match="stride 1 or more"):
        grid_anchors(anchor_shapes([8]), (2, 2), (0, 4))
