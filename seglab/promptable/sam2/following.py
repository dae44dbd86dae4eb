"""Second lesson of a small SAM 2: to follow what a prompt points at.

A few frames with gradients through all of them, as in the paper: the first
has a prompt, later ones have the memory of those before, and now and then
a correcting click.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.promptable.learning.losses import mask_losses
from seglab.promptable.learning.prompts import (
    jittered_boxes,
    random_clicks,
    random_places,
)
from seglab.promptable.sam2.frozen import FrameFeatures

CLICK, BOX, MASK = range(3)
CHANCES = (0.6, 0.25, 0.15)  # of the first prompt
CORRECTION_CHANCE = 0.3  # of a step to hold a correcting click
LOGIT_LIMIT = 32.0  # as the package clamps earlier answers


class Answer(NamedTuple):
    """What the model says of one frame.

    Args:
        logits: float [B, 1, h, w].
        full: float [B, 1, side, side], the same in full size.
        quality: float [B, 1], the IoU it expects.
        pointer: float [B, C].
        there: float [B, 1], logits of being visible.
    """

    logits: Tensor
    full: Tensor
    quality: Tensor
    pointer: Tensor
    there: Tensor


class FollowLearner(nn.Module):
    """A SAM 2 with its loss over a stretch of frames.

    Shapes: int64 [B, T], places of frames, to T times their features.

    Args:
        model: a SAM 2; its image encoder stays as it is.
        look_up: features for places, such as ``FrozenClips.look_up``.

    Source:
        Ravi et al., SAM 2, ICLR 2025, appendix D.
    """

    def __init__(
        self, model: Any, look_up: Callable[[Tensor], list[FrameFeatures]]
    ) -> None:
        super().__init__()
        self.model, self.look_up = model, look_up
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
        bank: dict[str, dict[int, Any]] = {
            "cond_frame_outputs": {},
            "non_cond_frame_outputs": {},
        }
        # a mask that is handed in teaches only what comes after it
        chances = torch.tensor(
            CHANCES if len(frames) > 1 else CHANCES[:MASK]
        )
        kind = int(torch.multinomial(chances, 1))
        corrected = -1
        if len(frames) > 1 and torch.rand(()) < CORRECTION_CHANCE:
            corrected = int(torch.randint(1, len(frames), ()))
        losses = []
        for t, frame in enumerate(frames):
            true = truth[:, t].float()
            prompt = first_prompt(self.model, true, kind) if t == 0 else {}
            entry, answer = self._step(t, frame, bank, len(frames), prompt)
            if not (t == 0 and kind == MASK):
                losses.append(judge(answer, true))
            if t == corrected:
                prompt = self._correction(answer, true)
                entry, answer = self._step(
                    t, frame, bank, len(frames), prompt
                )
                losses.append(judge(answer, true))
            self._remember(frame, entry, answer, prompt)
            which = "cond" if t in (0, corrected) else "non_cond"
            bank[f"{which}_frame_outputs"][t] = entry
        return torch.stack(losses).mean()

    def _step(
        self,
        t: int,
        frame: FrameFeatures,
        bank: dict[str, dict[int, Any]],
        count: int,
        prompt: dict[str, Any],
    ) -> tuple[dict[str, Any], Answer]:
        features, positions, sizes = self._flatten(frame)
        entry, found, _, _ = self.model._track_step(
            frame_idx=t,
            is_init_cond_frame=t == 0,
            current_vision_feats=features,
            current_vision_pos_embeds=positions,
            feat_sizes=sizes,
            point_inputs=prompt.get("points"),
            mask_inputs=prompt.get("masks"),
            output_dict=bank,
            num_frames=count,
            track_in_reverse=False,
            prev_sam_mask_logits=prompt.get("earlier"),
        )
        _, _, quality, logits, full, pointer, there = found
        entry["obj_ptr"] = pointer
        return entry, Answer(logits, full, quality, pointer, there)

    def _remember(
        self,
        frame: FrameFeatures,
        entry: dict[str, Any],
        answer: Answer,
        prompt: dict[str, Any],
    ) -> None:
        features, _, sizes = self._flatten(frame)
        self.model._encode_memory_in_output(
            features,
            sizes,
            prompt.get("points"),
            True,
            answer.full,
            answer.there,
            entry,
        )

    def _flatten(self, frame: FrameFeatures) -> tuple[Any, Any, Any]:
        """Maps [B, C, h, w] as the package's [hw, B, C], with positions."""
        positions = self.model.image_encoder.neck.position_encoding
        _, features, places, sizes = self.model._prepare_backbone_features(
            {
                "backbone_fpn": list(frame.maps),
                "vision_pos_enc": [
                    # positions have the width of the neck at every level
                    positions(level).to(level)
                    for level in frame.maps
                ],
            }
        )
        return features, places, sizes

    @torch.no_grad()
    def _correction(self, answer: Answer, true: Tensor) -> dict[str, Any]:
        """A click where the answer is wrong, and the answer itself."""
        full = F.interpolate(
            answer.full, true.shape[-2:], mode="bilinear", antialias=True
        )
        found, wanted = full[:, 0] > 0, true > 0.5
        wrong = found ^ wanted
        some = wrong.flatten(1).any(1)[:, None, None]
        clicks = random_places(
            torch.where(some, wrong, torch.ones_like(wrong))
        )
        rows, columns = clicks[:, 0, 1].long(), clicks[:, 0, 0].long()
        labels = wanted[torch.arange(len(true)), rows, columns]
        return {
            "points": points_of(self.model, clicks, labels[:, None], true),
            "earlier": answer.logits.detach().clamp(
                -LOGIT_LIMIT, LOGIT_LIMIT
            ),
        }


def first_prompt(model: Any, true: Tensor, kind: int) -> dict[str, Any]:
    """A click, a box or a mask for each object [B, H, W]."""
    if kind == MASK:
        side = model.image_size
        full = F.interpolate(true[:, None], (side, side), mode="bilinear")
        return {"masks": (full >= 0.5).float()}
    if kind == BOX:
        corners = jittered_boxes(true).reshape(-1, 2, 2)
        labels = torch.tensor([[2, 3]]).expand(len(true), 2)
        # the middle of the pixel whose edge the corner is
        return {"points": points_of(model, corners - 0.5, labels, true)}
    clicks, labels = random_clicks(true)
    return {"points": points_of(model, clicks, labels, true)}


def points_of(
    model: Any, points: Tensor, labels: Tensor, true: Tensor
) -> dict[str, Tensor]:
    """Points in pixels of the frame as the package's point inputs."""
    height, width = true.shape[-2:]
    scale = model.image_size / torch.tensor([width, height])
    return {
        "point_coords": (points + 0.5) * scale - 0.5,
        "point_labels": labels.to(torch.int32),
    }


def judge(answer: Answer, true: Tensor) -> Tensor:
    """The loss of one frame; a mask counts where something is visible."""
    height, width = answer.logits.shape[-2:]
    share = F.adaptive_avg_pool2d(true[:, None], (height, width))
    visible = (true.flatten(1).sum(1) > 0).float()[:, None]
    mask, quality = mask_losses(
        answer.logits.flatten(2).clamp(-LOGIT_LIMIT, LOGIT_LIMIT),
        answer.quality,
        share.flatten(1),
    )
    # masks of what the model calls hidden carry no gradient
    counts = visible * (answer.there > 0)
    of_masks = ((mask + quality) * counts).sum() / counts.sum().clamp(min=1)
    hidden = F.binary_cross_entropy_with_logits(answer.there, visible)
    return of_masks + hidden
