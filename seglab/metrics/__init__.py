"""Metrics: how good is a mask? NumPy inside, exact counts, no smoothing.

Arguments come as ``(prediction, truth)``, NumPy arrays or torch tensors on
any device; results are Python floats and NumPy arrays.
"""

from seglab.metrics.boundary_overlap import (
    boundary_iou,
    weighted_surface_dice,
)
from seglab.metrics.calibration import (
    expected_calibration_error,
    reliability_table,
)
from seglab.metrics.detection import AveragePrecision, average_precision
from seglab.metrics.misses import (
    MeanWithMisses,
    mean_with_misses,
)
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
from seglab.metrics.panoptic import PanopticQuality, panoptic_quality
from seglab.metrics.report import ConfidenceInterval, SegmentationReport
from seglab.metrics.surface import (
    SurfaceDistances,
    average_surface_distance,
    average_symmetric_surface_distance,
    hausdorff,
    hausdorff_distance,
    hausdorff_percentile,
    hd95,
    surface_dice,
    surface_distances,
)

__all__ = [
    "AveragePrecision",
    "ConfidenceInterval",
    "ConfusionMatrix",
    "MeanWithMisses",
    "PanopticQuality",
    "SegmentationReport",
    "SurfaceDistances",
    "average_precision",
    "average_surface_distance",
    "average_symmetric_surface_distance",
    "binary_dice",
    "binary_iou",
    "boundary_iou",
    "class_accuracy",
    "confusion_matrix",
    "dice",
    "expected_calibration_error",
    "frequency_weighted_iou",
    "hausdorff",
    "hausdorff_distance",
    "hausdorff_percentile",
    "hd95",
    "iou",
    "mean_class_accuracy",
    "mean_dice",
    "mean_iou",
    "mean_with_misses",
    "panoptic_quality",
    "pixel_accuracy",
    "reliability_table",
    "surface_dice",
    "surface_distances",
    "weighted_surface_dice",
]
