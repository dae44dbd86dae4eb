"""Lessons of a small SAM 2 in films: to follow what a prompt points at.

A few frames with gradients through all of them, as in the paper: the first
has a prompt, later ones have the memory of those before, and now and then
a correcting click.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from seglab.promptable.sam2.asking import (
    MASK,
    Answer,
    Bank,
    ask,
    correction,
    first_prompt,
    flatten,
    judge,
)
from seglab.promptable.sam2.frozen import FrameFeatures

CHANCES = (0.6, 0.25, 0.15)  # of a click, a box, a mask as first prompt


class FollowLearner(nn.Module):
    """A SAM 2 with its loss over a stretch of frames.

    Shapes: int64 [B, T], places of frames, to T times their features.

    Args:
        model: a SAM 2; its image encoder stays as it is.
        look_up: features for places, such as ``FrozenClips.look_up``.
        corrections: chance of a step to hold a correcting click.

    Source:
        Ravi et al., SAM 2, ICLR 2025, appendix D.
    """

    def __init__(
        self,
        model: Any,
        look_up: Callable[[Tensor], list[FrameFeatures]],
        *,
        corrections: float = 0.3,
    ) -> None:
        super().__init__()
        self.model, self.look_up = model, look_up
        self.corrections = corrections
        model.requires_grad_(True)
        model.image_encoder.requires_grad_(False)
        decoder = model.sam_mask_decoder
        # these two already stand in the features
        decoder.conv_s0.requires_grad_(False)
        decoder.conv_s1.requires_grad_(False)

    def forward(self, places: Tensor) -> list[FrameFeatures]:
        return self.look_up(places)

    def loss(self, frames: list[FrameFeatures], truth: Tensor) -> Tensor:
        """Mean over frames of the losses of mask, quality and visibility.

        Args:
            frames: features of T frames of B clips.
            truth: uint8 [B, T, H, W], one object in each clip.
        """
        bank: Bank = {
            "cond_frame_outputs": {},
            "non_cond_frame_outputs": {},
        }
        # a mask that is handed in teaches only what comes after it
        chances = torch.tensor(
            CHANCES if len(frames) > 1 else CHANCES[:MASK]
        )
        kind = int(torch.multinomial(chances, 1))
        corrected = -1
        if len(frames) > 1 and torch.rand(()) < self.corrections:
            corrected = int(torch.randint(1, len(frames), ()))
        losses = []
        for t, frame in enumerate(frames):
            true = truth[:, t].float()
            prompt = first_prompt(self.model, true, kind) if t == 0 else {}
            when: dict[str, Any] = {
                "time": t,
                "bank": bank,
                "count": len(frames),
            }
            entry, answer = ask(self.model, frame, prompt, **when)
            if not (t == 0 and kind == MASK):
                losses.append(judge(answer, true))
            if t == corrected:
                prompt = correction(self.model, answer, true, prompt)
                entry, answer = ask(self.model, frame, prompt, **when)
                losses.append(judge(answer, true))
            self._remember(frame, entry, answer, prompt)
            which = "cond" if t in (0, corrected) else "non_cond"
            bank[f"{which}_frame_outputs"][t] = entry
        return torch.stack(losses).mean()

    def _remember(
        self,
        frame: FrameFeatures,
        entry: dict[str, Any],
        answer: Answer,
        prompt: dict[str, Any],
    ) -> None:
        features, _, sizes = flatten(self.model, frame)
        self.model._encode_memory_in_output(
            features,
            sizes,
            prompt.get("points"),
            True,
            answer.full,
            answer.there,
            entry,
        )
