"""Detections as arrays, checked, and as a data set of pycocotools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._inputs import as_array, binary_mask


@dataclass(frozen=True)
class Detections:
    """What one image holds: K regions, each with its label."""

    labels: NDArray
    regions: NDArray
    area: NDArray
    scores: NDArray | None = None
    crowd: NDArray | None = None


def read_predictions(
    images: Sequence[Mapping[str, Any]], of: str
) -> list[Detections]:
    """Predictions of each image, with a score each."""
    read = []
    for number, image in enumerate(images):
        where = f"predictions[{number}]"
        labels, regions, area = _read_regions(image, where, of)
        scores = _column(image, "scores", where, len(labels))
        read.append(Detections(labels, regions, area, scores=scores))
    return read


def read_targets(
    images: Sequence[Mapping[str, Any]], of: str
) -> list[Detections]:
    """Targets of each image; area and iscrowd may be given."""
    read = []
    for number, image in enumerate(images):
        where = f"targets[{number}]"
        labels, regions, area = _read_regions(image, where, of)
        crowd = np.zeros(len(labels))
        if "area" in image:
            area = _column(image, "area", where, len(labels))
        if "iscrowd" in image:
            crowd = _column(image, "iscrowd", where, len(labels))
        read.append(Detections(labels, regions, area, crowd=crowd))
    return read


def check_same_size(
    found: list[Detections], true: list[Detections], of: str
) -> None:
    """Refuse predicted masks that do not lie on the target's pixels."""
    for number, (ours, theirs) in enumerate(zip(found, true, strict=True)):
        sizes = ours.regions.shape[1:], theirs.regions.shape[1:]
        # an image without objects may say nothing of its size
        empty = not (len(ours.labels) and len(theirs.labels))
        if of == "masks" and not empty and sizes[0] != sizes[1]:
            raise ValueError(
                f"predictions[{number}]['masks'] must have the size of the "
                f"target's, {sizes[1]}, got {sizes[0]}"
            )


def coco_dataset(
    images: list[Detections], labels: list[int], of: str
) -> dict[str, list[dict[str, Any]]]:
    """The images as COCO's json would hold them."""
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(images):
        shapes = _shapes(image.regions, of)
        for k, shape in enumerate(shapes):
            annotation = {
                # from 1: pycocotools reads a match with 0 as no match
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": int(image.labels[k]),
                "area": float(image.area[k]),
                "iscrowd": 0,
                **shape,
            }
            if image.crowd is not None:
                annotation["iscrowd"] = int(image.crowd[k] != 0)
            if image.scores is not None:
                annotation["score"] = float(image.scores[k])
            annotations.append(annotation)
    return {
        "images": [
            {
                "id": number,
                # pycocotools asks for it of masks, and of masks alone
                "height": image.regions.shape[-2],
                "width": image.regions.shape[-1],
            }
            for number, image in enumerate(images)
        ],
        "categories": [{"id": label} for label in labels],
        "annotations": annotations,
    }


def _shapes(regions: NDArray, of: str) -> list[dict[str, Any]]:
    if of == "boxes":
        # COCO's boxes are x, y, width, height
        corner, sides = regions[:, :2], regions[:, 2:] - regions[:, :2]
        boxes = np.concatenate([corner, sides], axis=1)
        return [{"bbox": box} for box in boxes.tolist()]
    from pycocotools import mask as coder

    columns = np.asfortranarray(regions.transpose(1, 2, 0), dtype=np.uint8)
    return [{"segmentation": code} for code in coder.encode(columns)]


def _entry(image: Mapping[str, Any], key: str, where: str) -> NDArray:
    if not isinstance(image, Mapping):
        raise TypeError(
            f"{where} must be a mapping, got {type(image).__name__}"
        )
    if key not in image:
        raise ValueError(f"{where} must hold {key!r}, got {sorted(image)}")
    return as_array(image[key], f"{where}[{key!r}]")


def _column(
    image: Mapping[str, Any], key: str, where: str, count: int
) -> NDArray:
    values = _entry(image, key, where)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(
            f"{where}[{key!r}] must hold a finite number for each of "
            f"{count} labels, got shape {values.shape}"
        )
    return values


def _read_regions(
    image: Mapping[str, Any], where: str, of: str
) -> tuple[NDArray, NDArray, NDArray]:
    labels = _entry(image, "labels", where)
    if labels.ndim != 1:
        raise ValueError(
            f"{where}['labels'] must be [K], got shape {labels.shape}"
        )
    if labels.size and labels.dtype.kind not in "ui":
        raise TypeError(
            f"{where}['labels'] must hold integers, got {labels.dtype}"
        )
    regions = _entry(image, of, where)
    read = _read_boxes if of == "boxes" else _read_masks
    return labels, *read(regions, f"{where}[{of!r}]", len(labels))


def _read_masks(
    masks: NDArray, where: str, count: int
) -> tuple[NDArray, NDArray]:
    if count == 0 and masks.size == 0:
        masks = masks.astype(bool)
    masks = binary_mask(masks, where)
    if count == 0 and masks.size == 0 and masks.ndim != 3:
        masks = masks.reshape(0, 0, 0)
    if masks.ndim != 3 or len(masks) != count:
        raise ValueError(
            f"{where} must be [K, H, W], a mask for each of {count} "
            f"labels, got shape {masks.shape}"
        )
    return masks, np.count_nonzero(masks, axis=(1, 2))


def _read_boxes(
    boxes: NDArray, where: str, count: int
) -> tuple[NDArray, NDArray]:
    if count == 0 and boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.shape != (count, 4):
        raise ValueError(
            f"{where} must be [K, 4], a box for each of {count} labels, "
            f"got shape {boxes.shape}"
        )
    boxes = boxes.astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    good = np.isfinite(boxes).all(axis=1) & (sides >= 0).all(axis=1)
    if not good.all():
        raise ValueError(
            f"{where} must hold finite x1, y1, x2, y2 with x1 <= x2 and "
            f"y1 <= y2, got {boxes[~good].tolist()}"
        )
    return boxes, sides.prod(axis=1)
