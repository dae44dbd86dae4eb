"""The bootstrap over groups: draw them again, and see what varies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._categories import check_integer
from seglab.metrics._figures import Figure

# draws held at a time: many groups do not fill the memory
CHUNK = 1 << 20


def group_draws(
    groups: int, resamples: int, seed: int
) -> Iterator[NDArray[np.int64]]:
    """How often each group is drawn, [R, G] in pieces of some rows."""
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // groups)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(0, groups, (rows, groups))
        drawn += groups * np.arange(rows)[:, None]  # a count of its own
        times = np.bincount(drawn.ravel(), minlength=rows * groups)
        yield times.reshape(rows, groups)


def _over_dataset(
    figure: Figure, counts: NDArray, times: NDArray
) -> NDArray[np.float64]:
    # as floats the product goes through BLAS; counts stay exact to 2^53
    return figure(np.tensordot(times.astype(np.float64), counts, 1))


def _over_group(
    figure: Figure, counts: NDArray, times: NDArray
) -> NDArray[np.float64]:
    return times @ figure(counts) / times.sum(axis=1)


# margins of the groups [G, 3, C], how often each counts [R, G] -> [R]
OVER: dict[str, Callable[[Figure, NDArray, NDArray], NDArray]] = {
    "dataset": _over_dataset,
    "group": _over_group,
}


def estimate_and_limits(
    figure: Figure,
    counts: NDArray[np.float64],
    *,
    over: str,
    level: float,
    resamples: int,
    seed: int,
) -> tuple[float, float, float, int]:
    """Value, lower and upper limit, and the groups that have the figure.

    A group in which the figure is undefined adds nothing to the value,
    and so it is not drawn either: no resample is undefined.
    """
    _check_request(over, level, resamples, seed)
    counts = counts[~np.isnan(figure(counts))]
    groups = len(counts)
    if not groups:
        return np.nan, np.nan, np.nan, 0
    estimate = OVER[over]
    value = estimate(figure, counts, np.ones((1, groups), np.int64)).item()
    if groups == 1:
        return value, np.nan, np.nan, 1
    values = np.concatenate(
        [
            estimate(figure, counts, times)
            for times in group_draws(groups, resamples, seed)
        ]
    )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return value, float(low), float(high), groups


def _check_request(
    over: str, level: float, resamples: int, seed: int
) -> None:
    if over not in OVER:
        raise ValueError(
            'over must be "dataset" (matrices added) or "group" (mean of '
            f"the groups' figures), got {over!r}"
        )
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}")
    check_integer(resamples, "resamples", lowest=1)
    check_integer(seed, "seed", lowest=0)
