"""Bilinear resampling as a product with sparse matrices, without PyTorch.

Rows and columns are resampled one after the other, each by a matrix with a
few entries a row. A part of a matrix resamples a part of a picture: so a
picture is fitted into a square without a square of its size being made.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse


def triangle_matrix(length: int, out: int) -> sparse.csr_array:
    """The matrix that resamples ``length`` values to ``out``.

    Args:
        length: how many values there are.
        out: how many there shall be.

    Returns:
        float32 [out, length]; rows sum to 1.

    Raises:
        ValueError: a length below 1.

    Convention:
        Pixels are areas. A shrinking matrix averages over all pixels that
        a new one covers. Equal to PyTorch's bilinear ``interpolate`` with
        ``antialias=True`` and ``align_corners=False``; where it enlarges,
        also without antialiasing.

    >>> triangle_matrix(2, 4).toarray()
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    if min(length, out) < 1:
        raise ValueError(
            f"length and out must be 1 or more, got {length} and {out}"
        )
    scale = length / out
    reach = max(scale, 1.0)
    centre = (np.arange(out)[:, None] + 0.5) * scale
    first = np.floor(centre - reach + 0.5).astype(np.int64)
    taken = first + np.arange(int(np.ceil(2 * reach)) + 1)
    weight = np.maximum(0, 1 - np.abs(taken + 0.5 - centre) / reach)
    weight[(taken < 0) | (taken >= length)] = 0
    weight /= weight.sum(axis=1, keepdims=True)
    row, place = np.nonzero(weight)
    entries = weight[row, place].astype(np.float32)
    return sparse.csr_array(
        (entries, (row, taken[row, place])), shape=(out, length)
    )
