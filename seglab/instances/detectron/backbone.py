"""A small residual network with a feature pyramid, under a name."""

from __future__ import annotations

from typing import Any

from seglab.instances.detectron._library import detectron2_part

NAME = "build_small_resnet_fpn"
LEVELS = ("res2", "res3", "res4")
MAPS = ("p2", "p3", "p4")
STRIDES = (4, 8, 16)
STEM = 32
# channels of a stage, and how many blocks it has
STAGES = ((32, 2), (64, 2), (128, 1))


def register_backbone() -> str:
    """Enter the small backbone in Detectron2's registry, once.

    A configuration names its parts by strings. A registry is the table in
    which Detectron2 looks such a string up.

    Returns:
        The name for ``cfg.MODEL.BACKBONE.NAME``.

    Raises:
        ImportError: Detectron2 is not installed.
    """
    registry = detectron2_part("modeling").BACKBONE_REGISTRY
    if NAME not in registry:
        registry.register(build_small_resnet_fpn)
    return NAME


def build_small_resnet_fpn(cfg: Any, input_shape: Any) -> Any:
    """Build the backbone that a configuration describes.

    Read are ``RESNETS.STEM_OUT_CHANNELS`` and ``NORM``, and all of
    ``FPN``. The maps are called p2, p3 and p4, at strides 4, 8 and 16.

    Args:
        cfg: Detectron2's configuration.
        input_shape: a ``ShapeSpec`` with the channels of the images.

    Returns:
        A Detectron2 ``FPN`` on a ``ResNet`` of basic blocks.

    Source:
        He et al. 2016; Lin et al. 2017 (FPN).
    """
    modeling = detectron2_part("modeling.backbone")
    norm = cfg.MODEL.RESNETS.NORM
    stem = modeling.BasicStem(
        in_channels=input_shape.channels,
        out_channels=cfg.MODEL.RESNETS.STEM_OUT_CHANNELS,
        norm=norm,
    )
    bottom_up = modeling.ResNet(
        stem,
        small_stages(cfg.MODEL.RESNETS.STEM_OUT_CHANNELS, norm),
        out_features=list(LEVELS),
        freeze_at=cfg.MODEL.BACKBONE.FREEZE_AT,
    )
    return modeling.FPN(
        bottom_up=bottom_up,
        in_features=cfg.MODEL.FPN.IN_FEATURES,
        out_channels=cfg.MODEL.FPN.OUT_CHANNELS,
        norm=cfg.MODEL.FPN.NORM,
        fuse_type=cfg.MODEL.FPN.FUSE_TYPE,
    )


def small_stages(in_channels: int, norm: str) -> list[list[Any]]:
    """The stages res2, res3 and res4, as lists of basic blocks.

    Args:
        in_channels: that the stem gives.
        norm: as Detectron2 names it, such as ``"BN"``.

    Raises:
        ImportError: Detectron2 is not installed.
    """
    resnet = detectron2_part("modeling.backbone.resnet")
    stages = []
    for number, (channels, blocks) in enumerate(STAGES):
        # the stem has brought stride 4, each later stage halves the map
        first = 1 if number == 0 else 2
        stages.append(
            resnet.ResNet.make_stage(
                resnet.BasicBlock,
                blocks,
                stride_per_block=[first, *[1] * (blocks - 1)],
                in_channels=in_channels,
                out_channels=channels,
                norm=norm,
            )
        )
        in_channels = channels
    return stages
