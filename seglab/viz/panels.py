"""Panels side by side, outlines and legends on a white card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from numpy.typing import ArrayLike

from seglab.viz.colour import (
    Array,
    Colours,
    as_numpy,
    as_rgb,
    coloured_layers,
    overlay,
)
from seglab.viz.colour import (
    colours as palette_colours,
)
from seglab.viz.style import INK, STYLE


def show_panels(
    images: Sequence[ArrayLike],
    titles: Sequence[str] | None = None,
    *,
    masks: Sequence[ArrayLike | None] | None = None,
    names: Sequence[str] | None = None,
    colours: Colours | None = None,
    alpha: float = 0.5,
    columns: int | None = None,
    width: float = 8.0,
    limits: tuple[float, float] | None = None,
    aspect: float = 1.0,
) -> Figure:
    """Show images side by side, each with its mask painted on if given.

    Args:
        images: grey [H, W] of any range, or RGB in [0, 1] or uint8. With
            a mask, an image must be one that ``overlay`` takes.
        titles: one for each image.
        masks: one for each image, None for a bare one.
        names: of labels 1, 2, ...; drawn as a legend below.
        colours: of labels 1, 2, ...; the palette without it.
        alpha: opacity of the paint.
        columns: panels in a row; all in one row without it.
        width: of the figure in inches.
        limits: what is black and what is white in bare grey images.
        aspect: height of a pixel over its width (row over column spacing).

    Returns:
        The figure; its ``axes`` hold the panels in order.

    Raises:
        ValueError: no image, or counts that do not match.

    >>> figure = show_panels([np.eye(3), np.ones((3, 3))], ["a", "b"])
    >>> [ax.get_title() for ax in figure.axes]
    ['a', 'b']
    >>> plt.close(figure)
    """
    _check_panels(images, titles, masks, columns)
    painted = list(masks) if masks is not None else [None] * len(images)
    across = columns or len(images)
    with plt.rc_context(STYLE):
        figure, grid = _grid(images, across, width, aspect, titles, names)
        for i, ax in enumerate(grid):
            ax.set_axis_off()
            if i >= len(images):
                ax.remove()
                continue
            picture = _drawable(images[i], painted[i], colours, alpha)
            _draw(ax, picture, limits, aspect)
            if titles is not None:
                ax.set_title(titles[i])
        if names is not None:
            label_legend(figure, names, colours=colours)
    return figure


def draw_contours(
    ax: Axes,
    mask: ArrayLike,
    *,
    colours: Colours | None = None,
    linewidth: float = 1.2,
) -> None:
    """Draw the outline of every label of a mask on an axes.

    Outlines close at the border of the image too.

    Args:
        ax: where the image is shown.
        mask: bool [H, W], integer labels [H, W], or bool [K, H, W].
        colours: of labels 1, 2, ...; the palette without it.
        linewidth: in points.

    Raises:
        TypeError, ValueError: the mask is not one of these.

    >>> figure, ax = plt.subplots()
    >>> draw_contours(ax, [[0, 1, 0], [0, 1, 1]])
    >>> len(ax.collections)
    1
    >>> plt.close(figure)
    """
    limits = ax.get_xlim(), ax.get_ylim()
    for layer, colour in coloured_layers(mask, colours):
        if not layer.any():
            continue
        height, width = layer.shape
        x, y = np.arange(-1, width + 1), np.arange(-1, height + 1)
        closed = np.pad(layer, 1).astype(float)
        ax.contour(
            x, y, closed, [0.5], colors=[colour], linewidths=linewidth
        )
    if ax.images:
        ax.set(xlim=limits[0], ylim=limits[1])


def label_legend(
    target: Axes | Figure,
    names: Sequence[str],
    *,
    colours: Colours | None = None,
    columns: int | None = None,
) -> Legend:
    """A legend of colour patches for labels 1, 2, ... of a mask.

    Args:
        target: a figure (the legend stands below its panels, which needs
            ``layout="constrained"``) or an axes (to its right).
        names: of labels 1, 2, ...; no name for the background.
        colours: of the same labels; the palette without it.
        columns: of the legend; under a figure six at most without it.

    Raises:
        ValueError: fewer colours than names.

    >>> figure, ax = plt.subplots(layout="constrained")
    >>> legend = label_legend(figure, ["heart", "aorta"])
    >>> [text.get_text() for text in legend.get_texts()]
    ['heart', 'aorta']
    >>> plt.close(figure)
    """
    table = palette_colours(len(names)) if colours is None else colours
    if len(table) < len(names):
        raise ValueError(
            f"colours must hold one for each of {len(names)} names, got "
            f"{len(table)}"
        )
    swatches = [
        Patch(facecolor=colour, edgecolor=INK, linewidth=0.4, label=name)
        for colour, name in zip(table, names, strict=False)
    ]
    if isinstance(target, Figure):
        place: dict[str, Any] = {"loc": "outside lower center"}
        across = columns or min(6, max(1, len(names)))
    else:
        place = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
        across = columns or 1
    return target.legend(
        handles=swatches,
        ncols=across,
        frameon=False,
        labelcolor=INK,
        **place,
    )


def _check_panels(
    images: Sequence[ArrayLike],
    titles: Sequence[str] | None,
    masks: Sequence[ArrayLike | None] | None,
    columns: int | None,
) -> None:
    if len(images) == 0:
        raise ValueError("images must hold one or more, got none")
    for name, values in (("titles", titles), ("masks", masks)):
        if values is not None and len(values) != len(images):
            raise ValueError(
                f"{name} must hold one for each of {len(images)} images, "
                f"got {len(values)}"
            )
    if columns is not None and columns < 1:
        raise ValueError(f"columns must be 1 or more, got {columns}")


def _grid(
    images: Sequence[ArrayLike],
    across: int,
    width: float,
    aspect: float,
    titles: Sequence[str] | None,
    names: Sequence[str] | None,
) -> tuple[Figure, list[Axes]]:
    down = -(-len(images) // across)
    ratio = max(_height_over_width(image) for image in images) * aspect
    height = down * (width / across * ratio + 0.3 * (titles is not None))
    height += 0.3 * -(-len(names or ()) // 6)
    figure, axes = plt.subplots(
        down,
        across,
        figsize=(width, height),
        layout="constrained",
        squeeze=False,
    )
    return figure, list(axes.flat)


def _height_over_width(image: ArrayLike) -> float:
    shape = as_numpy(image).shape
    if len(shape) == 3 and shape[-1] != 3:
        shape = shape[1:]
    if len(shape) < 2 or 0 in shape:
        raise ValueError(
            "images must each be [H, W] or RGB and not empty, got shape "
            f"{as_numpy(image).shape}"
        )
    return float(shape[0] / shape[1])


def _drawable(
    image: ArrayLike,
    mask: ArrayLike | None,
    colours: Colours | None,
    alpha: float,
) -> Array:
    if mask is not None:
        return overlay(image, mask, alpha=alpha, colours=colours)
    values = as_numpy(image)
    return values if values.ndim == 2 else as_rgb(values)


def _draw(
    ax: Axes,
    picture: Array,
    limits: tuple[float, float] | None,
    aspect: float,
) -> None:
    low, high = limits or (None, None)
    ax.imshow(
        picture,
        cmap="gray",
        vmin=low,
        vmax=high,
        aspect=aspect,
        interpolation="nearest",
    )
