"""Small configurations in Detectron2's first style: a tree of settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seglab.instances.detectron._library import detectron2_part
from seglab.instances.detectron.backbone import (
    LEVELS,
    MAPS,
    STEM,
    STRIDES,
    register_backbone,
)
from seglab.settings import device

CHANNELS = 48
# of the two hidden layers of the box head
HIDDEN = 96
# one side of a square anchor for each map of the pyramid, in pixels
ANCHORS = (16, 28, 48)
# pixels are 0 to 255 in Detectron2
PIXEL_MEAN, PIXEL_STD = 127.5, 63.75
BATCH_OF_ANCHORS, BATCH_OF_BOXES = 64, 32
PROPOSALS = (200, 100)  # before and after non-maximum suppression
# average precision ranks all detections: a high bar can only lose some
LEAST_SCORE, MOST_DETECTIONS = 0.001, 30


def mask_rcnn_config(
    num_classes: int,
    *,
    train: Sequence[str] = (),
    test: Sequence[str] = (),
    side: int = 128,
    steps: int = 1200,
    batch_size: int = 8,
    learning_rate: float = 1e-3,
    folder: str = "runs/detectron2",
    seed: int = 0,
) -> Any:
    """A Mask R-CNN of 0.7 million parameters that trains on a laptop.

    Detectron2's defaults are for photographs of 800 pixels, 80 classes and
    eight GPUs. What is set here is what that changes.

    Args:
        num_classes: kinds of objects; the background is not counted.
        train, test: names of registered data sets.
        side: of the images, in pixels, a multiple of 16.
        steps: of the optimiser.
        batch_size: images a step.
        learning_rate: the highest one.
        folder: for checkpoints and logs.
        seed: 0 or more.

    Returns:
        A ``CfgNode``, to be changed further or handed to ``make_trainer``.

    Raises:
        ImportError: Detectron2 is not installed.
        ValueError: a number is out of range.

    >>> cfg = mask_rcnn_config(5, steps=100)
    >>> cfg.MODEL.ROI_HEADS.NUM_CLASSES, cfg.SOLVER.MAX_ITER
    (5, 100)
    """
    _check(num_classes, side, steps, batch_size, seed)
    cfg = detectron2_part("config").get_cfg()
    cfg.OUTPUT_DIR = str(folder)
    cfg.SEED = seed
    cfg.DATASETS.TRAIN, cfg.DATASETS.TEST = tuple(train), tuple(test)
    cfg.DATALOADER.NUM_WORKERS = 0
    cfg.TEST.DETECTIONS_PER_IMAGE = MOST_DETECTIONS
    _set_input(cfg, side)
    _set_model(cfg, num_classes)
    _set_solver(cfg, steps, batch_size, learning_rate)
    return cfg


def panoptic_fpn_config(
    num_things: int, num_stuff: int, **settings: Any
) -> Any:
    """A Panoptic FPN: the Mask R-CNN with a semantic branch beside it.

    Args:
        num_things: kinds of objects.
        num_stuff: kinds of stuff; one more class, of index 0, stands for
            all things.
        settings: as ``mask_rcnn_config``.

    Raises:
        ImportError, ValueError: as ``mask_rcnn_config``, or there is no
            stuff.

    Source:
        Kirillov et al. 2019 (Panoptic Feature Pyramid Networks).

    >>> panoptic_fpn_config(5, 3).MODEL.SEM_SEG_HEAD.NUM_CLASSES
    4
    """
    if num_stuff < 1:
        raise ValueError(f"num_stuff must be 1 or more, got {num_stuff}")
    cfg = mask_rcnn_config(num_things, **settings)
    cfg.MODEL.META_ARCHITECTURE = "PanopticFPN"
    head = cfg.MODEL.SEM_SEG_HEAD
    head.IN_FEATURES = list(MAPS)
    head.NUM_CLASSES = num_stuff + 1
    head.CONVS_DIM = 32
    cfg.MODEL.ROI_BOX_HEAD.FC_DIM = 64
    # one segment of stuff in a photograph is 4096 pixels or more; an image
    # of 128 pixels has a thirtieth of its area
    cfg.MODEL.PANOPTIC_FPN.COMBINE.STUFF_AREA_LIMIT = 64
    return cfg


def _set_input(cfg: Any, side: int) -> None:
    cfg.INPUT.FORMAT = "RGB"
    cfg.INPUT.MASK_FORMAT = "bitmask"
    cfg.INPUT.MIN_SIZE_TRAIN = (side,)
    cfg.INPUT.MIN_SIZE_TEST = side
    cfg.INPUT.MAX_SIZE_TRAIN = cfg.INPUT.MAX_SIZE_TEST = side
    cfg.MODEL.PIXEL_MEAN = [PIXEL_MEAN] * 3
    cfg.MODEL.PIXEL_STD = [PIXEL_STD] * 3


def _set_model(cfg: Any, num_classes: int) -> None:
    model = cfg.MODEL
    model.DEVICE = str(device())
    model.MASK_ON = True
    model.BACKBONE.NAME = register_backbone()
    # nothing is pretrained, so nothing may be frozen
    model.BACKBONE.FREEZE_AT = 0
    model.RESNETS.NORM = "BN"
    model.RESNETS.STEM_OUT_CHANNELS = STEM
    model.FPN.IN_FEATURES = list(LEVELS)
    model.FPN.OUT_CHANNELS = CHANNELS
    model.ANCHOR_GENERATOR.SIZES = [[size] for size in ANCHORS]
    model.ANCHOR_GENERATOR.ASPECT_RATIOS = [[1.0]]
    model.RPN.IN_FEATURES = list(MAPS)
    model.RPN.BATCH_SIZE_PER_IMAGE = BATCH_OF_ANCHORS
    before, after = PROPOSALS
    model.RPN.PRE_NMS_TOPK_TRAIN = model.RPN.PRE_NMS_TOPK_TEST = before
    model.RPN.POST_NMS_TOPK_TRAIN = model.RPN.POST_NMS_TOPK_TEST = after
    _set_roi_heads(model, num_classes)


def _set_roi_heads(model: Any, num_classes: int) -> None:
    heads, boxes = model.ROI_HEADS, model.ROI_BOX_HEAD
    masks = model.ROI_MASK_HEAD
    heads.NAME = "StandardROIHeads"
    heads.NUM_CLASSES = num_classes
    heads.IN_FEATURES = list(MAPS)
    heads.BATCH_SIZE_PER_IMAGE = BATCH_OF_BOXES
    boxes.NAME = "FastRCNNConvFCHead"
    boxes.NUM_FC, boxes.FC_DIM = 2, HIDDEN
    boxes.POOLER_RESOLUTION = 5
    masks.NUM_CONV, masks.CONV_DIM = 2, CHANNELS
    masks.POOLER_RESOLUTION = 14
    boxes.POOLER_SAMPLING_RATIO = masks.POOLER_SAMPLING_RATIO = 1
    heads.SCORE_THRESH_TEST = LEAST_SCORE


def _set_solver(
    cfg: Any, steps: int, batch_size: int, learning_rate: float
) -> None:
    solver = cfg.SOLVER
    solver.IMS_PER_BATCH = batch_size
    solver.BASE_LR = learning_rate
    solver.WEIGHT_DECAY = 1e-2
    solver.MAX_ITER = steps
    solver.LR_SCHEDULER_NAME = "WarmupCosineLR"
    solver.WARMUP_ITERS = min(100, max(steps // 10, 1))
    # the default milestones belong to another scheduler
    solver.STEPS = ()
    solver.CLIP_GRADIENTS.CLIP_VALUE = 5.0
    solver.CHECKPOINT_PERIOD = max(steps // 6, 1)
    cfg.TEST.EVAL_PERIOD = max(steps // 3, 1)


def _check(
    num_classes: int, side: int, steps: int, batch_size: int, seed: int
) -> None:
    for name, value, least in (
        ("num_classes", num_classes, 1),
        ("steps", steps, 1),
        ("batch_size", batch_size, 1),
        ("seed", seed, 0),
    ):
        if value < least:
            raise ValueError(f"{name} must be {least} or more, got {value}")
    if side < STRIDES[-1] or side % STRIDES[-1]:
        raise ValueError(
            f"side must be a multiple of {STRIDES[-1]}, got {side}"
        )
