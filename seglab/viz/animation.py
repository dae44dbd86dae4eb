"""A volume or a video as a short film that stands in the page itself."""

from __future__ import annotations

import base64
import html
import io
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from seglab.viz.colour import Array, Colours, as_numpy, as_rgb, overlay

Format = Literal["webp", "gif"]


@dataclass(frozen=True)
class Animation:
    """A film that a notebook and the book show where it was made.

    It is one ``<img>`` whose bytes stand in the page: nothing is fetched.
    A reader whose system asks for less motion sees the still instead.

    Args:
        data: the file's bytes, a WebP or a GIF.
        still: one frame as PNG bytes.
        alt: what it shows, in words.
        format: ``"webp"`` or ``"gif"``.
        width: as shown, in pixels.
        height: as shown, in pixels.

    >>> Animation(b"", b"", "a disc", "gif", 8, 8)
    Animation('a disc', 8 x 8, gif, 0 bytes)
    """

    data: bytes = field(repr=False)
    still: bytes = field(repr=False)
    alt: str
    format: Format
    width: int
    height: int

    def __repr__(self) -> str:
        return (
            f"Animation({self.alt!r}, {self.width} x {self.height}, "
            f"{self.format}, {len(self.data)} bytes)"
        )

    def _repr_html_(self) -> str:
        film = _data_uri(f"image/{self.format}", self.data)
        still = _data_uri("image/png", self.still)
        return (
            '<picture><source media="(prefers-reduced-motion: reduce)" '
            f'srcset="{still}"><img src="{film}" '
            f'alt="{html.escape(self.alt)}" width="{self.width}" '
            f'height="{self.height}" '
            'style="max-width: 100%; height: auto"></picture>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the film to a file and return its path."""
        target = Path(path)
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(self.data)
        os.replace(name, target)  # noqa: PTH105  # atomic, as everywhere
        return target


def animate(
    volume: ArrayLike,
    masks: ArrayLike | None = None,
    *,
    alt: str,
    fps: float = 10.0,
    width: int = 480,
    aspect: float = 1.0,
    alpha: float = 0.5,
    colours: Colours | None = None,
    format: Format = "webp",
) -> Animation:
    """Turn a volume or video into a film that plays in the page.

    Args:
        volume: [T, H, W] grey, or [T, H, W, 3] or [T, 3, H, W]; bool,
            uint8, or float in [0, 1].
        masks: [T, H, W] bool or integer labels, or bool [T, K, H, W].
        alt: what the film shows, for readers who do not see it.
        fps: frames a second.
        width: of the film in pixels.
        aspect: height of a pixel over its width (row over column spacing).
        alpha: opacity of the paint.
        colours: of labels 1, 2, ...; the palette without it.
        format: ``"webp"`` (small, full colour) or ``"gif"`` (256 colours).

    Raises:
        ValueError: no frame, no alt text, or lengths that differ.

    >>> film = animate(np.eye(4)[None].repeat(3, 0), alt="a line", width=16)
    >>> film.width, film.height
    (16, 16)
    """
    frames = as_numpy(volume)
    _check_film(frames, alt, fps, width, format)
    labels = None if masks is None else as_numpy(masks)
    if labels is not None and len(labels) != len(frames):
        raise ValueError(
            f"masks must hold one for each of {len(frames)} frames, got "
            f"{len(labels)}"
        )
    pictures = []
    for t, frame in enumerate(frames):
        if labels is None:
            rgb = as_rgb(frame)
        else:
            rgb = overlay(frame, labels[t], alpha=alpha, colours=colours)
        pictures.append(_to_pil(rgb, width, aspect))
    middle = pictures[len(pictures) // 2]
    return Animation(
        data=_encode(pictures, fps, format),
        still=_png(middle),
        alt=alt,
        format=format,
        width=middle.width,
        height=middle.height,
    )


def _check_film(
    frames: Array, alt: str, fps: float, width: int, format: str
) -> None:
    if frames.ndim not in (3, 4) or frames.size == 0:
        raise ValueError(
            "volume must be [T, H, W] or [T, H, W, 3] with one frame or "
            f"more, got shape {frames.shape}"
        )
    if not alt.strip():
        raise ValueError("alt must say what the film shows, got no text")
    if not 0 < fps <= 50:
        raise ValueError(f"fps must be above 0 and at most 50, got {fps}")
    if width < 1:
        raise ValueError(f"width must be 1 or more, got {width}")
    if format not in ("webp", "gif"):
        raise ValueError(f"format must be 'webp' or 'gif', got {format!r}")


def _to_pil(rgb: Array, width: int, aspect: float) -> Image.Image:
    rows, columns = rgb.shape[:2]
    height = max(1, round(width * rows * aspect / columns))
    picture = Image.fromarray(np.round(rgb * 255).astype(np.uint8))
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _encode(
    pictures: list[Image.Image], fps: float, format: Format
) -> bytes:
    file = io.BytesIO()
    options = {"quality": 80, "method": 2} if format == "webp" else {}
    pictures[0].save(
        file,
        format,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / fps),
        loop=0,
        **options,
    )
    return file.getvalue()


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
