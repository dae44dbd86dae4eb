"""COCO's panoptic format: a JSON file and a PNG of segment ids per image.

A pixel's colour is its segment's id, R + 256 G + 65536 B; id 0 is void.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from scipy import ndimage

from seglab.data.formats import _panoptic_json
from seglab.data.formats._inputs import IntArray
from seglab.files import replacing

_IDS = 2**24  # what three bytes can tell apart


@dataclass(frozen=True)
class PanopticCategory:
    """A category; a thing can be counted, stuff cannot."""

    id: int
    name: str
    is_thing: bool


@dataclass(frozen=True)
class Segment:
    """A segment of one image.

    Args:
        id: from 1 to 16,777,215, unique in its image.
        category_id: of its category.
        area: in pixels.
        box: (left, top, right, bottom) in pixel edges.
        crowd: whether it is a group of objects that nobody told apart.
    """

    id: int
    category_id: int
    area: int
    box: tuple[int, int, int, int]
    crowd: bool = False


# eq would compare arrays, which have no one answer
@dataclass(frozen=True, eq=False)
class PanopticImage:
    """An image's segments and which of them each pixel belongs to.

    Args:
        image_id: unique in the data set.
        file_name: of the image; the PNG of its ids has the same stem.
        ids: int64 [H, W], segment ids; 0 is void.
        segments: one for each id in ``ids``.
    """

    image_id: int
    file_name: str
    ids: IntArray
    segments: tuple[Segment, ...]

    def panoptic_map(
        self,
        categories: Iterable[PanopticCategory],
        *,
        divisor: int = 1000,
        void: int | None = None,
    ) -> IntArray:
        """The map that :mod:`seglab.metrics.panoptic` takes.

        Args:
            categories: of the data set.
            divisor: a pixel becomes ``category * divisor + number``.
            void: category of the void pixels, if there are any.

        Returns:
            int64 [H, W].

        Raises:
            ValueError: a category or a pixel's segment is missing, or a
                category has more things than the divisor holds.

        Convention:
            Things are numbered from 1 in each category, in the order of
            the segments; stuff has number 0.
        """
        things = {c.id: c.is_thing for c in categories}
        seen = dict.fromkeys(things, 0)
        values = {} if void is None else {0: void * divisor}
        for segment in self.segments:
            kind = segment.category_id
            if kind not in things:
                raise ValueError(
                    f"categories must hold {kind}, of segment {segment.id}"
                )
            seen[kind] += things[kind]
            values[segment.id] = kind * divisor + seen[kind]
        if max(seen.values(), default=0) >= divisor:
            raise ValueError(f"divisor must be above {max(seen.values())}")
        return _panoptic_json.looked_up(values, self.ids)


def panoptic_image(
    panoptic: ArrayLike,
    *,
    image_id: int,
    file_name: str,
    divisor: int = 1000,
    void: int | None = None,
) -> PanopticImage:
    """Segments from a panoptic map, with areas and boxes.

    Args:
        panoptic: integers [H, W], ``category * divisor + number``.
        image_id, file_name: as :class:`PanopticImage`.
        divisor: above every number.
        void: category of the pixels without a label, if there is one.

    Raises:
        TypeError: a map that is no integers.
        ValueError: not [H, W], or a negative value.

    Convention:
        Segments are numbered from 1 in the order of the map's values; a
        category of 0 is one like any other, and only void pixels get id 0.

    Source:
        COCO's panoptic format (Kirillov et al. 2019).

    >>> image = panoptic_image([[0, 2001, 2001]], image_id=1,
    ...                        file_name="a.png")
    >>> image.ids, image.segments[1].box
    (array([[1, 2, 2]]), (1, 0, 3, 1))
    """
    array = np.asarray(panoptic)
    if array.dtype.kind not in "ui":
        raise TypeError(f"panoptic must be integers, got {array.dtype}")
    if array.ndim != 2 or (array < 0).any():
        raise ValueError(
            "panoptic must be [H, W] of 0 or more, got shape "
            f"{array.shape} and {array.min(initial=0)}"
        )
    values, number = np.unique(array, return_inverse=True)
    kinds = values.astype(np.int64) // divisor
    is_void = np.zeros(values.size, bool) if void is None else kinds == void
    new = np.where(is_void, 0, np.cumsum(~is_void))
    ids = new[number.reshape(array.shape)]
    areas = np.bincount(ids.ravel(), minlength=new.max(initial=0) + 1)
    places = ndimage.find_objects(ids)
    segments = []
    for n, kind in zip(new.tolist(), kinds.tolist(), strict=True):
        if n > 0:
            rows, columns = places[n - 1]
            box = (columns.start, rows.start, columns.stop, rows.stop)
            segments.append(Segment(n, kind, int(areas[n]), box))
    return PanopticImage(image_id, file_name, ids, tuple(segments))


def ids_to_rgb(ids: ArrayLike) -> NDArray[np.uint8]:
    """Segment ids as colours.

    Args:
        ids: integers [H, W] from 0 to 16,777,215.

    Returns:
        uint8 [H, W, 3].

    Raises:
        TypeError: no integers.
        ValueError: an id out of range.

    Convention:
        id = R + 256 G + 65536 B.

    >>> ids_to_rgb([[66051]])
    array([[[3, 2, 1]]], dtype=uint8)
    """
    array = np.asarray(ids)
    if array.dtype.kind not in "ui":
        raise TypeError(f"ids must be integers, got {array.dtype}")
    if array.size and (array.min() < 0 or array.max() >= _IDS):
        raise ValueError(
            f"ids must be from 0 to {_IDS - 1}, got values from "
            f"{array.min()} to {array.max()}"
        )
    shifts = np.array([0, 8, 16])
    return (array.astype(np.int64)[..., None] >> shifts).astype(np.uint8)


def rgb_to_ids(rgb: ArrayLike) -> IntArray:
    """Segment ids from colours; undoes :func:`ids_to_rgb`.

    Args:
        rgb: uint8 [H, W, 3].

    Raises:
        ValueError: another type or shape, such as four channels.

    >>> rgb_to_ids(np.array([[[3, 2, 1]]], np.uint8))
    array([[66051]])
    """
    array = np.asarray(rgb)
    if array.dtype != np.uint8 or array.ndim < 1 or array.shape[-1] != 3:
        raise ValueError(
            f"rgb must be uint8 [H, W, 3], got {array.dtype} of shape "
            f"{array.shape}"
        )
    return array.astype(np.int64) @ np.array([1, 256, 65536])


def write_panoptic(
    path: str | Path,
    folder: str | Path,
    images: Sequence[PanopticImage],
    categories: Sequence[PanopticCategory],
) -> None:
    """Write the JSON file and the folder of PNGs, each whole or not at all.

    Args:
        path: of the JSON file, which is written last.
        folder: for the PNGs.
        images: with unique ids.
        categories: of all the segments.

    Raises:
        ValueError: an image, a PNG's name or a category comes twice, a
            segment's category is unknown, or a pixel's segment is missing.

    Convention:
        The PNG of ``a/b.jpg`` is ``b.png``. Boxes are written as COCO has
        them: left, top, width, height.
    """
    content = _panoptic_json.content(images, categories)
    for image in images:
        png = Path(folder) / _panoptic_json.png_name(image)
        with replacing(png) as temporary:
            Image.fromarray(ids_to_rgb(image.ids)).save(temporary, "PNG")
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content), "utf-8")


def read_panoptic(
    path: str | Path, folder: str | Path
) -> tuple[list[PanopticImage], list[PanopticCategory]]:
    """Read what :func:`write_panoptic` or COCO's own tools wrote.

    Args:
        path: of the JSON file.
        folder: of the PNGs.

    Returns:
        The images, in the order of their annotations, and the categories.

    Raises:
        FileNotFoundError: the JSON file or a PNG is missing.
        ValueError: not such a file.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text("utf-8"))
        names = {i["id"]: i["file_name"] for i in content["images"]}
        categories = [
            PanopticCategory(c["id"], c["name"], bool(c["isthing"]))
            for c in content["categories"]
        ]
        images = [
            PanopticImage(
                entry["image_id"],
                names[entry["image_id"]],
                _read_ids(Path(folder) / entry["file_name"]),
                tuple(
                    Segment(**_panoptic_json.segment_fields(segment))
                    for segment in entry["segments_info"]
                ),
            )
            for entry in content["annotations"]
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{path} must be a COCO panoptic file, but "
            f"{type(error).__name__}: {error}"
        ) from error
    return images, categories


def _read_ids(png: Path) -> IntArray:
    with Image.open(png) as image:
        if image.mode != "RGB":
            raise ValueError(f"{png.name} must be RGB, got {image.mode}")
        return rgb_to_ids(np.asarray(image))
