"""Ribs of the simulated radiographs as objects that overlap.

On a radiograph one pixel can show two ribs, so no panoptic map can hold
them: each has a mask of its own.
"""

from __future__ import annotations

import fnmatch
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from seglab.data._boxes import boxes_around
from seglab.data.radiographs import Radiographs, load_radiographs


class ProjectedRibs(Dataset[Any]):
    """Films with up to 24 ribs each, as torchvision's detectors want them.

    Items are (image, target): image float32 [3, H, W] in [0, 1], grey;
    target with "boxes" float32 [K, 4] xyxy in pixels, "labels" int64 [K],
    all 1, and "masks" uint8 [K, H, W], which overlap.

    Args:
        films: the films; those that come with the package if not given.
        least_pixels: a rib of which the film shows less is left out.

    Raises:
        ValueError: ``least_pixels`` is below 1.

    Convention:
        All ribs are one category. Split by ``patient``: the shots of one
        virtual patient belong on one side, and all of them are
        deformations of one person.

    >>> image, target = ProjectedRibs()[0]
    >>> tuple(image.shape), tuple(target["masks"].shape)
    ((3, 192, 192), (24, 192, 192))
    >>> ProjectedRibs().names(0)[:2]
    ['rib_left_1', 'rib_left_2']
    """

    def __init__(
        self, films: Radiographs | None = None, *, least_pixels: int = 20
    ) -> None:
        if least_pixels < 1:
            raise ValueError(
                f"least_pixels must be 1 or more, got {least_pixels}"
            )
        self.films = load_radiographs() if films is None else films
        self.least_pixels = least_pixels
        self.patient = self.films.patient
        self._ribs = fnmatch.filter(self.films.names, "rib_*_*")
        self._places = [self.films.names.index(name) for name in self._ribs]

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        grey = self.films.images[index].astype(np.float32) / 255
        masks = self._masks(index)
        masks = masks[self._shown(masks)]
        target = {
            "boxes": boxes_around(masks),
            "labels": torch.ones(len(masks), dtype=torch.int64),
            "masks": torch.from_numpy(masks.astype(np.uint8)),
        }
        return torch.from_numpy(grey).expand(3, -1, -1).clone(), target

    def names(self, index: int) -> list[str]:
        """Which rib each mask of item ``index`` shows."""
        shown = self._shown(self._masks(index))
        return [
            name for name, ok in zip(self._ribs, shown, strict=True) if ok
        ]

    def _masks(self, index: int) -> np.ndarray:
        bits = self.films.packed[index, self._places]
        width = self.films.images.shape[-1]
        return np.unpackbits(bits, axis=-1, count=width).astype(bool)

    def _shown(self, masks: np.ndarray) -> np.ndarray:
        return masks.sum(axis=(1, 2)) >= self.least_pixels
