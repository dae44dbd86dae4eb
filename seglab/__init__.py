"""Seglab: what the course book on image segmentation builds.

Submodules load when they are first used, so ``import seglab`` is quick::

    import seglab
    seglab.seed_everything(0)
    model = seglab.models.UNet(1, 2, widths=(16, 32, 64))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use
from seglab.settings import (
    cache_folder,
    device,
    expect,
    expect_trained,
    scale,
    scale_name,
    seed_everything,
)

if TYPE_CHECKING:
    from seglab import (
        active,
        checks,
        crf,
        data,
        deploy,
        inference,
        instances,
        losses,
        metrics,
        models,
        postprocess,
        predict,
        promptable,
        results,
        train,
        viz,
        weights,
    )

__version__ = "0.1.0"

_SUBMODULES = (
    "active",
    "checks",
    "crf",
    "data",
    "deploy",
    "inference",
    "instances",
    "losses",
    "metrics",
    "models",
    "postprocess",
    "predict",
    "promptable",
    "results",
    "train",
    "viz",
    "weights",
)

__all__ = [
    "active",
    "cache_folder",
    "checks",
    "crf",
    "data",
    "deploy",
    "device",
    "expect",
    "expect_trained",
    "inference",
    "instances",
    "losses",
    "metrics",
    "models",
    "postprocess",
    "predict",
    "promptable",
    "results",
    "scale",
    "scale_name",
    "seed_everything",
    "train",
    "viz",
    "weights",
]

__getattr__, __dir__ = load_on_use(__name__, _SUBMODULES)
