"""How good the panoptic maps of a model are, over a whole data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from seglab.instances.panoptic.categories import Categories
from seglab.metrics.panoptic import PanopticQuality


class PanopticSegmenter(Protocol):
    """Anything that gives each pixel of an image a category and an id."""

    def segment(self, images: Tensor) -> Tensor:
        """The panoptic map of each image, ``category * 1000 + id``.

        Args:
            images: float32 [N, 3, H, W] in [0, 1].

        Returns:
            int64 [N, H, W]; 0 is a pixel without an answer.
        """
        ...  # pragma: no cover


def segment_all(
    segmenter: PanopticSegmenter, images: Tensor, *, batch_size: int = 10
) -> Tensor:
    """The panoptic maps of many images, a few at a time.

    Args:
        segmenter: has ``segment``.
        images: float32 [N, 3, H, W] in [0, 1].
        batch_size: images at a time.

    Raises:
        ValueError: ``batch_size`` is below 1, or there is no image.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
    if not len(images):
        raise ValueError("images must hold one or more, got none")
    with torch.no_grad():
        return torch.cat(
            [segmenter.segment(x) for x in images.split(batch_size)]
        )


def evaluate_panoptic(
    segmenter: PanopticSegmenter,
    images: Tensor,
    truth: Tensor,
    *,
    categories: Categories,
    names: Sequence[str] | None = None,
    batch_size: int = 10,
) -> PanopticQuality:
    """Panoptic quality of a model on images with their truth.

    Convention:
        As :class:`~seglab.metrics.panoptic.PanopticQuality`, with 0 as
        void in both maps.

    Args:
        segmenter: has ``segment``.
        images: float32 [N, 3, H, W] in [0, 1].
        truth: panoptic maps, integers [N, H, W].
        categories: things and stuff.
        names: of the categories, ``names[category]``.
        batch_size: images at a time.

    Raises:
        ValueError: as ``segment_all`` and ``PanopticQuality``.

    >>> class Parrot:
    ...     def segment(self, images):
    ...         return images[:, 0].long()
    >>> truth = torch.full((2, 4, 4), 1001)
    >>> evaluate_panoptic(
    ...     Parrot(),
    ...     truth[:, None].float(),
    ...     truth,
    ...     categories=Categories([1], [6]),
    ... ).pq
    1.0
    """
    seen = PanopticQuality(
        categories.things, categories.stuff, void=0, names=names
    )
    seen.update(
        segment_all(segmenter, images, batch_size=batch_size), truth
    )
    return seen
