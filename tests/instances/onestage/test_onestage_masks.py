"""Masks mixed, cut, enlarged and shrunk."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from seglab.instances.onestage.masks import (
    assemble_masks,
    enlarge_masks,
    inside_boxes,
    shrink_masks,
)


def test_a_mask_is_a_weighted_sum():
    torch.manual_seed(0)
    prototypes, coefficients = torch.rand(3, 4, 5), torch.randn(2, 3)
    found = assemble_masks(prototypes, coefficients)
    for m in range(2):
        wanted = sum(coefficients[m, k] * prototypes[k] for k in range(3))
        assert torch.allclose(found[m], wanted, atol=1e-6)


def test_it_is_a_convolution_whose_kernel_was_written_by_a_cell():
    torch.manual_seed(0)
    features, kernels = torch.randn(6, 4, 5), torch.randn(3, 6)
    wanted = F.conv2d(features[None], kernels[:, :, None, None])[0]
    found = assemble_masks(features, kernels)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_no_object_no_mask():
    none = assemble_masks(torch.rand(3, 4, 5), torch.zeros(0, 3))
    assert none.shape == (0, 4, 5)
    assert enlarge_masks(none, (8, 9)).shape == (0, 8, 9)
    assert shrink_masks(none > 0, (2, 2)).shape == (0, 2, 2)
    assert inside_boxes(torch.zeros(0, 4), (3, 2)).shape == (0, 3, 2)


@pytest.mark.parametrize(
    ("prototypes", "coefficients", "message"),
    [
        ((3, 4), (2, 3), "prototypes must be"),
        ((3, 4, 4), (3,), "coefficients"),
        ((3, 4, 4), (2, 5), "one column for each of the 3"),
    ],
)
def test_shapes_must_fit(prototypes, coefficients, message):
    with pytest.raises(ValueError, match=message):
        assemble_masks(torch.zeros(prototypes), torch.zeros(coefficients))


@given(
    st.lists(st.integers(-3, 12), min_size=4, max_size=4),
    st.integers(1, 7),
    st.integers(1, 9),
)
def test_whole_boxes_hold_their_pixels(corners, height, width):
    left, top, right, bottom = corners
    found = inside_boxes(torch.tensor([corners]).float(), (height, width))
    wanted = torch.zeros(height, width, dtype=torch.bool)
    wanted[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = (
        True
    )
    assert torch.equal(found[0], wanted)


def test_a_pixel_is_in_if_its_centre_is():
    box = torch.tensor([[0.4, 0.6, 2.5, 2.6]])
    found = inside_boxes(box, (3, 3))[0]
    wanted = [[0, 0, 0], [1, 1, 0], [1, 1, 0]]
    assert found.int().tolist() == wanted


def test_boxes_have_four_numbers():
    with pytest.raises(ValueError, match="boxes must be"):
        inside_boxes(torch.zeros(4), (3, 3))


def test_enlarging_compares_afterwards():
    # 0.5 of a chance lies between a sure pixel and an unsure one, nearer
    # to the unsure one; enlarged decisions would put it in the middle
    logits = torch.tensor([[[-1.0, 3.0]]])
    found = enlarge_masks(logits, (1, 8))
    assert found.sum() == 5
    assert found.dtype == torch.bool


def test_shrinking_keeps_the_area():
    torch.manual_seed(0)
    masks = torch.rand(2, 8, 12) > 0.6
    small = shrink_masks(masks, (4, 4))
    area = small.sum((1, 2)) * (8 * 12) / (4 * 4)
    assert torch.allclose(area, masks.sum((1, 2)).float())
