"""Pictures with label maps of what a prompt may mean, to learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from seglab.data.prompt_scenes import PART, PromptScene, draw_prompt_scene


class PromptPictures(Dataset[Any]):
    """Pictures and their two maps, in all eight symmetries of a square.

    Convention:
        Of the two maps the first numbers whole objects from 1, the second
        parts or whatever else lies on them; 0 is neither.

    Args:
        images: uint8 [N, 3, H, W], square.
        maps: uint8 [N, 2, H, W].

    Raises:
        ValueError: not as many images as maps.

    >>> pictures = PromptPictures(*drawn_scenes(range(3)))
    >>> image, maps = pictures[0]
    >>> image.dtype, tuple(maps.shape)
    (torch.float32, (2, 128, 128))
    """

    def __init__(self, images: Tensor, maps: Tensor) -> None:
        if len(images) != len(maps):
            raise ValueError(
                f"maps must be as many as the {len(images)} images, got "
                f"{len(maps)}"
            )
        self.images, self.maps = images, maps

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, maps = self.images[index], self.maps[index]
        turns, mirrored = torch.randint(8, ()).item(), torch.rand(()) < 0.5
        if mirrored:
            image, maps = image.flip(-1), maps.flip(-1)
        image = image.rot90(int(turns), (-2, -1))
        maps = maps.rot90(int(turns), (-2, -1))
        return image.float() / 255, maps.contiguous()


def drawn_scenes(seeds: range) -> tuple[Tensor, Tensor]:
    """Prompt scenes as images uint8 [N, 3, H, W] and maps [N, 2, H, W].

    >>> images, maps = drawn_scenes(range(2))
    >>> images.dtype, bool((maps[:, 0] > 0).any())
    (torch.uint8, True)
    """
    images = torch.empty(len(seeds), 3, 128, 128, dtype=torch.uint8)
    maps = torch.empty(len(seeds), 2, 128, 128, dtype=torch.uint8)
    for at, seed in enumerate(seeds):
        scene = draw_prompt_scene(seed)
        images[at] = torch.from_numpy(np.round(scene.image * 255))
        maps[at] = torch.from_numpy(label_maps(scene))
    return images, maps


def label_maps(scene: PromptScene) -> np.ndarray:
    """Wholes and coins in one map, parts in the other; uint8 [2, H, W].

    >>> scene = draw_prompt_scene(3)
    >>> bool(((label_maps(scene)[0] > 0) == scene.masks.any(0)).all())
    True
    """
    maps = np.zeros((2, *scene.image.shape[1:]), np.uint8)
    for number, (mask, kind) in enumerate(
        zip(scene.masks, scene.kinds, strict=True), start=1
    ):
        maps[int(kind == PART)][mask] = number
    return maps
