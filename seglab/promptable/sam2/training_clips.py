"""What a small SAM 2 learns from: drawn clips, and stacks of CT slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from seglab.data.chest import class_slices, slab_split
from seglab.data.clips import draw_clip
from seglab.promptable.learning.real import number_pieces

SIDE = 128


def drawn_clips(seeds: Sequence[int], length: int) -> tuple[Tensor, Tensor]:
    """Clips of the seeds, with their shapes numbered from 1.

    Args:
        seeds: of N clips.
        length: frames of each.

    Returns:
        Frames uint8 [N, T, 3, 128, 128], and numbers uint8
        [N, T, 128, 128], 0 for the ground.

    >>> frames, numbers = drawn_clips(range(2), 3)
    >>> frames.shape[:2], int(numbers.min())
    (torch.Size([2, 3]), 0)
    """
    frames = torch.empty(
        len(seeds), length, 3, SIDE, SIDE, dtype=torch.uint8
    )
    numbers = torch.empty(len(seeds), length, SIDE, SIDE, dtype=torch.uint8)
    for at, seed in enumerate(seeds):
        clip = draw_clip(seed, frames=length)
        frames[at] = torch.from_numpy(np.round(clip.frames * 255))
        ids = np.arange(1, clip.masks.shape[1] + 1)[:, None, None]
        numbers[at] = torch.from_numpy((clip.masks * ids).sum(1))
    return frames, numbers


def ct_stacks(length: int, *, every: int = 3) -> tuple[Tensor, Tensor]:
    """Runs of neighbouring CT slices of the training slabs, as clips.

    The held-out slabs of ``slab_split`` are left out. Pieces of organs
    are numbered through all slices of a stack, so that a piece keeps its
    number while it can be followed.

    Args:
        length: slices of a stack.
        every: slices from the start of one stack to the next.

    Returns:
        As ``drawn_clips``.
    """
    slices = class_slices(size=(SIDE, SIDE))
    kept, _ = slab_split(slices.z)
    stacks = [
        slice(first, first + length)
        for run in runs_of(kept)
        for first in run[: max(0, len(run) - length + 1) : every]
    ]
    frames, numbers = [], []
    for span in stacks:
        grey = (slices.images[span] * 255).round().to(torch.uint8)
        frames.append(grey.expand(-1, 3, -1, -1))
        organs = slices.masks[span].numpy()
        pieces = number_pieces(
            [organs == k for k in range(1, len(slices.names))]
        )
        numbers.append(torch.from_numpy(pieces))
    return torch.stack(frames), torch.stack(numbers)


def runs_of(places: ArrayLike) -> list[list[int]]:
    """Cut ascending whole numbers wherever one is missing.

    >>> runs_of([1, 2, 3, 7, 8])
    [[1, 2, 3], [7, 8]]
    """
    numbers = np.asarray(places)
    cuts = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [part.tolist() for part in np.split(numbers, cuts)]
