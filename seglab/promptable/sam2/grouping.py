"""First lesson of a small SAM 2: which pixels of a frame belong together.

As for a small SAM, the image encoder first answers a dense question; see
:mod:`seglab.promptable.learning.affinity`. Here the last layers of the
mask decoder learn with it, and are ready when the prompts come.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.promptable.learning.losses import dice_distance
from seglab.promptable.sam2.frames import prepare_frames


class FrameMaps(NamedTuple):
    """What the image encoder and the decoder's last layers make of frames.

    Args:
        coarse: float [N, C, h, w], at stride 16.
        fine: float [N, C / 8, 4h, 4w], at stride 4.
    """

    coarse: Tensor
    fine: Tensor


class GroupingLearner(nn.Module):
    """A SAM 2 that is asked for a place instead of a prompt.

    The feature of the place takes the part of the mask token: from it the
    decoder's own small network makes the filter that finds the mask.
    Shapes: float [N, 3, H, W] in [0, 1] to ``FrameMaps``.

    Args:
        model: a SAM 2, whose image encoder learns.
        anchors: pixels asked about in each picture.
    """

    def __init__(self, model: Any, *, anchors: int = 24) -> None:
        super().__init__()
        self.model, self.anchors = model, anchors

    def forward(self, images: Tensor) -> FrameMaps:
        model, decoder = self.model, self.model.sam_mask_decoder
        found = model.forward_image(
            prepare_frames(images, model.image_size)
        )
        s0, s1, coarse = found["backbone_fpn"]
        # the decoder's transformer leaves its map normalised like this
        norm = decoder.transformer.layers[-1].norm4
        coarse = norm(coarse.movedim(1, -1)).movedim(-1, 1)
        up1, norm1, act1, up2, act2 = decoder.output_upscaling
        fine = act1(norm1(up1(coarse) + s1))
        return FrameMaps(coarse, act2(up2(fine) + s0))

    def loss(self, maps: FrameMaps, truth: Tensor) -> Tensor:
        """Cross-entropy and Dice: what belongs to an anchor's object?

        Args:
            maps: of N frames.
            truth: integers [N, L, H, W], the first of L maps numbers the
                objects from 1.
        """
        side = maps.fine.shape[-1]
        step = truth.shape[-1] // side
        flat = truth[:, 0, ::step, ::step].long().flatten(1)
        # most anchors on objects: the ground has answers enough
        likely = (flat > 0).float() * 4 + 0.3
        anchors = torch.multinomial(likely, self.anchors)
        logits = self.belongs(maps, anchors)
        same = flat[:, None] == flat.gather(1, anchors)[..., None]
        crossed = F.binary_cross_entropy_with_logits(logits, same.float())
        return crossed + dice_distance(logits, same.float()).mean()

    def belongs(self, maps: FrameMaps, anchors: Tensor) -> Tensor:
        """Logits: does each fine pixel belong to the anchor's object?

        Args:
            maps: of N frames.
            anchors: int64 [N, A], flat places on the fine map.

        Returns:
            Float [N, A, fine pixels].
        """
        side, few = maps.fine.shape[-1], maps.coarse.shape[-1]
        ratio = side // few
        rows, columns = anchors // side // ratio, anchors % side // ratio
        tokens = _pick(maps.coarse.flatten(2), rows * few + columns)
        decoder = self.model.sam_mask_decoder
        tokens = decoder.transformer.norm_final_attn(tokens)
        filters: Tensor = decoder.output_hypernetworks_mlps[0](tokens)
        return filters @ maps.fine.flatten(2)


@torch.no_grad()
def scale_coarse(model: Any, frames: Tensor, *, size: float = 0.5) -> None:
    """Bring the coarse map to the size of position codes, in place.

    The first lesson normalises the map, and so leaves its scale free; it
    grows to several times that of the codes. The mask decoder adds the
    codes to the map as it is, and would not hear where anything lies.

    Args:
        model: a SAM 2.
        frames: float [N, 3, H, W] in [0, 1], to measure the map on.
        size: the root of the mean square that it shall have; codes are
            sines and cosines and have 0.7.
    """
    seen = model.forward_image(prepare_frames(frames, model.image_size))
    now = seen["backbone_fpn"][-1].square().mean().sqrt()
    # the coarse level, and the still coarser one that is added to it
    for layer in model.image_encoder.neck.convs[:2]:
        for weight in layer.parameters():
            weight.mul_(size / now)


def _pick(maps: Tensor, places: Tensor) -> Tensor:
    """Vectors [N, A, C] of maps [N, C, P] at places [N, A]."""
    index = places[:, None].expand(-1, maps.shape[1], -1)
    return maps.gather(2, index).transpose(1, 2)
