"""A promptable model that needs no weights: it fills the box."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from seglab.data.formats.coco import CocoImage, coco_object
from seglab.promptable.autolabel import Proposal, Proposals, Scores

CATEGORIES = {1: "disc", 2: "square"}
SIZE = (20, 30)


class Boxy:
    """Masks are the boxes; quality and logits as they are set."""

    def __init__(self, quality=0.9, height=5.0):
        self.quality, self.height, self.looked = quality, height, 0

    def embed(self, image):
        self.looked += 1
        return tuple(image.shape[-2:])

    def single(self, embedding, prompts):
        masks = torch.zeros(len(prompts), 1, *embedding, dtype=torch.bool)
        for mask, box in zip(masks, prompts.boxes, strict=True):
            x0, y0, x1, y1 = box.round().int().tolist()
            mask[0, y0:y1, x0:x1] = True
        logits = torch.where(masks, self.height, -self.height)
        quality = torch.full((len(prompts), 1), self.quality)
        return SimpleNamespace(masks=masks, quality=quality, logits=logits)


def square(top, left, side=6, size=SIZE):
    mask = torch.zeros(size, dtype=torch.bool)
    mask[top : top + side, left : left + side] = True
    return mask.numpy()


def proposal(number, mask, *, image_id=1, label=1, certainty=0.9):
    one = coco_object(mask, id=number, image_id=image_id, category_id=label)
    return Proposal(one, Scores(certainty, 1.0, 1.0))


def proposals(*items, images=1):
    pictures = tuple(
        CocoImage(n, f"{n}.png", SIZE) for n in range(1, images + 1)
    )
    return Proposals(pictures, items, CATEGORIES)
