"""Coins on a table: a real picture whose objects hardly touch."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from seglab.extras import optional

_LEAST_PIXELS = 500  # the smallest coin covers twice as many


def coins() -> tuple[Tensor, Tensor]:
    """The picture of Greek coins that scikit-image ships, with masks.

    The masks are not drawn by hand: a watershed of the gradient, from what
    is surely dark and surely bright, smoothed a little. Looked at one by
    one, they are the 24 coins; two lack a little of their rim where it is
    as dark as the table.

    Returns:
        The image, float32 [3, 303, 384] in [0, 1], grey, and bool
        [24, 303, 384], in the order of their uppermost pixels.

    Raises:
        ImportError: scikit-image is not installed.

    Source:
        ``skimage.data.coins``: Greek coins from Pompeii, Brooklyn Museum
        Collection, no known copyright restrictions.

    >>> image, masks = coins()
    >>> tuple(image.shape), tuple(masks.shape)
    ((3, 303, 384), (24, 303, 384))
    """
    purpose = "the picture of coins"
    pictures = optional("skimage.data", purpose, "data")
    filters = optional("skimage.filters", purpose, "data")
    segmentation = optional("skimage.segmentation", purpose, "data")
    grey = pictures.coins()
    sure = np.zeros(grey.shape, np.int32)
    sure[grey < 30] = 1
    sure[grey > 150] = 2
    bright = segmentation.watershed(filters.sobel(grey), sure) == 2
    whole = ndimage.binary_closing(
        ndimage.binary_fill_holes(bright), _disc()
    )
    numbers, _ = ndimage.label(ndimage.binary_opening(whole, _disc()))
    areas = np.bincount(numbers.ravel())
    kept = np.flatnonzero(areas >= _LEAST_PIXELS)[1:]  # 0 is the table
    image = torch.from_numpy(grey.astype(np.float32) / 255)
    masks = torch.from_numpy(numbers == kept[:, None, None])
    return image.expand(3, -1, -1).clone(), masks


def _disc() -> np.ndarray:
    rows, columns = np.ogrid[-2:3, -2:3]
    return rows**2 + columns**2 <= 5
