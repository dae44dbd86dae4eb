"""Colours that most readers can tell apart, and masks painted on images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Colours = Sequence[Any] | Array

PALETTE: tuple[str, ...] = (
    # Okabe and Ito (2008), without black, which is lost on a dark scan
    *("#E69F00", "#56B4E9", "#009E73", "#F0E442"),
    *("#0072B2", "#D55E00", "#CC79A7"),
    # then, each time, the colour farthest in CIELAB from all before it as
    # seen with normal, protan and deutan sight (Machado et al. 2009)
    *("#5A00FF", "#96FFA5", "#7869FF", "#B40F2D", "#87FFE1"),
    *("#873C69", "#5AF0FF", "#96B45A", "#7896FF", "#A5FF78"),
    *("#5AD296", "#870FC3", "#961E87", "#F03C69", "#4B693C"),
    *("#C30000", "#1EC3D2", "#5A4BFF", "#5AD2B4", "#D20FB4"),
    *("#87FFC3", "#B4D24B", "#A5783C"),
)


def colours(n: int) -> Array:
    """The first n colours of the palette as float RGB [n, 3].

    Convention:
        After 30 colours the palette starts again: no reader tells more
        apart, so many instances share colours (their outlines tell).

    Args:
        n: how many, 0 or more.

    Raises:
        ValueError: ``n`` is negative.

    >>> colours(2).round(2).tolist()
    [[0.9, 0.62, 0.0], [0.34, 0.71, 0.91]]
    """
    if n < 0:
        raise ValueError(f"n must be 0 or more, got {n}")
    rgb = [to_rgb(PALETTE[i % len(PALETTE)]) for i in range(n)]
    return np.array(rgb, float).reshape(n, 3)


def overlay(
    image: ArrayLike,
    mask: ArrayLike,
    *,
    alpha: float = 0.5,
    colours: Colours | None = None,
) -> Array:
    """Paint a mask on an image; float RGB [H, W, 3] in [0, 1].

    Convention:
        Labels below 1 are left unpainted: 0 is background, negative
        numbers are ignored pixels. Where masks [K, H, W] overlap, their
        colours are averaged.

    Args:
        image: grey [H, W] or [1, H, W], or RGB [H, W, 3] or [3, H, W];
            bool, uint8, or float in [0, 1]. Arrays or tensors.
        mask: bool [H, W], integer labels [H, W], or bool [K, H, W].
        alpha: opacity of the paint, 0 to 1.
        colours: one for each label from 1 on; the palette without it.

    Raises:
        ValueError: sizes differ, values are out of range, or there are
            fewer colours than labels.
        TypeError: the mask is neither bool nor integer.

    >>> overlay([[0.0, 1.0]], [[True, False]], alpha=1.0).round(2).tolist()
    [[[0.9, 0.62, 0.0], [1.0, 1.0, 1.0]]]
    """
    picture = as_rgb(image)
    _check_alpha(alpha)
    paint = np.zeros_like(picture)
    coats = np.zeros(picture.shape[:2])
    _check_same_size(picture.shape[:2], as_numpy(mask).shape[-2:])
    for layer, colour in coloured_layers(mask, colours):
        paint[layer] += colour
        coats[layer] += 1
    painted = coats > 0
    mean = paint[painted] / coats[painted, None]
    picture[painted] = (1 - alpha) * picture[painted] + alpha * mean
    return picture


def coloured_layers(
    mask: ArrayLike, chosen: Colours | None = None
) -> Iterator[tuple[Array, Array]]:
    """Split a mask into pairs of a bool layer [H, W] and its RGB colour.

    Args:
        mask: bool [H, W], integer labels [H, W], or bool [K, H, W].
        chosen: one colour for each label from 1 on.

    Raises:
        TypeError: the mask is neither bool nor integer.
        ValueError: wrong number of axes, or too few colours.

    >>> [layer.sum() for layer, _ in coloured_layers([[0, 2, 2]])]
    [np.int64(2)]
    """
    values = as_numpy(mask)
    layers = _layers(values)
    count = max((label for label, _ in layers), default=0)
    table = colours(count) if chosen is None else _rgb_table(chosen)
    if len(table) < count:
        raise ValueError(
            f"colours must hold one for each of {count} labels, got "
            f"{len(table)}"
        )
    for label, layer in layers:
        yield layer, table[label - 1]


def as_numpy(values: ArrayLike) -> Array:
    """The values as a NumPy array, from a tensor on any device too.

    >>> as_numpy([1, 2]).shape
    (2,)
    """
    tensor: Any = values
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
    return np.asarray(tensor)


def as_rgb(image: ArrayLike) -> Array:
    """A grey or colour image as a new float array [H, W, 3] in [0, 1].

    Args:
        image: [H, W], [1, H, W], [H, W, 3] or [3, H, W]; bool, uint8, or
            float in [0, 1].

    Raises:
        ValueError: another shape, another type, or values out of range.

    >>> as_rgb(np.zeros((3, 4, 5))).shape
    (4, 5, 3)
    """
    values = as_numpy(image)
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=-1)
    elif values.ndim == 3 and values.shape[-1] != 3:
        values = np.moveaxis(values, 0, -1)
    if values.ndim != 3 or values.shape[-1] != 3:
        raise ValueError(
            "image must be [H, W], [1, H, W], [H, W, 3] or [3, H, W], got "
            f"shape {as_numpy(image).shape}"
        )
    if values.dtype == np.uint8:
        return values / 255.0
    _check_unit_range(values)
    return values.astype(float)


def _check_unit_range(values: Array) -> None:
    if values.dtype.kind not in "fb":
        raise ValueError(
            "image must be bool, uint8 or float in [0, 1], got "
            f"{values.dtype}; window or scale it first"
        )
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"image must lie in [0, 1], got {values.min():g} to "
            f"{values.max():g}; window or scale it first"
        )


def _check_alpha(alpha: float) -> None:
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be 0 to 1, got {alpha}")


def _check_same_size(image: tuple[int, ...], mask: tuple[int, ...]) -> None:
    if image != mask:
        raise ValueError(
            f"mask must have the size of the image {image}, got {mask}"
        )


def _layers(values: Array) -> list[tuple[int, Array]]:
    if values.dtype.kind not in "biu":
        raise TypeError(f"mask must be bool or integer, got {values.dtype}")
    if values.ndim == 3 and values.dtype == bool:
        return list(enumerate(values, start=1))
    if values.ndim != 2:
        raise ValueError(
            "mask must be labels [H, W] or bool [K, H, W], got "
            f"{values.dtype} of shape {values.shape}"
        )
    found = [int(label) for label in np.unique(values) if label > 0]
    return [(label, values == label) for label in found]


def _rgb_table(chosen: Colours) -> Array:
    rows = [to_rgb(colour) for colour in chosen]
    return np.array(rows, float).reshape(len(rows), 3)
