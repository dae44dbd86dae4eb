"""Making and mending masks by prompts, as a simulated person does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seglab.data.formats.coco import CocoObject
from seglab.metrics.overlap import binary_iou
from seglab.promptable.around import boxes_around_masks
from seglab.promptable.autolabel.proposals import PromptableModel
from seglab.promptable.prompts import Prompts, boxes
from seglab.promptable.simulated_person import Click, next_click

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Correction:
    """What some clicks made of a mask.

    Args:
        mask: bool [H, W], the best on the way.
        iou: with the truth.
        clicks: that were made, all of them.
    """

    mask: BoolArray
    iou: float
    clicks: int


class ClickCorrector:
    """A simulated person who prompts until a mask will do.

    Args:
        model: has ``embed`` and ``single``.
        pictures: float32 [3, H, W] by file name; each is looked at once.
        most: clicks on one object before the person gives up.

    Raises:
        ValueError: ``most`` is below 1.
    """

    def __init__(
        self,
        model: PromptableModel,
        pictures: Mapping[str, Tensor],
        *,
        most: int = 4,
    ) -> None:
        if most < 1:
            raise ValueError(f"most must be 1 or more, got {most}")
        self.model, self.pictures, self.most = model, pictures, most
        self._embeddings: dict[str, Any] = {}

    def correct(
        self,
        name: str,
        proposed: CocoObject,
        truth: BoolArray,
        *,
        enough: float,
    ) -> Correction:
        """Click where a proposal is wrong, until its IoU is ``enough``.

        Convention:
            Each answer is asked for by the proposal's box, all clicks so
            far, and the answer before.

        Args:
            name: of the picture.
            proposed: the object as it was proposed.
            truth: bool [H, W].
            enough: IoU in [0, 1].
        """
        mask = proposed.mask(truth.shape)
        start = Correction(mask, binary_iou(mask, truth), 0)
        box = torch.tensor([proposed.box])
        return self._click(name, box, None, start, truth, enough)

    def draw(
        self, name: str, truth: BoolArray, *, enough: float
    ) -> Correction:
        """Drag a box around an object, and click on what is wrong then.

        Convention:
            The box is exact and costs two clicks.

        Args:
            name: of the picture.
            truth: bool [H, W], not empty.
            enough: IoU in [0, 1].
        """
        box = boxes_around_masks(torch.from_numpy(truth)[None])
        answer = self.model.single(self._embedding(name), boxes(box))
        mask = answer.masks[0, 0].numpy()
        start = Correction(mask, binary_iou(mask, truth), 2)
        logits = answer.logits[:, :1]
        return self._click(name, box, logits, start, truth, enough)

    def _click(
        self,
        name: str,
        box: Tensor,
        logits: Tensor | None,
        best: Correction,
        truth: BoolArray,
        enough: float,
    ) -> Correction:
        """Click by click from a mask to a better one."""
        made: list[Click] = []
        mask = best.mask
        while best.iou < enough and len(made) < self.most:
            click = next_click(
                torch.from_numpy(truth),
                torch.from_numpy(mask),
                clicked=[(c.x, c.y) for c in made],
            )
            if click is None:
                break
            made.append(click)
            answer = self.model.single(
                self._embedding(name), _prompts(box, made, logits)
            )
            logits = answer.logits[:, :1]
            mask = answer.masks[0, 0].numpy()
            iou = binary_iou(mask, truth)
            best = Correction(
                mask if iou > best.iou else best.mask,
                max(iou, best.iou),
                best.clicks + 1,
            )
        return best

    def _embedding(self, name: str) -> Any:
        if name not in self._embeddings:
            self._embeddings[name] = self.model.embed(self.pictures[name])
        return self._embeddings[name]


def _prompts(
    box: Tensor, made: list[Click], logits: Tensor | None
) -> Prompts:
    return Prompts(
        torch.tensor([[(c.x, c.y) for c in made]], dtype=torch.float32),
        torch.tensor([[c.label for c in made]]),
        box,
        logits,
    )
