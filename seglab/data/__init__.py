"""What the book segments: a real CT, radiographs, scenes and downloads.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

if TYPE_CHECKING:
    from seglab.data import (
        augment,
        catalog,
        chest,
        clips,
        coins,
        competition,
        competition_files,
        formats,
        intensity,
        leakage,
        lungs,
        nuclei,
        penn_fudan,
        projected_ribs,
        projection,
        radiographs,
        report_page,
        sagittal,
        sampling,
        scene_files,
        scene_truth,
        scenes,
        splits,
        statistics,
    )

__all__ = [
    "augment",
    "catalog",
    "chest",
    "clips",
    "coins",
    "competition",
    "competition_files",
    "formats",
    "intensity",
    "leakage",
    "lungs",
    "nuclei",
    "penn_fudan",
    "projected_ribs",
    "projection",
    "radiographs",
    "report_page",
    "sagittal",
    "sampling",
    "scene_files",
    "scene_truth",
    "scenes",
    "splits",
    "statistics",
]

__getattr__, __dir__ = load_on_use(__name__, __all__)
