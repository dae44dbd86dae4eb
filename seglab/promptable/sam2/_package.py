"""The authors' package, which no extra can bring."""

from __future__ import annotations

import importlib
from types import ModuleType


def package(module: str) -> ModuleType:
    """Import a module of ``sam2``.

    Raises:
        ImportError: it is not installed; says what installs it.

    >>> package("sam2_video_predictor").__name__
    'sam2.sam2_video_predictor'
    """
    try:
        return importlib.import_module(f"sam2.{module}")
    except ImportError as error:
        raise ImportError(
            f"SAM 2 needs {error.name}: python tools/install.py sam2, in a "
            "copy of seglab's repository"
        ) from error
