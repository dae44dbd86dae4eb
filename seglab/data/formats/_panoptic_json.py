"""What stands in a COCO panoptic file, from and to an image's segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from seglab.data.formats._coco_json import check_ids
from seglab.data.formats._inputs import IntArray

if TYPE_CHECKING:
    from seglab.data.formats.coco_panoptic import (
        PanopticCategory,
        PanopticImage,
        Segment,
    )


def looked_up(values: Mapping[int, int], ids: IntArray) -> IntArray:
    """The value of each pixel's id."""
    present, place = np.unique(ids, return_inverse=True)
    missing = set(present.tolist()) - set(values)
    if missing:
        raise ValueError(
            "segments must hold the ids of all pixels, got none for "
            f"{sorted(missing)[:5]} (0 is void)"
        )
    table = np.array([values[n] for n in present.tolist()], np.int64)
    return table[place.reshape(ids.shape)]


def png_name(image: PanopticImage) -> str:
    """The name of the PNG that holds an image's ids."""
    return f"{PurePosixPath(image.file_name).stem}.png"


def content(
    images: Sequence[PanopticImage], categories: Sequence[PanopticCategory]
) -> dict[str, Any]:
    """A whole file; refuses what contradicts itself."""
    check_ids("image", [image.image_id for image in images])
    check_ids("category", [category.id for category in categories])
    check_ids("PNG", map(png_name, images))
    for image in images:
        check_ids("segment", [segment.id for segment in image.segments])
        # which refuses unknown categories and pixels without a segment
        image.panoptic_map(categories, divisor=2**31, void=0)
    return {
        "images": [
            {
                "id": image.image_id,
                "file_name": image.file_name,
                "height": image.ids.shape[0],
                "width": image.ids.shape[1],
            }
            for image in images
        ],
        "annotations": [
            {
                "image_id": image.image_id,
                "file_name": png_name(image),
                "segments_info": list(map(_entry, image.segments)),
            }
            for image in images
        ],
        "categories": [
            {"id": c.id, "name": c.name, "isthing": int(c.is_thing)}
            for c in categories
        ],
    }


def _entry(segment: Segment) -> dict[str, Any]:
    left, top, right, bottom = segment.box
    return {
        "id": segment.id,
        "category_id": segment.category_id,
        "area": segment.area,
        "bbox": [left, top, right - left, bottom - top],
        "iscrowd": int(segment.crowd),
    }


def segment_fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Segment from an entry of a file."""
    left, top, width, height = map(int, entry["bbox"])
    return {
        "id": entry["id"],
        "category_id": entry["category_id"],
        "area": int(entry["area"]),
        "box": (left, top, left + width, top + height),
        "crowd": bool(entry.get("iscrowd", 0)),
    }
