"""Polygons in JSON files, one beside each image, as LabelMe writes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from seglab.data.formats import _labelme
from seglab.data.formats._inputs import BoolArray, check_shape
from seglab.data.formats.polygons import Polygon, polygons_to_mask
from seglab.files import replacing

# the generation of the format, which LabelMe compares with its own
_VERSION = "5.0.0"


# eq would compare arrays, which have no one answer
@dataclass(frozen=True, eq=False, init=False)
class LabelledImage:
    """An image's polygons and what each of them is.

    Args:
        path: of the image.
        size: (height, width) of the image in pixels.
        labels: one for each polygon.
        polygons: they may overlap.
        groups: one for each polygon: polygons of an object in several
            parts have the same number. Empty if there are none.

    Raises:
        ValueError: not as many labels (or groups) as polygons, or a size
            that is not two integers.

    Convention:
        Coordinates count pixel edges: the centre of the first pixel is
        (0.5, 0.5).

    >>> square = Polygon([(0, 0), (2, 0), (2, 2), (0, 2)])
    >>> image = LabelledImage("a.png", (2, 3), ["rib"], [square])
    >>> image.masks(["heart", "rib"]).sum(axis=(1, 2))
    array([0, 4])
    """

    path: Path
    size: tuple[int, int]
    labels: tuple[str, ...]
    polygons: tuple[Polygon, ...]
    groups: tuple[int | None, ...]

    def __init__(
        self,
        path: str | Path,
        size: Sequence[int],
        labels: Iterable[str],
        polygons: Iterable[Polygon],
        groups: Iterable[int | None] = (),
    ) -> None:
        labels, groups = tuple(labels), tuple(groups)
        polygons = tuple(polygons)
        count = len(polygons)
        if len(labels) != count or len(groups) not in (0, count):
            raise ValueError(
                f"labels must be one for each of {count} polygons, and "
                f"groups too or empty, got {len(labels)} and {len(groups)}"
            )
        object.__setattr__(self, "path", Path(path))
        object.__setattr__(self, "size", check_shape(size))
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "polygons", polygons)
        object.__setattr__(self, "groups", groups)

    def masks(self, names: Sequence[str]) -> BoolArray:
        """One mask for each name, bool [K, H, W]; they may overlap.

        Args:
            names: labels, in the order wanted; one without a polygon gets
                an empty mask.

        Raises:
            ValueError: the image has a label that is not among the names.
        """
        unknown = sorted(set(self.labels) - set(names))
        if unknown:
            raise ValueError(
                f"names must hold every label of {self.path.name}, got "
                f"none for {', '.join(unknown)}"
            )
        masks = np.zeros((len(names), *self.size), bool)
        pairs = list(zip(self.labels, self.polygons, strict=True))
        for mask, name in zip(masks, names, strict=True):
            mask[:] = polygons_to_mask(
                [polygon for label, polygon in pairs if label == name],
                self.size,
            )
        return masks


def read_labelme(path: str | Path) -> LabelledImage:
    """Read one JSON file in LabelMe's format.

    Args:
        path: of the JSON file.

    Returns:
        The polygons in the file's order; rectangles become polygons.

    Raises:
        FileNotFoundError: there is no such file; or it does not state the
            image's size, and the image is not there either.
        ValueError: not a LabelMe file, or a shape without a label, with odd
            points, or of a kind that is no area. The message names the
            shape; to hear of all faults at once, see
            :func:`~seglab.data.formats.faults.find_faults`.

    Convention:
        The image need not be there, unless its size is not stated. What the
        file embeds of the image is not read.

    Source:
        LabelMe (Wada), the JSON of its polygon tool.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.json"
    >>> triangle = Polygon([(0, 0), (2, 0), (2, 2)])
    >>> write_labelme(
    ...     file, LabelledImage(file.with_name("a.png"), (2, 2), ["rib"],
    ...                         [triangle]))
    >>> read_labelme(file).labels
    ('rib',)
    """
    path = Path(path)
    content = _labelme.document(path)
    image = _labelme.image_path(content, path)
    labels, polygons, groups = [], [], []
    try:
        size = _labelme.stated_size(content) or image_size(image)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    for number, shape in enumerate(content["shapes"]):
        try:
            labels.append(_labelme.label(shape))
            polygons.append(_labelme.polygon(shape))
        except ValueError as error:
            raise ValueError(f"{path}, shape {number}: {error}") from error
        groups.append(shape.get("group_id"))
    if all(group is None for group in groups):
        groups = []
    return LabelledImage(image, size, labels, polygons, groups)


def write_labelme(path: str | Path, image: LabelledImage) -> None:
    """Write one JSON file in LabelMe's format, whole or not at all.

    Args:
        path: of the JSON file; its folder is made if it is missing.
        image: the image's path is written relative to the file.

    Raises:
        TypeError: not a :class:`LabelledImage`.
        ValueError: a polygon with holes, which the format cannot hold.

    >>> write_labelme("a.json", "a.png")
    Traceback (most recent call last):
    TypeError: image must be a LabelledImage, got str
    """
    if not isinstance(image, LabelledImage):
        raise TypeError(
            f"image must be a LabelledImage, got {type(image).__name__}"
        )
    path = Path(path)
    for number, polygon in enumerate(image.polygons):
        if polygon.holes:
            raise ValueError(
                f"polygon {number} ({image.labels[number]}) has holes, "
                "which LabelMe's format cannot hold: use COCO with RLE"
            )
    content: dict[str, Any] = {
        "version": _VERSION,
        "flags": {},
        "shapes": _shapes(image),
        "imagePath": _relative(image.path, path.parent),
        "imageData": None,
        "imageHeight": image.size[0],
        "imageWidth": image.size[1],
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), "utf-8")


def image_size(path: str | Path) -> tuple[int, int]:
    """(height, width) of an image file, without decoding its pixels.

    Args:
        path: of an image that Pillow can open.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the file is no image.

    Convention:
        As the pixels are stored; a note to the viewer to turn the picture
        (EXIF) is not heeded.
    """
    with Image.open(path) as image:
        return image.height, image.width


def _shapes(image: LabelledImage) -> list[dict[str, Any]]:
    groups = image.groups or (None,) * len(image.polygons)
    return [
        {
            "label": label,
            "points": polygon.outer.tolist(),
            "group_id": group,
            "shape_type": "polygon",
            "flags": {},
        }
        for label, polygon, group in zip(
            image.labels, image.polygons, groups, strict=True
        )
    ]


def _relative(image: Path, folder: Path) -> str:
    relative = os.path.relpath(image.resolve(), folder.resolve())
    return Path(relative).as_posix()
