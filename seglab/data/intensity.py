"""How bright is each class? Grey levels under the masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seglab.data._masks import Mask, as_masks
from seglab.data._tables import class_rows, import_pandas

if TYPE_CHECKING:
    import pandas as pd

_PERCENTILES = {"p5": 5, "median": 50, "p95": 95}


def intensity_histogram(
    images: Sequence[ArrayLike],
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    ignore_index: int | None = None,
    bins: int = 256,
) -> pd.DataFrame:
    """Count the pixels of every class at every grey level.

    Args:
        images: grey [H, W] or [1, H, W], of any finite numbers.
        masks: one an image; integer [H, W], or bool [K, H, W].
        names: of the classes, label 0 first; of the K channels.
        ignore_index: label of integer masks that does not count.
        bins: equal steps from the lowest to the highest grey level of
            all images, 2 or more.

    Returns:
        Counts [bins, C]; the index holds the middle of each bin.

    Raises:
        TypeError: an image or a mask of another kind of values.
        ValueError: shapes that do not fit, an image that is not finite,
            or fewer than two bins.
        ImportError: pandas is not installed.

    Convention:
        uint8 images have a bin for each of the 256 levels, whatever
        ``bins`` says. All images must share one scale: Hounsfield units,
        or one window.

    >>> counts = intensity_histogram([[[0, 9]]], [[[0, 1]]], ["a", "b"],
    ...                              bins=2)
    >>> counts.index.tolist(), counts["b"].tolist()
    ([2.25, 6.75], [0, 1])
    """
    if bins < 2:
        raise ValueError(f"bins must be 2 or more, got {bins}")
    layers = as_masks(masks, names, ignore_index)
    grey = _grey_images(images, layers)
    edges = _edges(grey, bins)
    bins = len(edges) - 1
    counts = np.zeros((len(names), bins), dtype=np.int64)
    for image, mask in zip(grey, layers, strict=True):
        place = (image - edges[0]) * (bins / (edges[-1] - edges[0]))
        level = np.clip(place.astype(np.int64), 0, bins - 1)
        counts += _count(level, mask, counts.shape, ignore_index)
    middle = (edges[:-1] + edges[1:]) / 2
    pandas = import_pandas()
    return pandas.DataFrame(
        counts.T,
        index=pandas.Index(middle, name="intensity"),
        columns=class_rows(names),
    )


def intensity_by_class(
    images: Sequence[ArrayLike],
    masks: Sequence[ArrayLike],
    names: Sequence[str],
    *,
    ignore_index: int | None = None,
    bins: int = 256,
) -> pd.DataFrame:
    """Mean, spread and percentiles of the grey level of every class.

    Args:
        images, masks, names, ignore_index, bins: as for
            :func:`intensity_histogram`.

    Returns:
        A row a class: ``pixels``, ``mean``, ``std``, ``p5``, ``median``
        and ``p95``; NaN for a class without a pixel.

    Raises:
        TypeError, ValueError, ImportError: as
            :func:`intensity_histogram`.

    Convention:
        Read from the histogram: exact for uint8 images, else to within
        half a bin. The 5th percentile is the lowest level that at least
        5 % of the pixels do not exceed.

    >>> image = np.array([[10, 20, 200]], np.uint8)
    >>> table = intensity_by_class([image], [[[0, 0, 1]]], ["a", "b"])
    >>> table["mean"].tolist()
    [15.0, 200.0]
    """
    histogram = intensity_histogram(
        images, masks, names, ignore_index=ignore_index, bins=bins
    )
    levels = histogram.index.to_numpy()
    counts = histogram.to_numpy().T
    pixels = counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        mean = counts @ levels / pixels
        offset = (levels - mean[:, None]) ** 2
        std = np.sqrt((counts * offset).sum(axis=1) / pixels)
    running = counts.cumsum(axis=1)
    columns = {"pixels": pixels, "mean": mean, "std": std}
    for name, percent in _PERCENTILES.items():
        enough = running * 100 >= percent * pixels[:, None]
        found = levels[enough.argmax(axis=1)]
        columns[name] = np.where(pixels > 0, found, np.nan)
    return import_pandas().DataFrame(columns, index=class_rows(names))


def _count(
    level: NDArray[np.int64],
    mask: Mask,
    shape: tuple[int, int],
    ignore_index: int | None,
) -> NDArray[np.int64]:
    """Pixels [C, bins] of one image at each bin's number."""
    classes, bins = shape
    if mask.ndim == 3:
        rows = [np.bincount(level[one], minlength=bins) for one in mask]
        return np.stack(rows)
    codes = mask.astype(np.int64) * bins + level
    if ignore_index is not None:
        codes = codes[mask != ignore_index]
    flat = np.bincount(codes.ravel(), minlength=classes * bins)
    return flat.reshape(shape)


def _edges(
    grey: Sequence[NDArray[np.generic]], bins: int
) -> NDArray[np.float64]:
    if all(image.dtype == np.uint8 for image in grey):
        return np.linspace(-0.5, 255.5, 257)
    full = [image for image in grey if image.size]
    low = float(min((image.min() for image in full), default=0))
    high = float(max((image.max() for image in full), default=1))
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def _grey_images(
    images: Sequence[ArrayLike], masks: Sequence[Mask]
) -> list[NDArray[np.generic]]:
    if len(images) != len(masks):
        raise ValueError(
            f"images must hold one for each of {len(masks)} masks, got "
            f"{len(images)}"
        )
    found = []
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        values = np.asarray(image)
        if values.dtype.kind not in "uif":
            raise TypeError(
                f"images[{number}] must hold numbers, got {values.dtype}"
            )
        wanted = mask.shape[-2:]
        if values.shape not in (wanted, (1, *wanted)):
            raise ValueError(
                f"images[{number}] must be grey and as large as its mask, "
                f"{wanted}, got shape {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"images[{number}] holds NaN or infinity")
        found.append(values.reshape(wanted))
    return found
