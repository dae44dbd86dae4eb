"""Run-length encoding: a mask as the lengths of its runs.

Two dialects are in use, and both count down the columns. Competitions want
pairs of start and length, counted from 1. COCO wants the lengths alone,
beginning with the zeros, as a list or packed into a string.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from seglab.data.formats._inputs import (
    BoolArray,
    IntArray,
    as_masks,
    check_shape,
)
from seglab.data.formats._packing import pack, unpack

# width of a strip whose columns stay in a processor's fast memory
_STRIP = 16


def encode_columns(mask: ArrayLike) -> str:
    """A mask as "start length start length ...", as competitions want it.

    Args:
        mask: [H, W], bool or 0 and 1.

    Returns:
        The runs of ones; an empty string for an empty mask.

    Raises:
        TypeError: a mask of floats.
        ValueError: a mask that is not [H, W], or holds more than 0 and 1.

    Convention:
        Pixels are numbered from 1, down the first column, then down the
        next. A run may go on in the next column.

    Source:
        The submission format of Kaggle's segmentation competitions.

    >>> encode_columns([[0, 1], [1, 1], [1, 0]])
    '2 4'
    """
    return _as_pairs(as_masks(mask, "mask", "H, W"))


def encode_columns_stack(masks: ArrayLike) -> list[str]:
    """One string for each mask of a stack; see :func:`encode_columns`.

    Args:
        masks: [K, H, W], bool or 0 and 1; they may overlap.

    Raises:
        TypeError: masks of floats.
        ValueError: masks that are not [K, H, W], or hold more than 0 and 1.

    >>> encode_columns_stack([[[1, 0], [0, 0]], [[0, 0], [0, 0]]])
    ['1 1', '']
    """
    return [_as_pairs(m) for m in as_masks(masks, "masks", "K, H, W")]


def decode_columns(text: str, shape: Sequence[int]) -> BoolArray:
    """The mask that :func:`encode_columns` wrote.

    Args:
        text: "start length start length ...", or an empty string.
        shape: (height, width), which the text does not hold.

    Returns:
        bool [H, W].

    Raises:
        ValueError: text that is no list of pairs, or runs that are empty,
            out of order, overlapping or beyond the last pixel (the shape is
            then often the wrong way round).

    >>> decode_columns("2 4", (3, 2)).astype(int)
    array([[0, 1],
           [1, 1],
           [1, 0]])
    """
    height, width = check_shape(shape)
    try:
        numbers = np.array(text.split(), dtype=np.int64)
        pairs = numbers.reshape(-1, 2)
    except (AttributeError, ValueError, OverflowError) as error:
        raise ValueError(
            "text must hold pairs of integers, start and length, got "
            f"{str(text)[:40]!r}"
        ) from error
    bounds = np.stack([pairs[:, 0] - 1, pairs.sum(1) - 1], axis=1).ravel()
    _check_runs(bounds, height, width)
    lengths = np.diff(bounds, prepend=0, append=height * width)
    return _from_lengths(lengths, height, width)


def encode_coco_plain(mask: ArrayLike) -> dict[str, Any]:
    """A mask in COCO's plain form: a list of run lengths.

    Args:
        mask: [H, W], bool or 0 and 1.

    Returns:
        ``{"size": [H, W], "counts": [zeros, ones, zeros, ...]}``, which
        JSON can hold.

    Raises:
        TypeError, ValueError: as :func:`encode_columns`.

    Convention:
        Runs go down the columns and begin with the zeros, of which there
        may be none.

    Source:
        COCO's data format (Lin et al. 2014), for crowds.

    >>> encode_coco_plain([[0, 1], [1, 1], [1, 0]])
    {'size': [3, 2], 'counts': [1, 4, 1]}
    """
    array = as_masks(mask, "mask", "H, W")
    counts = _lengths(array).tolist()
    return {"size": list(array.shape), "counts": counts}


def encode_coco(mask: ArrayLike) -> dict[str, Any]:
    """A mask in COCO's compressed form: the run lengths as a string.

    Args:
        mask: [H, W], bool or 0 and 1.

    Returns:
        ``{"size": [H, W], "counts": "..."}``, which JSON can hold;
        pycocotools takes it as it is.

    Raises:
        TypeError, ValueError: as :func:`encode_columns`.

    Convention:
        From the fourth on, a length is written as its difference from the
        one two before, which is mostly small; five bits a character, the
        lowest first.

    Source:
        ``rleToString`` of the COCO API (Lin et al. 2014).

    >>> encode_coco([[0, 1], [1, 1], [1, 0]])
    {'size': [3, 2], 'counts': '141'}
    """
    array = as_masks(mask, "mask", "H, W")
    text = pack(_lengths(array))
    return {"size": list(array.shape), "counts": text}


def decode_coco(rle: dict[str, Any]) -> BoolArray:
    """The mask of a COCO dictionary, plain or compressed.

    Args:
        rle: ``{"size": [H, W], "counts": ...}``; the counts are a list, a
            string, or bytes as pycocotools returns them.

    Returns:
        bool [H, W].

    Raises:
        ValueError: keys are missing, a count is negative, or the counts do
            not add up to the size.

    >>> decode_coco({"size": [3, 2], "counts": [1, 4, 1]}).astype(int)
    array([[0, 1],
           [1, 1],
           [1, 0]])
    """
    try:
        size, counts = rle["size"], rle["counts"]
    except (KeyError, TypeError) as error:
        raise ValueError(
            "rle must be a dictionary of size and counts, got "
            f"{str(rle)[:60]}"
        ) from error
    height, width = check_shape(size)
    if isinstance(counts, (str, bytes)):
        lengths = unpack(counts)
    else:
        lengths = _plain(counts)
    pixels = height * width
    in_range = (lengths >= 0) & (lengths <= pixels)
    if not in_range.all() or lengths.sum() != pixels:
        raise ValueError(
            "rle's counts must be 0 or more and add up to "
            f"{height} x {width} pixels, got {str(lengths)[:60]}"
        )
    return _from_lengths(lengths, height, width)


def _changes(mask: BoolArray) -> IntArray:
    """Where the value changes, counted down the columns from 0."""
    height, width = mask.shape
    if mask.size == 0:
        return np.zeros(0, np.int64)
    if mask.T.flags.c_contiguous:
        flat = mask.T.reshape(-1)
        differs = np.empty(mask.size, bool)
        differs[0] = flat[0]
        np.not_equal(flat[1:], flat[:-1], out=differs[1:])
        return np.flatnonzero(differs)
    # compare each row with the one above, which memory likes better than
    # columns, and put the few places found into the order of columns
    differs = np.empty(mask.shape, bool)
    np.not_equal(mask[1:], mask[:-1], out=differs[1:])
    differs[0, 0] = mask[0, 0]
    np.not_equal(mask[0, 1:], mask[-1, :-1], out=differs[0, 1:])
    row, column = np.divmod(np.flatnonzero(differs), width)
    return np.sort(column * height + row)


def _as_pairs(mask: BoolArray) -> str:
    bounds = _changes(mask)
    if bounds.size % 2:
        bounds = np.append(bounds, mask.size)
    bounds[1::2] -= bounds[::2]
    bounds[::2] += 1
    return " ".join(map(str, bounds.tolist()))


def _lengths(mask: BoolArray) -> IntArray:
    bounds = _changes(mask)
    if bounds.size == 0:
        return np.array([mask.size], np.int64)
    return np.diff(bounds, prepend=0, append=mask.size)


def _plain(counts: Sequence[int]) -> IntArray:
    lengths = np.asarray(counts)
    if lengths.size == 0:
        lengths = lengths.astype(np.int64)
    if lengths.ndim != 1 or lengths.dtype.kind not in "ui":
        raise ValueError(
            "rle's counts must be a list of integers or a string, got "
            f"{str(counts)[:40]}"
        )
    return lengths.astype(np.int64)


def _from_lengths(lengths: IntArray, height: int, width: int) -> BoolArray:
    ones = np.arange(lengths.size) % 2 == 1
    columns = np.repeat(ones, lengths).reshape(width, height)
    mask = np.empty((height, width), bool)
    for left in range(0, width, _STRIP):
        strip = slice(left, left + _STRIP)
        mask[:, strip] = columns[strip].T
    return mask


def _check_runs(bounds: IntArray, height: int, width: int) -> None:
    starts, stops = bounds[::2], bounds[1::2]
    if (starts < 0).any() or (stops <= starts).any():
        raise ValueError(
            "text must hold starts of 1 or more and lengths of 1 or more"
        )
    if (starts[1:] < stops[:-1]).any():
        raise ValueError("text must hold runs in order that do not overlap")
    if bounds.size and stops[-1] > height * width:
        raise ValueError(
            f"text must end within {height} x {width} = {height * width} "
            f"pixels, got a run that ends at {stops[-1]}; is the shape "
            "(height, width)?"
        )
