"""Curves of a training history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from seglab.viz.style import STYLE


def plot_history(
    rows: Sequence[Mapping[str, float]],
    columns: Sequence[str],
    *,
    step: str = "step",
    ax: Axes | None = None,
) -> Axes:
    """Plot columns of a training history against the step.

    Args:
        rows: one mapping a logged step; a column that a row lacks, or
            that is NaN there, is left out at that step.
        columns: the columns to plot, one curve each.
        step: the column that holds the step.
        ax: where to draw; a new figure without it.

    Raises:
        ValueError: a column that stands in no row.

    >>> rows = [{"step": 1, "loss": 0.9}, {"step": 2, "loss": 0.5}]
    >>> ax = plot_history(rows, ["loss"])
    >>> ax.get_xlabel()
    'step'
    >>> plt.close(ax.figure)
    """
    for name in (step, *columns):
        if not any(name in row for row in rows):
            raise ValueError(
                f"columns must stand in rows, but no row has {name!r}"
            )
    with plt.rc_context(STYLE):
        if ax is None:
            _, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
        for name in columns:
            points = [
                (row[step], row[name])
                for row in rows
                if name in row and np.isfinite(row[name])
            ]
            marker = "o" if len(points) <= 20 else ""
            ax.plot(
                *np.reshape(points, (-1, 2)).T, marker, ls="-", label=name
            )
        ax.set_xlabel(step)
        ax.legend()
    return ax
