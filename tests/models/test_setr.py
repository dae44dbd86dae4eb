"""SETR's heads, each beside an obvious version, and the way back."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import randomise, share_of_loss_left
from torch.nn import functional as F

from seglab.models.setr import SETR, NaiveHead, PUPHead, doublings
from seglab.models.vision_transformer import (
    VISION_TRANSFORMERS,
    VisionTransformer,
    VisionTransformerSize,
)

MINI = VISION_TRANSFORMERS["mini"]


def double(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear")


def convolve(block, x):
    """A block's convolution, norm and ReLU, one after the other."""
    conv, norm, _ = block
    padding = conv.kernel_size[0] // 2
    x = F.conv2d(x, conv.weight, padding=padding)
    shape = (1, -1, 1, 1)
    x = (x - norm.running_mean.view(shape)) / (
        norm.running_var.view(shape) + norm.eps
    ).sqrt()
    return (x * norm.weight.view(shape) + norm.bias.view(shape)).relu()


@torch.no_grad()
def test_naive_head_is_two_convolutions():
    """No library here has the heads: these are the paper's, in words."""
    torch.manual_seed(0)
    head = randomise(NaiveHead(6, 3, width=5)).eval()
    x = torch.randn(2, 6, 4, 5)
    wanted = head[1](convolve(head[0], x))
    torch.testing.assert_close(head([None, x]), wanted)


@torch.no_grad()
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_pup_head_doubles_between_convolutions(steps):
    torch.manual_seed(0)
    head = randomise(PUPHead(6, 3, width=5, steps=steps)).eval()
    x = torch.randn(2, 6, 4, 5)
    wanted = convolve(head.convolve[0], x)
    for block in head.convolve[1:]:
        wanted = convolve(block, double(wanted))
    wanted = head.classify(wanted)
    found = head([None, x])
    assert found.shape[-2:] == (4 * 2 ** (steps - 1), 5 * 2 ** (steps - 1))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("patch_size", [2, 8, 16])
def test_pup_reaches_half_the_size(patch_size):
    size = VisionTransformerSize(8, 2, 2, patch_size, (32, 32))
    model = SETR(VisionTransformer(size), 2, head="pup", width=4).eval()
    x = torch.zeros(1, 3, 32, 32)
    assert model.head(model.features(x)).shape[-2:] == (16, 16)


@pytest.fixture(scope="module", params=["naive", "pup"])
def small(request):
    backbone = VisionTransformer(MINI, in_channels=1)
    return SETR(backbone, 3, head=request.param, width=8).eval()


@settings(max_examples=15)
@given(st.integers(1, 80), st.integers(1, 80))
def test_any_size(small, height, width):
    x = torch.zeros(1, 1, height, width)
    assert small(x).shape == (1, 3, height, width)


@torch.no_grad()
def test_padding_does_not_move_the_logits(small):
    """The padded image's logits, cut off: nothing is squeezed."""
    x = torch.randn(1, 1, 61, 50)
    whole = small(F.pad(x, (0, 6, 0, 3)))
    torch.testing.assert_close(small(x), whole[..., :61, :50])


@torch.no_grad()
def test_auxiliary_head_stands_halfway():
    backbone = VisionTransformer(MINI)
    model = SETR(backbone, 2, width=8, auxiliary=True).eval()
    x = torch.randn(1, 3, 30, 33)
    logits, beside = model.forward_with_auxiliary(x)
    assert torch.equal(logits, model(x))
    assert beside.shape == (1, 2, 30, 33)
    half = model.auxiliary([model.features(x)[0]])
    larger = F.interpolate(half, (32, 40), mode="bilinear")
    torch.testing.assert_close(beside, larger[..., :30, :33])


def test_every_parameter_learns():
    torch.manual_seed(0)
    backbone = VisionTransformer(MINI)
    model = SETR(backbone, 2, head="pup", width=8, auxiliary=True)
    labels = torch.randint(0, 2, (2, 64, 64))
    for logits in model.forward_with_auxiliary(torch.randn(2, 3, 64, 64)):
        F.cross_entropy(logits, labels).backward(retain_graph=True)
    assert all(p.grad.any() for p in model.parameters())


def test_arguments_are_checked():
    backbone = VisionTransformer(MINI)
    with pytest.raises(ValueError, match="head must be 'naive' or 'pup'"):
        SETR(backbone, 2, head="mla")
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        SETR(backbone, 0)
    with pytest.raises(ValueError, match=r"positive .* got \(64, 64, 0\)"):
        SETR(backbone, 2, width=0)
    odd = VisionTransformer(VisionTransformerSize(8, 2, 2, 12, (24, 24)))
    with pytest.raises(ValueError, match="for the PUP head, got 12"):
        SETR(odd, 2, head="pup")
    with pytest.raises(ValueError, match=r"shape \[N, 3, H, W\]"):
        SETR(backbone, 2)(torch.zeros(1, 1, 64, 64))


@pytest.mark.parametrize("size", [1, 2, 3, 64])
def test_doublings(size):
    if size in (1, 3):
        with pytest.raises(ValueError, match=f"got {size}"):
            doublings(size)
    else:
        assert 2 ** doublings(size) == size


@pytest.mark.parametrize("head", ["naive", "pup"])
def test_learns_eight_scenes(head):
    torch.manual_seed(0)
    size = VisionTransformerSize(32, 2, 4, 4, (32, 32))
    backbone = VisionTransformer(size, in_channels=1)
    model = SETR(backbone, 3, head=head, width=32)
    assert share_of_loss_left(model) < 0.1
