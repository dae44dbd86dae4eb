"""Mask R-CNN: every part from scratch, and whole out of torchvision's."""

from seglab.instances.maskrcnn.network import MaskRCNN, load_parts
from seglab.instances.maskrcnn.small import (
    ExactPaste,
    PyramidBackbone,
    SmallMaskRCNN,
    Unresized,
)
from seglab.instances.maskrcnn.torchvision_detector import (
    TorchvisionDetector,
    official,
)
from seglab.instances.maskrcnn.training import (
    LOSSES,
    DetectorWithLoss,
    PairedScenes,
    total_loss,
    turn_or_mirror,
)

__all__ = [
    "LOSSES",
    "DetectorWithLoss",
    "ExactPaste",
    "MaskRCNN",
    "PairedScenes",
    "PyramidBackbone",
    "SmallMaskRCNN",
    "TorchvisionDetector",
    "Unresized",
    "load_parts",
    "official",
    "total_loss",
    "turn_or_mirror",
]
