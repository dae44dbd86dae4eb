"""From a trained network to a decision: windows, views, thresholds.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seglab.inference import (
        sliding_window,
        strips,
        temperature,
        thresholds,
        tiles,
        views,
        windows,
    )

_SUBMODULES = (
    "sliding_window",
    "strips",
    "temperature",
    "thresholds",
    "tiles",
    "views",
    "windows",
)

__all__ = [
    "sliding_window",
    "strips",
    "temperature",
    "thresholds",
    "tiles",
    "views",
    "windows",
]


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return importlib.import_module(f"seglab.inference.{name}")
    raise AttributeError(
        f"module 'seglab.inference' has no attribute {name!r}"
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
