"""One place for scale, seed, device and cache folder.

Nothing heavy is imported at the top: ``import seglab`` reads this module.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import torch

ScaleName = Literal["smoke", "small", "full"]
SCALES: tuple[ScaleName, ...] = ("smoke", "small", "full")

T = TypeVar("T")

NOT_SO = "Not so in this run:"


class ExpectationError(AssertionError):
    """A claim that the book's text makes did not hold in this run."""


def scale_name() -> ScaleName:
    """How much work a chapter does: ``smoke``, ``small`` or ``full``.

    ``SEGLAB_SCALE`` decides; without it, ``full`` on a machine with a GPU
    and ``small`` elsewhere.

    Raises:
        ValueError: ``SEGLAB_SCALE`` holds something else.

    >>> scale_name() in SCALES
    True
    """
    chosen = os.environ.get("SEGLAB_SCALE", "auto").strip().lower()
    if chosen in SCALES:
        return chosen
    if chosen not in ("", "auto"):
        raise ValueError(
            f"SEGLAB_SCALE must be one of {', '.join(SCALES)} or auto, "
            f"got {chosen!r}"
        )
    return "full" if device().type == "cuda" else "small"


def scale(*, smoke: T, small: T, full: T) -> T:
    """The one of three values that fits the scale of this run.

    >>> scale(smoke=1, small=6, full=60) in (1, 6, 60)
    True
    """
    return {"smoke": smoke, "small": small, "full": full}[scale_name()]


def expect(holds: object, claim: str) -> None:
    """Check a claim of the text against what this run computed.

    At scale ``smoke`` models are hardly trained, so nothing is checked.

    Args:
        holds: the condition; anything with a truth value.
        claim: what the text says, in its own words.

    Raises:
        ExpectationError: the condition is false at ``small`` or ``full``.

    >>> expect(1 + 1 == 2, "the text says that one and one are two")
    """
    if not holds and scale_name() != "smoke":
        raise ExpectationError(
            f"this run does not bear out the text: {claim}"
        )


def expect_trained(holds: object, claim: str) -> None:
    """Check a claim about a network that was trained a moment ago.

    Every processor rounds in its own way, and training makes a small
    difference large: even with one seed, another machine trains another
    network. So a claim that fails stops nobody: it is printed where the
    reader meets the figures, and the book's build lists it. For whatever
    does not hang on a training there is ``expect``.

    At scale ``smoke`` models are hardly trained, so nothing is checked.

    Args:
        holds: the condition; anything with a truth value.
        claim: what the text says, in its own words.

    >>> expect_trained(1 + 1 == 2, "the text says that it can add")
    """
    if not holds and scale_name() != "smoke":
        print(f"{NOT_SO} {claim}. (Processors round differently.)")


def seed_everything(seed: int = 0) -> int:
    """Seed Python, NumPy and PyTorch, and return the seed.

    Args:
        seed: 0 to 2**32 - 1.

    Raises:
        ValueError: the seed is out of range.

    >>> seed_everything(7)
    7
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be 0 to 2**32 - 1, got {seed}")
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return seed


def device() -> torch.device:
    """The device to compute on.

    ``SEGLAB_DEVICE`` decides (``cpu``, ``cuda``, ``cuda:1``, ``mps``);
    without it a CUDA GPU is taken if there is one, else the CPU.

    >>> device().type in ("cpu", "cuda", "mps")
    True
    """
    import torch

    chosen = os.environ.get("SEGLAB_DEVICE", "").strip()
    if chosen:
        return torch.device(chosen)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def cache_folder() -> Path:
    """Where downloads and prepared data are kept; made if missing.

    ``SEGLAB_CACHE`` decides; without it ``~/.cache/seglab`` (or what
    ``XDG_CACHE_HOME`` says).

    Raises:
        OSError: the folder cannot be made; the message says where.

    >>> cache_folder().is_dir()
    True
    """
    chosen = os.environ.get("SEGLAB_CACHE", "").strip()
    base = os.environ.get("XDG_CACHE_HOME", "").strip() or "~/.cache"
    folder = Path(chosen or Path(base) / "seglab").expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"the cache folder {folder} cannot be made ({error.strerror}); "
            "set SEGLAB_CACHE to a folder that you can write to"
        ) from error
    return folder
