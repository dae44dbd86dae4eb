"""What the book segments: a real CT, radiographs, scenes and downloads.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seglab.data import (
        augment,
        catalog,
        chest,
        competition,
        competition_files,
        formats,
        intensity,
        leakage,
        lungs,
        projection,
        radiographs,
        report_page,
        sampling,
        scenes,
        splits,
        statistics,
    )

_SUBMODULES = (
    "augment",
    "catalog",
    "chest",
    "competition",
    "competition_files",
    "formats",
    "intensity",
    "leakage",
    "lungs",
    "projection",
    "radiographs",
    "report_page",
    "sampling",
    "scenes",
    "splits",
    "statistics",
)

__all__ = [
    "augment",
    "catalog",
    "chest",
    "competition",
    "competition_files",
    "formats",
    "intensity",
    "leakage",
    "lungs",
    "projection",
    "radiographs",
    "report_page",
    "sampling",
    "scenes",
    "splits",
    "statistics",
]


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return importlib.import_module(f"seglab.data.{name}")
    raise AttributeError(f"module 'seglab.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
