"""The parts of a LabelMe file, each of which may be at fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seglab.data.formats.polygons import Polygon


def document(path: Path) -> dict[str, Any]:
    """The file's content, if it is a LabelMe file at all."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:  # of JSON, or of UTF-8
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(
        content.get("shapes"), list
    ):
        raise ValueError(f"{path} has no list of shapes: not LabelMe's")
    if not isinstance(content.get("imagePath"), str):
        raise ValueError(f"{path} does not name its image (imagePath)")
    return content


def image_path(content: Mapping[str, Any], path: Path) -> Path:
    """Where the image lies; the file names it relative to itself."""
    # LabelMe on Windows writes backslashes
    return path.parent / content["imagePath"].replace("\\", "/")


def stated_size(content: Mapping[str, Any]) -> tuple[int, int] | None:
    """(height, width) as the file states it, None if it does not."""
    sides = content.get("imageHeight"), content.get("imageWidth")
    if sides == (None, None):
        return None
    height, width = sides
    for side in sides:
        if type(side) is not int or side < 1:
            raise ValueError(
                "imageHeight and imageWidth must be integers of 1 or "
                f"more, got {height!r} and {width!r}"
            )
    return int(str(height)), int(str(width))


def label(shape: object) -> str:
    """The label of a shape."""
    if not isinstance(shape, Mapping) or not isinstance(
        shape.get("label"), str
    ):
        raise ValueError("it has no label")
    return shape["label"]


def polygon(shape: Mapping[str, Any]) -> Polygon:
    """A shape as a polygon; a rectangle, given by two corners, too."""
    kind = shape.get("shape_type") or "polygon"
    try:
        found = Polygon(shape.get("points", ()))
    except (TypeError, ValueError) as error:
        raise ValueError(f"its points are odd: {error}") from error
    if kind == "polygon":
        return found
    if kind == "rectangle" and len(found.outer) == 2:
        (left, top), (right, bottom) = found.outer
        corners = [(left, top), (right, top), (right, bottom)]
        return Polygon([*corners, (left, bottom)])
    raise ValueError(
        f"it is a {kind} of {len(found.outer)} points, which is no area "
        "that this reader knows"
    )
