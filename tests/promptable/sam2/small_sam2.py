"""A small SAM 2 with random weights, and clips for it."""

from functools import cache

import torch

from seglab.data.clips import draw_clip
from seglab.promptable.prompts import clicks
from seglab.promptable.sam2.mini import build_mini_sam2
from seglab.promptable.sam2.tracker import PromptableSam2


@cache
def small_sam2():
    """The same model for every test of a run; none of them changes it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_mini_sam2()
        # random masks are all or nothing: let some pixels be either
        network.sam_mask_decoder.iou_token.weight.data.mul_(2)
    return PromptableSam2(network)


@cache
def small_clip(seed=0, frames=6, size=(128, 128)):
    """Frames float32 [T, 3, H, W], and masks bool [T, K, H, W]."""
    clip = draw_clip(seed, frames=frames, size=size)
    return torch.from_numpy(clip.frames), torch.from_numpy(clip.masks)


def click_at(x, y):
    """One click on one object."""
    return clicks([(x, y)], [1])
