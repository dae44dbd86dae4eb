"""Dots of groups, class by class, with a figure and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seglab.metrics._bootstrap import estimate_and_limits
from seglab.metrics._figures import class_figure, single_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RESAMPLES = 2000
TITLES = {"iou": "IoU", "dice": "Dice"}


def plot_classes(
    names: Sequence[str],
    counts: NDArray[np.float64],
    class_metric: str,
    level: float,
    dot: str,
    ax: Axes | None,
) -> Axes:
    """One row a class, the first on top.

    Args:
        names: of the C classes.
        counts: margins of the groups, [G, 3, C].
        class_metric: which figure of a class.
        level: of the interval.
        dot: what a dot is, for the legend.
        ax: where to draw; a new figure without it.
    """
    import matplotlib.pyplot as plt

    from seglab.viz.colour import PALETTE
    from seglab.viz.style import INK, STYLE

    values = class_figure(class_metric)(counts)
    intervals = [
        estimate_and_limits(
            single_figure(class_metric, name, names),
            counts,
            over="dataset",
            level=level,
            resamples=RESAMPLES,
            seed=0,
        )
        for name in names
    ]
    pooled, low, high, _ = np.transpose(intervals)
    rows = np.arange(len(names))
    # neighbours apart, in the order of the groups: no chance in it
    shift = 0.5 * (np.arange(len(counts)) * 0.618 % 1 - 0.5)
    heights = rows + shift[:, None]
    bar = f"{100 * level:g} % interval"
    with plt.rc_context(STYLE):
        if ax is None:
            size = 6.0, 1.2 + 0.32 * len(names)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        blue, orange = PALETTE[4:6]
        ax.scatter(values, heights, 14, blue, lw=0, alpha=0.45, label=dot)
        if np.isfinite(low).any():
            ax.hlines(rows, low, high, orange, lw=2.5, label=bar)
        ax.plot(pooled, rows, "D", color=INK, ms=4.5, label="data set")
        ax.set_yticks(rows, names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.set_xlabel(TITLES.get(class_metric, class_metric))
        ax.grid(axis="x", alpha=0.3)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    return ax
