"""Detectron2 itself, imported where it is needed."""

from __future__ import annotations

import warnings
from typing import Any

from seglab.extras import optional

HOW = (
    "seglab.instances.detectron needs detectron2: python tools/install.py "
    "detectron2 installs version 0.6 without a compiler; for the current "
    "one see detectron2.readthedocs.io/en/latest/tutorials/install.html"
)


def detectron2_part(part: str) -> Any:
    """Import a part of Detectron2, such as ``"engine"``.

    Its own dependencies greet new versions of PyTorch with warnings that
    its users can do nothing about.

    Raises:
        ImportError: it is not installed; says how to install it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return optional(f"detectron2.{part}", "this", "none")
        except ImportError as error:
            # no extra brings it
            raise ImportError(HOW) from error
