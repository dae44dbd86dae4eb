"""Masks of everything: a grid of clicks, and which answers survive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seglab.inference.windows import window_starts
from seglab.instances.detections import Detections
from seglab.postprocess.components import fill_holes, remove_small
from seglab.promptable.around import boxes_around_masks
from seglab.promptable.mask_filters import (
    Box,
    cut_by_tile,
    distinct_masks,
    point_grid,
    stability_scores,
)
from seglab.promptable.prompts import clicks
from seglab.promptable.sam import ImageEmbedding, PromptableSam

MOST_PER_SIDE = 32  # the paper's grid


@dataclass(frozen=True)
class AutomaticSettings:
    """How densely to ask, and what to keep.

    The package's values suit ViT-H: quality 0.88, stability 0.95. A small
    model is less sure of itself; these suit ``mini``.

    Args:
        per_side: points along the longer side of a tile; one for each of
            the model's tokens if None, but at most 32.
        batch: points asked at a time.
        quality: the least IoU that the model expects of a mask.
        stability: the least ``stability_scores``.
        offset: of the stability's thresholds, in logits.
        most_iou: two masks that overlap more are one.
        tile: side of overlapping square tiles in pixels; None to look at
            the whole picture at once. An object larger than a tile is
            then not found.
        overlap: share of a tile that the next one covers again. Objects
            up to this share of a tile are whole in at least one.
        least: pixels. Smaller pieces are taken out of a mask, and smaller
            holes filled; 0 leaves masks as they are.

    Raises:
        ValueError: a number makes no sense.
    """

    per_side: int | None = None
    batch: int = 64
    quality: float = 0.5
    stability: float = 0.7
    offset: float = 1.0
    most_iou: float = 0.4
    tile: int | None = None
    overlap: float = 0.5
    least: int = 0

    def __post_init__(self) -> None:
        for name in ("per_side", "batch", "tile"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value}")
        for name in ("quality", "stability", "most_iou"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {value}")
        if not 0 <= self.overlap < 1:
            raise ValueError(
                f"overlap must be 0 or more and below 1, got {self.overlap}"
            )
        if self.offset <= 0:
            raise ValueError(f"offset must be above 0, got {self.offset}")
        if self.least < 0:
            raise ValueError(f"least must be 0 or more, got {self.least}")


@dataclass(frozen=True, eq=False)
class AutomaticMasks:
    """Masks that nobody asked for one by one, the best first.

    Args:
        masks: bool [M, H, W]; they may overlap, as parts and wholes do.
        quality: float32 [M], the IoU that the model expects.
        stability: float32 [M], see ``stability_scores``.
        points: float32 [M, 2], the click (x, y) that each answers.

    >>> nothing = AutomaticMasks(torch.zeros(0, 8, 8, dtype=torch.bool),
    ...                          *torch.zeros(2, 0), torch.zeros(0, 2))
    >>> len(nothing), len(nothing.as_detections())
    (0, 0)
    """

    masks: Tensor
    quality: Tensor
    stability: Tensor
    points: Tensor

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, chosen: Any) -> AutomaticMasks:
        """Some of the masks: by a slice, indices or a bool mask [M]."""
        return AutomaticMasks(
            self.masks[chosen],
            self.quality[chosen],
            self.stability[chosen],
            self.points[chosen],
        )

    def as_detections(self) -> Detections:
        """The masks as detections of label 1, scored by their quality."""
        return Detections(
            boxes_around_masks(self.masks),
            torch.ones(len(self), dtype=torch.int64),
            self.quality.clamp(0, 1),
            self.masks,
        )


def automatic_masks(
    sam: PromptableSam,
    image: Tensor,
    settings: AutomaticSettings | None = None,
) -> AutomaticMasks:
    """Find what there is in a picture by clicking everywhere.

    Each click of a grid has three answers. What the model does not trust
    goes, then what changes with the threshold, what a tile cuts, and what
    repeats a better mask.

    Convention:
        Filters and their order are the package's, except that duplicates
        are masks that overlap, not boxes, and that tiles are all of one
        size, so that between tiles too the better mask stays.

    Args:
        sam: the model.
        image: float32 [3, H, W] or [1, H, W] in [0, 1].
        settings: ``AutomaticSettings()`` if None.

    Returns:
        The masks of the whole picture, best first.

    Raises:
        TypeError, ValueError: as ``PromptableSam.embed``.
        ImportError: masks shall be cleaned, and scikit-image is missing.

    Source:
        Kirillov et al., ICCV 2023, appendix B, and its code.
    """
    chosen = settings or AutomaticSettings()
    if not isinstance(image, Tensor) or image.ndim != 3:
        sam.embed(image)  # says what is wrong with it
    size = (int(image.shape[-2]), int(image.shape[-1]))
    found = [
        _in_picture(_of_tile(sam, image, tile, chosen), tile, size)
        for tile in _tiles(size, chosen)
    ]
    return _without_repeats(_joined(found), chosen)


def _of_tile(
    sam: PromptableSam, image: Tensor, tile: Box, chosen: AutomaticSettings
) -> AutomaticMasks:
    """What is found in one tile, in its own pixels."""
    left, top, right, bottom = tile
    embedding = sam.embed(image[..., top:bottom, left:right])
    grid = point_grid(embedding.size, chosen.per_side or _tokens(sam))
    found = _joined(
        [
            _answers(sam, embedding, points, chosen)
            for points in grid.split(chosen.batch)
        ]
    )
    shift = torch.tensor([left, top, left, top])
    size = (int(image.shape[-2]), int(image.shape[-1]))
    boxes = boxes_around_masks(found.masks) + shift
    margin = max(1.0, 20 / 1024 * max(embedding.size))
    found = found[~cut_by_tile(boxes, tile, size, margin=margin)]
    return _without_repeats(_cleaned(found, chosen.least), chosen)


def _answers(
    sam: PromptableSam,
    embedding: ImageEmbedding,
    points: Tensor,
    chosen: AutomaticSettings,
) -> AutomaticMasks:
    """The answers to some clicks that are trusted and stable."""
    answer = sam.candidates(embedding, clicks(points))
    trusted = answer.quality > chosen.quality
    logits = sam.network.postprocess_masks(
        answer.logits[trusted][:, None].to(sam.network.device),
        embedding.shrunk,
        embedding.size,
    )
    stability = stability_scores(logits[:, 0], offset=chosen.offset).cpu()
    asked = points[:, None].expand(-1, trusted.shape[1], -1)
    found = AutomaticMasks(
        answer.masks[trusted],
        answer.quality[trusted],
        stability,
        asked[trusted],
    )
    return found[stability >= chosen.stability]


def _cleaned(found: AutomaticMasks, least: int) -> AutomaticMasks:
    """Without small pieces and holes, and without what is then empty."""
    masks = found.masks
    if least and len(found):
        masks = torch.from_numpy(
            np.stack([_clean(mask.numpy(), least) for mask in masks])
        )
    cleaned = AutomaticMasks(
        masks, found.quality, found.stability, found.points
    )
    return cleaned[masks.flatten(1).any(1)]


def _clean(mask: np.ndarray, least: int) -> np.ndarray:
    labels = fill_holes(remove_small(mask, least), most=least - 1)
    return labels > 0


def _without_repeats(
    found: AutomaticMasks, chosen: AutomaticSettings
) -> AutomaticMasks:
    return found[
        distinct_masks(found.masks, found.quality, most_iou=chosen.most_iou)
    ]


def _tiles(
    size: tuple[int, int], chosen: AutomaticSettings
) -> Iterator[Box]:
    """The whole picture, or overlapping squares of it."""
    side = chosen.tile or max(size)
    starts = (window_starts(s, side, chosen.overlap) for s in size)
    for top, left in product(*starts):
        yield left, top, min(left + side, size[1]), min(top + side, size[0])


def _in_picture(
    found: AutomaticMasks, tile: Box, size: tuple[int, int]
) -> AutomaticMasks:
    """What was found in a tile, in the pixels of the whole picture."""
    left, top, right, bottom = tile
    masks = torch.zeros(len(found), *size, dtype=torch.bool)
    masks[:, top:bottom, left:right] = found.masks
    points = found.points + torch.tensor([left, top])
    return AutomaticMasks(masks, found.quality, found.stability, points)


def _joined(parts: list[AutomaticMasks]) -> AutomaticMasks:
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return AutomaticMasks(*(torch.cat(column) for column in columns))


def _tokens(sam: PromptableSam) -> int:
    """How many tokens lie along the model's side, but at most 32."""
    grid: tuple[int, int] = sam.network.prompt_encoder.image_embedding_size
    return min(MOST_PER_SIDE, max(grid))
