"""How well a shape was followed, and two ways to follow without memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seglab.promptable.around import boxes_around_masks
from seglab.promptable.overlap import mask_ious
from seglab.promptable.prompts import Prompts
from seglab.promptable.sam2.tracker import PromptableSam2


def region_similarity(found: Tensor, truth: Tensor) -> Tensor:
    """J of each frame and object: intersection over union.

    Convention:
        Where the object is hidden, an empty mask scores 1 and any other
        0, as in the DAVIS benchmark.

    Args:
        found: bool [..., H, W].
        truth: bool of the same shape.

    Returns:
        Float32 [...].

    Raises:
        TypeError: a mask is not bool.
        ValueError: the shapes differ.

    Source:
        Perazzi et al., A Benchmark Dataset and Evaluation Methodology for
        Video Object Segmentation, CVPR 2016.

    >>> mask = torch.tensor([[True, True]])
    >>> region_similarity(mask, torch.tensor([[True, False]]))
    tensor(0.5000)
    """
    for name, masks in (("found", found), ("truth", truth)):
        if masks.dtype != torch.bool:
            raise TypeError(f"{name} must be bool, got {masks.dtype}")
    if found.shape != truth.shape or found.ndim < 2:
        raise ValueError(
            "found and truth must both have shape [..., H, W], got "
            f"{tuple(found.shape)} and {tuple(truth.shape)}"
        )
    return mask_ious(found, truth)


def keep_first_masks(first: Tensor, count: int) -> Tensor:
    """The laziest tracker: nothing moves.

    Args:
        first: bool [K, H, W], the masks of frame 0.
        count: frames of the clip, 1 or more.

    Returns:
        Bool [count, K, H, W].

    >>> keep_first_masks(torch.ones(2, 4, 4, dtype=torch.bool), 3).shape
    torch.Size([3, 2, 4, 4])
    """
    if count < 1:
        raise ValueError(f"count must be 1 or more, got {count}")
    return first.expand(count, *first.shape)


def reprompt_boxes(
    tracker: PromptableSam2, frames: Any, first: Tensor
) -> Tensor:
    """The image model frame by frame: ask for the last mask's box.

    Each frame is seen alone; all that is handed on is where the object
    was. One that was lost, so that its mask is empty, stays lost.

    Args:
        tracker: any SAM 2.
        frames: float [T, 3, H, W] in [0, 1].
        first: bool [K, H, W], the masks of frame 0.

    Returns:
        Bool [T, K, H, W].
    """
    found = [first]
    for image in frames[1:]:
        before = found[-1]
        seen = before.flatten(1).any(1)
        masks = torch.zeros_like(before)
        if seen.any():
            boxes = boxes_around_masks(before[seen])
            masks[seen] = tracker.segment(image, Prompts(boxes=boxes))
        found.append(masks)
    return torch.stack(found)
