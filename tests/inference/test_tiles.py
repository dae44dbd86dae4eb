"""A picture on disk gives what the same picture in memory gives."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from torch import Tensor

from seglab.inference.sliding_window import predict_classes
from seglab.inference.strips import Window
from seglab.inference.tiles import segment_tiff

WINDOW = Window((16, 16))


def bright_or_dark(batch: Tensor) -> Tensor:
    grey = batch.mean(1, keepdim=True)
    return torch.cat([0.5 - grey, grey - 0.5], 1)


@pytest.mark.parametrize("shape", [(50, 40), (33, 70, 3)])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_equal_to_the_picture_in_memory(
    tmp_path: Path,
    shape: tuple[int, ...],
    tile: tuple[int, int] | None,
    dtype: type,
) -> None:
    rng = np.random.default_rng(0)
    most = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
    picture = (rng.random(shape) * most).astype(dtype)
    compression = None if tile is None else "zlib"
    tifffile.imwrite(
        tmp_path / "in.tif", picture, tile=tile, compression=compression
    )
    segment_tiff(
        tmp_path / "in.tif", tmp_path / "out.tif", bright_or_dark, WINDOW
    )
    found = tifffile.imread(tmp_path / "out.tif")
    image = torch.from_numpy(picture.astype(np.float32) / np.float32(most))
    image = image[None] if image.ndim == 2 else image.movedim(-1, 0)
    wanted = predict_classes(image, bright_or_dark, WINDOW)
    np.testing.assert_array_equal(found, wanted.numpy())


def test_a_pyramid_is_read_at_full_size(tmp_path: Path) -> None:
    large = np.eye(64, dtype=np.uint8) * 255
    with tifffile.TiffWriter(tmp_path / "in.tif") as writer:
        writer.write(large, tile=(16, 16), subifds=1)
        writer.write(large[::2, ::2], tile=(16, 16), subfiletype=1)
    segment_tiff(
        tmp_path / "in.tif", tmp_path / "out.tif", bright_or_dark, WINDOW
    )
    found = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(found, np.eye(64))


def test_memory_does_not_grow_with_height(tmp_path: Path) -> None:
    peaks = []
    for height in (100, 1600):
        tifffile.imwrite(
            tmp_path / "in.tif",
            np.zeros((height, 64), np.uint8),
            tile=(16, 16),
        )
        tracemalloc.start()
        segment_tiff(
            tmp_path / "in.tif",
            tmp_path / "out.tif",
            bright_or_dark,
            WINDOW,
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # the whole picture as float32 would be 384 KB more
    assert peaks[1] < peaks[0] + 150e3


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fails(batch: Tensor) -> Tensor:
        raise RuntimeError("out of order")

    tifffile.imwrite(tmp_path / "in.tif", np.zeros((20, 20), np.uint8))
    with pytest.raises(RuntimeError, match="out of order"):
        segment_tiff(tmp_path / "in.tif", tmp_path / "o.tif", fails, WINDOW)
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_bad_sources(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="source must be a file"):
        segment_tiff(
            tmp_path / "no.tif", tmp_path / "o.tif", torch.abs, WINDOW
        )
    tifffile.imwrite(tmp_path / "v.tif", np.zeros((3, 4, 20, 20), np.uint8))
    with pytest.raises(ValueError, match=r"got shape \(3, 4, 20, 20\)"):
        segment_tiff(
            tmp_path / "v.tif", tmp_path / "o.tif", torch.abs, WINDOW
        )


def test_without_zarr_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ImportError, match=r"seglab\[tiles\]"):
        segment_tiff(tmp_path / "a", tmp_path / "b", torch.abs, WINDOW)
