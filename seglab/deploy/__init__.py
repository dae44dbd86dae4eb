"""From a trained network to one that others use: export, serve, score.

Submodules load when they are first used, like those of ``seglab``. What a
service needs (``session``, ``segmenter``, ``uploads``, ``service``) runs
without PyTorch once the network is written as ONNX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

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

__getattr__, __dir__ = load_on_use(__name__, __all__)
