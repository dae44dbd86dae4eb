"""Which categories of a data set are things, and which are stuff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

IGNORE = -100  # what PyTorch's cross-entropy leaves out


@dataclass(frozen=True)
class Categories:
    """The categories of a panoptic map, and their place in a network.

    A map holds ids such as 1, 2 and 7; a network gives as many logits as
    there are categories. Class c of the network is ``everything[c]``.

    Args:
        things: categories whose segments are told apart.
        stuff: categories that are one segment in an image.

    Raises:
        ValueError: no category, one given twice, or one below 1: the
            value 0 is left for pixels that belong to nothing.

    >>> Categories([1, 2], [7]).everything
    (1, 2, 7)
    """

    things: Sequence[int]
    stuff: Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "things", tuple(self.things))
        object.__setattr__(self, "stuff", tuple(self.stuff))
        known = self.everything
        if not known or len(set(known)) < len(known) or min(known) < 1:
            raise ValueError(
                "things and stuff must name a category or more, each once "
                f"and 1 or above, got {self.things} and {self.stuff}"
            )

    @property
    def everything(self) -> tuple[int, ...]:
        """Things first, then stuff."""
        return (*self.things, *self.stuff)

    def __len__(self) -> int:
        return len(self.everything)

    def to_classes(self, categories: Tensor) -> Tensor:
        """The network's class of each category; ``IGNORE`` for others.

        Args:
            categories: integers of any shape.

        >>> Categories([1, 2], [7]).to_classes(torch.tensor([7, 0, 1]))
        tensor([   2, -100,    0])
        """
        classes = torch.full_like(categories, IGNORE, dtype=torch.int64)
        for index, category in enumerate(self.everything):
            classes[categories == category] = index
        return classes

    def from_classes(self, classes: Tensor) -> Tensor:
        """The category of each of the network's classes.

        Args:
            classes: int64 of any shape, from 0 on.

        >>> Categories([1, 2], [7]).from_classes(torch.tensor([2, 0]))
        tensor([7, 1])
        """
        known = torch.tensor(self.everything, device=classes.device)
        return known[classes]

    def is_thing(self, categories: Tensor) -> Tensor:
        """Whether each of the categories is a thing, bool.

        >>> Categories([1, 2], [7]).is_thing(torch.tensor([7, 0, 1]))
        tensor([False, False,  True])
        """
        things = torch.tensor(self.things, device=categories.device)
        return torch.isin(categories, things)
