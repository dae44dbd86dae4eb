"""How a small SAM 2 is asked while it learns, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.promptable.learning.losses import mask_losses
from seglab.promptable.learning.prompts import (
    jittered_boxes,
    random_clicks,
    random_places,
)
from seglab.promptable.sam2.frozen import FrameFeatures

Bank = dict[str, dict[int, Any]]
CLICK, BOX, MASK = range(3)
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


def ask(
    model: Any,
    frame: FrameFeatures,
    prompt: Mapping[str, Any],
    *,
    time: int = 0,
    bank: Bank | None = None,
    count: int = 1,
) -> tuple[dict[str, Any], Answer]:
    """What the model finds in a frame, by a prompt, by memory, or by both.

    Args:
        model: a SAM 2.
        frame: features of B frames.
        prompt: points, masks, and an earlier answer, or nothing.
        time: number of the frame in its clip; the first has no memory.
        bank: what is remembered.
        count: frames of the clip.

    Returns:
        The entry for the bank, without a memory yet, and the answer.
    """
    features, positions, sizes = flatten(model, frame)
    entry, found, _, _ = model._track_step(
        frame_idx=time,
        is_init_cond_frame=time == 0,
        current_vision_feats=features,
        current_vision_pos_embeds=positions,
        feat_sizes=sizes,
        point_inputs=prompt.get("points"),
        mask_inputs=prompt.get("masks"),
        output_dict=bank or {},
        num_frames=count,
        track_in_reverse=False,
        prev_sam_mask_logits=prompt.get("earlier"),
    )
    _, _, quality, logits, full, pointer, there = found
    entry["obj_ptr"] = pointer
    return entry, Answer(logits, full, quality, pointer, there)


def flatten(model: Any, frame: FrameFeatures) -> tuple[Any, Any, Any]:
    """Maps [B, C, h, w] as the package's [hw, B, C], positions, sizes."""
    positions = model.image_encoder.neck.position_encoding
    _, features, places, sizes = model._prepare_backbone_features(
        {
            "backbone_fpn": list(frame.maps),
            # positions have the width of the neck at every level
            "vision_pos_enc": [
                positions(level).to(level) for level in frame.maps
            ],
        }
    )
    return features, places, sizes


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


@torch.no_grad()
def correction(
    model: Any,
    answer: Answer,
    true: Tensor,
    before: Mapping[str, Any],
) -> dict[str, Any]:
    """A click where the answer is wrong, with the answer itself.

    Args:
        model: a SAM 2.
        answer: of B objects.
        true: float [B, H, W], 0 or 1.
        before: the prompt that was answered; its points are kept.

    Returns:
        A prompt for ``ask``.
    """
    full = F.interpolate(
        answer.full, true.shape[-2:], mode="bilinear", antialias=True
    )
    found, wanted = full[:, 0] > 0, true > 0.5
    wrong = found ^ wanted
    some = wrong.flatten(1).any(1)[:, None, None]
    clicks = random_places(torch.where(some, wrong, torch.ones_like(wrong)))
    rows, columns = clicks[:, 0, 1].long(), clicks[:, 0, 0].long()
    labels = wanted[torch.arange(len(true)), rows, columns]
    points = points_of(model, clicks, labels[:, None], true)
    if "points" in before:
        points = {
            name: torch.cat([before["points"][name], new], 1)
            for name, new in points.items()
        }
    logits = answer.logits.detach().clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
    return {"points": points, "earlier": logits}


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
