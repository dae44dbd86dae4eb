"""How large a model is."""

from __future__ import annotations

from torch import nn


def count_parameters(model: nn.Module) -> int:
    """How many numbers the optimiser may change.

    Args:
        model: frozen parameters (``requires_grad`` false) do not count,
            nor do buffers such as batch norm's running mean.

    >>> count_parameters(nn.Conv2d(3, 8, 3, bias=False))
    216
    """
    return sum(
        parameter.numel()
        for parameter in model.parameters()
        if parameter.requires_grad
    )
