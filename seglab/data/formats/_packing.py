"""COCO's packing of run lengths into a string, whole arrays at a time."""

from __future__ import annotations

import numpy as np

from seglab.data.formats._inputs import IntArray

_GROUP_BITS = 5  # of COCO's strings: five bits a character
_MORE, _SIGN, _LOWEST = 32, 16, 48


def pack(lengths: IntArray) -> str:
    """The string that COCO writes for run lengths."""
    values = lengths.copy()
    values[3:] -= lengths[1:-2]
    groups = []
    open_ = np.ones(values.size, bool)
    while open_.any():
        low = values & (_MORE - 1)
        values >>= _GROUP_BITS
        # the top bit of the last group is the sign
        more = values != np.where(low & _SIGN, -1, 0)
        groups.append(np.where(open_, low + more * _MORE + _LOWEST, 0))
        open_ = open_ & more
    letters = np.stack(groups, axis=1).astype(np.uint8).ravel()
    return letters[letters > 0].tobytes().decode("ascii")


def unpack(counts: str | bytes) -> IntArray:
    """The run lengths of a string of COCO's."""
    data = counts.encode() if isinstance(counts, str) else counts
    letters = np.frombuffer(data, np.uint8).astype(np.int64) - _LOWEST
    if letters.size == 0:
        return np.zeros(0, np.int64)
    last = (letters & _MORE) == 0
    if letters.min() < 0 or letters.max() > 63 or not last[-1]:
        raise ValueError(
            f"rle's counts must be a COCO string, got {counts[:40]!r}"
        )
    starts = np.flatnonzero(np.append(True, last[:-1]))
    place = np.arange(letters.size) - np.repeat(
        starts, np.diff(starts, append=letters.size)
    )
    shift = _GROUP_BITS * np.minimum(place, 11)
    values = np.add.reduceat((letters & (_MORE - 1)) << shift, starts)
    negative = (letters[last] & _SIGN) > 0
    values -= negative.astype(np.int64) << (shift[last] + _GROUP_BITS)
    # undo the differences from the one two before
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
