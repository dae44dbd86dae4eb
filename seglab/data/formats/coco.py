"""COCO's JSON for instances: images, objects and categories in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from seglab.data.formats import _coco_json
from seglab.data.formats._inputs import BoolArray, FloatArray, as_masks
from seglab.data.formats.polygons import (
    Polygon,
    mask_to_polygons,
    polygons_to_mask,
)
from seglab.data.formats.rle import decode_coco
from seglab.files import replacing


@dataclass(frozen=True)
class CocoImage:
    """An image of a COCO data set.

    Args:
        id: unique among the images.
        file_name: relative to the folder of the images.
        size: (height, width) in pixels.
    """

    id: int
    file_name: str
    size: tuple[int, int]


@dataclass(frozen=True)
class CocoObject:
    """One object; COCO calls it an annotation.

    Args:
        id: unique among the objects, 1 or more.
        image_id, category_id: of its image and its category.
        segmentation: as in the file: a list of rings [x, y, x, y, ...], or
            a run-length encoding, plain or compressed.
        area: in pixels.
        box: (left, top, right, bottom) in pixel edges.
        crowd: whether it is a group of objects that nobody told apart.
    """

    id: int
    image_id: int
    category_id: int
    segmentation: Any
    area: float
    box: tuple[float, float, float, float]
    crowd: bool = False

    def mask(self, size: Sequence[int]) -> BoolArray:
        """Its pixels, bool [H, W].

        Args:
            size: (height, width) of its image.

        Raises:
            ValueError: a segmentation that is none of COCO's, or of another
                size.

        Convention:
            Of polygons, the pixels whose centre is inside. pycocotools
            first moves the points to a grid of fifths of a pixel: outlines
            that follow pixel edges give the same mask, slanted ones may
            differ in a few pixels of the border.
        """
        if not isinstance(self.segmentation, Mapping):
            return polygons_to_mask(self.polygons(), size)
        mask = decode_coco(dict(self.segmentation))
        if mask.shape != tuple(size):
            raise ValueError(
                f"object {self.id} must have its image's size "
                f"{tuple(size)}, got {mask.shape}"
            )
        return mask

    def polygons(self) -> list[Polygon]:
        """Its outlines; those of a run-length encoding are traced.

        Raises:
            ValueError: a segmentation that is none of COCO's.
        """
        if isinstance(self.segmentation, Mapping):
            return mask_to_polygons(decode_coco(dict(self.segmentation)))
        try:
            return [
                Polygon(np.asarray(ring, float).reshape(-1, 2))
                for ring in self.segmentation
            ]
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"object {self.id} must have rings [x, y, x, y, ...] or "
                f"run lengths, got {str(self.segmentation)[:40]}"
            ) from error


@dataclass(frozen=True)
class CocoDataset:
    """What one COCO file holds.

    Args:
        images, objects: in the file's order.
        categories: id to name.

    >>> heart = coco_object([[0, 1, 1]], id=1, image_id=7, category_id=2)
    >>> image = CocoImage(7, "a.png", (1, 3))
    >>> CocoDataset((image,), (heart,), {2: "heart"}).masks(7) + 0
    array([[[0, 1, 1]]])
    """

    images: tuple[CocoImage, ...]
    objects: tuple[CocoObject, ...]
    categories: Mapping[int, str]

    def of_image(self, image_id: int) -> list[CocoObject]:
        """The objects of an image, in the file's order."""
        return [o for o in self.objects if o.image_id == image_id]

    def masks(self, image_id: int) -> BoolArray:
        """The masks of an image's objects, bool [K, H, W].

        Raises:
            ValueError: no image has this id, or as
                :meth:`CocoObject.mask`.
        """
        sizes = [i.size for i in self.images if i.id == image_id]
        if not sizes:
            raise ValueError(
                f"image_id must be that of an image, got {image_id}"
            )
        masks = [o.mask(sizes[0]) for o in self.of_image(image_id)]
        return np.array(masks, bool).reshape(-1, *sizes[0])

    def boxes(self, image_id: int) -> FloatArray:
        """The boxes of an image's objects, [K, 4], xyxy in pixels."""
        boxes = [o.box for o in self.of_image(image_id)]
        return np.array(boxes, np.float64).reshape(-1, 4)


def coco_object(
    mask: ArrayLike,
    *,
    id: int,
    image_id: int,
    category_id: int,
    crowd: bool = False,
) -> CocoObject:
    """An object from its mask, with the area and box that belong to it.

    Args:
        mask: [H, W], bool or 0 and 1; not empty.
        id: unique among the objects, 1 or more.
        image_id, category_id, crowd: as :class:`CocoObject`.

    Raises:
        TypeError: a mask of floats.
        ValueError: an empty mask, one that is not [H, W], or an id below 1.

    Convention:
        The segmentation gives back the very same mask: polygons along
        pixel edges, or compressed run lengths where the object has holes,
        which COCO's polygons cannot hold; plain run lengths for a crowd, as
        COCO's own files have. An id of 0 would be taken for "no match" by
        COCO's evaluation.

    Source:
        COCO's data format (Lin et al. 2014).

    >>> one = coco_object([[0, 1, 1]], id=1, image_id=7, category_id=2)
    >>> one.segmentation
    [[1.0, 0.0, 3.0, 0.0, 3.0, 1.0, 1.0, 1.0]]
    >>> one.area, one.box
    (2.0, (1.0, 0.0, 3.0, 1.0))
    """
    array = as_masks(mask, "mask", "H, W")
    if id < 1:
        raise ValueError(f"id must be 1 or more, got {id}")
    if not array.any():
        raise ValueError(f"mask must not be empty, got object {id} so")
    rows, columns = (np.flatnonzero(array.any(axis)) for axis in (1, 0))
    left, right = float(columns[0]), float(columns[-1] + 1)
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    return CocoObject(
        id=id,
        image_id=image_id,
        category_id=category_id,
        segmentation=_coco_json.segmentation(array, crowd),
        area=float(array.sum()),
        box=(left, top, right, bottom),
        crowd=crowd,
    )


def read_coco(path: str | Path) -> CocoDataset:
    """Read a COCO file of instances.

    Args:
        path: of the JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: not such a file. What is faulty inside is reported by
            :func:`~seglab.data.formats.faults.find_coco_faults`.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text("utf-8"))
        return CocoDataset(
            tuple(
                CocoImage(
                    i["id"], i["file_name"], (i["height"], i["width"])
                )
                for i in content["images"]
            ),
            tuple(
                CocoObject(**_coco_json.object_fields(entry))
                for entry in content["annotations"]
            ),
            {c["id"]: c["name"] for c in content["categories"]},
        )
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{path} must be a COCO file of instances, but "
            f"{type(error).__name__}: {error}"
        ) from error


def write_coco(path: str | Path, dataset: CocoDataset) -> None:
    """Write a COCO file that pycocotools loads, whole or not at all.

    Args:
        path: of the JSON file; its folder is made if it is missing.
        dataset: with unique ids; each object's image and category exist.

    Raises:
        ValueError: an id comes twice, or an object's image or category is
            missing.

    Convention:
        Boxes are written as COCO has them: left, top, width, height.
    """
    content = _coco_json.content(dataset)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content), "utf-8")
