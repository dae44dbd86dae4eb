"""Masks as COCO's annotations, with what the model thinks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from seglab.data.formats.coco import coco_object
from seglab.data.formats.rle import encode_coco
from seglab.promptable.automatic import AutomaticMasks

CATEGORIES = {1: "object"}


def coco_annotations(
    masks: Tensor,
    *,
    image_id: int,
    first_id: int = 1,
    category_id: int = 1,
    scores: Mapping[str, Tensor] | None = None,
) -> list[dict[str, Any]]:
    """Annotations of one picture, as a COCO file holds them.

    Convention:
        Masks are run lengths packed into a string, never polygons: an
        automatic mask may have holes. Boxes are left, top, width, height.

    Args:
        masks: bool [K, H, W], none of them empty.
        image_id: of the picture.
        first_id: of the first annotation, 1 or more; then counted up.
        category_id: of all of them; SAM names nothing.
        scores: more keys for each annotation, float [K] each.

    Raises:
        ValueError: an empty mask, an id below 1, or scores of another
            number.

    Source:
        Lin et al. 2014 (COCO); keys of scores as SA-1B's files have them.

    >>> import torch
    >>> mask = torch.tensor([[[False, True, True]]])
    >>> scores = {"predicted_iou": torch.tensor([0.5])}
    >>> entry, = coco_annotations(mask, image_id=7, scores=scores)
    >>> entry["bbox"], entry["area"], entry["predicted_iou"]
    ([1.0, 0.0, 2.0, 1.0], 2.0, 0.5)
    >>> entry["segmentation"]
    {'size': [1, 3], 'counts': '12'}
    """
    columns = {k: v.tolist() for k, v in (scores or {}).items()}
    for name, values in columns.items():
        if len(values) != len(masks):
            raise ValueError(
                f"{name} must hold a number for each of the {len(masks)} "
                f"masks, got {len(values)}"
            )
    entries = []
    for at, mask in enumerate(masks.cpu().numpy()):
        one = coco_object(
            mask,
            id=first_id + at,
            image_id=image_id,
            category_id=category_id,
        )
        left, top, right, bottom = one.box
        entry = {
            "id": one.id,
            "image_id": image_id,
            "category_id": category_id,
            "segmentation": encode_coco(mask),
            "area": one.area,
            "bbox": [left, top, right - left, bottom - top],
            "iscrowd": 0,
        }
        own = {name: values[at] for name, values in columns.items()}
        entries.append(entry | own)
    return entries


def automatic_coco(
    pictures: Sequence[tuple[str, AutomaticMasks]],
) -> dict[str, Any]:
    """A whole COCO file of automatic masks, ready for ``json.dump``.

    Convention:
        Images and annotations count from 1. The only category is 1,
        "object". ``predicted_iou`` and ``stability_score`` are named as
        in SA-1B; ``point_coords`` is the click that was answered.

    Args:
        pictures: the file name of each picture, and its masks.

    Raises:
        ValueError: two pictures of one name, or an empty mask.

    >>> automatic_coco([])["categories"]
    [{'id': 1, 'name': 'object'}]
    """
    names = [name for name, _ in pictures]
    if len(set(names)) != len(names):
        raise ValueError(
            "pictures must have names of their own, got twice "
            f"{max(names, key=names.count)}"
        )
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (name, found) in enumerate(pictures, start=1):
        height, width = found.masks.shape[1:]
        images.append(
            {
                "id": number,
                "file_name": name,
                "height": height,
                "width": width,
            }
        )
        annotations += coco_annotations(
            found.masks,
            image_id=number,
            first_id=len(annotations) + 1,
            scores={
                "predicted_iou": found.quality,
                "stability_score": found.stability,
                "point_coords": found.points[:, None],
            },
        )
    return {
        "info": {},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [{"id": k, "name": v} for k, v in CATEGORIES.items()],
    }
