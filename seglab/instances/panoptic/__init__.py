"""Things and stuff in one map: merging, centres, and queries.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

if TYPE_CHECKING:
    from seglab.instances.panoptic import (
        categories,
        centre_loss,
        centres,
        deeplab,
        evaluation,
        grouping,
        mask2former,
        merging,
        queries,
    )

__all__ = [
    "categories",
    "centre_loss",
    "centres",
    "deeplab",
    "evaluation",
    "grouping",
    "mask2former",
    "merging",
    "queries",
]

__getattr__, __dir__ = load_on_use(__name__, __all__)
