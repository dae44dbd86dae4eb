"""What the networks of this folder ask of their arguments."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def check_channels(
    in_channels: int, num_classes: int, widths: Sequence[int]
) -> None:
    """Raise ``ValueError`` unless a network can be built of these.

    >>> check_channels(1, 2, (8, 16))
    """
    if in_channels < 1:
        raise ValueError(
            f"in_channels must be 1 or more, got {in_channels}"
        )
    if num_classes < 1:
        raise ValueError(
            f"num_classes must be 1 or more, got {num_classes}"
        )
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(
            "widths must be two or more positive channel counts, "
            f"got {tuple(widths)}"
        )


def check_choice(name: str, given: str, choices: Sequence[str]) -> None:
    """Raise ``ValueError`` unless the argument is one of the choices.

    >>> check_choice("padding", "same", ("same", "valid"))
    """
    if given not in choices:
        raise ValueError(
            f"{name} must be {' or '.join(map(repr, choices))}, "
            f"got {given!r}"
        )


def check_image(x: Tensor, in_channels: int, smallest: int) -> None:
    """Raise ``ValueError`` unless these images suit the network.

    >>> import torch
    >>> check_image(torch.zeros(1, 3, 16, 16), 3, 16)
    """
    if x.ndim != 4 or x.shape[1] != in_channels:
        raise ValueError(
            f"x must have shape [N, {in_channels}, H, W], "
            f"got {list(x.shape)}"
        )
    if min(x.shape[-2:]) < smallest:
        raise ValueError(
            f"x must be at least {smallest} x {smallest} px for this "
            f"network, got {x.shape[-2]} x {x.shape[-1]}"
        )
