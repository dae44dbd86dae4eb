"""How well a detector finds the objects of a data set of scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seglab.instances.detections import Detections, Detector
from seglab.metrics.detection import AveragePrecision, average_precision


def detect_all(
    detector: Detector, images: Tensor, *, batch_size: int = 10
) -> list[Detections]:
    """What a detector finds in many images, a few at a time.

    Args:
        detector: has ``detect``.
        images: float32 [N, 3, H, W] in [0, 1].
        batch_size: images at a time.

    Raises:
        ValueError: ``batch_size`` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
    found: list[Detections] = []
    with torch.no_grad():
        for batch in images.split(batch_size):
            found += detector.detect(batch)
    return found


def evaluate_detector(
    detector: Detector,
    images: Tensor,
    targets: Sequence[Mapping[str, Any]],
    *,
    of: str = "masks",
    names: Sequence[str] | None = None,
    batch_size: int = 10,
) -> AveragePrecision:
    """COCO's average precision of a detector on images with their truth.

    Convention:
        As :func:`seglab.metrics.average_precision`. Every detection
        counts, however low its score: average precision ranks them.

    Args:
        detector: has ``detect``.
        images: float32 [N, 3, H, W] in [0, 1].
        targets: for each image, as ``true_objects`` gives them.
        of: "masks" or "boxes".
        names: of the labels, ``names[label]``.
        batch_size: images at a time.

    Raises:
        ValueError: as ``detect_all`` and ``average_precision``.
    """
    found = detect_all(detector, images, batch_size=batch_size)
    return average_precision(
        [one.as_dict() for one in found], targets, of=of, names=names
    )
