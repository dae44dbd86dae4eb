"""Metrics: how good is a mask? NumPy inside, exact counts, no smoothing.

Arguments come as ``(prediction, truth)``, NumPy arrays or torch tensors on
any device; results are Python floats and NumPy arrays.
"""

from seglab.metrics.overlap import (
    ConfusionMatrix,
    binary_dice,
    binary_iou,
    class_accuracy,
    confusion_matrix,
    dice,
    frequency_weighted_iou,
    iou,
    mean_class_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
)

__all__ = [
    "ConfusionMatrix",
    "binary_dice",
    "binary_iou",
    "class_accuracy",
    "confusion_matrix",
    "dice",
    "frequency_weighted_iou",
    "iou",
    "mean_class_accuracy",
    "mean_dice",
    "mean_iou",
    "pixel_accuracy",
]
