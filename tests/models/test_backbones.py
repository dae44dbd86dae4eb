"""Backbones: torchvision's maps, and atrous convolution without loss."""

import sys

import pytest
import torch
import torchvision
from hypothesis import given
from hypothesis import strategies as st
from network_cases import dilated_as_in_smp, randomise, small_backbone
from torch import nn

from seglab.models.backbones import (
    Backbone,
    ResNetBackbone,
    TimmBackbone,
    check_output_stride,
    dilate,
    hold_stride,
)

WIDE = {"resnet18": 512, "resnet34": 512, "resnet50": 2048}


@pytest.mark.parametrize("output_stride", [4, 8, 16, 32])
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_channels_and_strides_are_as_said(name, output_stride):
    backbone = ResNetBackbone(
        name, in_channels=1, output_stride=output_stride
    ).eval()
    assert backbone.output_stride == output_stride
    with torch.no_grad():
        maps = backbone(torch.randn(1, 1, 65, 34))
    assert [x.shape[1] for x in maps] == list(backbone.channels)
    assert backbone.channels[-1] == WIDE[name]
    for x, stride in zip(maps, backbone.strides, strict=True):
        assert x.shape[2:] == (-(-65 // stride), -(-34 // stride))


@pytest.mark.parametrize(
    ("output_stride", "replace"),
    [
        (32, [False, False, False]),
        (16, [False, False, True]),
        (8, [False, True, True]),
        (4, [True, True, True]),
    ],
)
def test_equals_torchvision_with_stride_replaced(output_stride, replace):
    """Its keys and its maps, also where strides became rates."""
    theirs = torchvision.models.resnet50(
        weights=None, replace_stride_with_dilation=replace
    )
    randomise(theirs)
    del theirs.fc
    ours = ResNetBackbone("resnet50", output_stride=output_stride)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 65, 34)
    stages = {f"layer{i}": str(i) for i in (1, 2, 3, 4)}
    getter = torchvision.models._utils.IntermediateLayerGetter
    with torch.no_grad():
        wanted = getter(theirs.eval(), stages)(x)
        found = ours.eval()(x)
    for mine, other in zip(found[1:], wanted.values(), strict=True):
        assert torch.allclose(mine, other, atol=1e-5 * other.abs().max())


@pytest.mark.parametrize("output_stride", [4, 8, 16])
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_dilation_computes_the_same_at_more_places(name, output_stride):
    """At every k-th pixel, the dilated network is the strided one."""
    strided = randomise(ResNetBackbone(name)).eval()
    dilated = ResNetBackbone(name, output_stride=output_stride).eval()
    dilated.load_state_dict(strided.state_dict())
    x = torch.randn(1, 3, 70, 97)
    with torch.no_grad():
        coarse, fine = strided(x)[-1], dilated(x)[-1]
    step = 32 // output_stride
    assert fine.shape[-1] > coarse.shape[-1]
    kept = fine[..., ::step, ::step]
    assert torch.allclose(kept, coarse, atol=1e-5 * coarse.abs().max())


@given(st.sampled_from([4, 8, 16]), st.integers(1, 70), st.integers(1, 70))
def test_dilation_computes_the_same_property(stride, height, width):
    torch.manual_seed(0)
    strided = randomise(small_backbone(32)).eval()
    dilated = small_backbone(stride).eval()
    dilated.load_state_dict(strided.state_dict())
    x = torch.randn(1, 1, height, width)
    with torch.no_grad():
        coarse, fine = strided(x)[-1], dilated(x)[-1]
    kept = fine[..., :: 32 // stride, :: 32 // stride]
    assert torch.allclose(kept, coarse, atol=1e-4)


def test_smp_dilates_otherwise():
    """smp gives the whole stage the new rate; trained weights then mean
    something else, and its encoder's rates are those of `dilate`."""
    encoders = pytest.importorskip("segmentation_models_pytorch.encoders")
    theirs = encoders.get_encoder(
        "resnet18", weights=None, output_stride=8
    ).eval()
    randomise(theirs)
    state = theirs.state_dict()
    ours, smp_way = (
        ResNetBackbone("resnet18", output_stride=8),
        dilated_as_in_smp("resnet18", 8),
    )
    x = torch.randn(1, 3, 64, 48)
    with torch.no_grad():
        wanted = theirs(x)[-1]
        for backbone, equal in ((ours, False), (smp_way, True)):
            backbone.load_state_dict(state)
            found = backbone.eval()(x)[-1]
            close = torch.allclose(
                found, wanted, atol=1e-5 * wanted.abs().max()
            )
            assert close == equal


def test_dilate_leaves_one_tap_and_other_layers_alone():
    one, norm = nn.Conv2d(2, 2, 1, stride=2), nn.BatchNorm2d(2)
    dilate(nn.Sequential(one, norm), 2, 4)
    assert (one.stride, one.dilation, one.padding) == (
        (1, 1),
        (1, 1),
        (0, 0),
    )


def test_hold_stride_touches_only_what_is_too_coarse():
    convs = [nn.Conv2d(1, 1, 3, stride=2, padding=1) for _ in range(3)]
    assert hold_stride(convs, (8, 16, 32), 16) == (8, 16, 16)
    assert [c.stride[0] for c in convs] == [2, 2, 1]
    assert hold_stride(convs[:1], (8,), 32) == (8,)


def test_another_number_of_channels_changes_one_layer():
    one, three = (
        ResNetBackbone("resnet18", in_channels=n).state_dict()
        for n in (1, 3)
    )
    differ = [key for key in one if one[key].shape != three[key].shape]
    assert differ == ["conv1.weight"]
    assert one["conv1.weight"].shape == (64, 1, 7, 7)
    # it begins as the others do, with the spread of its 64 outputs
    spread = one["conv1.weight"].std() / three["conv1.weight"].std()
    assert 0.9 < spread < 1.1


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r"'resnet152', got 'vgg16'"):
        ResNetBackbone("vgg16")
    with pytest.raises(ValueError, match=r"one of \(4, 8, 16, 32\), got 2"):
        check_output_stride(2)
    for make in (ResNetBackbone, TimmBackbone):
        with pytest.raises(ValueError, match="output_stride must be"):
            make("resnet18", output_stride=5)
    with pytest.raises(ValueError, match="in_channels must be 1 or more"):
        ResNetBackbone("resnet18", in_channels=0)
    with pytest.raises(NotImplementedError):
        Backbone(1, (4, 8), (2, 4))(torch.zeros(1, 1, 4, 4))


@pytest.mark.parametrize("output_stride", [8, 32])
def test_timm_backbones_are_as_said(output_stride):
    pytest.importorskip("timm")
    backbone = TimmBackbone(
        "resnet10t", in_channels=1, output_stride=output_stride
    ).eval()
    assert backbone.output_stride == output_stride
    maps = backbone(torch.randn(1, 1, 64, 32))
    assert [x.shape[1] for x in maps] == list(backbone.channels)
    for x, stride in zip(maps, backbone.strides, strict=True):
        assert x.shape[2:] == (64 // stride, 32 // stride)


def test_timm_says_what_it_cannot_do():
    pytest.importorskip("timm")
    with pytest.raises(ValueError, match=r"got 'no_such_net': Unknown"):
        TimmBackbone("no_such_net")


def test_timm_is_asked_for_when_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ImportError, match=r"seglab\[transformers\]"):
        TimmBackbone("resnet10t")
