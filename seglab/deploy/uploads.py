"""Pictures from strangers: how much is read, and what is decoded.

Every refusal is an :class:`UploadError` with the HTTP status that says
whose fault it was. A batch job uses the same decoder.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}


@dataclass(frozen=True)
class Limits:
    """What one upload may cost.

    Args:
        max_bytes: of the request's body.
        max_pixels: height times width.
        max_side: the longer of height and width, in pixels.
        seconds: until the whole body must have arrived.

    Raises:
        ValueError: a limit that is not above 0.
    """

    max_bytes: int = 20 * 2**20
    max_pixels: int = 25_000_000
    max_side: int = 10_000
    seconds: float = 20.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}")


class UploadError(ValueError):
    """An upload is refused.

    Args:
        status: the HTTP status.
        message: one sentence for the one who sent it.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return UploadError, (self.status, str(self))


async def limited(
    chunks: AsyncIterable[bytes], limits: Limits
) -> AsyncGenerator[bytes, None]:
    """The chunks of a body, until they are too many or too late.

    Args:
        chunks: as they arrive.
        limits: ``max_bytes`` and ``seconds`` count.

    Yields:
        The chunks, unchanged.

    Raises:
        UploadError: 413 for too many bytes, 408 if they take too long.

    Convention:
        As much again as is allowed is still read, and dropped: a sender
        that is cut off in the middle never reads the answer.

    >>> async def body():
    ...     for _ in range(3):
    ...         yield b"1234"
    >>> async def count():
    ...     return [len(x) async for x in limited(body(), Limits(12))]
    >>> asyncio.run(count())
    [4, 4, 4]
    """
    arrived = 0
    iterator = aiter(chunks)
    latest = asyncio.get_running_loop().time() + limits.seconds
    while arrived <= 2 * limits.max_bytes:
        try:
            # around the waiting alone: a timeout must not cross a yield
            async with asyncio.timeout_at(latest):
                chunk = await anext(iterator, None)
        except TimeoutError as error:
            raise UploadError(
                408, f"the upload took longer than {limits.seconds:g} s"
            ) from error
        if chunk is None:
            break
        arrived += len(chunk)
        if arrived <= limits.max_bytes:
            yield chunk
    check_length(arrived, limits)


def check_length(length: int, limits: Limits) -> None:
    """Refuse a body by its length in bytes, announced or counted.

    Raises:
        UploadError: 413.

    >>> check_length(10, Limits(max_bytes=9))
    Traceback (most recent call last):
    seglab.deploy.uploads.UploadError: the upload must have 9 bytes at ...
    """
    if length > limits.max_bytes:
        raise UploadError(
            413,
            f"the upload must have {limits.max_bytes} bytes at most, got "
            f"{length} or more",
        )


def sniff(data: bytes) -> str:
    """The kind of a picture by its first bytes: PNG, JPEG or TIFF.

    Raises:
        UploadError: 422 for no bytes at all, 415 for another kind.

    Convention:
        What the sender says of the type, and the name, do not count.

    >>> sniff(b"\\x89PNG\\r\\n\\x1a\\n...")
    'PNG'
    """
    if not data:
        raise UploadError(422, "the upload must be a picture, got no bytes")
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    raise UploadError(
        415, "the upload must be a PNG, JPEG or TIFF, got another kind"
    )


def decode(data: bytes, limits: Limits | None = None) -> NDArray[Any]:
    """The grey values of a picture's first frame: [H, W].

    Args:
        data: a PNG, JPEG or TIFF file.
        limits: the default ones if None; ``max_bytes`` is not looked at.

    Returns:
        uint8; uint16, int32 or float32 where the file holds that.

    Raises:
        UploadError: 415 for another kind of file, 413 for too many
            pixels, which only the header says until then, 422 for a
            damaged or truncated file and for NaN.

    Convention:
        Colour becomes grey by ITU-R BT.601, transparency is dropped, and
        the orientation of EXIF is not applied: the mask has the size that
        the file says.
    """
    from PIL import Image

    kind = sniff(data)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            _check_size(picture.size, limits or Limits())
            grey = _as_grey(picture)
    except UploadError:
        raise
    except Image.DecompressionBombError as error:
        raise UploadError(
            413, f"the picture is too large: {error}"
        ) from None
    # on damaged files Pillow's readers raise nearly every kind of error
    except Exception as error:
        raise UploadError(
            422, f"the {kind} is damaged or truncated: {error}"
        ) from error
    if grey.dtype.kind == "f" and not np.isfinite(grey).all():
        raise UploadError(422, "the picture holds NaN or infinity")
    return grey


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if min(size) < 1:
        raise UploadError(422, f"the picture has no pixels: {size}")
    if width * height > limits.max_pixels or max(size) > limits.max_side:
        raise UploadError(
            413,
            f"the picture must have {limits.max_pixels} pixels and "
            f"{limits.max_side} a side at most, got {width} x {height}",
        )


def _as_grey(picture: Image) -> NDArray[Any]:
    if picture.mode in ("F", "I"):
        return np.asarray(picture)
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    return np.asarray(picture.convert("L"))
