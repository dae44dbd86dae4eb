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
        paces: steps from frame to frame, of which each stretch takes one
            that leaves it inside the clip.
        cut_aways: chance of a stretch to show frames of another clip in
            its middle, where the shape is not seen.
    """

    def __init__(
        self,
        features: Sequence[Tensor],
        numbers: Tensor,
        *,
        length: int,
        paces: Sequence[int] = (1,),
        cut_aways: float = 0.0,
    ) -> None:
        longest = (numbers.shape[1] - 1) // min(paces) + 1
        if not 1 <= length <= longest:
            raise ValueError(f"length must be 1 to {longest}, got {length}")
        self.features, self.numbers = features, numbers
        self.length, self.cut_aways = length, cut_aways
        self.paces = [
            pace for pace in paces if (length - 1) * pace < numbers.shape[1]
        ]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        clip = self.numbers[index]
        span = self._span(len(clip))
        areas = torch.bincount(clip[span[0]].flatten().long())
        areas[0] = 0
        worth = (areas >= LEAST_PIXELS).nonzero()[:, 0]
        if not len(worth):  # nothing is seen at this end
            return self[int(torch.randint(len(self), ()))]
        shape = worth[torch.randint(len(worth), ())]
        masks = (clip[span] == shape).to(torch.uint8)
        places = index * len(clip) + span
        if torch.rand(()) < self.cut_aways:
            self._cut_away(places, masks)
        return places, masks

    def _span(self, frames: int) -> Tensor:
        """Frames of a stretch, forwards or backwards; int64 [length]."""
        pace = self.paces[int(torch.randint(len(self.paces), ()))]
        span = torch.arange(self.length) * pace
        span = span + torch.randint(frames - int(span[-1]), ())
        return span.flip(0) if torch.rand(()) < 0.5 else span

    def _cut_away(self, places: Tensor, masks: Tensor) -> None:
        """Show another clip between the first and the last frame."""
        if self.length < 3:
            return
        first, last = sorted(
            int(torch.randint(1, self.length - 1, ())) for _ in range(2)
        )
        other = int(torch.randint(len(self.numbers), ()))
        count = self.numbers.shape[1]
        # of the same clip it would still be seen
        if other != int(places[0]) // count:
            span = torch.arange(first, last + 1)
            places[span] = other * count + span % count
            masks[span] = 0

    def look_up(self, places: Tensor) -> list[FrameFeatures]:
        """Features of the frames [B, length], one entry for each time."""
        return [
            FrameFeatures(
                tuple(f.flatten(0, 1)[at].float() for f in self.features)
            )
            for at in places.T
        ]
