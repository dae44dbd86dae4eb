"""A loss that is a weighted sum of losses with names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class PartedLoss:
    """The weighted sum of what ``parts`` computes, for ``fit``.

    Args:
        known: the default weight of each part.
        weights: those to use, of the same names.

    Raises:
        ValueError: weights with other names.

    >>> class Two(PartedLoss):
    ...     def parts(self, output, panoptic):
    ...         return {"a": torch.ones(()), "b": torch.ones(())}
    >>> Two({"a": 1, "b": 2}, {"a": 1, "b": 2})(None, torch.zeros(0))
    tensor(3.)
    """

    def __init__(
        self, known: Mapping[str, float], weights: Mapping[str, float]
    ) -> None:
        if set(weights) != set(known):
            raise ValueError(
                f"weights must name {sorted(known)}, got {sorted(weights)}"
            )
        self.weights = dict(weights)

    def __call__(self, output: Any, panoptic: Tensor) -> Tensor:
        parts = self.parts(output, panoptic)
        weighted = [self.weights[name] * x for name, x in parts.items()]
        return torch.stack(weighted).sum()

    def parts(self, output: Any, panoptic: Tensor) -> dict[str, Tensor]:
        """Each loss by name, before it is weighted.

        Args:
            output: of the network in training.
            panoptic: integers [N, H, W].
        """
        raise NotImplementedError
