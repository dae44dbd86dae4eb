"""Organs of the chest CT, a box around each piece as the prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seglab.data.chest import class_slices
from seglab.data.splits import slab_split
from seglab.promptable.around import boxes_around_masks
from seglab.promptable.learning.real import SIDE, number_pieces
from seglab.promptable.overlap import mask_ious
from seglab.promptable.prompts import boxes
from seglab.promptable.sam import PromptableSam


@dataclass(frozen=True, eq=False)
class OrganSlices:
    """Axial slices and the pieces of organs in them.

    Args:
        images: float32 [N, 3, 128, 128] in [0, 1].
        maps: uint8 [N, 128, 128], pieces numbered from 1 in each slice.
        organs: for each slice, the class of its pieces 1, 2, ...; indices
            into ``names``.
        names: of the classes, background first.
    """

    images: Tensor
    maps: Tensor
    organs: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def masks(self, index: int) -> Tensor:
        """The pieces in a slice, bool [P, 128, 128]."""
        numbers = torch.arange(1, len(self.organs[index]) + 1)
        return self.maps[index] == numbers[:, None, None]


def organ_slices(*, every: int = 1) -> tuple[OrganSlices, OrganSlices]:
    """Slices of the training slabs, and of the slabs held out.

    Convention:
        Split by ``slab_split``, so that no training slice is next to one
        held out. It is one patient all the same.

    Args:
        every: take each ``every``-th slice of the scan.
    """
    slices = class_slices(size=(SIDE, SIDE), every=every)
    kept, apart = slab_split(slices.z)
    return (
        _with_pieces(slices.images[kept], slices.masks[kept], slices.names),
        _with_pieces(
            slices.images[apart], slices.masks[apart], slices.names
        ),
    )


def organ_ious(
    sam: PromptableSam, slices: OrganSlices, *, jitter: float = 0.0
) -> dict[str, NDArray[np.float64]]:
    """IoU of what the model draws for the box of each piece, by organ.

    Args:
        sam: the model.
        slices: to prompt in.
        jitter: corners are moved by so many standard deviations of a
            box's side, by the same random numbers in every call.

    Returns:
        For each organ that occurs, the IoUs of its pieces.
    """
    found: dict[str, list[float]] = {name: [] for name in slices.names[1:]}
    generator = torch.Generator().manual_seed(0)
    for index, image in enumerate(slices.images):
        masks = slices.masks(index)
        if not len(masks):
            continue
        prompts = boxes(
            _loose(boxes_around_masks(masks), jitter, generator)
        )
        answer = sam.single(sam.embed(image), prompts)
        ious = mask_ious(answer.masks[:, 0], masks).tolist()
        for organ, iou in zip(slices.organs[index], ious, strict=True):
            found[slices.names[organ]].append(iou)
    return {
        name: np.array(values) for name, values in found.items() if values
    }


def _loose(around: Tensor, jitter: float, generator: Any) -> Tensor:
    """Boxes whose corners are a little off, and still in the picture."""
    sides = (around[:, 2:] - around[:, :2]).repeat(1, 2)
    noise = torch.randn(around.shape, generator=generator)
    # never by so much that a box turns inside out
    off = (noise.clamp(-2, 2) * min(jitter, 0.2)) * sides
    return (around + off).clamp(0, SIDE)


def _with_pieces(
    images: Tensor, masks: Tensor, names: tuple[str, ...]
) -> OrganSlices:
    maps = torch.zeros(len(masks), SIDE, SIDE, dtype=torch.uint8)
    organs: list[tuple[int, ...]] = []
    for at, mask in enumerate(masks.numpy()):
        layers = [mask == k for k in range(1, len(names))]
        numbered = number_pieces(layers)
        maps[at] = torch.from_numpy(numbered)
        firsts = np.unique(numbered, return_index=True)[1]
        classes = mask.ravel()[firsts][numbered.ravel()[firsts] > 0]
        organs.append(tuple(int(k) for k in classes))
    return OrganSlices(
        images.expand(-1, 3, -1, -1).clone(), maps, tuple(organs), names
    )
