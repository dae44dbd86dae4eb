"""What stands in a COCO file, from and to the parts of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from seglab.data.formats._inputs import BoolArray
from seglab.data.formats.polygons import mask_to_polygons
from seglab.data.formats.rle import encode_coco, encode_coco_plain

if TYPE_CHECKING:
    from seglab.data.formats.coco import CocoDataset, CocoObject


def segmentation(mask: BoolArray, crowd: bool) -> Any:
    """The form in which COCO's own files hold such a mask."""
    if crowd:
        return encode_coco_plain(mask)
    polygons = mask_to_polygons(mask)
    if any(polygon.holes for polygon in polygons):
        return encode_coco(mask)
    return [polygon.outer.ravel().tolist() for polygon in polygons]


def object_fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a CocoObject from an entry of a file."""
    left, top, width, height = map(float, entry["bbox"])
    return {
        "id": entry["id"],
        "image_id": entry["image_id"],
        "category_id": entry["category_id"],
        "segmentation": entry["segmentation"],
        "area": float(entry["area"]),
        "box": (left, top, left + width, top + height),
        "crowd": bool(entry.get("iscrowd", 0)),
    }


def object_entry(one: CocoObject) -> dict[str, Any]:
    """The entry of a file for a CocoObject."""
    left, top, right, bottom = one.box
    return {
        "id": one.id,
        "image_id": one.image_id,
        "category_id": one.category_id,
        "segmentation": one.segmentation,
        "area": one.area,
        "bbox": [left, top, right - left, bottom - top],
        "iscrowd": int(one.crowd),
    }


def content(dataset: CocoDataset) -> dict[str, Any]:
    """A whole file; refuses a data set that contradicts itself."""
    check_ids("image", [i.id for i in dataset.images])
    check_ids("object", [o.id for o in dataset.objects])
    known = {i.id for i in dataset.images}
    for one in dataset.objects:
        if one.image_id not in known:
            raise ValueError(f"object {one.id} has no image {one.image_id}")
        if one.category_id not in dataset.categories:
            raise ValueError(
                f"object {one.id} has no category {one.category_id}"
            )
    images = [
        {
            "id": i.id,
            "file_name": i.file_name,
            "height": i.size[0],
            "width": i.size[1],
        }
        for i in dataset.images
    ]
    categories = [
        {"id": number, "name": name}
        for number, name in dataset.categories.items()
    ]
    return {
        "info": {},
        "licenses": [],
        "images": images,
        "annotations": [object_entry(o) for o in dataset.objects],
        "categories": categories,
    }


def check_ids(of: str, ids: Iterable[Hashable]) -> None:
    """Refuse an id that comes twice."""
    twice = [str(n) for n, count in Counter(ids).items() if count > 1]
    if twice:
        raise ValueError(
            f"{of} ids must be unique, got {', '.join(twice)} more than "
            "once"
        )
