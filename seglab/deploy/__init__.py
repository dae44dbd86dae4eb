"""From a trained network to one that others use: export, serve, score.

Submodules load when they are first used, like those of ``seglab``. What a
service needs (``session``, ``segmenter``, ``uploads``, ``service``) runs
without PyTorch once the network is written as ONNX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seglab.deploy import (
        answers,
        batch,
        counters,
        desk,
        drift,
        export,
        quantise,
        resampling,
        segmenter,
        service,
        session,
        uploads,
    )

_SUBMODULES = (
    "answers",
    "batch",
    "counters",
    "desk",
    "drift",
    "export",
    "quantise",
    "resampling",
    "segmenter",
    "service",
    "session",
    "uploads",
)

__all__ = [
    "answers",
    "batch",
    "counters",
    "desk",
    "drift",
    "export",
    "quantise",
    "resampling",
    "segmenter",
    "service",
    "session",
    "uploads",
]


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return importlib.import_module(f"seglab.deploy.{name}")
    raise AttributeError(
        f"module 'seglab.deploy' has no attribute {name!r}"
    )


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBMODULES])
