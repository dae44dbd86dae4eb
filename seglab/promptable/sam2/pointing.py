"""A lesson of a small SAM 2 in pictures: to find what is pointed at.

The image encoder learns with the rest, which it does not in films: many
prompts share one picture there, and one frame serves one prompt.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from seglab.promptable.learning.prompts import choose_objects
from seglab.promptable.sam2.asking import (
    BOX,
    CLICK,
    ask,
    correction,
    first_prompt,
    judge,
)
from seglab.promptable.sam2.frames import prepare_frames
from seglab.promptable.sam2.frozen import FrameFeatures

ROUNDS = 3


class PointLearner(nn.Module):
    """A SAM 2 with its loss over rounds of prompts in single pictures.

    Half of the objects are asked for by a click anywhere on them, half by
    a box that is a little off; two corrections follow. What belongs to
    the memory alone does not learn. Shapes: float [N, 3, H, W] in [0, 1]
    to their features.

    Args:
        model: a SAM 2.
        per_picture: objects asked for in a picture, even.

    Source:
        Ravi et al., SAM 2, ICLR 2025, appendix D.
    """

    def __init__(self, model: Any, *, per_picture: int = 4) -> None:
        super().__init__()
        self.model, self.per_picture = model, per_picture
        model.requires_grad_(False)
        model.no_mem_embed.requires_grad_(True)
        for part in (
            model.image_encoder,
            model.sam_prompt_encoder,
            model.sam_mask_decoder,
        ):
            part.requires_grad_(True)

    def forward(self, images: Tensor) -> FrameFeatures:
        prepared = prepare_frames(images, self.model.image_size)
        found = self.model.forward_image(prepared)
        return FrameFeatures(tuple(found["backbone_fpn"]))

    def loss(self, features: FrameFeatures, maps: Tensor) -> Tensor:
        """Mean over rounds of the losses of mask, quality and visibility.

        Args:
            features: of N pictures.
            maps: integers [N, L, H, W]; the first of L maps numbers the
                objects from 1, and a single mask has no room for parts.
        """
        wholes = torch.stack([maps[:, 0], torch.zeros_like(maps[:, 0])], 1)
        asked = choose_objects(wholes, self.per_picture)
        losses = []
        for kind in (CLICK, BOX):
            picture = asked.picture[kind::2]
            frame = FrameFeatures(tuple(m[picture] for m in features.maps))
            losses += self._rounds(frame, asked.truth[kind::2], kind)
        return torch.stack(losses).mean()

    def _rounds(
        self, frame: FrameFeatures, true: Tensor, kind: int
    ) -> list[Tensor]:
        """The losses of a first prompt and of its corrections."""
        prompt, losses = first_prompt(self.model, true, kind), []
        for turn in range(ROUNDS):
            _, answer = ask(self.model, frame, prompt)
            losses.append(judge(answer, true))
            if turn + 1 < ROUNDS:
                prompt = correction(self.model, answer, true, prompt)
        return losses
