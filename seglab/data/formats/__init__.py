"""How masks are stored: polygons, run lengths, COCO, label maps, volumes.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seglab.data.formats import (
        coco,
        coco_panoptic,
        faults,
        label_maps,
        labelme,
        medical,
        polygons,
        rle,
    )

_SUBMODULES = (
    "coco",
    "coco_panoptic",
    "faults",
    "label_maps",
    "labelme",
    "medical",
    "polygons",
    "rle",
)

__all__ = [
    "coco",
    "coco_panoptic",
    "faults",
    "label_maps",
    "labelme",
    "medical",
    "polygons",
    "rle",
]


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return importlib.import_module(f"seglab.data.formats.{name}")
    raise AttributeError(
        f"module 'seglab.data.formats' has no attribute {name!r}"
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
