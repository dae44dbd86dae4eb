"""All faults of an annotated data set at once, as a table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seglab.data.formats import _coco_json, _labelme
from seglab.data.formats._faults import (
    Fault,
    image_faults,
    polygon_faults,
    split_faults,
    twice,
)
from seglab.data.formats.coco import CocoObject
from seglab.data.formats.rle import decode_coco
from seglab.extras import optional

if TYPE_CHECKING:
    import pandas as pd


def find_faults(
    files: Iterable[str | Path],
    *,
    labels: Collection[str],
    splits: Mapping[str, Collection[str]] | None = None,
    groups: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Every fault of a data set in LabelMe's format.

    Args:
        files: the JSON files; each names its image.
        labels: all the labels that may occur.
        splits: for each split, the names of its images, such as
            ``{"train": ["a.png"], "test": ["b.png"]}``.
        groups: the group of each image's name, such as its patient; no
            group may be in two splits.

    Returns:
        One row a fault, none if all is well. Columns: ``file``, the file's
        name (or the image's, in a split); ``item``, what in it; ``fault``,
        one of "missing file", "unreadable file", "size mismatch",
        "unknown label", "odd entry", "empty polygon", "self-crossing
        polygon", "point outside the image", "duplicate polygon",
        "duplicate id", "leakage"; ``detail``, in words.

    Raises:
        ImportError: pandas or shapely is missing.

    Convention:
        A fault in the data is never an exception: one that is found does
        not hide the next. A duplicate id is an image with two files;
        leakage is an image's name, its very bytes, or a group in two
        splits. For copies that are nearly the same, see
        ``seglab.data.leakage``.

    >>> table = find_faults(["no_such.json"], labels=["rib"])
    >>> table.loc[0].tolist()
    ['no_such.json', '', 'missing file', 'there is no such file']
    """
    found: list[Fault] = []
    images: dict[str, Path] = {}
    users = defaultdict(list)
    for file in map(Path, files):
        try:
            content = _labelme.document(file)
        except FileNotFoundError:
            detail = "there is no such file"
            found.append(Fault(file.name, "", "missing file", detail))
            continue
        except (OSError, ValueError) as error:
            found.append(
                Fault(file.name, "", "unreadable file", str(error))
            )
            continue
        image = _labelme.image_path(content, file)
        images[image.name] = image
        users[image.name].append(file.name)
        found += _labelme_faults(file, content, image, set(labels))
    found += twice(users)
    found += split_faults(splits or {}, images, groups or {})
    return _table(found)


def find_coco_faults(
    file: str | Path,
    folder: str | Path,
    *,
    splits: Mapping[str, Collection[str]] | None = None,
    groups: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Every fault of a COCO file of instances and its images.

    Args:
        file: the JSON file.
        folder: of the images, to which their names are relative.
        splits, groups: as :func:`find_faults`, by ``file_name``.

    Returns:
        As :func:`find_faults`. An unknown label is a category that the file
        does not list; "missing file" also an object without an image;
        "odd entry" an entry that cannot be read, or an id of 0, which
        COCO's evaluation takes for "no match".

    Raises:
        ImportError: pandas or shapely is missing.

    >>> find_coco_faults("no_such.json", ".").loc[0, "fault"]
    'missing file'
    """
    file, folder = Path(file), Path(folder)
    try:
        content = json.loads(file.read_text("utf-8"))
        images, annotations, categories = (
            list(content[key])
            for key in ("images", "annotations", "categories")
        )
    except FileNotFoundError:
        detail = "there is no such file"
        return _table([Fault(file.name, "", "missing file", detail)])
    except (OSError, ValueError, TypeError, KeyError) as error:
        detail = f"{type(error).__name__}: {error}"
        return _table([Fault(file.name, "", "unreadable file", detail)])
    rows = _coco_faults(images, annotations, categories, folder)
    found = [Fault(file.name, *row) for row in rows]
    read = filter(None, map(_coco_image, images))
    paths = {name: folder / name for _, name, _ in read}
    found += split_faults(splits or {}, paths, groups or {})
    return _table(found)


def _labelme_faults(
    file: Path, content: dict[str, Any], image: Path, labels: set[str]
) -> Iterator[Fault]:
    size = None
    try:
        size = _labelme.stated_size(content)
    except ValueError as error:
        yield Fault(file.name, "", "odd entry", str(error))
    for row in image_faults(image, size):
        yield Fault(file.name, "", *row)
    seen: set[tuple[str, bytes]] = set()
    for number, shape in enumerate(content["shapes"]):
        item = f"shape {number}"
        try:
            label = _labelme.label(shape)
            item += f" ({label})"
            if label not in labels:
                detail = f"{label!r} is not among the labels"
                yield Fault(file.name, item, "unknown label", detail)
            polygon = _labelme.polygon(shape)
        except ValueError as error:
            yield Fault(file.name, item, "odd entry", str(error))
            continue
        for row in polygon_faults(polygon, size):
            yield Fault(file.name, item, *row)
        key = label, polygon.outer.tobytes()
        if key in seen:
            detail = "the same points with the same label as before"
            yield Fault(file.name, item, "duplicate polygon", detail)
        seen.add(key)


def _coco_image(entry: Any) -> tuple[Any, str, tuple[int, int]] | None:
    """Id, name and size of an image's entry, if it can be read."""
    try:
        size = int(entry["height"]), int(entry["width"])
        return entry["id"], str(entry["file_name"]), size
    except (ValueError, TypeError, KeyError):
        return None


def _coco_faults(
    images: list[Any],
    annotations: list[Any],
    categories: list[Any],
    folder: Path,
) -> Iterator[tuple[str, str, str]]:
    """(item, fault, detail) of everything but the splits."""
    sizes: dict[Any, tuple[int, int]] = {}
    ids = defaultdict(list)
    for number, entry in enumerate(images):
        image = _coco_image(entry)
        if image is None:
            detail = "no id, file_name, height and width"
            yield f"images[{number}]", "odd entry", detail
            continue
        image_id, name, size = image
        sizes[image_id] = size
        ids[f"image {image_id}"].append(name)
        ids[f"file_name {name}"].append(name)
        for row in image_faults(folder / name, size):
            yield f"image {image_id}", *row
    known = {c.get("id") for c in categories if isinstance(c, dict)}
    seen: set[tuple[Any, ...]] = set()
    for number, entry in enumerate(annotations):
        try:
            one = CocoObject(**_coco_json.object_fields(entry))
        except (ValueError, TypeError, KeyError) as error:
            detail = f"{type(error).__name__}: {error}"
            yield f"annotations[{number}]", "odd entry", detail
            continue
        item = f"object {one.id}"
        ids[item].append(item)
        for row in _object_faults(one, sizes.get(one.image_id), known):
            yield item, *row
        key = one.image_id, one.category_id, str(one.segmentation)
        if key in seen:
            detail = "the same outline and category as an earlier object"
            yield item, "duplicate polygon", detail
        seen.add(key)
    for item, entries in ids.items():
        if len(entries) > 1:
            yield item, "duplicate id", f"{len(entries)} times"


def _object_faults(
    one: CocoObject, size: tuple[int, int] | None, known: set[Any]
) -> Iterator[tuple[str, str]]:
    if one.id == 0:
        yield "odd entry", "an id of 0 means no match to COCO's evaluation"
    if one.category_id not in known:
        yield "unknown label", f"there is no category {one.category_id}"
    if size is None:
        yield "missing file", f"there is no image {one.image_id}"
    try:
        if not isinstance(one.segmentation, dict):
            polygons = one.polygons()
            if not polygons:
                yield "empty polygon", "no polygon at all"
            for polygon in polygons:
                yield from polygon_faults(polygon, size)
        else:
            mask = decode_coco(one.segmentation)
            if size is not None and mask.shape != size:
                yield (
                    "size mismatch",
                    f"run lengths of {mask.shape[0]} x {mask.shape[1]}, an "
                    f"image of {size[0]} x {size[1]}",
                )
            if not mask.any():
                yield "empty polygon", "run lengths without a pixel"
    except ValueError as error:
        yield "odd entry", str(error)


def _table(found: list[Fault]) -> pd.DataFrame:
    pandas = optional("pandas", "the table of faults", "data")
    return pandas.DataFrame(found, columns=list(Fault._fields), dtype=str)
