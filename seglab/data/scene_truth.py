"""What is true of a scene beyond what a model learns from it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seglab.data._boxes import boxes_around
from seglab.data.scenes import Scene


def hides(scene: Scene) -> NDArray[np.bool_]:
    """Which shape hides a part of which.

    Args:
        scene: with whole shapes, the front one first.

    Returns:
        bool [K, K]: in row i and column j whether shape i stands in front
        of shape j and both cover a pixel.

    Convention:
        A pair is judged by itself: if a third shape stands in front of
        both where they overlap, i still hides j.

    >>> from seglab.data.scenes import draw_scene
    >>> hides(draw_scene(0)).nonzero()
    (array([0, 0, 1, 3]), array([1, 2, 4, 4]))
    """
    covers = scene.whole.reshape(len(scene.whole), -1).astype(np.int64)
    # the order is the scene's: only an earlier shape can hide a later one
    return np.triu(covers @ covers.T > 0, k=1)


def evaluation_target(scene: Scene) -> dict[str, Tensor]:
    """The truth that ``average_precision`` takes, with crowds marked.

    A detection on a crowd is neither right nor wrong, so evaluation must
    know where crowds are; ``detection_target``, for training, has none.

    Args:
        scene: with or without crowds.

    Returns:
        "boxes" float32 [K, 4] xyxy in pixels, right and lower edge one
        past the last pixel; "labels" int64 [K]; "masks" bool [K, H, W];
        "iscrowd" int64 [K].

    >>> from seglab.data.scenes import draw_scene
    >>> evaluation_target(draw_scene(1, crowds=1))["iscrowd"]
    tensor([0, 0, 0, 1])
    """
    return {
        "boxes": boxes_around(scene.instances),
        "labels": torch.from_numpy(scene.categories),
        "masks": torch.from_numpy(scene.instances),
        "iscrowd": torch.from_numpy(scene.crowd.astype(np.int64)),
    }
