"""Clips whose image features are computed once, for what learns on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from seglab.promptable.sam2.frames import prepare_frames

LEAST_PIXELS = 60


class FrameFeatures(NamedTuple):
    """The image encoder's maps of one frame of B clips, finest first.

    Args:
        maps: three floats [B, C, h, w], at strides 4, 8 and 16.
    """

    maps: tuple[Tensor, ...]


@torch.no_grad()
def encode_clips(
    model: Any, frames: Tensor, *, batch: int = 16
) -> tuple[Tensor, ...]:
    """Image features of clips, in half precision.

    Args:
        model: a SAM 2.
        frames: uint8 [N, T, 3, H, W].
        batch: frames to encode at a time.

    Returns:
        Three float16 [N, T, C, h, w], at strides 4, 8 and 16.
    """
    clips, length = frames.shape[:2]
    parts: list[list[Tensor]] = [[], [], []]
    for some in frames.flatten(0, 1).split(batch):
        found = model.forward_image(
            prepare_frames(some.float() / 255, model.image_size)
        )
        for part, level in zip(parts, found["backbone_fpn"], strict=True):
            part.append(level.half())
    return tuple(
        torch.cat(part).unflatten(0, (clips, length)) for part in parts
    )


class FrozenClips(Dataset[tuple[Tensor, Tensor]]):
    """Stretches of clips, each with the mask of one shape in it.

    An item is where to look, int64 [length]: numbers of frames over all
    clips, forwards or backwards; and uint8 [length, H, W], one shape's
    masks, which is seen in the first.

    Args:
        features: as ``encode_clips`` returns them.
        numbers: uint8 [N, T, H, W], the shapes numbered from 1.
        length: frames of a stretch.
    """

    def __init__(
        self, features: Sequence[Tensor], numbers: Tensor, *, length: int
    ) -> None:
        if not 1 <= length <= numbers.shape[1]:
            raise ValueError(
                f"length must be 1 to {numbers.shape[1]}, got {length}"
            )
        self.features, self.numbers = features, numbers
        self.length = length

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        clip, length = self.numbers[index], self.length
        span = torch.arange(length)
        span = span + torch.randint(len(clip) - length + 1, ())
        if torch.rand(()) < 0.5:
            span = span.flip(0)
        areas = torch.bincount(clip[span[0]].flatten().long())
        areas[0] = 0
        worth = (areas >= LEAST_PIXELS).nonzero()[:, 0]
        if not len(worth):  # nothing is seen at this end
            return self[int(torch.randint(len(self), ()))]
        shape = worth[torch.randint(len(worth), ())]
        masks = (clip[span] == shape).to(torch.uint8)
        return index * len(clip) + span, masks

    def look_up(self, places: Tensor) -> list[FrameFeatures]:
        """Features of the frames [B, length], one entry for each time."""
        return [
            FrameFeatures(
                tuple(f.flatten(0, 1)[at].float() for f in self.features)
            )
            for at in places.T
        ]
