"""Shared layers do what slow, obvious versions do."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from seglab.models.layers import (
    ConvNormReLU,
    PooledBranch,
    SeparableConv,
    SeparableConvNormReLU,
    resize,
)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("kernel_size", "rate"), [(1, 1), (3, 1), (3, 4)])
def test_sizes(kernel_size, rate, stride):
    layer = ConvNormReLU(2, 5, kernel_size, rate=rate, stride=stride)
    found = layer(torch.randn(2, 2, 9, 6)).shape
    assert found == (2, 5, -(-9 // stride), -(-6 // stride))
    assert layer[0].bias is None


def test_an_atrous_kernel_is_a_large_one_with_holes():
    layer = ConvNormReLU(2, 3, 3, rate=3)
    large = torch.zeros(3, 2, 7, 7)
    large[..., ::3, ::3] = layer[0].weight.detach()
    x = torch.randn(1, 2, 10, 9)
    wanted = F.conv2d(x, large, padding=3)
    assert torch.allclose(layer[0](x), wanted, atol=1e-5)


def test_a_separable_convolution_is_a_product_of_two():
    layer = SeparableConv(3, 4, rate=2)
    space, across = (part.weight.detach() for part in layer)
    full = across * space[:, 0]
    x = torch.randn(2, 3, 8, 7)
    wanted = F.conv2d(x, full, padding=2, dilation=2)
    assert torch.allclose(layer(x), wanted, atol=1e-5)
    assert SeparableConvNormReLU(3, 4, rate=2)(x).shape == wanted.shape


def slow_means(x, bins):
    """Cell by cell; edges are rounded outward, as adaptive pooling does."""
    height, width = x.shape
    found = np.empty((bins, bins))
    for i in range(bins):
        for j in range(bins):
            rows = slice(i * height // bins, -(-(i + 1) * height // bins))
            columns = slice(j * width // bins, -(-(j + 1) * width // bins))
            found[i, j] = x[rows, columns].mean()
    return found


def slow_resize(x, size):
    """Interpolate rows, then columns; the corners keep their places."""
    for axis, wanted in enumerate(size):
        have = x.shape[axis]
        places = np.linspace(0, have - 1, wanted)
        x = np.apply_along_axis(
            lambda line, at=places: np.interp(
                at, np.arange(len(line)), line
            ),
            axis,
            x,
        )
    return x


@given(
    st.sampled_from([1, 2, 3, 6]), st.integers(2, 12), st.integers(2, 12)
)
def test_pooled_branch_property(bins, height, width):
    x = torch.randn(1, 1, height, width)
    found = PooledBranch(bins, nn.Identity())(x)[0, 0].numpy()
    wanted = slow_resize(slow_means(x[0, 0].numpy(), bins), (height, width))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_one_bin_tells_every_pixel_the_mean():
    x = torch.randn(2, 3, 5, 4)
    found = PooledBranch(1, nn.Identity())(x)
    assert torch.allclose(found, x.mean((2, 3), keepdim=True).expand_as(x))


def test_resize_keeps_or_shifts_the_corners():
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    corners = (..., [0, 0, -1, -1], [0, -1, 0, -1])
    kept = resize(x, (5, 7), align_corners=True)
    assert torch.equal(kept[corners], x[corners])
    assert torch.equal(resize(x, (2, 3)), x)
    # without corners aligned, an enlargement by k is a mean-preserving one
    assert torch.allclose(resize(x, (4, 6)).mean(), x.mean())
