"""A network's output for a large image, strip of rows by strip of rows.

Windows are taken row by row. As soon as no later window reaches a strip of
rows, the strip is finished and given out, so only as many rows are held as
a window is high: memory does not grow with the image's height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.inference.windows import (
    Weighting,
    window_starts,
    window_weights,
)

Network = Callable[[Tensor], Tensor]
Place = torch.device | str | None


class ImageSource(Protocol):
    """Anything of shape [C, H, W] that gives a part of itself.

    A tensor, a NumPy array, a memory map, a zarr array: only the part
    that is asked for needs to be in memory.
    """

    @property
    def shape(self) -> Any:
        """(C, H, W)."""

    def __getitem__(self, key: Any) -> Any:
        """A part of it, by slices."""


@dataclass(frozen=True)
class Window:
    """How an image is cut, and where the work is done.

    Args:
        size: (height, width) of a window in pixels.
        overlap: share of a window that the next one covers again.
        weighting: ``gaussian`` or ``flat``: how windows are averaged.
        batch_size: windows that the network sees at once.
        device: where the network is; None for where the image is.
        accumulate_on: where sums are held; None for ``device``.
    """

    size: tuple[int, int]
    overlap: float = 0.5
    weighting: Weighting = "gaussian"
    batch_size: int = 4
    device: Place = None
    accumulate_on: Place = None

    def __post_init__(self) -> None:
        window_starts(1, 1, self.overlap)
        window_weights((1, 1), self.weighting)
        if min(self.size) < 1:
            raise ValueError(
                f"size must be 1 or more a side, got {self.size}"
            )
        if self.batch_size < 1:
            raise ValueError(
                f"batch_size must be 1 or more, got {self.batch_size}"
            )


def logit_strips(
    image: ImageSource, network: Network, window: Window
) -> Iterator[tuple[int, Tensor]]:
    """Averaged outputs strip by strip, each as soon as it is complete.

    Args:
        image: [C, H, W]; see `ImageSource`.
        network: [B, C, h, w] to [B, K, h, w], of the same height and
            width. Put it into eval mode before.
        window: how to cut.

    Yields:
        The strip's first row, and float32 [K, rows, W].

    Raises:
        ValueError: image has another shape, or the network's output has
            another height or width than its input.

    >>> image = torch.rand(1, 9, 6)
    >>> strips = [s for _, s in logit_strips(image, lambda x: x,
    ...                                      Window((4, 4)))]
    >>> torch.allclose(torch.cat(strips, 1), image)
    True
    """
    if len(image.shape) != 3:
        raise ValueError(
            f"image must have shape [C, H, W], got {tuple(image.shape)}"
        )
    _, height, width = image.shape
    high, wide = window.size
    rows = window_starts(height, high, window.overlap)
    columns = window_starts(width, wide, window.overlap)
    band: _Band | None = None
    for top, below in zip(rows, [*rows[1:], None], strict=True):
        for lefts in _chunks(columns, window.batch_size):
            out = _run(image, network, window, top, lefts)
            if band is None:
                band = _Band.empty(out, max(width, wide), window)
            band.add(out, lefts)
            del out  # or the next batch's output would lie beside it
        assert band is not None
        finished = height - top if below is None else below - top
        with torch.inference_mode():
            strip = band.mean(finished)[..., :width]
        yield top, strip
        band.move_down(finished)


@dataclass
class _Band:
    """Sums of outputs and weights for the rows of one row of windows."""

    sums: Tensor  # [K, window height, W]
    counts: Tensor  # [window height, W]
    weights: Tensor  # [window height, window width]

    @classmethod
    def empty(cls, out: Tensor, width: int, window: Window) -> _Band:
        """Zeros for outputs like this one."""
        place = window.accumulate_on or out.device
        high = window.size[0]
        return cls(
            torch.zeros(out.shape[1], high, width, device=place),
            torch.zeros(high, width, device=place),
            window_weights(window.size, window.weighting).to(place),
        )

    @torch.inference_mode()
    def add(self, out: Tensor, lefts: list[int]) -> None:
        """Add outputs [B, K, h, w] of windows that start at columns."""
        wide = self.weights.shape[1]
        for left, one in zip(lefts, out, strict=True):
            place = slice(left, left + wide)
            one = one.to(self.sums.device, torch.float32)
            self.sums[..., place].addcmul_(one, self.weights)
            self.counts[:, place] += self.weights

    def mean(self, rows: int) -> Tensor:
        """The averaged output of the first rows."""
        return self.sums[:, :rows] / self.counts[:rows]

    @torch.inference_mode()
    def move_down(self, rows: int) -> None:
        """Forget the first rows; what lies below them moves up."""
        for part in (self.sums, self.counts):
            kept = part[..., rows:, :]
            height = kept.shape[-2]
            if height > rows:  # source and destination overlap
                kept = kept.clone()
            part[..., :height, :] = kept
            part[..., height:, :] = 0


def _run(
    image: ImageSource,
    network: Network,
    window: Window,
    top: int,
    lefts: list[int],
) -> Tensor:
    """The network's output for the windows of one batch."""
    high, wide = window.size
    cut = [
        _as_tensor(image[:, top : top + high, left : left + wide])
        for left in lefts
    ]
    batch = _fill_up(torch.stack(cut), window.size)
    if window.device is not None:
        batch = batch.to(window.device)
    with torch.inference_mode():
        out = network(batch)
    if out.ndim != 4 or out.shape[-2:] != batch.shape[-2:]:
        raise ValueError(
            f"network must give [B, K, {high}, {wide}] for its input of "
            f"shape {tuple(batch.shape)}, got {tuple(out.shape)}"
        )
    return out


def _as_tensor(part: Any) -> Tensor:
    if isinstance(part, Tensor):
        return part.float()
    return torch.from_numpy(np.ascontiguousarray(part)).float()


def _fill_up(batch: Tensor, size: tuple[int, int]) -> Tensor:
    """Windows at full size, where the image is smaller than a window."""
    down = size[0] - batch.shape[-2]
    right = size[1] - batch.shape[-1]
    if not (down or right):
        return batch
    mirrors = down < batch.shape[-2] and right < batch.shape[-1]
    mode = "reflect" if mirrors else "constant"
    return F.pad(batch, (0, right, 0, down), mode=mode)


def _chunks(values: list[int], size: int) -> Iterator[list[int]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]
