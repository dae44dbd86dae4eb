"""Names in the registry and maps of the pyramid."""

import pytest
import torch

pytest.importorskip("detectron2")

from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, build_backbone

from seglab.instances.detectron.backbone import (
    NAME,
    register_backbone,
    small_stages,
)
from seglab.instances.detectron.config import mask_rcnn_config


def test_registering_twice_is_registering_once():
    assert register_backbone() == register_backbone() == NAME
    assert BACKBONE_REGISTRY.get(NAME)


def test_maps_have_the_strides_that_are_announced():
    cfg = mask_rcnn_config(5)
    backbone = build_backbone(cfg, ShapeSpec(channels=3)).eval()
    maps = backbone(torch.zeros(1, 3, 64, 96))
    assert {k: v.stride for k, v in backbone.output_shape().items()} == {
        "p2": 4,
        "p3": 8,
        "p4": 16,
    }
    for name, shape in backbone.output_shape().items():
        size = (1, shape.channels, 64 // shape.stride, 96 // shape.stride)
        assert maps[name].shape == size


def test_stages_join_on_to_each_other():
    stages = small_stages(16, "BN")
    x = torch.zeros(2, 16, 32, 32)
    sizes = []
    for stage in stages:
        for block in stage:
            x = block(x)
        sizes.append(tuple(x.shape[1:]))
    assert sizes == [(32, 32, 32), (64, 16, 16), (128, 8, 8)]


def test_nothing_is_frozen():
    backbone = build_backbone(mask_rcnn_config(5), ShapeSpec(channels=3))
    assert all(p.requires_grad for p in backbone.parameters())
