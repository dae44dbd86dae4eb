"""Instance and panoptic segmentation: one room for each family of models.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

if TYPE_CHECKING:
    from seglab.instances import (
        detections,
        detectron,
        evaluation,
        maskrcnn,
        onestage,
        panoptic,
        truth,
    )

__all__ = [
    "detections",
    "detectron",
    "evaluation",
    "maskrcnn",
    "onestage",
    "panoptic",
    "truth",
]

__getattr__, __dir__ = load_on_use(__name__, __all__)
