import pytest
import torch
from box_cases import random_boxes
from torchvision import ops

from seglab.instances.maskrcnn.roi_align import (
    roi_align,
    roi_pool,
    sample_bilinear,
)

FEATURES = torch.randn(
    2, 3, 13, 17, generator=torch.Generator().manual_seed(0)
)
BOXES = [random_boxes(6, 1, size=70), random_boxes(5, 2, size=90) - 25]


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("samples", [0, 1, 2, 3])
@pytest.mark.parametrize("side", [1, 5, 7])
def test_roi_align_is_torchvisions(side, samples, aligned):
    arguments = {"aligned": aligned}
    ours = roi_align(
        FEATURES, BOXES, side, scale=0.25, samples=samples, **arguments
    )
    peer = ops.roi_align(
        FEATURES, BOXES, side, 0.25, samples or -1, **arguments
    )
    assert torch.allclose(ours, peer, atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 0.25, 0.125])
@pytest.mark.parametrize("side", [1, 4, 7])
def test_roi_pool_is_torchvisions(side, scale):
    ours = roi_pool(FEATURES, BOXES, side, scale=scale)
    assert torch.equal(ours, ops.roi_pool(FEATURES, BOXES, side, scale))


@pytest.mark.parametrize("aligned", [True, False])
def test_boxes_that_are_tiny_or_far_outside(aligned):
    boxes = [
        torch.tensor(
            [
                [3.0, 3.0, 3.2, 3.1],
                [-400.0, -400.0, -300.0, -300.0],
                [60.0, 40.0, 900.0, 900.0],
                [5.0, 5.0, 5.0, 5.0],
            ]
        ),
        torch.zeros(0, 4),
    ]
    ours = roi_align(FEATURES, boxes, 3, scale=0.25, aligned=aligned)
    peer = ops.roi_align(FEATURES, boxes, 3, 0.25, -1, aligned)
    assert torch.allclose(ours, peer, atol=1e-5)


def test_aligned_reads_a_ramp_where_it_is():
    """Cell j of stride 4 has its centre at image point 4 j + 2."""
    ramp = (4 * torch.arange(16.0) + 2).expand(1, 1, 16, 16)
    boxes = [torch.tensor([[10.0, 10.0, 30.0, 30.0]])]
    right = roi_align(ramp, boxes, 5, scale=0.25, samples=2)
    assert torch.allclose(
        right[0, 0, 0], torch.tensor([12.0, 16, 20, 24, 28])
    )
    late = roi_align(ramp, boxes, 5, scale=0.25, samples=2, aligned=False)
    assert torch.allclose(late, right + 2)


def test_a_gradient_reaches_all_four_neighbours():
    feature = torch.zeros(1, 4, 4, requires_grad=True)
    at = torch.tensor([1.25]), torch.tensor([2.5])
    sample_bilinear(feature, *at).sum().backward()
    wanted = torch.zeros(4, 4)
    wanted[1, 2:4], wanted[2, 2:4] = 0.375, 0.125
    assert torch.allclose(feature.grad[0], wanted)


def test_one_pixel_and_the_far_outside():
    feature = torch.full((2, 1, 1), 5.0)
    y = torch.tensor([0.0, -0.9, 1.0, -1.1])
    found = sample_bilinear(feature, y, torch.zeros(4))
    assert found[0].tolist() == [5, 5, 5, 0]


@pytest.mark.parametrize("cut", [roi_align, roi_pool])
def test_no_boxes_and_no_images(cut):
    assert cut(FEATURES, [torch.zeros(0, 4)] * 2, 7).shape == (0, 3, 7, 7)
    assert cut(FEATURES[:0], [], 7).shape == (0, 3, 7, 7)


@pytest.mark.parametrize("cut", [roi_align, roi_pool])
def test_what_does_not_fit_is_refused(cut):
    with pytest.raises(ValueError, match="features must be"):
        cut(FEATURES[0], BOXES, 7)
    with pytest.raises(ValueError, match="boxes must be a list of 2"):
        cut(FEATURES, BOXES[:1], 7)
    with pytest.raises(ValueError, match="output_size"):
        cut(FEATURES, BOXES, 0)
    with pytest.raises(ValueError, match="scale above 0"):
        cut(FEATURES, BOXES, 7, scale=0)


def test_points_and_samples_that_do_not_fit():
    with pytest.raises(ValueError, match="x \\[P\\]"):
        sample_bilinear(FEATURES[0], torch.zeros(2), torch.zeros(3))
    with pytest.raises(ValueError, match="samples"):
        roi_align(FEATURES, BOXES, 7, samples=-1)
