"""One page that says what a data set holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seglab.data._masks import Mask, as_masks, pixel_counts
from seglab.data.intensity import intensity_by_class
from seglab.data.statistics import (
    class_shares,
    co_occurrence,
    labels_per_pixel,
    object_sizes,
    overlap,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_DARK, _LIGHT = "#0072B2", "#9CCBEA"
# numbers in more classes' cells than this could not be read
_MOST_NUMBERED = 12


def data_report(
    images: Sequence[ArrayLike],
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    ignore_index: int | None = None,
    objects: pd.DataFrame | None = None,
    width: float = 8.0,
) -> Figure:
    """Draw the statistics of a data set on one page.

    Above, a row a class: its share of the pixels and of the images, the
    sizes of its objects and its grey levels (a line from the 5th to the
    95th percentile, a dot at the median). Below, the share of the images
    of one class that hold another; and for multi-label masks the share of
    the pixels of one class that another covers, for integer masks how
    many classes an image holds.

    Args:
        images: grey [H, W] or [1, H, W], of any finite numbers.
        masks: one an image; integer [H, W], or bool [K, H, W].
        names: of the classes, label 0 first; of the K channels.
        ignore_index: label of integer masks that does not count.
        objects: of :func:`~seglab.data.statistics.instance_sizes`, where
            objects touch; connected parts without it.
        width: of the page in inches, above 0; its height follows the
            number of classes.

    Raises:
        TypeError: an image or a mask of another kind of values.
        ValueError: images, masks and names that do not fit, or a width
            that is not above 0.
        ImportError: pandas is not installed.

    >>> mask = np.eye(4, dtype=int)
    >>> figure = data_report([mask / 2], [mask], ["background", "line"])
    >>> len(figure.axes)
    6
    """
    if not width > 0:
        raise ValueError(f"width must be above 0 inches, got {width}")
    checked = as_masks(masks, names, ignore_index)
    shares = class_shares(checked, names, ignore_index=ignore_index)
    grey = intensity_by_class(
        images, checked, names, ignore_index=ignore_index
    )
    together = co_occurrence(checked, names, ignore_index=ignore_index)
    if objects is None:
        objects = object_sizes(checked, names, ignore_index=ignore_index)
    import matplotlib.pyplot as plt

    from seglab.viz.style import STYLE

    with plt.rc_context({**STYLE, "axes.titlesize": 9, "font.size": 8}):
        figure, above, below = _page(names, width)
        figure.suptitle(_headline(checked, names), fontsize=10)
        _draw_classes(above, shares, objects, grey)
        left, right = below.subplots(1, 2)
        both = together.div(np.diag(together), axis=0)
        _heat_map(left, both, "Row's images that hold the column")
        if checked[0].ndim == 3:
            covered = overlap(checked, names)
            _heat_map(right, covered, "Row's pixels inside the column")
        else:
            counts = pixel_counts(checked, len(names), ignore_index)
            _classes_an_image(right, (counts > 0).sum(axis=1))
    return figure


def _page(
    names: Sequence[str], width: float
) -> tuple[Figure, SubFigure, SubFigure]:
    import matplotlib.pyplot as plt

    above = 0.9 + 0.2 * len(names)
    # a heat map about square, and the names outside of it
    beside = 0.07 * max(len(name) for name in names)
    side = min(0.8 + 0.3 * len(names), max(width / 2 - beside - 0.3, 1))
    below = side + beside + 0.6
    figure = plt.figure(
        figsize=(width, above + below), layout="constrained"
    )
    upper, lower = cast(
        "Sequence[SubFigure]",
        figure.subfigures(2, 1, height_ratios=[above, below]),
    )
    return figure, upper, lower


def _headline(masks: Sequence[Mask], names: Sequence[str]) -> str:
    count = len(masks)
    text = f"{count} image{'s' * (count > 1)}, {len(names)} classes"
    if masks[0].ndim == 2:
        return text
    depth = labels_per_pixel(masks, names)
    crowded = depth[depth.index >= 2].sum()
    return f"{text}; {100 * crowded:.0f} % of the pixels have two or more"


def _draw_classes(
    part: SubFigure,
    shares: pd.DataFrame,
    objects: pd.DataFrame,
    grey: pd.DataFrame,
) -> None:
    """Four panels that share a row a class, the first class on top."""
    pixels, pictures, sizes, levels = part.subplots(1, 4, sharey=True)
    row = np.arange(len(shares))
    pixels.set_yticks(row, shares.index)
    pixels.set_ylim(len(row) - 0.5, -0.5)
    _dots_with_numbers(pixels, shares["share"].to_numpy())
    pictures.barh(row, shares["image_share"], height=0.6, color=_LIGHT)
    pictures.set(title="Share of images", xlim=(0, 1))
    pictures.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    by_class = objects.groupby("class")["pixels"]
    spread = by_class.quantile([0.05, 0.5, 0.95]).unstack()
    spread = spread.reindex(index=shares.index, columns=[0.05, 0.5, 0.95])
    _ranges(sizes, spread.to_numpy(float))
    largest = objects["pixels"].max() if len(objects) else 1
    sizes.set(title="Object size (pixels)", xscale="log")
    sizes.set_xlim(0.7, 1.5 * largest)
    _ranges(levels, grey[["p5", "median", "p95"]].to_numpy(float))
    levels.set(title="Grey level")
    for ax in (pixels, pictures, sizes, levels):
        ax.grid(axis="y", color="0.92", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(axis="y", length=0)


def _dots_with_numbers(ax: Axes, shares: NDArray[np.float64]) -> None:
    """Shares on a logarithmic axis, which has no place for zero."""
    row = np.arange(len(shares))
    seen = shares > 0
    ax.scatter(shares[seen], row[seen], s=18, color=_DARK)
    lowest = shares[seen].min(initial=0.1)
    decade = int(np.floor(np.log10(lowest)))
    between = {decade // 2} if decade % 2 == 0 else set()
    ticks = 10.0 ** np.array(sorted({decade, 0} | between))
    ax.set(title="Share of pixels", xscale="log")
    # the numbers stand to the right of 100 %
    right = 10.0 ** (0.9 - decade * 0.5)
    ax.set_xlim(ticks[0] / 2, right)
    ax.set_xticks(ticks, [f"{100 * tick:g} %" for tick in ticks])
    ax.minorticks_off()
    for place, share in enumerate(shares):
        ax.text(
            right,
            place,
            f"{100 * share:.2f} %",
            ha="right",
            va="center",
            fontsize=7,
        )


def _ranges(ax: Axes, spread: NDArray[np.float64]) -> None:
    """A line from the first to the third column, a dot at the second."""
    row = np.arange(len(spread))
    ax.hlines(row, spread[:, 0], spread[:, 2], color=_LIGHT, linewidth=4)
    ax.scatter(spread[:, 1], row, s=18, color=_DARK, zorder=3)


def _heat_map(ax: Axes, table: pd.DataFrame, title: str) -> None:
    values = 100 * table.to_numpy(float)
    place = np.arange(len(values))
    numbered = len(values) <= _MOST_NUMBERED
    picture = ax.imshow(
        values, cmap="Blues", vmin=0, vmax=100, aspect="auto"
    )
    ax.set_title(f"{title} (%)")
    size = 8 if numbered else 6.5
    ax.set_xticks(place, table.columns, rotation=90, fontsize=size)
    ax.set_yticks(place, table.index, fontsize=size)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if not numbered:
        bar = ax.figure.colorbar(picture, ax=ax, aspect=40)
        bar.outline.set_visible(False)
        return
    for (y, x), value in np.ndenumerate(values):
        if np.isfinite(value):
            ink = "white" if value > 60 else "black"
            text = f"{value:.0f}"
            ax.text(x, y, text, ha="center", va="center", color=ink)


def _classes_an_image(ax: Axes, counts: NDArray[np.integer]) -> None:
    found, images = np.unique(counts, return_counts=True)
    ax.bar(found, images, width=0.7, color=_LIGHT)
    ax.set(title="Classes in an image", ylabel="images", xticks=found)
