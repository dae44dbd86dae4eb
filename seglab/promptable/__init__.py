"""Promptable segmentation: SAM, and labelling with it.

Submodules load when they are first used, like those of ``seglab``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seglab.lazy import load_on_use

if TYPE_CHECKING:
    from seglab.promptable import (
        around,
        autolabel,
        automatic,
        clicker,
        coco,
        decoding,
        finetune,
        hugging_face,
        interactive,
        learning,
        lora,
        mask_filters,
        mini,
        overlap,
        prompts,
        sam,
        sam2,
        scoring,
        simulated_person,
    )

__all__ = [
    "around",
    "autolabel",
    "automatic",
    "clicker",
    "coco",
    "decoding",
    "finetune",
    "hugging_face",
    "interactive",
    "learning",
    "lora",
    "mask_filters",
    "mini",
    "overlap",
    "prompts",
    "sam",
    "sam2",
    "scoring",
    "simulated_person",
]

__getattr__, __dir__ = load_on_use(__name__, __all__)
