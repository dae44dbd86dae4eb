"""Deal groups out to folds so that every fold gets every class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# sweeps over all groups, and how many swaps each group tries: all there
# are for a hundred groups, and seconds of work for many thousands
_SWEEPS, _PARTNERS = 10, 100


class Dealing:
    """Groups being dealt to folds; ``counts`` [groups, C] are items."""

    def __init__(
        self,
        counts: NDArray[np.float64],
        folds: int,
        rng: np.random.Generator,
    ) -> None:
        self.counts, self.rng = counts[:, counts.any(axis=0)], rng
        self.scale = 1 / self.counts.sum(axis=0)
        self.sums = np.zeros((folds, self.counts.shape[1]))
        self.fold_of = np.zeros(len(counts), np.int64)

    def cost(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of folds with these sums [..., C]; they add up."""
        uneven = (sums * self.scale - 1 / len(self.sums)) ** 2
        # evenness adds up to less than 1 a class: one missing outweighs it
        missing = (sums == 0).sum(axis=-1)
        return missing * sums.shape[-1] + uneven.sum(axis=-1)

    def deal(self) -> None:
        """Give each group, the rarest class first, to the best fold."""
        rarity = (self.counts > 0).sum(axis=0)
        rarest = np.where(self.counts > 0, rarity, np.inf).min(axis=1)
        order = self.rng.permutation(len(self.counts))
        for group in order[np.argsort(rarest[order], kind="stable")]:
            more = self.sums + self.counts[group]
            fold = np.argmin(self.cost(more) - self.cost(self.sums))
            self.fold_of[group] = fold
            self.sums[fold] = more[fold]

    def even(self) -> None:
        """Move and swap groups until no such step helps."""
        for _ in range(_SWEEPS):
            order = self.rng.permutation(len(self.counts))
            if not sum(self._step(group) for group in order):
                return

    def _step(self, group: int) -> bool:
        """Make the best swap of a group; with nothing, it is a move."""
        partners = self.rng.permutation(len(self.counts))[:_PARTNERS]
        folds = np.arange(len(self.sums))
        other = np.concatenate([self.fold_of[partners], folds])
        rows = np.zeros((len(other), self.sums.shape[1]))
        rows[: len(partners)] = self.counts[partners]
        change = self.counts[group] - rows
        here, now = self.fold_of[group], self.cost(self.sums)
        gain = now[here] + now[other]
        gain -= self.cost(self.sums[here] - change)
        gain -= self.cost(self.sums[other] + change)
        gain[other == here] = 0
        best = int(gain.argmax())
        if gain[best] < 1e-9:
            return False
        self.sums[here] -= change[best]
        self.sums[other[best]] += change[best]
        self.fold_of[group] = other[best]
        if best < len(partners):
            self.fold_of[partners[best]] = here
        return True
