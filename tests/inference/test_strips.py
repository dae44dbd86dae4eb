"""Strips follow each other and hold what whole windows would."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seglab.inference.strips import Window, logit_strips
from seglab.inference.windows import window_starts, window_weights


def position_blind(batch: Tensor) -> Tensor:
    """An output that depends on where a pixel lies in its window."""
    rows = torch.arange(batch.shape[-2])[:, None] % 5
    return torch.cat([batch * (1 + rows), batch.cumsum(-1)], 1)


def slowly(image: Tensor, window: Window) -> Tensor:
    """Every window by itself, summed up in full images."""
    _, height, width = image.shape
    high, wide = window.size
    sums = torch.zeros(2, height, width)
    counts = torch.zeros(height, width)
    weights = window_weights(window.size, window.weighting)
    for top in window_starts(height, high, window.overlap):
        for left in window_starts(width, wide, window.overlap):
            place = (slice(top, top + high), slice(left, left + wide))
            out = position_blind(image[:, *place][None])[0]
            sums[:, *place] += weights * out
            counts[place] += weights
    return sums / counts


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(6, 30),
    width=st.integers(6, 30),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    overlap=st.sampled_from([0.0, 0.3, 0.5, 0.8]),
    batch_size=st.integers(1, 5),
)
def test_equal_to_full_sums(
    height: int,
    width: int,
    size: tuple[int, int],
    overlap: float,
    batch_size: int,
) -> None:
    image = torch.rand(1, height, width)
    window = Window(size, overlap, batch_size=batch_size)
    strips = list(logit_strips(image, position_blind, window))
    found = torch.cat([strip for _, strip in strips], 1)
    torch.testing.assert_close(found, slowly(image, window))
    rows = np.cumsum([0] + [strip.shape[1] for _, strip in strips])
    assert [top for top, _ in strips] == rows[:-1].tolist()


class Parts:
    """A source that notes the largest part that was asked for."""

    def __init__(self, image: np.ndarray) -> None:
        self.image, self.largest = image, 0
        self.shape = image.shape

    def __getitem__(self, key: Any) -> np.ndarray:
        part = self.image[key]
        self.largest = max(self.largest, part.size)
        return part


def test_only_windows_are_read() -> None:
    source = Parts(np.zeros((1, 40, 50), np.uint8))
    list(logit_strips(source, lambda x: x, Window((8, 10))))
    assert source.largest == 8 * 10


def test_numbers_of_other_types_become_float32() -> None:
    image = np.full((1, 6, 6), 7, np.uint16)
    ((_, strip),) = logit_strips(image, lambda x: x, Window((6, 6)))
    assert strip.dtype == torch.float32
    torch.testing.assert_close(strip, torch.full((1, 6, 6), 7.0))


@pytest.mark.parametrize("shape", [(1, 3, 20), (1, 20, 3), (1, 1, 1)])
def test_an_image_below_the_window(shape: tuple[int, int, int]) -> None:
    image = torch.rand(shape)
    strips = logit_strips(image, lambda x: x, Window((8, 8)))
    found = torch.cat([strip for _, strip in strips], 1)
    torch.testing.assert_close(found, image)


def test_a_window_of_another_size_is_named() -> None:
    halved = torch.nn.AvgPool2d(2)
    with pytest.raises(
        ValueError, match=r"network must give \[B, K, 8, 8\]"
    ):
        list(logit_strips(torch.rand(1, 9, 9), halved, Window((8, 8))))


def test_an_image_without_channels_is_named() -> None:
    with pytest.raises(ValueError, match=r"\[C, H, W\], got \(9, 9\)"):
        list(logit_strips(torch.rand(9, 9), torch.abs, Window((8, 8))))


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"size": (0, 4)}, "size must be 1 or more"),
        ({"size": (4, 4), "overlap": 1.0}, "overlap must be 0 or more"),
        ({"size": (4, 4), "batch_size": 0}, "batch_size must be 1 or more"),
        ({"size": (4, 4), "weighting": "x"}, "weighting must be one of"),
    ],
)
def test_bad_settings(settings_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Window(**settings_)
