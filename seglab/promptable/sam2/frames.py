"""Frames of a clip, one at a time: from a tensor, a folder, or a CT."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from seglab.data.chest import window

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
SUFFIXES = (".jpg", ".jpeg")


class FrameSource(Protocol):
    """Frames that are read when they are asked for.

    ``source[t]`` is frame t, float32 [3, H, W] in [0, 1].
    """

    def __len__(self) -> int: ...  # pragma: no cover

    def __getitem__(self, t: int) -> Tensor: ...  # pragma: no cover


class TensorFrames:
    """Frames of an array that lies in memory already.

    Args:
        frames: float [T, 3, H, W] or [T, 1, H, W] in [0, 1].

    Raises:
        TypeError: they are no floats.
        ValueError: another shape, or values out of range.

    >>> TensorFrames(np.zeros((2, 1, 4, 5)))[1].shape
    torch.Size([3, 4, 5])
    """

    def __init__(self, frames: Any) -> None:
        clip = torch.as_tensor(frames)
        if not clip.is_floating_point():
            raise TypeError(f"frames must be floats, got {clip.dtype}")
        if (
            clip.ndim != 4
            or clip.shape[1] not in (1, 3)
            or not clip.numel()
        ):
            raise ValueError(
                "frames must have shape [T, 3, H, W] or [T, 1, H, W], got "
                f"{tuple(clip.shape)}"
            )
        low, high = float(clip.min()), float(clip.max())
        # written so that NaN is refused as well
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"frames must lie in [0, 1], got {low:g} to {high:g}"
            )
        self.clip = clip

    def __len__(self) -> int:
        return len(self.clip)

    def __getitem__(self, t: int) -> Tensor:
        return self.clip[t].expand(3, -1, -1).float()


class FolderFrames:
    """JPEG files of a folder, ordered by the numbers that name them.

    Convention:
        ``2.jpg`` comes before ``10.jpg``, as in the package.

    Args:
        folder: holds files such as ``00000.jpg``.

    Raises:
        FileNotFoundError: there is no such file in it.
        ValueError: a name is no number.
    """

    def __init__(self, folder: str | Path) -> None:
        files = [
            file
            for file in Path(folder).iterdir()
            if file.suffix.lower() in SUFFIXES
        ]
        if not files:
            raise FileNotFoundError(
                f"folder must hold JPEG files, got none in {folder}"
            )
        strange = [file.name for file in files if not file.stem.isdecimal()]
        if strange:
            raise ValueError(
                "frames must be named by their numbers, as 00000.jpg, got "
                f"{sorted(strange)[0]}"
            )
        self.files = sorted(files, key=lambda file: int(file.stem))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, t: int) -> Tensor:
        with Image.open(self.files[t]) as picture:
            values = np.asarray(picture.convert("RGB"), np.float32) / 255
        return torch.from_numpy(values).permute(2, 0, 1)


class VolumeFrames:
    """Axial slices of a CT as the frames of a film, windowed one by one.

    Args:
        hounsfield: [Z, H, W] in HU.
        centre, width: of the grey levels, in HU; see
            :func:`seglab.data.chest.window`.

    Raises:
        ValueError: another shape.

    >>> VolumeFrames(np.full((5, 8, 8), 40))[0].unique().tolist()
    [0.5]
    """

    def __init__(
        self,
        hounsfield: ArrayLike,
        *,
        centre: float = 40,
        width: float = 400,
    ) -> None:
        self.hounsfield: NDArray[Any] = np.asarray(hounsfield)
        if self.hounsfield.ndim != 3 or not self.hounsfield.size:
            raise ValueError(
                "hounsfield must have shape [Z, H, W], got "
                f"{self.hounsfield.shape}"
            )
        self.centre, self.width = centre, width

    def __len__(self) -> int:
        return len(self.hounsfield)

    def __getitem__(self, t: int) -> Tensor:
        grey = window(
            self.hounsfield[t], centre=self.centre, width=self.width
        )
        return torch.from_numpy(grey).expand(3, -1, -1)


def as_frames(frames: Any) -> FrameSource:
    """Frames out of whatever holds them.

    Args:
        frames: an array or tensor [T, 3, H, W] or [T, 1, H, W] in [0, 1],
            the path of a folder of JPEG files, or a source of frames,
            which is returned as it is.

    Raises:
        TypeError, ValueError, FileNotFoundError: see ``TensorFrames`` and
            ``FolderFrames``.

    >>> len(as_frames(torch.zeros(3, 3, 8, 8)))
    3
    """
    if isinstance(frames, str | Path):
        return FolderFrames(frames)
    if isinstance(frames, Tensor | np.ndarray | Sequence):
        return TensorFrames(frames)
    source: FrameSource = frames
    return source


def prepare_frames(frames: Tensor, side: int) -> Tensor:
    """Bring frames to the model's square and to its normalisation.

    Convention:
        As in the package each frame is stretched to a square, whatever
        its proportions; SAM keeps them and pads. Means and deviations are
        those of ImageNet.

    Args:
        frames: float [N, 3, H, W] in [0, 1].
        side: of the square, in pixels.

    Returns:
        Float [N, 3, side, side].

    >>> prepare_frames(torch.zeros(1, 3, 20, 10), 16).shape
    torch.Size([1, 3, 16, 16])
    """
    if frames.shape[-2:] != (side, side):
        frames = F.interpolate(
            frames, (side, side), mode="bilinear", antialias=True
        )
    mean = torch.tensor(MEAN, device=frames.device)[:, None, None]
    std = torch.tensor(STD, device=frames.device)[:, None, None]
    return (frames - mean) / std
