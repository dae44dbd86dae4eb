"""Detectron2 as its users know it, at the size of a laptop.

Everything here goes through Detectron2's public names, so that 0.6 and
later versions both do. It is imported when a function first needs it;
``python tools/install.py detectron2`` installs it without a compiler.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

if TYPE_CHECKING:
    from seglab.instances.detectron import (
        answers,
        backbone,
        config,
        datasets,
        lazy_config,
        logs,
        networks,
        training,
    )

__all__ = [
    "answers",
    "backbone",
    "config",
    "datasets",
    "lazy_config",
    "logs",
    "networks",
    "training",
]

__getattr__, __dir__ = load_on_use(__name__, __all__)
