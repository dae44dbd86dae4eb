"""Show a network rare classes more often than the data set holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset


def class_presence(
    masks: Iterable[Tensor], num_classes: int
) -> NDArray[np.bool_]:
    """Which classes each mask holds.

    Args:
        masks: class indices of any shape, one mask an image. Labels
            outside 0..num_classes-1, such as an ignore label, are skipped.
        num_classes: C, 2 or more.

    Returns:
        bool [N, C].

    Raises:
        TypeError: a mask of floats.
        ValueError: ``num_classes`` below 2, or no mask at all.

    >>> class_presence([torch.tensor([0, 2, 255])], 3).tolist()
    [[True, False, True]]
    """
    if num_classes < 2:
        raise ValueError(
            f"num_classes must be 2 or more, got {num_classes}"
        )
    rows = []
    for mask in masks:
        _check_indices(mask)
        labels = mask.unique()
        labels = labels[(labels >= 0) & (labels < num_classes)].cpu()
        row = np.zeros(num_classes, dtype=np.bool_)
        row[labels.long().numpy()] = True
        rows.append(row)
    if not rows:
        raise ValueError("masks must hold one mask or more, got none")
    return np.stack(rows)


def repeat_factors(
    presence: NDArray[np.bool_], *, threshold: float = 0.5
) -> NDArray[np.float64]:
    """How often to show each image, so that rare classes come up.

    A class that is in a share f of the images asks for a factor of
    max(1, sqrt(threshold / f)); an image gets the largest factor that one
    of its classes asks for.

    Args:
        presence: bool [N, C], from :func:`class_presence`. Leave out the
            column of a class that shall not count.
        threshold: classes in a smaller share of the images are repeated;
            above 0, at most 1.

    Returns:
        float64 [N], 1 or more. They are weights for
        ``torch.utils.data.WeightedRandomSampler``.

    Raises:
        ValueError: no bool [N, C], or a threshold out of range.

    Convention:
        An image without any of the classes gets 1. A class in no image
        asks for nothing. Counts images, not pixels: a class that is small
        in every image is not rare here, which is what patches are for.

    Source:
        Gupta et al. 2019 (LVIS), equation in section 4.

    >>> presence = np.array([[1, 0], [1, 0], [1, 0], [1, 1]], bool)
    >>> repeat_factors(presence, threshold=1.0).tolist()
    [1.0, 1.0, 1.0, 2.0]
    """
    seen = np.asarray(presence)
    if seen.dtype != np.bool_ or seen.ndim != 2 or not seen.size:
        raise ValueError(
            f"presence must be bool [N, C], got {seen.dtype} of shape "
            f"{seen.shape}"
        )
    if not 0 < threshold <= 1:
        raise ValueError(
            f"threshold must be above 0 and at most 1, got {threshold}"
        )
    share = seen.mean(axis=0)
    wanted = np.sqrt(threshold / np.where(share > 0, share, 1))
    factors: NDArray[np.float64] = np.where(seen, wanted, 1).max(axis=1)
    return np.maximum(factors, 1)


class ClassBalancedPatches(Dataset[tuple[Tensor, Tensor]]):
    """Patches around pixels of classes that you choose.

    An item is made in three draws: a class by ``class_weights``, a pixel
    of that class among all pixels of all images, and a patch that holds
    this pixel somewhere in it.

    Args:
        images: float [N, C, H, W].
        masks: class indices [N, H, W].
        size: (rows, columns) of a patch, at most the images' size.
        class_weights: how often each class is drawn, one number of 0 or
            more a class; they need not add up to 1. A class without a
            pixel is never drawn.
        length: ``len`` of the data set; the number of images if None.

    Items: image [C, rows, columns] and mask [rows, columns], views of the
    images.

    Raises:
        TypeError: images that are no floats, or masks of floats.
        ValueError: shapes that do not fit, a size larger than the images,
            or weights that leave nothing to draw.

    Convention:
        The draws follow PyTorch's random state, not the item's number, so
        that no two epochs are alike; seed it for the same patches again.
        The pixel's place in the patch is uniform, so that no class is
        always in the middle; near the border the patch is moved inside.

    Source:
        Patch sampling as in nnU-Net (Isensee et al. 2021), by class.

    >>> images = torch.zeros(2, 1, 8, 8)
    >>> masks = torch.zeros(2, 8, 8).long()
    >>> masks[1, 2, 5] = 1
    >>> patches = ClassBalancedPatches(
    ...     images, masks, size=(4, 4), class_weights=[0, 1]
    ... )
    >>> image, mask = patches[0]
    >>> mask.shape, int(mask.max())
    (torch.Size([4, 4]), 1)
    """

    def __init__(
        self,
        images: Tensor,
        masks: Tensor,
        *,
        size: tuple[int, int],
        class_weights: Sequence[float],
        length: int | None = None,
    ) -> None:
        _check_pair(images, masks)
        _check_size(size, masks)
        self.images, self.masks, self.size = images, masks, size
        self.length = _checked_length(length, len(images))
        weights = _checked_weights(class_weights)
        flat = masks.flatten()
        self._places = [
            torch.nonzero(flat == label).squeeze(1)
            for label in range(len(weights))
        ]
        present = torch.tensor([len(place) > 0 for place in self._places])
        self.class_weights = weights * present
        if not self.class_weights.sum() > 0:
            raise ValueError(
                "class_weights must be above 0 for a class that has a "
                f"pixel, got {list(class_weights)}"
            )

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not -self.length <= index < self.length:
            raise IndexError(
                f"index must be below {self.length}, got {index}"
            )
        label = int(torch.multinomial(self.class_weights, 1))
        places = self._places[label]
        place = int(places[torch.randint(len(places), ())])
        height, width = self.masks.shape[1:]
        number, pixel = divmod(place, height * width)
        row, column = divmod(pixel, width)
        top = _first(row, self.size[0], height)
        left = _first(column, self.size[1], width)
        rows = slice(top, top + self.size[0])
        columns = slice(left, left + self.size[1])
        return (
            self.images[number, :, rows, columns],
            self.masks[number, rows, columns],
        )


def _first(pixel: int, side: int, whole: int) -> int:
    """Where a patch with the pixel begins, moved inside the image."""
    first = pixel - int(torch.randint(side, ()))
    return min(max(first, 0), whole - side)


def _check_indices(mask: Tensor) -> None:
    if mask.is_floating_point() or mask.is_complex():
        raise TypeError(
            f"masks must hold integer class indices, got {mask.dtype}"
        )


def _check_pair(images: Tensor, masks: Tensor) -> None:
    if not images.is_floating_point():
        raise TypeError(f"images must be floats, got {images.dtype}")
    _check_indices(masks)
    wanted = images.shape[:1] + images.shape[2:]
    if images.ndim != 4 or not len(images) or masks.shape != wanted:
        raise ValueError(
            "images must be [N, C, H, W] and masks [N, H, W] of the same "
            f"N of 1 or more, H and W, got {tuple(images.shape)} and "
            f"{tuple(masks.shape)}"
        )


def _check_size(size: tuple[int, int], masks: Tensor) -> None:
    most = tuple(masks.shape[1:])
    if len(size) != 2 or not all(
        1 <= side <= whole for side, whole in zip(size, most, strict=True)
    ):
        raise ValueError(
            f"size must be (rows, columns) from 1 to {most}, got {size}"
        )


def _checked_length(length: int | None, images: int) -> int:
    if length is None:
        return images
    if length < 1:
        raise ValueError(f"length must be 1 or more, got {length}")
    return length


def _checked_weights(weights: Sequence[float]) -> Tensor:
    numbers = torch.as_tensor(weights, dtype=torch.float64)
    fits = numbers.ndim == 1 and len(numbers) > 0
    if not (fits and bool((numbers.isfinite() & (numbers >= 0)).all())):
        raise ValueError(
            "class_weights must be finite numbers of 0 or more, one a "
            f"class, got {list(weights)}"
        )
    return numbers
