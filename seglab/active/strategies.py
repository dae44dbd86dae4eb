"""Which items to ask a person about next: one class for each idea."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seglab.active import coverage, disagreement, uncertainty
from seglab.active._inputs import FloatArray, IntArray

Score = Callable[[FloatArray], FloatArray]


class Learner(Protocol):
    """A model that was trained on the labels so far."""

    def probabilities(self, items: NDArray[np.int64]) -> FloatArray:
        """[N, K, ...] of these items of the pool."""
        ...  # pragma: no cover

    def opinions(self, items: NDArray[np.int64]) -> FloatArray:
        """[T, N, K, ...] of passes with dropout, or of a committee."""
        ...  # pragma: no cover

    def embeddings(self) -> FloatArray:
        """[N, D] of the whole pool."""
        ...  # pragma: no cover

    def score(self) -> float:
        """How good the model is on data held out; more is better."""
        ...  # pragma: no cover


class Strategy(Protocol):
    """Chooses items of the pool."""

    def choose(
        self,
        learner: Learner,
        labelled: NDArray[np.int64],
        unlabelled: NDArray[np.int64],
        count: int,
        rng: Generator,
    ) -> IntArray:
        """``count`` of the unlabelled items."""
        ...  # pragma: no cover


class AtRandom:
    """Asks about anything: what every other strategy has to beat."""

    def choose(
        self,
        learner: Learner,
        labelled: NDArray[np.int64],
        unlabelled: NDArray[np.int64],
        count: int,
        rng: Generator,
    ) -> IntArray:
        """As ``Strategy``."""
        return rng.choice(unlabelled, count, replace=False)


@dataclass(frozen=True)
class MostUncertain:
    """Asks about what one model is least sure of.

    Args:
        score: of probabilities [N, K, ...], such as ``entropy``.
    """

    score: Score = uncertainty.entropy

    def choose(
        self,
        learner: Learner,
        labelled: NDArray[np.int64],
        unlabelled: NDArray[np.int64],
        count: int,
        rng: Generator,
    ) -> IntArray:
        """As ``Strategy``."""
        scores = self.score(learner.probabilities(unlabelled))
        return _highest(scores, unlabelled, count)


@dataclass(frozen=True)
class MostDisputed:
    """Asks about what several opinions differ on.

    Args:
        score: of opinions [T, N, K, ...], such as ``bald``.
    """

    score: Score = disagreement.bald

    def choose(
        self,
        learner: Learner,
        labelled: NDArray[np.int64],
        unlabelled: NDArray[np.int64],
        count: int,
        rng: Generator,
    ) -> IntArray:
        """As ``Strategy``."""
        scores = self.score(learner.opinions(unlabelled))
        return _highest(scores, unlabelled, count)


class CoreSet:
    """Asks about what is unlike everything that has a label."""

    def choose(
        self,
        learner: Learner,
        labelled: NDArray[np.int64],
        unlabelled: NDArray[np.int64],
        count: int,
        rng: Generator,
    ) -> IntArray:
        """As ``Strategy``."""
        return coverage.k_centre_greedy(
            learner.embeddings(), labelled.tolist(), count
        )


def _highest(
    scores: FloatArray, items: NDArray[np.int64], count: int
) -> IntArray:
    means = uncertainty.mean_per_item(scores)
    return np.asarray(items[np.argsort(-means, kind="stable")[:count]])
