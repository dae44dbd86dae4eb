"""What sets of pictures with a mask for each object share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from seglab.data._boxes import boxes_around
from seglab.data.catalog import find

BoolArray = NDArray[np.bool_]


class InstancePictures(Dataset[Any]):
    """Pictures and, from ``masks_of``, the masks of each one's objects.

    Args:
        images: the pictures, of any sizes.

    >>> len(InstancePictures([]))
    0
    """

    def __init__(self, images: list[Path]) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        with Image.open(self.images[index]) as opened:
            # some are palettes or carry an empty fourth channel
            picture = np.asarray(opened.convert("RGB"), np.float32)
        masks = self.masks_of(index)
        if masks.shape[1:] != picture.shape[:2]:
            raise ValueError(
                f"the masks of {self.images[index].name} must have its "
                f"size {picture.shape[:2]}, got {masks.shape[1:]}"
            )
        masks = masks[masks.any(axis=(1, 2))]
        target = {
            "boxes": boxes_around(masks),
            "labels": torch.ones(len(masks), dtype=torch.int64),
            "masks": torch.from_numpy(masks.astype(np.uint8)),
        }
        return torch.from_numpy(picture / 255).permute(2, 0, 1), target

    def masks_of(self, index: int) -> BoolArray:
        """The masks of one picture's objects, bool [K, H, W]."""
        raise NotImplementedError


def find_root(
    folder: str | Path | None,
    resource: str,
    tops: tuple[str, ...],
    is_root: Callable[[Path], bool],
) -> Path:
    """The folder of a set: named, or the one that was downloaded.

    Args:
        folder: what holds the set or is it; the cache folder if None.
        resource: its key in the catalogue.
        tops: folders that its archive may have around everything.
        is_root: whether a folder is the one looked for.

    Raises:
        FileNotFoundError: the set is not there; says how to get it.

    >>> find_root("no such folder", "nuclei", (), lambda root: False)
    Traceback (most recent call last):
    FileNotFoundError: the set nuclei is not in no such folder: ...
    """
    base = find(resource) if folder is None else Path(folder)
    roots = [] if base is None else [*(base / top for top in tops), base]
    for root in roots:
        if is_root(root):
            return root
    where = "the cache folder" if folder is None else folder
    raise FileNotFoundError(
        f"the set {resource} is not in {where}: run `seglab fetch "
        f"{resource}`, or name the folder that holds it"
    )
