"""Average precision of masks and boxes, through pycocotools."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.extras import optional
from seglab.metrics._categories import category_names, check_integer
from seglab.metrics._detections import (
    Detections,
    check_same_size,
    coco_dataset,
    read_predictions,
    read_targets,
)

# where pycocotools keeps what we report: threshold slice and area range
FIGURES = {
    "ap": (slice(None), 0),
    "ap50": (slice(0, 1), 0),
    "ap75": (slice(5, 6), 0),
    "ap_small": (slice(None), 1),
    "ap_medium": (slice(None), 2),
    "ap_large": (slice(None), 3),
}


@dataclass(frozen=True)
class AveragePrecision:
    """COCO's average precision, as a mean over classes and for each.

    Args:
        ap: mean over the IoU thresholds 0.50, 0.55 ... 0.95.
        ap50, ap75: at one threshold.
        ap_small, ap_medium, ap_large: of objects of an area up to 32 x 32
            pixels, from there to 96 x 96, and from there on. One exactly
            as large as a limit is in both groups, as in pycocotools.
        classes: the same six figures by class name.
    """

    ap: float
    ap50: float
    ap75: float
    ap_small: float
    ap_medium: float
    ap_large: float
    classes: Mapping[str, Mapping[str, float]] = field(repr=False)

    def summary(self) -> dict[str, float]:
        """The six means by name."""
        return {name: getattr(self, name) for name in FIGURES}

    def per_class(self) -> dict[str, dict[str, float]]:
        """The six figures of each class."""
        return {name: dict(row) for name, row in self.classes.items()}


def average_precision(
    predictions: Sequence[Mapping[str, Any]],
    targets: Sequence[Mapping[str, Any]],
    *,
    of: str = "masks",
    names: Sequence[str] | None = None,
    max_detections: int = 100,
) -> AveragePrecision:
    """Average precision of detections, as the COCO challenge counts it.

    Args:
        predictions: one mapping an image, with ``"scores"`` [K],
            ``"labels"`` integers [K], and ``"masks"`` bool [K, H, W] or
            ``"boxes"`` xyxy [K, 4] in pixels; arrays or tensors.
        targets: one mapping an image, with ``"labels"`` and ``"masks"`` or
            ``"boxes"``; optional are ``"iscrowd"`` [K] and ``"area"`` [K]
            in pixels.
        of: ``"masks"`` or ``"boxes"``: which of the two is compared.
        names: of the labels, ``names[label]``; without it a class is
            called "1", "2" and so on.
        max_detections: how many predictions of a class count in an image,
            best scores first.

    Raises:
        ImportError: pycocotools is not installed.
        TypeError: masks of scores, labels that are no integers.
        ValueError: the images differ in number, an entry is missing or has
            another length, or a box has negative sides.

    Convention:
        pycocotools' -1 ("no such object in the truth") is NaN here and left
        out of the means; so is a class that is predicted but never true.
        The size of an object is its target's ``"area"``, otherwise the
        pixels of the mask, or of the box if boxes are compared (COCO gives
        the mask's area there too). A prediction on a crowd is no error.

    Source:
        Lin et al. 2014 (COCO); pycocotools.

    >>> mask = np.zeros((1, 8, 8), dtype=bool)
    >>> mask[0, 2:6, 2:6] = True
    >>> target = {"masks": mask, "labels": [1]}
    >>> result = average_precision([target | {"scores": [0.9]}], [target])
    >>> round(result.ap, 6), result.ap_large
    (1.0, nan)
    """
    _check_call(predictions, targets, of)
    check_integer(max_detections, "max_detections", lowest=1)
    found = read_predictions(predictions, of)
    true = read_targets(targets, of)
    check_same_size(found, true, of)
    labels = sorted(
        {int(label) for image in true + found for label in image.labels}
    )
    rows = category_names(labels, names)
    precision = _precision(found, true, labels, of, max_detections)
    classes = {
        name: _figures(precision[:, :, [k]]) for k, name in enumerate(rows)
    }
    return AveragePrecision(**_figures(precision), classes=classes)


def _figures(precision: NDArray[np.float64]) -> dict[str, float]:
    """The six figures of precisions [T, R, K, A]."""
    figures = {}
    for name, (thresholds, size) in FIGURES.items():
        values = precision[thresholds, :, :, size]
        values = values[values > -1]
        figures[name] = float(values.mean()) if values.size else np.nan
    return figures


def _precision(
    found: list[Detections],
    true: list[Detections],
    labels: list[int],
    of: str,
    max_detections: int,
) -> NDArray[np.float64]:
    """Precision by threshold, recall, class and size [T, R, K, A]."""
    coco, coco_eval = _pycocotools()
    # it reports its progress on stdout
    with contextlib.redirect_stdout(io.StringIO()):
        sides = []
        for images in (true, found):
            side = coco()
            side.dataset = coco_dataset(images, labels, of)
            side.createIndex()
            sides.append(side)
        evaluation = coco_eval(*sides, "segm" if of == "masks" else "bbox")
        evaluation.params.maxDets = [max_detections]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"][..., 0]


def _pycocotools() -> tuple[Any, Any]:
    coco, evaluation = (
        optional(f"pycocotools.{part}", "average precision", "peers")
        for part in ("coco", "cocoeval")
    )
    return coco.COCO, evaluation.COCOeval


def _check_call(
    predictions: Sequence[Any], targets: Sequence[Any], of: str
) -> None:
    if of not in ("masks", "boxes"):
        raise ValueError(f'of must be "masks" or "boxes", got {of!r}')
    sides = ("predictions", predictions), ("targets", targets)
    for name, images in sides:
        if not isinstance(images, Sequence) or isinstance(images, str):
            raise TypeError(
                f"{name} must be a list with one mapping an image, got "
                f"{type(images).__name__}"
            )
    if len(predictions) != len(targets) or not targets:
        raise ValueError(
            "predictions and targets must hold the same images, one or "
            f"more, got {len(predictions)} and {len(targets)}"
        )
