"""Batches as a function of seed and step, so that nothing needs saving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from seglab.settings import seed_everything

Augment = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def mix_seeds(*numbers: int) -> int:
    """One seed out of several whole numbers, far from its neighbours.

    >>> mix_seeds(0, 1) == mix_seeds(0, 1) != mix_seeds(1, 0)
    True
    """
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


class EndlessStream(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """A data set dealt out again and again, each time in a new order.

    Item ``draw`` depends on ``seed`` and ``draw`` alone, the random
    numbers of its augmentation included. Any process, and any worker
    of a process, therefore deals the same card, and a run that was
    interrupted goes on where it stopped.

    Args:
        train_set: items are tuples (image, target).
        seed: the order and the augmentation follow it.
        augment: called with (image, target), returns both.
    """

    def __init__(
        self, train_set: Any, seed: int, augment: Augment | None
    ) -> None:
        self.train_set, self.seed, self.augment = train_set, seed, augment
        self._epoch = -1
        self._order: list[int] = []

    def __getitem__(self, draw: int) -> tuple[Tensor, Tensor]:
        epoch, position = divmod(draw, len(self.train_set))
        if epoch != self._epoch:
            shuffle = np.random.default_rng((self.seed, epoch))
            self._order = shuffle.permutation(len(self.train_set)).tolist()
            self._epoch = epoch
        seed_everything(mix_seeds(self.seed, draw))
        image, target = self.train_set[self._order[position]]
        if self.augment is None:
            return image, target
        return self.augment(image, target)


class DrawNumbers(Sampler[list[int]]):
    """The numbers of the draws in each step's batch, for one process.

    >>> list(DrawNumbers(1, 3, batch_size=4, rank=1, processes=2))
    [[6, 7], [10, 11]]
    """

    def __init__(
        self,
        first_step: int,
        last_step: int,
        *,
        batch_size: int,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self.steps = range(first_step, last_step)
        self.batch_size, self.rank = batch_size, rank
        self.share = batch_size // processes

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[list[int]]:
        for step in self.steps:
            start = step * self.batch_size + self.rank * self.share
            yield list(range(start, start + self.share))


def make_batches(
    train_set: Any,
    *,
    steps: tuple[int, int],
    batch_size: int,
    seed: int,
    augment: Augment | None,
    workers: int,
    rank: int,
    processes: int,
) -> DataLoader[tuple[Tensor, Tensor]]:
    """A loader of the batches from the first step up to the last."""
    numbers = DrawNumbers(
        *steps, batch_size=batch_size, rank=rank, processes=processes
    )
    return DataLoader(
        EndlessStream(train_set, seed, augment),
        batch_sampler=numbers,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
    )
