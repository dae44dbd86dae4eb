"""Models by name: every entry builds, and mistakes are named."""

import pytest
import torch

from seglab.models.backbones import ResNetBackbone, TimmBackbone
from seglab.models.factory import MODELS, build
from seglab.models.fcn import SkipFCN
from seglab.models.makers import (
    ModelEntry,
    build_backbone,
    on_backbone,
    with_encoder,
)
from seglab.models.small_resnet import SmallResNet
from seglab.models.unet import UNet

ON_BACKBONE = (
    "fcn",
    "fcn32s",
    "fcn16s",
    "fcn8s",
    "deeplabv3",
    "deeplabv3plus",
    "pspnet",
    "unet_resnet",
    "unetpp_resnet",
)


@pytest.mark.parametrize("name", ON_BACKBONE)
def test_networks_on_a_small_backbone(name):
    model = build(name, 4, in_channels=1, backbone="small").eval()
    assert isinstance(model.backbone, SmallResNet)
    x = torch.randn(2, 1, 33, 50)
    assert model(x).shape == (2, 4, 33, 50)


@pytest.mark.parametrize("name", ["unet", "unetpp"])
def test_networks_with_their_own_encoder(name):
    model = build(name, 4, in_channels=1, widths=(4, 8, 8)).eval()
    assert model(torch.randn(2, 1, 33, 50)).shape == (2, 4, 33, 50)


@pytest.mark.parametrize(
    ("name", "output_stride"),
    [
        ("fcn", 8),
        ("fcn8s", 32),
        ("deeplabv3", 8),
        ("deeplabv3plus", 16),
        ("pspnet", 8),
        ("unet_resnet", 32),
    ],
)
def test_strides_are_the_papers_unless_given(name, output_stride):
    with torch.device("meta"):
        usual = build(name, 2)
    assert isinstance(usual.backbone, ResNetBackbone)
    assert usual.backbone.output_stride == output_stride
    assert usual.backbone.in_channels == 3
    if output_stride != 32:
        chosen = build(name, 2, backbone="small", output_stride=4)
        assert chosen.backbone.output_stride == 4


def test_skips_are_those_of_the_name():
    for name, scores in (("fcn32s", 1), ("fcn16s", 2), ("fcn8s", 3)):
        model = build(name, 2, backbone="small")
        assert len(model.head.scores) == scores


def test_options_reach_the_model():
    model = build(
        "deeplabv3", 2, backbone="small", rates=(1, 2), channels=8
    )
    assert len(model.head.aspp.branches) == 4
    assert model.head.classify.in_channels == 8


@pytest.mark.parametrize(
    ("name", "option"),
    [("deeplabv3", "rate"), ("unet", "backbone"), ("fcn8s", "skips")],
)
def test_options_that_a_model_lacks(name, option):
    with pytest.raises(TypeError, match=option):
        build(name, 2, **{option: "small"})


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("deeplab", "did you mean 'deeplabv3'"),
        ("UNet", "did you mean 'unet'"),
        ("fcn_8s", "did you mean 'fcn8s'"),
    ],
)
def test_unknown_names_are_answered_with_the_known(name, hint):
    with pytest.raises(ValueError, match=rf"fcn, .*pspnet.*got.*{hint}"):
        build(name, 2)


def test_nothing_near_nothing_hinted():
    with pytest.raises(ValueError, match=r"got 'qqqq'$"):
        build("qqqq", 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unet", "weights for 'unet' are none, got 'coco'"),
        ("pspnet", "weights for 'pspnet' are 'imagenet', got 'coco'"),
        ("fcn", "weights for 'fcn' are 'imagenet' or 'voc', got 'coco'"),
        ("segformer", "are 'imagenet' or 'ade20k', got 'coco'"),
    ],
)
def test_unknown_weights_are_answered_with_the_known(name, message):
    with pytest.raises(ValueError, match=message):
        build(name, 2, weights="coco")


def test_the_table_says_what_everything_is():
    for name, entry in MODELS.items():
        assert name == name.lower()
        assert entry.what and entry.source, name


def test_a_new_entry_is_one_more_in_the_table(monkeypatch):
    tiny = ModelEntry(with_encoder(UNet), "a small one", "this file", "")
    monkeypatch.setitem(MODELS, "tiny", tiny)
    assert isinstance(build("tiny", 2, widths=(2, 3)), UNet)


def test_backbones_by_name():
    assert isinstance(build_backbone("small"), SmallResNet)
    assert build_backbone("resnet34", output_stride=16).output_stride == 16
    pytest.importorskip("timm")
    assert isinstance(build_backbone("timm/resnet10t"), TimmBackbone)


def test_unknown_backbones():
    with pytest.raises(ValueError, match=r"small, resnet18.*'resnet50'"):
        build_backbone("resnet-50")


def test_makers_pass_on_what_is_fixed():
    make = on_backbone(SkipFCN, "small", 32, skips=1)
    assert len(make(2, in_channels=1).head.scores) == 2
