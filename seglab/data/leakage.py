"""Is a picture of the test set in the training set as well?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from seglab.data._tables import import_pandas
from seglab.extras import optional

if TYPE_CHECKING:
    import pandas as pd

Picture: TypeAlias = str | Path | ArrayLike
_SIDE = 16
BITS = _SIDE**2
_ROWS_AT_ONCE = 2048
_PLAIN_MODES = ("1", "L", "RGB", "RGBA", "I", "F", "I;16", "I;16B")


def find_duplicates(
    images: Sequence[Picture],
    splits: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    within: int = 32,
) -> pd.DataFrame:
    """Find pairs of equal or nearly equal images in different splits.

    Args:
        images: paths of image files, or arrays: grey [H, W] or [1, H, W],
            or RGB [H, W, 3]; uint8, or any finite numbers, whose lowest
            and highest become black and white.
        splits: of each image, the split that it lies in.
        names: of the images, for the table; without them the paths, or
            the numbers from 0.
        within: hashes that differ in so many of the 256 bits, or fewer,
            are near; 0 to 256.

    Returns:
        A row a pair, the nearest first: ``first``, ``second``,
        ``first_split``, ``second_split``, ``distance`` in bits, and
        ``same_bytes``: whether the files, or the arrays, are equal to
        the last byte.

    Raises:
        TypeError: an image that is no numbers.
        ValueError: no image, images, splits and names of different
            number, another shape, NaN, or a ``within`` out of range.
        FileNotFoundError: there is no such file.
        ImportError: ImageHash or pandas is not installed.

    Convention:
        The hash is pHash with 16 x 16 bits: what is coarse in the
        picture, each frequency against the median. It hardly feels
        compression, size and exposure, so a near pair is a suspicion to
        look at, not a proof: neighbouring slices and repeated shots are
        near too, and rightly. It does not know a copy that was mirrored,
        turned or cropped, nor another picture of the same patient.

    Source:
        Zauner 2010 for pHash.

    >>> film = np.random.default_rng(0).random((64, 64))
    >>> table = find_duplicates([film, 1 - film, film], ["train", "train",
    ...                                                  "test"])
    >>> table[["first", "second", "distance"]].values.tolist()
    [[0, 2, 0]]
    """
    labels = _check(images, splits, names, within)
    hashes, digests = _fingerprints(images)
    split_of = np.unique(np.asarray(splits), return_inverse=True)[1]
    digest_of = np.unique(np.array(digests), return_inverse=True)[1]
    found = []
    for one, other, distance in _near_pairs(hashes, split_of, within):
        found.append(
            (
                labels[one],
                labels[other],
                splits[one],
                splits[other],
                distance,
                bool(digest_of[one] == digest_of[other]),
            )
        )
    columns = ["first", "second", "first_split", "second_split"]
    columns += ["distance", "same_bytes"]
    table = import_pandas().DataFrame(found, columns=columns)
    return table.sort_values(
        ["distance", "same_bytes"], ascending=[True, False], kind="stable"
    ).reset_index(drop=True)


def _fingerprints(
    images: Sequence[Picture],
) -> tuple[NDArray[np.bool_], list[str]]:
    """The hash [N, bits] and a digest of the bytes of every image."""
    imagehash = _imagehash()
    hashes, digests = [], []
    for number, image in enumerate(images):
        picture, digest = _read(image, number)
        found = imagehash.phash(picture, hash_size=_SIDE)
        hashes.append(found.hash.ravel())
        digests.append(digest)
    return np.stack(hashes), digests


def _near_pairs(
    hashes: NDArray[np.bool_], split_of: NDArray[np.integer], within: int
) -> list[tuple[int, int, int]]:
    """Pairs of different splits with the bits in which they differ."""
    # of +1 and -1, the product is the bits alike minus the bits unlike
    signs = np.where(hashes, np.float32(1), np.float32(-1))
    found: list[tuple[int, int, int]] = []
    for start in range(0, len(signs), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        unlike = (BITS - signs[rows] @ signs[start:].T) / 2
        apart = split_of[rows, None] != split_of[None, start:]
        one, other = np.nonzero((unlike <= within) & apart)
        later = other > one
        one, other = one[later], other[later]
        distance = unlike[one, other].astype(int)
        found += zip(
            (one + start).tolist(),
            (other + start).tolist(),
            distance.tolist(),
            strict=True,
        )
    return found


def _read(image: Picture, number: int) -> tuple[Image.Image, str]:
    if isinstance(image, str | Path):
        content = Path(image).read_bytes()
        with Image.open(image) as opened:
            # a palette's numbers are no brightness
            plain = opened.mode in _PLAIN_MODES
            picture = opened if plain else opened.convert("RGB")
            return _grey(np.asarray(picture), f"{image}"), _digest(content)
    values = np.asarray(image)
    head = f"{values.shape} {values.dtype} ".encode()
    picture = _grey(values, f"images[{number}]")
    return picture, _digest(head + values.tobytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _grey(values: NDArray[Any], name: str) -> Image.Image:
    """A grey picture of 8 bits."""
    if values.dtype.kind not in "buif":
        raise TypeError(f"{name} must hold numbers, got {values.dtype}")
    if values.ndim == 3 and values.shape[0] == 1:
        values = values[0]
    if values.ndim == 3 and values.shape[-1] in (3, 4):
        # the weights of ITU-R BT.601, as in Pillow; alpha is left out
        values = values[..., :3] @ np.array([0.299, 0.587, 0.114])
    if values.ndim != 2 or not values.size:
        raise ValueError(
            f"{name} must be [H, W], [1, H, W] or [H, W, 3] and not empty, "
            f"got shape {values.shape}"
        )
    if values.dtype == np.uint8:
        return Image.fromarray(values)
    numbers = values.astype(float)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} holds NaN or infinity")
    low, high = numbers.min(), numbers.max()
    level = (numbers - low) * (255 / (high - low) if high > low else 0)
    return Image.fromarray(level.round().astype(np.uint8))


def _check(
    images: Sequence[Picture],
    splits: Sequence[str],
    names: Sequence[str] | None,
    within: int,
) -> Sequence[Any]:
    """What the table calls the images."""
    if not len(images):
        raise ValueError("images must hold one or more, got none")
    for name, values in (("splits", splits), ("names", names)):
        if values is not None and len(values) != len(images):
            raise ValueError(
                f"{name} must hold one for each of {len(images)} images, "
                f"got {len(values)}"
            )
    if not 0 <= within <= BITS:
        raise ValueError(f"within must be 0 to {BITS} bits, got {within}")
    if names is not None:
        return names
    return [
        str(image) if isinstance(image, str | Path) else number
        for number, image in enumerate(images)
    ]


def _imagehash() -> ModuleType:
    return optional("imagehash", "the search for duplicates", "data")
