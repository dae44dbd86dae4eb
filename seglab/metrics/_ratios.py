"""Division and means that know what "undefined" is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ratio(
    part: NDArray, whole: NDArray, undefined: float = np.nan
) -> NDArray[np.float64]:
    """part / whole, and ``undefined`` where the whole is 0."""
    part, whole = np.broadcast_arrays(part, whole)
    result = np.full(part.shape, undefined, dtype=np.float64)
    return np.divide(part, whole, out=result, where=whole != 0)


def mean_of_present(values: NDArray[np.float64]) -> float:
    """Mean of what is not NaN; NaN if nothing is left."""
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")
