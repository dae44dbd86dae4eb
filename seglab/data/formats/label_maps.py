"""Label maps as PNG files: the value is the class, the colour is not.

A palette beside the values lets any viewer show classes in colours, and
changes nothing of what is read back.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from seglab.files import replacing

_COLOURS = 256  # a palette's entries, and the values of one byte


def write_label_map(
    path: str | Path, labels: ArrayLike, palette: ArrayLike | None = None
) -> None:
    """Write a label map as a PNG with a palette, whole or not at all.

    Args:
        path: ends in ``.png``; its folder is made if it is missing.
        labels: [H, W] integers from 0 to 65,535.
        palette: [C, 3] integers from 0 to 255, red, green and blue of each
            value; :func:`voc_palette` without it. Further values are grey.

    Raises:
        TypeError: labels or palette that are no integers.
        ValueError: labels that are not [H, W] or out of range, a palette
            that is not [C, 3] or out of range, or another file format (JPEG
            would change the labels).

    Convention:
        Labels above 255 make a picture of 16 bits, which has no palette.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "labels.png"
    >>> write_label_map(file, [[0, 1, 255]])
    >>> read_label_map(file)
    array([[  0,   1, 255]], dtype=uint8)
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"path must end in .png, got {path.name}")
    array = _integers(labels, "labels", 65535)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"labels must be [H, W], got shape {array.shape}")
    colours = voc_palette(_COLOURS) if palette is None else palette
    table = _checked_palette(colours)
    if array.max() < _COLOURS:
        image = Image.fromarray(array.astype(np.uint8))
        image.putpalette(table.ravel().tolist())
    else:
        image = Image.fromarray(array.astype(np.uint16))
    with replacing(path) as temporary:
        image.save(temporary, "PNG")


def read_label_map(path: str | Path) -> NDArray[np.integer]:
    """Read the values of a label map, whatever its palette.

    Args:
        path: of a PNG with a palette, or a grey one of 8 or 16 bits.

    Returns:
        uint8 [H, W], or uint16 if the file has 16 bits.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a picture in colours, whose values are no labels.

    Convention:
        ``Image.convert("L")`` of a picture with a palette would give the
        brightness of the colours instead.
    """
    with Image.open(path) as image:
        if image.mode in ("P", "L"):
            return np.asarray(image)
        if image.mode == "1":
            return np.asarray(image).astype(np.uint8)
        if image.mode.startswith("I"):
            return np.asarray(image).astype(np.uint16)
        raise ValueError(
            f"{path} must be a PNG with a palette or a grey one, got a "
            f"picture of mode {image.mode}: its values are colours"
        )


def voc_palette(count: int) -> NDArray[np.uint8]:
    """The colours of Pascal VOC, told apart even where values are close.

    Args:
        count: how many, 1 to 256.

    Returns:
        uint8 [count, 3]; black for 0.

    Raises:
        ValueError: a count out of range.

    Convention:
        The bits of a value go in turn to red, green and blue, the lowest
        to the highest bit of a colour.

    Source:
        Everingham et al. 2010, the development kit.

    >>> voc_palette(3).tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    if not 1 <= count <= _COLOURS:
        raise ValueError(f"count must be from 1 to 256, got {count}")
    values = np.arange(count)
    colours = np.zeros((count, 3), np.uint8)
    for bit in range(8):
        colours[:, bit % 3] |= (
            (values >> bit & 1) << (7 - bit // 3)
        ).astype(np.uint8)
    return colours


def _integers(values: ArrayLike, name: str, largest: int) -> NDArray:
    array = np.asarray(values)
    if array.dtype.kind not in "bui":
        raise TypeError(f"{name} must be integers, got {array.dtype}")
    if array.size and (array.min() < 0 or array.max() > largest):
        raise ValueError(
            f"{name} must be from 0 to {largest}, got values from "
            f"{array.min()} to {array.max()}"
        )
    return array


def _checked_palette(palette: ArrayLike) -> NDArray[np.uint8]:
    table = _integers(palette, "palette", 255)
    if table.ndim != 2 or table.shape[1] != 3 or len(table) > _COLOURS:
        raise ValueError(
            "palette must be [C, 3] of at most 256 colours, got shape "
            f"{table.shape}"
        )
    greys = np.arange(_COLOURS, dtype=np.uint8)
    full = np.repeat(greys[:, None], 3, axis=1)
    full[: len(table)] = table
    return full
