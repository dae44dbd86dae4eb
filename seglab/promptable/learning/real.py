"""Slices of the CT and radiographs as pictures to prompt in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from seglab.data.chest import class_slices
from seglab.data.radiographs import load_radiographs
from seglab.data.splits import slab_split

SIDE = 128
LEAST_PIXELS = 40


def ct_pictures() -> tuple[Tensor, Tensor]:
    """Axial slices of the training slabs, every organ piece numbered.

    The held-out slabs of ``slab_split`` are left out, so that a score on
    them is one on unseen slices, if of a seen person.

    Returns:
        Images uint8 [N, 3, 128, 128] and maps uint8 [N, 2, 128, 128], of
        which the second is empty.
    """
    slices = class_slices(size=(SIDE, SIDE))
    kept, _ = slab_split(slices.z)
    images = (slices.images[kept] * 255).round().to(torch.uint8)
    maps = torch.zeros(len(kept), 2, SIDE, SIDE, dtype=torch.uint8)
    for at, mask in enumerate(slices.masks[kept].numpy()):
        organs = [mask == k for k in range(1, len(slices.names))]
        maps[at, 0] = torch.from_numpy(number_pieces(organs))
    seen = (maps > 0).flatten(1).any(1)
    return images[seen].expand(-1, 3, -1, -1).clone(), maps[seen]


def radiograph_pictures(patients: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Films of some virtual patients: lungs, and the heart on them.

    Returns:
        Images uint8 [N, 3, 128, 128] and maps uint8 [N, 2, 128, 128]:
        both lungs in the first, the heart in the second.
    """
    films = load_radiographs()
    kept = np.flatnonzero(np.isin(films.patient, patients))
    images = torch.from_numpy(films.images[kept])[:, None].float()
    images = F.interpolate(
        images, (SIDE, SIDE), mode="bilinear", antialias=True
    )
    lungs, hearts = (
        _shrunk(films.mask(name)[kept]) for name in ("lungs_clear", "heart")
    )
    maps = np.zeros((len(kept), 2, SIDE, SIDE), np.uint8)
    for at in range(len(kept)):
        maps[at, 0] = number_pieces([lungs[at]])
        maps[at, 1] = number_pieces([hearts[at]])
    grey = images.round().clamp(0, 255).to(torch.uint8)
    return grey.expand(-1, 3, -1, -1).clone(), torch.from_numpy(maps)


def number_pieces(
    masks: Sequence[NDArray[np.bool_]],
) -> NDArray[np.uint8]:
    """Number the connected pieces of several masks; specks are left out.

    >>> mask = np.zeros((20, 20), bool)
    >>> mask[:8, :8] = mask[12:, 12:] = mask[0, 19] = True
    >>> np.unique(number_pieces([mask])).tolist()
    [0, 1, 2]
    """
    numbered = np.zeros(masks[0].shape, np.uint8)
    last = 0
    for mask in masks:
        pieces, count = ndimage.label(mask)
        areas = np.bincount(pieces.ravel(), minlength=count + 1)
        for piece in np.flatnonzero(areas[1:] >= LEAST_PIXELS) + 1:
            last += 1
            numbered[pieces == piece] = last
    return numbered


def _shrunk(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    small = F.interpolate(
        torch.from_numpy(masks)[:, None].float(),
        (SIDE, SIDE),
        mode="nearest-exact",
    )
    return small[:, 0].numpy() > 0
