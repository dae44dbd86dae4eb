"""Look at the masks before training: how much, how large, what with what.

Every function takes one mask an image, integer class indices [H, W] or
multi-label bool [K, H, W], of one size or of many. Nothing walks over
pixels one by one: counts are ``bincount`` and matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from seglab.data._masks import (
    Mask,
    as_instances,
    as_masks,
    as_multi_label,
    labels_that_count,
    pixel_counts,
    valid_pixels,
)
from seglab.data._tables import class_rows, import_pandas, square_table

if TYPE_CHECKING:
    import pandas as pd

_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)
# few enough for memory, and float32 counts exactly up to 2^24
_PIXELS_AT_ONCE = 1 << 18

_Object = tuple[int, str, int, int, int]


def class_shares(
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    ignore_index: int | None = None,
) -> pd.DataFrame:
    """How many pixels and how many images each class has.

    Args:
        masks: one an image; integer [H, W], or bool [K, H, W].
        names: of the classes, label 0 first; of the K channels.
        ignore_index: label of integer masks that does not count.

    Returns:
        A row a class: ``pixels``, ``share`` of the pixels that count,
        ``images`` that hold the class, and ``image_share`` of all images.

    Raises:
        TypeError: a mask that is neither integer nor bool.
        ValueError: no mask, another shape, a label without a name, or
            names that repeat.
        ImportError: pandas is not installed.

    Convention:
        The shares of a multi-label set may add up to more than 1.

    >>> table = class_shares([[[0, 0, 0, 1]], [[0, 0, 0, 0]]], ["", "rib"])
    >>> table.loc["rib"].tolist()
    [1.0, 0.125, 1.0, 0.5]
    """
    checked = as_masks(masks, names, ignore_index)
    counts = pixel_counts(checked, len(names), ignore_index)
    valid = sum(valid_pixels(mask, ignore_index) for mask in checked)
    images = np.count_nonzero(counts, axis=0)
    pixels = counts.sum(axis=0)
    return import_pandas().DataFrame(
        {
            "pixels": pixels,
            "share": pixels / max(valid, 1),
            "images": images,
            "image_share": images / len(counts),
        },
        index=class_rows(names),
    )


def object_sizes(
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    ignore_index: int | None = None,
) -> pd.DataFrame:
    """The size of every connected part of every class.

    Args:
        masks, names, ignore_index: as for :func:`class_shares`.

    Returns:
        A row an object: ``image`` (its number), ``class``, ``pixels``,
        and ``height`` and ``width`` of its box in pixels.

    Raises:
        TypeError, ValueError, ImportError: as :func:`class_shares`.

    Convention:
        Pixels that touch at an edge or a corner are connected. Label 0 of
        integer masks is background and no object. Where objects of one
        class touch they count as one: take :func:`instance_sizes`.

    >>> sizes = object_sizes([[[1, 0, 1, 1]]], ["background", "coin"])
    >>> sizes["pixels"].tolist(), sizes["class"].tolist()
    ([1, 2], ['coin', 'coin'])
    """
    found: list[_Object] = []
    checked = as_masks(masks, names, ignore_index)
    for image, mask in enumerate(checked):
        for label, layer in _objects(mask, ignore_index):
            sizes = _sizes(_parts(layer))
            found += [(image, names[label], *size) for size in sizes]
    return _object_table(found)


def instance_sizes(
    instances: Sequence[ArrayLike],
    masks: Sequence[ArrayLike],
    names: Sequence[str],
) -> pd.DataFrame:
    """The size of every instance, where instances are labelled.

    Args:
        instances: one an image; integer [H, W], a number an instance and
            0 for none.
        masks: the classes on the same pixels; integer [H, W].
        names: of the classes, label 0 first.

    Returns:
        The table of :func:`object_sizes`.

    Raises:
        TypeError, ValueError, ImportError: as :func:`class_shares`, or
            instances that do not lie on their masks.

    Convention:
        An instance may have several parts. It has the class of most of
        its pixels, the lower label if two have as many.

    >>> coins, classes = [[[3, 3, 5, 0]]], [[[1, 1, 1, 0]]]
    >>> table = instance_sizes(coins, classes, ["background", "coin"])
    >>> table["pixels"].tolist()
    [2, 1]
    """
    checked = as_masks(masks, names, None)
    numbered = as_instances(instances, checked)
    found: list[_Object] = []
    for image, (ids, mask) in enumerate(
        zip(numbered, checked, strict=True)
    ):
        codes = (ids * len(names) + mask).ravel()
        cells = (int(ids.max(initial=0)) + 1) * len(names)
        votes = np.bincount(codes, minlength=cells)
        labels = votes.reshape(-1, len(names)).argmax(axis=1)[1:]
        found += [
            (image, names[label], *size)
            for label, size in zip(labels, _sizes(ids), strict=True)
        ]
    return _object_table(found)


def co_occurrence(
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    ignore_index: int | None = None,
) -> pd.DataFrame:
    """How many images hold both of two classes.

    Args:
        masks, names, ignore_index: as for :func:`class_shares`.

    Returns:
        Counts [C, C]; the diagonal counts the images of each class.

    Raises:
        TypeError, ValueError, ImportError: as :func:`class_shares`.

    >>> masks = [[[0, 1]], [[0, 2]], [[1, 2]]]
    >>> co_occurrence(masks, ["back", "rib", "heart"]).to_numpy().tolist()
    [[2, 1, 1], [1, 2, 1], [1, 1, 2]]
    """
    checked = as_masks(masks, names, ignore_index)
    counts = pixel_counts(checked, len(names), ignore_index)
    held = (counts > 0).astype(np.int64)
    return square_table(held.T @ held, names)


def overlap(
    masks: Sequence[ArrayLike], names: Sequence[str]
) -> pd.DataFrame:
    """Which share of a class's pixels another class covers as well.

    Args:
        masks: one an image; bool [K, H, W].
        names: of the K channels.

    Returns:
        Shares [K, K] of the row's pixels that are the column's too; 1 on
        the diagonal, and NaN in the row of a class without a pixel.

    Raises:
        TypeError: integer masks, which cannot overlap.
        ValueError, ImportError: as :func:`class_shares`.

    Convention:
        Not symmetric: all of a small rib may lie on the lung, and cover
        little of it.

    >>> masks = [[[[True, True, False]], [[False, True, False]]]]
    >>> overlap(masks, ["lung", "rib"]).to_numpy().tolist()
    [[1.0, 0.5], [1.0, 1.0]]
    """
    layers = as_multi_label(masks, names)
    both = np.zeros((len(names), len(names)))
    for mask in layers:
        flat = mask.reshape(len(names), -1)
        for start in range(0, flat.shape[1], _PIXELS_AT_ONCE):
            part = flat[:, start : start + _PIXELS_AT_ONCE]
            part = part.astype(np.float32)
            both += part @ part.T
    with np.errstate(invalid="ignore"):
        return square_table(both / both.diagonal()[:, None], names)


def labels_per_pixel(
    masks: Sequence[ArrayLike], names: Sequence[str]
) -> pd.Series:
    """The share of pixels with no class, one class, two classes, ...

    Args:
        masks: one an image; bool [K, H, W].
        names: of the K channels.

    Returns:
        Shares from 0 classes to the most that any pixel has.

    Raises:
        TypeError, ValueError, ImportError: as :func:`overlap`.

    >>> masks = [[[[True, True, False, False]], [[True] + [False] * 3]]]
    >>> labels_per_pixel(masks, ["lung", "rib"]).tolist()
    [0.5, 0.25, 0.25]
    """
    layers = as_multi_label(masks, names)
    counts = np.zeros(len(names) + 1, dtype=np.int64)
    for mask in layers:
        depth = mask.sum(axis=0, dtype=np.int32).ravel()
        counts += np.bincount(depth, minlength=len(counts))
    counts = counts[: int(np.flatnonzero(counts).max(initial=0)) + 1]
    shares = counts / max(counts.sum(), 1)
    return (
        import_pandas().Series(shares, name="share").rename_axis("classes")
    )


def _objects(
    mask: Mask, ignore_index: int | None
) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Each class that is there and may have objects, with its layer."""
    if mask.ndim == 3:
        yield from (
            (k, layer) for k, layer in enumerate(mask) if layer.any()
        )
        return
    counts = np.bincount(labels_that_count(mask, ignore_index))
    for label in np.flatnonzero(counts[1:]) + 1:
        yield int(label), mask == label


def _parts(layer: NDArray[np.bool_]) -> NDArray[np.integer]:
    """The connected parts of a layer, numbered; without its empty rim."""
    rows = np.flatnonzero(layer.any(axis=1))
    columns = np.flatnonzero(layer.any(axis=0))
    box = layer[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return ndimage.label(box, _EIGHT_NEIGHBOURS)[0]


def _sizes(parts: NDArray[np.integer]) -> list[tuple[int, int, int]]:
    """Pixels, height and width of the parts 1, 2, ... of a map."""
    pixels = np.bincount(parts.ravel())[1:]
    boxes = ndimage.find_objects(parts)
    return [
        (int(count), rows.stop - rows.start, columns.stop - columns.start)
        for count, (rows, columns) in zip(pixels, boxes, strict=True)
    ]


def _object_table(found: list[_Object]) -> pd.DataFrame:
    columns = ["image", "class", "pixels", "height", "width"]
    table = import_pandas().DataFrame(found, columns=columns)
    return table.astype(dict.fromkeys(set(columns) - {"class"}, np.int64))
