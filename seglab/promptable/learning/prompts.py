"""Second lesson: to answer clicks and boxes, and to be corrected.

As in the paper, an answer is corrected by clicks on what is wrong with it,
and what an ambiguous click meant is judged by the best of three masks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.promptable.around import boxes_around_masks
from seglab.promptable.decoding import DecodedMasks, decode_masks
from seglab.promptable.learning._encoder import encode
from seglab.promptable.learning.losses import mask_losses

LEAST_PIXELS = 20
PART_SHARE = 0.4  # of the prompts, where a picture has parts
BOX_JITTER = 0.1  # of a box's side, as in the paper
ROUNDS = 3
CLEAR, UNCLEAR = slice(0, 1), slice(1, None)  # of the decoder's masks


class Asked(NamedTuple):
    """Objects that prompts ask for, and the picture each is in.

    Args:
        picture: int64 [P], index into the batch.
        truth: float [P, H, W], 0 or 1.
    """

    picture: Tensor
    truth: Tensor


class PromptLearner(nn.Module):
    """SAM with its loss over rounds of prompts and corrections.

    Half of the objects are asked for by a click anywhere on them, half by
    a box that is a little off; two corrections follow, each a click where
    the answer so far is wrong. Shapes: float [N, 3, H, W] in [0, 1] to
    embeddings [N, C, h, w].

    Args:
        sam: a model of ``segment_anything``.
        per_picture: objects asked for in a picture, even.

    Source:
        Kirillov et al., ICCV 2023, appendix A.
    """

    def __init__(self, sam: Any, *, per_picture: int = 6) -> None:
        super().__init__()
        self.sam, self.per_picture = sam, per_picture

    def forward(self, images: Tensor) -> Tensor:
        return encode(self.sam, images)

    def loss(self, embedded: Tensor, maps: Tensor) -> Tensor:
        """Mean over rounds of the losses of masks and of their quality.

        Args:
            embedded: float [N, C, h, w].
            maps: integers [N, 2, H, W], see ``PromptPictures``.
        """
        asked = choose_objects(maps, self.per_picture)
        by_box = torch.arange(len(asked.truth)) % 2 == 1
        losses = [
            self._of_one_kind(
                embedded, Asked(*(f[kind] for f in asked)), box
            )
            for kind, box in ((~by_box, False), (by_box, True))
        ]
        return torch.stack(losses).mean()

    def _of_one_kind(
        self, embedded: Tensor, asked: Asked, box: bool
    ) -> Tensor:
        """All rounds of the objects that are asked for in one way."""
        here = embedded[asked.picture]
        boxes = jittered_boxes(asked.truth) if box else None
        clicks = labels = None
        if not box:
            clicks, labels = random_clicks(asked.truth)
        answer, earlier, losses = None, None, []
        for _ in range(ROUNDS):
            if answer is not None:
                earlier, wrong, sign = self._correction(answer, asked)
                clicks = _append(clicks, wrong)
                labels = _append(labels, sign)
            answer = self.decode(here, clicks, labels, boxes, earlier)
            losses.append(self.judge(answer, asked, first=earlier is None))
        return torch.stack(losses).mean()

    def decode(
        self,
        embedded: Tensor,
        clicks: Tensor | None,
        labels: Tensor | None,
        boxes: Tensor | None,
        masks: Tensor | None,
    ) -> DecodedMasks:
        """Answers to one prompt for each embedding.

        Args:
            embedded: float [P, C, h, w].
            clicks: float [P, K, 2], x and y in pixels.
            labels: int64 [P, K], 1 on the object and 0 off it.
            boxes: float [P, 4] xyxy.
            masks: float [P, 1, 4h, 4w], logits of an earlier answer.
        """
        encoder = self.sam.prompt_encoder
        points = None if clicks is None else (clicks, labels)
        sparse, dense = encoder(points=points, boxes=boxes, masks=masks)
        return decode_masks(
            self.sam.mask_decoder,
            embedded,
            encoder.get_dense_pe(),
            sparse,
            dense.expand_as(embedded),
        )

    def judge(
        self, answer: DecodedMasks, asked: Asked, *, first: bool
    ) -> Tensor:
        """The loss of one answer; the best of three counts in round one."""
        height, width = answer.logits.shape[-2:]
        truth = F.adaptive_avg_pool2d(asked.truth[:, None], (height, width))
        masks, quality = mask_losses(
            answer.logits.flatten(2), answer.quality, truth.flatten(1)
        )
        loss = masks[:, CLEAR].mean() + quality.mean()
        if first:
            loss = loss + masks[:, UNCLEAR].min(1).values.mean()
        return loss

    @torch.no_grad()
    def _correction(
        self, answer: DecodedMasks, asked: Asked
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The answer so far, and a click where it is wrong."""
        logits = answer.logits[:, CLEAR].detach()
        full = F.interpolate(
            logits, asked.truth.shape[-2:], mode="bilinear"
        )
        found, true = full[:, 0] > 0, asked.truth > 0.5
        wrong = found ^ true
        # a right answer is clicked on anywhere
        clicks = random_places(torch.where(_any(wrong), wrong, true))
        rows, columns = clicks[:, 0, 1].long(), clicks[:, 0, 0].long()
        number = torch.arange(len(true))
        return logits, clicks, true[number, rows, columns].long()[:, None]


def choose_objects(maps: Tensor, per_picture: int) -> Asked:
    """Objects at random, wholes and parts; none smaller than 20 pixels.

    A picture without any object is asked for its ground.

    >>> maps = torch.zeros(1, 2, 8, 8, dtype=torch.uint8)
    >>> maps[0, 0, :, :4] = 1
    >>> choose_objects(maps, 2).truth.sum((1, 2)).tolist()
    [32.0, 32.0]
    """
    truths = []
    for wholes, parts in maps:
        by_level = [_large_enough(wholes), _large_enough(parts)]
        for _ in range(per_picture):
            on_part = bool(by_level[1]) and torch.rand(()) < PART_SHARE
            numbers = by_level[int(on_part)] or [0]
            chosen = numbers[int(torch.randint(len(numbers), ()))]
            truths.append((parts if on_part else wholes) == chosen)
    picture = torch.arange(len(maps)).repeat_interleave(per_picture)
    return Asked(picture, torch.stack(truths).float())


def _large_enough(numbered: Tensor) -> list[int]:
    """Numbers of the objects that are worth asking for."""
    areas = torch.bincount(numbered.flatten().long())
    areas[0] = 0
    return (areas >= LEAST_PIXELS).nonzero()[:, 0].tolist()


def random_clicks(truth: Tensor) -> tuple[Tensor, Tensor]:
    """One click anywhere on each object: [P, 1, 2], and labels [P, 1]."""
    clicks = random_places(truth > 0.5)
    return clicks, torch.ones(clicks.shape[:2], dtype=torch.int64)


def random_places(region: Tensor) -> Tensor:
    """A random pixel of each region bool [P, H, W]: float [P, 1, 2], xy.

    >>> region = torch.zeros(1, 4, 4, dtype=torch.bool)
    >>> region[0, 1, 2] = True
    >>> random_places(region).tolist()
    [[[2.0, 1.0]]]
    """
    flat = torch.multinomial(region.flatten(1).float() + 1e-9, 1)
    width = region.shape[-1]
    return torch.stack([flat % width, flat // width], -1).float()


def jittered_boxes(truth: Tensor) -> Tensor:
    """Boxes around objects [P, H, W], each corner a little off: [P, 4].

    Convention:
        xyxy with the right and lower edge one past the last pixel.
    """
    boxes = boxes_around_masks(truth > 0.5)
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    off = (torch.randn_like(boxes) * BOX_JITTER * sides).clamp(-20, 20)
    return boxes + off


def _any(masks: Tensor) -> Tensor:
    return masks.flatten(1).any(1)[:, None, None]


def _append(so_far: Tensor | None, new: Tensor) -> Tensor:
    return new if so_far is None else torch.cat([so_far, new], 1)
