"""How masks are stored: polygons, run lengths, COCO, label maps, volumes.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

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

__getattr__, __dir__ = load_on_use(__name__, __all__)
