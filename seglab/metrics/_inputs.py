"""What every metric asks of its arguments, said in one place."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

Masks: TypeAlias = ArrayLike | torch.Tensor


def as_array(value: Masks, name: str) -> NDArray:
    """The value as a NumPy array of numbers; a tensor comes to the CPU."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        if value.dtype == torch.bfloat16:  # NumPy has no such type
            value = value.float()
        return value.numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{name} must be an array, got rows of unequal length"
        ) from error
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold numbers, got {array.dtype}")
    return array


def check_same_shape(prediction: NDArray, truth: NDArray) -> None:
    """Refuse two masks that do not lie on the same pixels."""
    if prediction.shape != truth.shape:
        raise ValueError(
            "prediction and truth must have the same shape, got "
            f"{prediction.shape} and {truth.shape}"
        )


def check_num_classes(num_classes: int) -> None:
    """Refuse a number of classes that is no integer of 2 or more."""
    if isinstance(num_classes, bool) or not isinstance(
        num_classes, (int, np.integer)
    ):
        raise TypeError(
            f"num_classes must be an integer, got {num_classes!r}"
        )
    if num_classes < 2:
        raise ValueError(
            f"num_classes must be 2 or more, got {num_classes}"
        )


def class_maps(prediction: Masks, truth: Masks) -> tuple[NDArray, NDArray]:
    """Two maps of class indices as flat arrays of equal length."""
    maps = as_array(prediction, "prediction"), as_array(truth, "truth")
    for name, array in zip(("prediction", "truth"), maps, strict=True):
        if array.dtype.kind not in "bui":
            raise TypeError(
                f"{name} must hold integer class indices, got "
                f"{array.dtype}; take the argmax of scores first"
            )
    check_same_shape(*maps)
    return maps[0].reshape(-1), maps[1].reshape(-1)


def class_codes(
    labels: NDArray, num_classes: int, ignore_index: int | None = None
) -> NDArray:
    """The labels as small integers: C stands for all that is no class.

    C + 1 stands for ``ignore_index``, whether it is a class or not.
    """
    signed = labels.dtype.kind == "i"
    if signed and num_classes > np.iinfo(labels.dtype).max:
        labels = labels.astype(np.int64)
    # read as unsigned, a negative label is a huge one
    unsigned = labels.dtype.str.replace("i", "u").replace("b", "u")
    bits = labels.view(unsigned)
    # an array of limits: a single number takes NumPy six times as long
    limit = min(num_classes, np.iinfo(bits.dtype).max)
    codes = np.minimum(bits, np.full_like(bits, limit))
    cells = (num_classes + 2) * (num_classes + 1)
    codes = codes.astype(np.int16 if cells <= 2**15 else np.int32)
    if ignore_index is not None:
        ignored = codes.dtype.type(num_classes + 1)
        np.maximum(codes, (labels == ignore_index) * ignored, out=codes)
    return codes


def check_classes(
    truth: NDArray, prediction: NDArray, num_classes: int
) -> None:
    """Refuse class indices below 0 or above the last class."""
    if truth.size == 0:
        return
    for name, indices in (("truth", truth), ("prediction", prediction)):
        lowest, highest = int(indices.min()), int(indices.max())
        if lowest < 0 or highest >= num_classes:
            wrong = lowest if lowest < 0 else highest
            raise ValueError(
                f"{name} must hold class indices from 0 to "
                f"{num_classes - 1}, got {wrong}; a label that does not "
                "count is ignore_index"
            )


def binary_mask(value: Masks, name: str) -> NDArray[np.bool_]:
    """A mask of bool, or of the integers 0 and 1, as bool."""
    array = as_array(value, name)
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind == "f":
        raise TypeError(
            f"{name} must be a bool mask or one of 0 and 1, got "
            f"{array.dtype}; threshold scores first"
        )
    if array.size and (array.min() < 0 or array.max() > 1):
        raise ValueError(
            f"{name} must hold 0 and 1 alone, got values from "
            f"{array.min()} to {array.max()}"
        )
    return array.astype(bool)


def mask_rows(
    prediction: Masks, truth: Masks, reduction: str | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two masks as [rows, pixels]: a row gets its own score."""
    if reduction not in (None, "image", "dataset"):
        raise ValueError(
            f'reduction must be "image" or "dataset", got {reduction!r}'
        )
    masks = (
        binary_mask(prediction, "prediction"),
        binary_mask(truth, "truth"),
    )
    check_same_shape(*masks)
    shape = masks[0].shape
    if len(shape) < 2:
        raise ValueError(
            f"prediction must be [H, W] or [N, ...], got shape {shape}"
        )
    if len(shape) > 2 and reduction is None:
        raise ValueError(
            f"reduction must be given for a batch of shape {shape}: "
            '"image" averages over images, "dataset" pools the pixels'
        )
    one_row = len(shape) == 2 or reduction == "dataset"
    rows = 1 if one_row else shape[0]
    columns = math.prod(shape) if one_row else math.prod(shape[1:])
    return masks[0].reshape(rows, columns), masks[1].reshape(rows, columns)


def check_empty(empty: float) -> None:
    """Refuse a score for two empty masks that is no score."""
    if not (math.isnan(empty) or 0 <= empty <= 1):
        raise ValueError(f"empty must be from 0 to 1 or NaN, got {empty}")


def count_matrix(matrix: Masks) -> NDArray[np.float64]:
    """A confusion matrix as float64 [C, C]."""
    array = as_array(matrix, "matrix")
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"matrix must be [C, C], got shape {array.shape}")
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(
            "matrix must hold counts of 0 or more, got a negative or "
            "infinite entry"
        )
    return array.astype(np.float64)
