"""From a file or an array to a mask, with the committed weights."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

# torch takes seconds to load, and a service runs without it: functions
# that need it import it
import numpy as np

from seglab import weights
from seglab.settings import device

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor, nn

WEIGHTS = "lungs_unet"


def scale_intensity(
    image: np.ndarray, *, low: float = 1.0, high: float = 99.0
) -> np.ndarray:
    """Grey values as float32 in [0, 1], whatever they were before.

    Two percentiles become 0 and 1, so that neither the bit depth nor a
    few glaring pixels (a metal letter, a collimator's edge) matter.

    Args:
        image: finite grey values [H, W].
        low: percentile that becomes 0.
        high: percentile that becomes 1.

    Convention: an image of one value everywhere becomes 0.

    >>> scale_intensity(np.arange(101).reshape(1, 101))[0, [0, 50, 100]]
    array([0. , 0.5, 1. ], dtype=float32)
    """
    darkest, brightest = np.percentile(image, (low, high))
    span = max(float(brightest - darkest), 1e-6)
    scaled = (np.asarray(image, np.float32) - np.float32(darkest)) / span
    return np.clip(scaled, 0, 1).astype(np.float32)


def lungs(image: np.ndarray | Image | str | Path) -> np.ndarray:
    """The lungs in a frontal chest radiograph, above the diaphragm.

    For teaching, not for patients: the model was trained on simulated
    radiographs of one person's scan.

    Args:
        image: grey [H, W] or colour [H, W, 3 or 4], of integers, booleans
            or floats; or a PIL image; or a PNG, JPEG or TIFF file. Bone
            is bright in it.

    Returns:
        Bool [H, W], of the image's own size.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file or the array is not an image.
        TypeError: it is none of the kinds named.

    >>> lungs(np.zeros((50, 40), np.uint8)).shape
    (50, 40)
    """
    import torch

    grey = _grey(_as_array(image))
    model = _model()
    place = next(model.parameters()).device
    side = weights.entry(WEIGHTS).extra["size"]
    squared = _pad_to_square(torch.from_numpy(scale_intensity(grey)))
    small = resize(squared[None, None], (side, side))
    with torch.no_grad():
        logits = model(small.to(place)).cpu()
    return _crop(_to_size(logits, len(squared)), *grey.shape).numpy()


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Images [N, C, H, W] at another size, smoothed where they shrink."""
    from torch.nn import functional as F

    return F.interpolate(
        images, size, mode="bilinear", align_corners=False, antialias=True
    )


def _to_size(logits: Tensor, side: int) -> Tensor:
    """The mask at full size: the threshold comes after the resize."""
    from torch.nn import functional as F

    large = F.interpolate(
        logits, (side, side), mode="bilinear", align_corners=False
    )
    return large[0, 0] > 0


def _pad_to_square(image: Tensor) -> Tensor:
    from torch.nn import functional as F

    height, width = image.shape
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(
        image,
        (left, side - width - left, top, side - height - top),
    )


def _crop(mask: Tensor, height: int, width: int) -> Tensor:
    top, left = (len(mask) - height) // 2, (len(mask) - width) // 2
    return mask[top : top + height, left : left + width]


@functools.cache
def _model() -> nn.Module:
    return weights.load_model(WEIGHTS).to(device())


def _as_array(image: Any) -> np.ndarray:
    from PIL import Image

    if isinstance(image, str | Path):
        return _read(Path(image))
    if isinstance(image, Image.Image):
        return _from_pil(image)
    if isinstance(image, np.ndarray):
        return image
    raise TypeError(
        "image must be an array, a PIL image or a path, "
        f"got {type(image).__name__}"
    )


def _read(path: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise FileNotFoundError(f"image must be a file, got {path}")
    try:
        with Image.open(path) as image:
            return _from_pil(image)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
    ) as error:
        raise ValueError(
            f"image must be a PNG, JPEG or TIFF file, got {path}, which "
            "cannot be read as one"
        ) from error


def _from_pil(image: Image) -> np.ndarray:
    # palettes and bilevel pictures hold codes, not brightness
    plain = image if image.mode in ("L", "F") else None
    if plain is None and not image.mode.startswith("I"):
        plain = image.convert("RGB")
    return np.array(plain if plain is not None else image)


def _grey(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "buif":
        raise ValueError(
            "image must hold integers, booleans or floats, "
            f"got dtype {array.dtype}"
        )
    if array.ndim == 3 and array.shape[2] in (3, 4):
        # the weights of ITU-R BT.601, as PIL uses them
        array = array[..., :3] @ np.array([0.299, 0.587, 0.114])
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            "image must have shape [H, W], [H, W, 3] or [H, W, 4], "
            f"got {list(array.shape)}"
        )
    grey = array.astype(np.float64)
    if not np.isfinite(grey).all():
        raise ValueError("image must hold finite values, got NaN or inf")
    return grey
