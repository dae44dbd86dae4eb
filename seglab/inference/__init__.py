"""From a trained network to a decision: windows, views, thresholds.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

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

__all__ = [
    "sliding_window",
    "strips",
    "temperature",
    "thresholds",
    "tiles",
    "views",
    "windows",
]

__getattr__, __dir__ = load_on_use(__name__, __all__)
