"""U-Net: its sizes, its parameters, its arguments."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from seglab.models import (
    DoubleConv,
    Down,
    Encoder,
    UNet,
    Up,
    count_parameters,
)
from seglab.models.unet import crop_to, pad_to, smallest_input

SMALL = (4, 6, 8)


def maps_of(poolings, side):
    """The published network's sizes, walked through one by one."""
    sizes = []
    for _ in range(poolings):
        side -= 4
        sizes.append(side)
        side //= 2
    side -= 4
    sizes.append(side)
    for _ in range(poolings):
        side = side * 2 - 4
        sizes.append(side)
    return sizes


def test_parameters_of_the_published_widths():
    model = UNet(3, 2)
    assert count_parameters(model) == 31_037_698
    redundant = sum(
        layer.out_channels
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d) and layer.bias is None
    )
    assert 31_037_698 + redundant == 31_043_586


def test_convolutions_before_batch_norm_have_no_bias():
    layers = list(DoubleConv(3, 5))
    for conv, norm in zip(layers[0::3], layers[1::3], strict=True):
        assert conv.bias is None
        assert isinstance(norm, nn.BatchNorm2d)


@pytest.mark.parametrize("upsample", ["transposed", "bilinear"])
@pytest.mark.parametrize("size", [(8, 8), (9, 15), (4, 5), (37, 50)])
def test_padded_keeps_every_size(size, upsample):
    model = UNet(2, 3, widths=SMALL, upsample=upsample).eval()
    assert model(torch.randn(2, 2, *size)).shape == (2, 3, *size)


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 70), st.integers(4, 70))
def test_padded_keeps_size_property(height, width):
    model = UNet(1, 2, widths=(2, 3, 4)).eval()
    x = torch.zeros(1, 1, height, width)
    assert model(x).shape[-2:] == (height, width)


def test_572_becomes_388():
    # one channel each: the sizes do not depend on the widths
    model = UNet(1, 2, widths=(1, 1, 1, 1, 1), padding="valid").eval()
    x = torch.zeros(1, 1, 572, 572)
    features = model.encode(x)
    assert [f.shape[-1] for f in features] == [568, 280, 136, 64, 28]
    assert model.decode(features).shape == (1, 2, 388, 388)
    assert maps_of(4, 572)[-1] == 388


@settings(max_examples=30, deadline=None)
@given(st.integers(44, 120), st.integers(44, 120))
def test_valid_sizes_property(height, width):
    model = UNet(1, 2, widths=(1, 2, 1), padding="valid").eval()
    out = model(torch.zeros(1, 1, height, width))
    assert out.shape[-2] == maps_of(2, height)[-1]
    assert out.shape[-1] == maps_of(2, width)[-1]


def test_valid_output_does_not_depend_on_what_lies_beyond_its_margin():
    """Unpadded: no pixel of the output knows of a border."""
    torch.manual_seed(0)
    model = UNet(1, 1, widths=(2, 3), padding="valid").eval()
    large = torch.randn(1, 1, 64, 64)
    inner = large[..., 16:48, 16:48]
    margin = (64 - model(large).shape[-1]) // 2
    expected = model(large)[..., 16:-16, 16:-16]
    assert margin == 8
    assert torch.allclose(model(inner), expected, atol=1e-6)


@pytest.mark.parametrize("poolings", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_smallest_input_works_and_one_less_does_not(poolings, padding):
    model = UNet(1, 1, widths=(1,) * (poolings + 1), padding=padding).eval()
    side = smallest_input(poolings, padding)
    assert min(model(torch.zeros(1, 1, side, side)).shape[-2:]) >= 1
    with pytest.raises(ValueError, match=f"at least {side} x {side} px"):
        model(torch.zeros(1, 1, side, side - 1))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_smallest_input_is_truly_the_smallest(padding):
    for poolings in (1, 2, 3):
        side = smallest_input(poolings, padding)
        assert _survives(poolings, padding, side)
        assert not _survives(poolings, padding, side - 1)


def _survives(poolings, padding, side):
    if padding == "valid":
        return min(maps_of(poolings, side)) >= 1
    return side >> poolings >= 1


@pytest.mark.parametrize("widths", [(3, 7), (5, 4, 9, 2), (8, 8, 8)])
@pytest.mark.parametrize("upsample", ["transposed", "bilinear"])
def test_every_width_is_honoured(widths, upsample):
    model = UNet(1, 2, widths=widths, upsample=upsample).eval()
    features = model.encode(torch.randn(1, 1, 16, 24))
    assert [f.shape[1] for f in features] == list(widths)
    assert model.decode(features).shape == (1, 2, 16, 24)
    outs = [up.convolve[3].out_channels for up in model.ups]
    assert outs == list(reversed(widths[:-1]))


def test_zero_skips_remove_what_the_encoder_passed_across():
    """The subclass that chapter 4 shows."""

    class NoSkips(UNet):
        def decode(self, features):
            *skips, coarsest = features
            nothing = [torch.zeros_like(skip) for skip in skips]
            return super().decode([*nothing, coarsest])

    model = NoSkips(1, 2, widths=SMALL).eval()
    features = model.encode(torch.randn(1, 1, 16, 16))
    other = [torch.randn_like(f) for f in features[:-1]]
    expected = model.decode(features)
    assert torch.equal(model.decode([*other, features[-1]]), expected)
    assert count_parameters(model) == count_parameters(
        UNet(1, 2, widths=SMALL)
    )


def test_parts():
    x = torch.randn(1, 3, 10, 9)
    assert Down(3, 5)(x).shape == (1, 5, 5, 4)
    assert Down(3, 5, padding="valid")(x.repeat(1, 1, 2, 2)).shape == (
        (1, 5, 6, 5)
    )
    assert [f.shape[1] for f in Encoder(3, (2, 4))(x)] == [2, 4]
    merged = Up(4, 3, 2).merge(torch.randn(1, 2, 10, 8), x)
    assert merged.shape == (1, 5, 10, 9)
    assert torch.equal(merged[:, :3], x)
    assert torch.equal(merged[:, 3:, :, -1], merged[:, 3:, :, -2])


def test_pad_and_crop():
    x = torch.arange(6.0).view(1, 1, 2, 3)
    assert pad_to(x, (2, 3)) is x
    assert pad_to(x, (3, 4))[0, 0].tolist() == [
        [0, 1, 2, 2],
        [3, 4, 5, 5],
        [3, 4, 5, 5],
    ]
    assert crop_to(x, (1, 1)).item() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"in_channels": 0}, "in_channels must be 1 or more, got 0"),
        ({"num_classes": 0}, "num_classes must be 1 or more, got 0"),
        ({"widths": (8,)}, r"widths must be two or more .* got \(8,\)"),
        ({"widths": (8, 0)}, "widths must be two or more"),
        ({"padding": "full"}, "padding must be 'same' or 'valid', got"),
        ({"upsample": "nearest"}, "upsample must be 'transposed' or"),
    ],
)
def test_arguments_are_checked(change, message):
    arguments = {"in_channels": 1, "num_classes": 2} | change
    with pytest.raises(ValueError, match=message):
        UNet(**arguments)


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 2, 16, 16)])
def test_images_are_checked(shape):
    with pytest.raises(ValueError, match=r"shape \[N, 1, H, W\]"):
        UNet(1, 2, widths=SMALL)(torch.zeros(shape))


def test_overfits_one_picture():
    torch.manual_seed(0)
    mask = torch.zeros(1, 24, 30, dtype=torch.long)
    mask[0, 5:12, 8:20] = 1
    mask[0, 15:18, 3:6] = 2
    image = mask[:, None] * 0.3 + 0.1 * torch.randn(1, 1, 24, 30)
    model = UNet(1, 3, widths=(8, 16, 32))
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(60):
        loss = nn.functional.cross_entropy(model(image), mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert (model.eval()(image).argmax(1) == mask).float().mean() > 0.98
