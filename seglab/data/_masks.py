"""What the statistics ask of masks, and the counts that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

# integer class indices [H, W], or bool [K, H, W]
Mask: TypeAlias = NDArray[Any]


def as_masks(
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    ignore_index: int | None,
) -> list[Mask]:
    """The masks as arrays, all of one kind, every label with a name."""
    check_names(names)
    if len(masks) == 0:
        raise ValueError("masks must hold one mask or more, got none")
    arrays = [np.asarray(mask) for mask in masks]
    for number, mask in enumerate(arrays):
        if mask.ndim != arrays[0].ndim:
            raise ValueError(
                "masks must be all [H, W] or all [K, H, W], got shapes "
                f"{arrays[0].shape} and {mask.shape}"
            )
        if mask.ndim == 3:
            _check_layers(mask, number, len(names))
        else:
            _check_labels(mask, number, len(names), ignore_index)
    return arrays


def as_multi_label(
    masks: Sequence[ArrayLike], names: Sequence[str]
) -> list[NDArray[np.bool_]]:
    """The masks as arrays, each bool [K, H, W]."""
    arrays = as_masks(masks, names, None)
    if arrays[0].ndim != 3:
        raise TypeError(
            "masks must be multi-label, bool [K, H, W], to overlap; got "
            f"class indices of shape {arrays[0].shape}"
        )
    return arrays


def as_instances(
    instances: Sequence[ArrayLike], masks: Sequence[Mask]
) -> list[NDArray[np.int64]]:
    """Instance maps numbered 0 (none), 1, 2, ... without gaps."""
    if len(instances) != len(masks):
        raise ValueError(
            f"instances must hold one map for each of {len(masks)} masks, "
            f"got {len(instances)}"
        )
    found = []
    for number, (ids, mask) in enumerate(
        zip(instances, masks, strict=True)
    ):
        values = np.asarray(ids)
        if values.dtype.kind not in "ui":
            raise TypeError(
                f"instances[{number}] must be integer, got {values.dtype}"
            )
        if mask.ndim != 2 or values.shape != mask.shape:
            raise ValueError(
                f"instances[{number}] and its mask must both be [H, W], "
                f"got {values.shape} and {mask.shape}"
            )
        # with a 0 in front, 0 stays 0 and a negative number is refused
        known, numbered = np.unique(
            np.append(0, values), return_inverse=True
        )
        if known[0] < 0:
            raise ValueError(
                f"instances[{number}] must hold 0 for no instance and "
                f"numbers above it, got {known[0]}"
            )
        found.append(numbered[1:].reshape(values.shape))
    return found


def check_names(names: Sequence[str]) -> None:
    """Refuse names that are one string, none, or repeat."""
    if isinstance(names, str) or not 0 < len(set(names)) == len(names):
        raise ValueError(
            "names must be a sequence of different class names, got "
            f"{names!r}"
        )


def pixel_counts(
    masks: Sequence[Mask], classes: int, ignore_index: int | None
) -> NDArray[np.int64]:
    """Pixels of each class in each mask: [N, C]."""
    rows = np.zeros((len(masks), classes), dtype=np.int64)
    for row, mask in zip(rows, masks, strict=True):
        if mask.ndim == 3:
            row[:] = np.count_nonzero(mask, axis=(1, 2))
        else:
            labels = labels_that_count(mask, ignore_index)
            row[:] = np.bincount(labels, minlength=classes)
    return rows


def valid_pixels(mask: Mask, ignore_index: int | None) -> int:
    """How many pixels of a mask count."""
    if mask.ndim == 3:
        return int(np.prod(mask.shape[1:]))
    return len(labels_that_count(mask, ignore_index))


def labels_that_count(
    mask: Mask, ignore_index: int | None
) -> NDArray[np.int64]:
    """The labels of a map [H, W] in a row, without the ignored ones."""
    kept = (
        mask.ravel() if ignore_index is None else mask[mask != ignore_index]
    )
    return kept.astype(np.int64, copy=False)


def _check_layers(mask: Mask, number: int, classes: int) -> None:
    if mask.dtype != bool:
        raise TypeError(
            f"masks[{number}] has three axes and must be bool [K, H, W], "
            f"got {mask.dtype}"
        )
    if len(mask) != classes:
        raise ValueError(
            f"masks[{number}] must have a channel for each of {classes} "
            f"names, got shape {mask.shape}"
        )


def _check_labels(
    mask: Mask, number: int, classes: int, ignore_index: int | None
) -> None:
    if mask.ndim != 2:
        raise ValueError(
            f"masks[{number}] must be [H, W] or [K, H, W], got shape "
            f"{mask.shape}"
        )
    if mask.dtype.kind not in "ui":
        raise TypeError(
            f"masks[{number}] has two axes and must hold integer class "
            f"indices, got {mask.dtype}"
        )
    labels = labels_that_count(mask, ignore_index)
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(
            f"masks[{number}] holds label {wrong}, and names end at "
            f"{classes - 1}; a label that does not count is ignore_index"
        )
