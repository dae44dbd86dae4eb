"""The authors' package, which no extra can bring."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


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


def find_in_frame(
    network: Any,
    inside: dict[str, Any],
    bank: dict[str, Any],
    frame: int,
    *,
    backwards: bool,
    remember: bool,
) -> Any:
    """Let a network find an object in a frame that nobody prompted.

    Args:
        network: a ``SAM2VideoPredictor``.
        inside: the package's state of the clip.
        bank: the memories of one object.
        frame: its number.
        backwards: whether the clip is followed towards frame 0.
        remember: whether the frame is encoded for the bank.

    Returns:
        An entry of the bank, and logits [1, 1, h, w].
    """
    return network._run_single_frame_inference(
        inference_state=inside,
        output_dict=bank,
        frame_idx=frame,
        batch_size=1,
        is_init_cond_frame=False,
        point_inputs=None,
        mask_inputs=None,
        reverse=backwards,
        run_mem_encoder=remember,
    )
