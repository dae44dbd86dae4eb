"""From a grey picture of any size to a mask: what is served and scored.

The same steps as ``seglab.predict.lungs``, without PyTorch: scale, fit
into a square, run the network, resize, threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from scipy.special import expit, logit

from seglab import weights
from seglab.deploy.resampling import triangle_matrix
from seglab.deploy.session import OnnxModel
from seglab.predict import WEIGHTS, scale_intensity
from seglab.settings import cache_folder

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


# eq would compare arrays, which have no one answer
@dataclass(frozen=True, eq=False)
class Segmentation:
    """A mask, and figures by which many of them are watched.

    Attributes:
        mask: bool [H, W], of the picture's size.
        foreground_share: of the picture's pixels, 0 to 1.
        confidence: mean over the network's pixels of the probability of
            the class chosen at one half, 0.5 to 1.
        brightness: mean grey value; of integers as a share of the largest
            that their type holds.
        contrast: standard deviation of the grey values, on that scale.
    """

    mask: NDArray[np.bool_]
    foreground_share: float
    confidence: float
    brightness: float
    contrast: float


class Segmenter:
    """A network with everything around it, called with a picture.

    Args:
        network: float32 [1, 1, side, side] to logits of that shape, such
            as an `OnnxModel`.
        side: height and width, in pixels, that the network was trained
            on.
        threshold: probability above which a pixel is foreground.
        name: of the network, for records.

    Raises:
        ValueError: a side below 1, or a threshold outside (0, 1).

    Convention:
        The picture is padded with black to a square and resized; logits
        are resized back before the threshold is applied.

    >>> bright = Segmenter(lambda x: x - 0.5, side=4, name="bright")
    >>> bright(np.eye(4, dtype=np.uint8)).mask.astype(int)
    array([[1, 0, 0, 0],
           [0, 1, 0, 0],
           [0, 0, 1, 0],
           [0, 0, 0, 1]])
    """

    def __init__(
        self,
        network: Network,
        *,
        side: int,
        threshold: float = 0.5,
        name: str = "unnamed",
    ) -> None:
        if side < 1:
            raise ValueError(f"side must be 1 or more, got {side}")
        if not 0 < threshold < 1:
            raise ValueError(
                f"threshold must lie between 0 and 1, got {threshold}"
            )
        self.network, self.side, self.name = network, side, name
        self.threshold = threshold

    def __call__(self, image: NDArray[Any]) -> Segmentation:
        """Segment a picture.

        Args:
            image: grey [H, W] of integers or finite floats.

        Raises:
            ValueError: another shape, no pixels, NaN or infinity.
        """
        grey = _checked(image)
        logits = self.network(self.prepare(grey))[0, 0]
        frame = _Frame.of(grey, self.side)
        rows, columns = frame.inside
        chance = expit(np.abs(logits[rows, columns]))
        mask = frame.grow(logits) > np.float32(logit(self.threshold))
        full = np.iinfo(grey.dtype).max if grey.dtype.kind in "ui" else 1
        return Segmentation(
            mask=mask,
            foreground_share=float(mask.mean()),
            confidence=float(chance.mean()),
            brightness=float(grey.mean()) / full,
            contrast=float(grey.std()) / full,
        )

    def prepare(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """What the network sees of a picture: [1, 1, side, side].

        Args:
            image: as for a call.

        Raises:
            ValueError: as for a call.
        """
        grey = _checked(image)
        frame = _Frame.of(grey, self.side)
        small = frame.shrink(scale_intensity(grey))
        return np.ascontiguousarray(small[None, None])


@dataclass(frozen=True)
class _Frame:
    """A picture in the middle of a black square, both resized to a side."""

    height: int
    width: int
    side: int

    @classmethod
    def of(cls, grey: NDArray[Any], side: int) -> _Frame:
        height, width = grey.shape
        return cls(height, width, side)

    @property
    def longest(self) -> int:
        return max(self.height, self.width)

    def _place(self, size: int) -> tuple[int, int]:
        first = (self.longest - size) // 2
        return first, first + size

    @property
    def inside(self) -> tuple[slice, slice]:
        """The square's pixels that show some of the picture."""
        scale = self.side / self.longest
        places = map(self._place, (self.height, self.width))
        rows, columns = (
            slice(int(first * scale), int(np.ceil(last * scale)))
            for first, last in places
        )
        return rows, columns

    def shrink(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """[height, width] to [side, side]; black adds nothing."""
        matrix = triangle_matrix(self.longest, self.side)
        rows, columns = (
            matrix[:, slice(*self._place(size))] for size in image.shape
        )
        small: NDArray[np.float32] = (columns @ (rows @ image).T).T
        return small

    def grow(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """[side, side] to [height, width]."""
        matrix = triangle_matrix(self.side, self.longest)
        rows, columns = (
            matrix[slice(*self._place(size))]
            for size in (self.height, self.width)
        )
        # rows last: the result then lies row by row
        large: NDArray[np.float32] = rows @ (columns @ small.T).T
        return large


def lungs_segmenter() -> Segmenter:
    """The committed lungs network in onnxruntime, one thread a call.

    The first call writes the network as ONNX into the cache folder, for
    which PyTorch and the extra ``deploy`` are needed.

    Raises:
        ImportError: a library is missing; names the extra.
    """
    about = weights.entry(WEIGHTS)
    return Segmenter(
        OnnxModel(lungs_onnx()),
        side=about.extra["size"],
        name=f"{WEIGHTS}-{about.sha256[:12]}",
    )


def lungs_onnx() -> Path:
    """The committed lungs network as an ONNX file in the cache folder.

    It takes images [N, 1, H, W] whose sides are multiples of 16. Written
    once for each version of the weights.

    Raises:
        ImportError: a library is missing; names the extra.
    """
    about = weights.entry(WEIGHTS)
    file = cache_folder() / f"{WEIGHTS}-{about.sha256[:12]}.onnx"
    if file.is_file():
        return file
    # another process may be writing it at this moment
    with FileLock(file.with_suffix(".lock")):
        if not file.is_file():
            import torch

            from seglab.deploy.export import to_onnx

            poolings = len(about.arguments["widths"]) - 1
            side = about.extra["size"]
            to_onnx(
                weights.load_model(WEIGHTS),
                torch.zeros(2, 1, side, side),
                file,
                step=2**poolings,
            )
    return file


def _checked(image: NDArray[Any]) -> NDArray[Any]:
    grey = np.asarray(image)
    if grey.ndim != 2 or grey.size == 0 or grey.dtype.kind not in "buif":
        raise ValueError(
            "image must be grey [H, W] of numbers, got "
            f"{grey.dtype} {list(grey.shape)}"
        )
    if grey.dtype.kind == "f" and not np.isfinite(grey).all():
        raise ValueError("image must hold finite values, got NaN or inf")
    return grey.astype(np.uint8) if grey.dtype.kind == "b" else grey
