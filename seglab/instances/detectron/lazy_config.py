"""The same small Mask R-CNN in Detectron2's second style of configuration.

A lazy configuration is a tree of calls that have not been made yet: each
node names a class and its arguments. Any class can stand there, without a
registry, and any argument can be changed before ``instantiate`` makes the
calls.
"""

from __future__ import annotations

from typing import Any

from seglab.instances.detectron._library import detectron2_part
from seglab.instances.detectron.backbone import (
    LEVELS,
    MAPS,
    STEM,
    STRIDES,
    small_stages,
)
from seglab.instances.detectron.config import (
    ANCHORS,
    BATCH_OF_ANCHORS,
    BATCH_OF_BOXES,
    CHANNELS,
    HIDDEN,
    LEAST_SCORE,
    MOST_DETECTIONS,
    PIXEL_MEAN,
    PIXEL_STD,
    PROPOSALS,
)


def mask_rcnn_lazy(num_classes: int) -> Any:
    """The Mask R-CNN of ``mask_rcnn_config`` as a tree of calls.

    Its parameters have the same names, so that the weights of one load
    into the other.

    Args:
        num_classes: kinds of objects; the background is not counted.

    Returns:
        A ``DictConfig``; ``detectron2.config.instantiate`` makes the model.

    Raises:
        ImportError: Detectron2 is not installed.
        ValueError: ``num_classes`` is below 1.

    >>> node = mask_rcnn_lazy(5)
    >>> node.roi_heads.box_predictor.num_classes
    5
    """
    if num_classes < 1:
        raise ValueError(
            f"num_classes must be 1 or more, got {num_classes}"
        )
    call = detectron2_part("config").LazyCall
    network = detectron2_part("modeling.meta_arch").GeneralizedRCNN
    return call(network)(
        backbone=_backbone(call),
        proposal_generator=_proposals(call),
        roi_heads=_roi_heads(call, num_classes),
        pixel_mean=[PIXEL_MEAN] * 3,
        pixel_std=[PIXEL_STD] * 3,
        input_format="RGB",
    )


def _backbone(call: Any) -> Any:
    modeling = detectron2_part("modeling.backbone")
    return call(modeling.FPN)(
        bottom_up=call(modeling.ResNet)(
            stem=call(modeling.BasicStem)(
                in_channels=3, out_channels=STEM, norm="BN"
            ),
            stages=call(small_stages)(in_channels=STEM, norm="BN"),
            out_features=list(LEVELS),
        ),
        in_features="${.bottom_up.out_features}",
        out_channels=CHANNELS,
    )


def _proposals(call: Any) -> Any:
    generator = detectron2_part("modeling.proposal_generator")
    anchors = detectron2_part("modeling.anchor_generator")
    before, after = PROPOSALS
    return call(generator.RPN)(
        in_features=list(MAPS),
        head=call(generator.StandardRPNHead)(
            in_channels=CHANNELS, num_anchors=1
        ),
        anchor_generator=call(anchors.DefaultAnchorGenerator)(
            sizes=[[size] for size in ANCHORS],
            aspect_ratios=[1.0],
            strides=list(STRIDES),
            offset=0.0,
        ),
        anchor_matcher=_matcher(call, [0.3, 0.7], [0, -1, 1], True),
        box2box_transform=_box_coding(call, [1.0, 1.0, 1.0, 1.0]),
        batch_size_per_image=BATCH_OF_ANCHORS,
        positive_fraction=0.5,
        # in training and in use
        pre_nms_topk=(before, before),
        post_nms_topk=(after, after),
        nms_thresh=0.7,
    )


def _roi_heads(call: Any, num_classes: int) -> Any:
    heads = detectron2_part("modeling.roi_heads")
    shape = detectron2_part("layers").ShapeSpec
    return call(heads.StandardROIHeads)(
        num_classes=num_classes,
        batch_size_per_image=BATCH_OF_BOXES,
        positive_fraction=0.25,
        proposal_matcher=_matcher(call, [0.5], [0, 1], False),
        box_in_features=list(MAPS),
        box_pooler=_pooler(call, 5),
        box_head=call(heads.FastRCNNConvFCHead)(
            input_shape=shape(channels=CHANNELS, height=5, width=5),
            conv_dims=[],
            fc_dims=[HIDDEN, HIDDEN],
        ),
        box_predictor=call(heads.FastRCNNOutputLayers)(
            input_shape=shape(channels=HIDDEN),
            box2box_transform=_box_coding(call, [10.0, 10.0, 5.0, 5.0]),
            num_classes="${..num_classes}",
            test_score_thresh=LEAST_SCORE,
            test_topk_per_image=MOST_DETECTIONS,
        ),
        mask_in_features=list(MAPS),
        mask_pooler=_pooler(call, 14),
        mask_head=call(heads.MaskRCNNConvUpsampleHead)(
            input_shape=shape(channels=CHANNELS, height=14, width=14),
            num_classes="${..num_classes}",
            conv_dims=[CHANNELS] * 3,
        ),
    )


def _pooler(call: Any, side: int) -> Any:
    return call(detectron2_part("modeling.poolers").ROIPooler)(
        output_size=side,
        scales=[1 / stride for stride in STRIDES],
        sampling_ratio=1,
        pooler_type="ROIAlignV2",
    )


def _matcher(
    call: Any, thresholds: list[float], labels: list[int], low: bool
) -> Any:
    return call(detectron2_part("modeling.matcher").Matcher)(
        thresholds=thresholds,
        labels=labels,
        allow_low_quality_matches=low,
    )


def _box_coding(call: Any, weights: list[float]) -> Any:
    return call(
        detectron2_part("modeling.box_regression").Box2BoxTransform
    )(weights=weights)
