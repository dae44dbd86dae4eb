"""Single faults: of a polygon, of an image file, of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from seglab.data.formats.polygons import Polygon
from seglab.data.storage import sha256_of
from seglab.extras import optional


class Fault(NamedTuple):
    """A row of the table."""

    file: str
    item: str
    fault: str
    detail: str


def polygon_faults(
    polygon: Polygon, size: tuple[int, int] | None
) -> Iterator[tuple[str, str]]:
    """What is wrong with a polygon's outline: (fault, detail)."""
    shapely = optional("shapely", "checking polygons", "data")
    ring = polygon.outer
    distinct = len(np.unique(ring, axis=0))
    if distinct < 3:
        yield "empty polygon", f"{distinct} distinct points enclose nothing"
    elif shapely.MultiPoint(ring).convex_hull.area == 0:
        yield "empty polygon", f"{distinct} points on one line"
    else:
        shape = shapely.Polygon(ring)
        if not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            yield "self-crossing polygon", reason
    if size is None:
        return
    height, width = size
    outside = ((ring < 0) | (ring > (width, height))).any(axis=1)
    if outside.any():
        x, y = ring[outside][0]
        yield (
            "point outside the image",
            f"{outside.sum()} of {len(ring)} points, such as "
            f"({x:g}, {y:g}), in an image of {height} x {width}",
        )


def image_faults(
    image: Path, size: tuple[int, int] | None
) -> Iterator[tuple[str, str]]:
    """What is wrong with an image file, besides its pixels."""
    if not image.is_file():
        yield "missing file", f"there is no image {image}"
        return
    try:
        with Image.open(image) as opened:
            found = opened.height, opened.width
    except (OSError, ValueError) as error:
        yield "unreadable file", f"{image.name}: {error}"
        return
    if size is not None and found != size:
        yield (
            "size mismatch",
            f"stated {size[0]} x {size[1]}, the image has "
            f"{found[0]} x {found[1]}",
        )


def twice(names: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    """Ids that more than one entry has: id to the entries."""
    for name, entries in names.items():
        if len(entries) > 1:
            many = ", ".join(sorted(entries))
            yield Fault(many, name, "duplicate id", f"{len(entries)} times")


def split_faults(
    splits: Mapping[str, Collection[str]],
    images: Mapping[str, Path],
    groups: Mapping[str, str],
) -> Iterator[Fault]:
    """Images that a split lacks, and what several splits share.

    Args:
        splits: the names of each split's images.
        images: where each name's image lies.
        groups: the group of each name, such as a patient.
    """
    for split, names in splits.items():
        for name in sorted(set(names) - set(images)):
            detail = f"split {split} names an image without annotation"
            yield Fault(name, "", "missing file", detail)
    homes = _homes(splits, {name: name for name in images})
    for name, where in _shared(homes):
        yield Fault(name, "", "leakage", f"the image is in {where}")
    for group, where in _shared(_homes(splits, groups)):
        yield Fault("", group, "leakage", f"the group is in {where}")
    copies = _homes(splits, _hashes(images))
    for key, where in _shared(copies):
        names = sorted({name for _, name in copies[key]})
        if len(names) > 1:
            same = ", ".join(names)
            detail = f"the same bytes are in {where}"
            yield Fault(same, "", "leakage", detail)


def _homes(
    splits: Mapping[str, Collection[str]], keys: Mapping[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """The (split, name) pairs of each key."""
    homes = defaultdict(list)
    for split, names in splits.items():
        for name in sorted(set(names) & set(keys)):
            homes[keys[name]].append((split, name))
    return homes


def _shared(
    homes: Mapping[str, list[tuple[str, str]]],
) -> Iterator[tuple[str, str]]:
    for key, pairs in homes.items():
        found = list(dict.fromkeys(split for split, _ in pairs))
        if len(found) > 1:
            yield key, " and ".join(found)


def _hashes(images: Mapping[str, Path]) -> dict[str, str]:
    """The hash of each file that is as long as another one."""
    by_length = defaultdict(list)
    for name, path in images.items():
        if path.is_file():
            by_length[path.stat().st_size].append(name)
    return {
        name: sha256_of(images[name])
        for names in by_length.values()
        if len(names) > 1
        for name in names
    }
