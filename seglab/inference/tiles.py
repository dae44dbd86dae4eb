"""Segment a picture on disk that does not fit into memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from seglab.extras import optional
from seglab.files import replacing
from seglab.inference.sliding_window import class_strips
from seglab.inference.strips import Network, Window

Prepare = Callable[[NDArray[Any]], NDArray[Any]]


def segment_tiff(
    source: str | Path,
    target: str | Path,
    network: Network,
    window: Window,
    *,
    prepare: Prepare | None = None,
) -> None:
    """Classes of a TIFF picture, written as another TIFF.

    Only the windows of one batch and a strip of sums are in memory. The
    target carries its name when it is complete.

    Args:
        source: a TIFF file, [H, W] or [H, W, C]; tiled, compressed or
            plain.
        target: the file to write, uint8 [H, W].
        network, window: as for ``sliding_window.predict_classes``.
        prepare: from a part [C, h, w] as stored to what the network
            wants; None divides integers by the largest of their type.

    Raises:
        ImportError: tifffile or zarr is missing; names the extra.
        FileNotFoundError: there is no such source.
        ValueError: the picture has another number of axes.

    >>> import tempfile
    >>> import tifffile
    >>> folder = Path(tempfile.mkdtemp())
    >>> tifffile.imwrite(folder / "in.tif", np.eye(9, dtype=np.uint8) * 255)
    >>> both = lambda x: __import__("torch").cat([0.5 - x, x - 0.5], 1)
    >>> segment_tiff(folder / "in.tif", folder / "out.tif", both,
    ...              Window((4, 4)))
    >>> int(tifffile.imread(folder / "out.tif").sum())
    9
    """
    tifffile, zarr = _import_readers()
    if not Path(source).is_file():
        raise FileNotFoundError(f"source must be a file, got {source}")
    # of a pyramid the level of full resolution
    with tifffile.imread(source, aszarr=True, level=0) as store:
        stored = zarr.open(store, mode="r")
        picture = _Picture(stored, prepare or _to_unit_range)
        _, height, width = picture.shape
        with replacing(target) as part:
            out = tifffile.memmap(
                part, shape=(height, width), dtype=np.uint8
            )
            with _progress(height) as bar:
                for top, strip in class_strips(picture, network, window):
                    out[top : top + len(strip)] = strip.numpy()
                    bar.update(len(strip))
            out.flush()
            del out


class _Picture:
    """A stored picture [H, W] or [H, W, C] as [C, H, W], part by part."""

    def __init__(self, stored: Any, prepare: Prepare) -> None:
        if len(stored.shape) not in (2, 3):
            raise ValueError(
                "source must hold a picture [H, W] or [H, W, C], got shape "
                f"{tuple(stored.shape)}"
            )
        self.stored, self.prepare = stored, prepare

    @property
    def shape(self) -> tuple[int, int, int]:
        height, width, *channels = self.stored.shape
        return (channels[0] if channels else 1, height, width)

    def __getitem__(self, key: tuple[slice, slice, slice]) -> NDArray[Any]:
        channels, rows, columns = key
        part = np.asarray(self.stored[rows, columns])
        part = part[None] if part.ndim == 2 else np.moveaxis(part, -1, 0)
        return self.prepare(part[channels])


def _to_unit_range(part: NDArray[Any]) -> NDArray[np.float32]:
    image: NDArray[np.float32] = part.astype(np.float32)
    if np.issubdtype(part.dtype, np.integer):
        image /= np.iinfo(part.dtype).max
    return image


def _import_readers() -> tuple[Any, Any]:
    libraries = ("tifffile", "zarr")
    tifffile, zarr = (
        optional(name, "a picture on disk", "tiles") for name in libraries
    )
    return tifffile, zarr


def _progress(rows: int) -> Any:
    return tqdm(
        total=rows,
        unit="row",
        disable=not sys.stdout.isatty(),
        file=sys.stdout,
    )
