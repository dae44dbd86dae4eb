"""Learning curves of several strategies, from the same starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seglab.active._inputs import FloatArray
from seglab.active.strategies import Learner, Strategy

Train = Callable[[NDArray[np.int64], int], Learner]


@dataclass(frozen=True, eq=False)
class LearningCurves:
    """How good the model was, by strategy, seed and round.

    Args:
        labelled: [R] items with labels in each round.
        scores: [S, R] by strategy, a row for each seed.
        chosen: [S, last of labelled] by strategy: the items in the order
            in which they were labelled.
    """

    labelled: NDArray[np.int64]
    scores: Mapping[str, FloatArray]
    chosen: Mapping[str, NDArray[np.int64]]

    def mean(self, strategy: str) -> FloatArray:
        """Over the seeds, [R]."""
        return np.asarray(self.scores[strategy].mean(axis=0))

    def gain(self, strategy: str, over: str) -> FloatArray:
        """Mean over rounds of the difference, for each seed [S].

        Two strategies with one seed begin with the same items, so their
        difference is free of that luck. The first round, where they do
        not differ, is left out.

        >>> curves = LearningCurves(np.array([1, 2]), {
        ...     "a": np.array([[0.1, 0.5]]), "b": np.array([[0.1, 0.3]]),
        ... }, {})
        >>> curves.gain("a", over="b").round(3).tolist()
        [0.2]
        """
        apart = self.scores[strategy] - self.scores[over]
        return np.asarray(apart[:, 1:].mean(axis=1))

    def labels_needed(self, strategy: str, level: float) -> FloatArray:
        """Labels until a seed's score first reaches a level, [S].

        Infinite where it never does.

        >>> curves = LearningCurves(
        ...     np.array([5, 10]), {"a": np.array([[0.1, 0.5]])}, {}
        ... )
        >>> curves.labels_needed("a", 0.4).tolist()
        [10.0]
        """
        reached = self.scores[strategy] >= level
        first = self.labelled[reached.argmax(axis=1)]
        return np.where(reached.any(axis=1), first, np.inf)


def compare_strategies(
    train: Train,
    size: int,
    strategies: Mapping[str, Strategy],
    *,
    start: int,
    per_round: int,
    rounds: int,
    seeds: Sequence[int],
) -> LearningCurves:
    """Let each strategy ask for labels, round by round.

    Convention:
        With one seed all strategies begin with the same random items, and
        the model is trained with that seed, anew in every round.

    Args:
        train: called with the labelled items [L] and a seed; returns a
            trained ``Learner``.
        size: of the pool; its items are 0 to ``size - 1``.
        strategies: by name.
        start: items that are labelled at random before the first round.
        per_round: items that are asked for in each round.
        rounds: how often.
        seeds: of starts and trainings.

    Raises:
        ValueError: a number is out of range, there is no strategy or
            seed, or a strategy chooses what it may not.
    """
    _check(size, strategies, start, per_round, rounds, seeds)
    scores: dict[str, FloatArray] = {}
    chosen: dict[str, NDArray[np.int64]] = {}
    for name, strategy in strategies.items():
        runs = [
            _one_run(train, size, strategy, start, per_round, rounds, seed)
            for seed in seeds
        ]
        scores[name] = np.array([run[0] for run in runs])
        chosen[name] = np.array([run[1] for run in runs])
    labelled = start + per_round * np.arange(rounds + 1)
    return LearningCurves(labelled, scores, chosen)


def _one_run(
    train: Train,
    size: int,
    strategy: Strategy,
    start: int,
    per_round: int,
    rounds: int,
    seed: int,
) -> tuple[list[float], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labelled = rng.permutation(size)[:start].astype(np.int64)
    learner = train(labelled, seed)
    scores = [learner.score()]
    for _ in range(rounds):
        unlabelled = np.setdiff1d(np.arange(size), labelled)
        picked = strategy.choose(
            learner, labelled, unlabelled, per_round, rng
        )
        if (
            len(set(picked.tolist()) & set(unlabelled.tolist()))
            != per_round
        ):
            raise ValueError(
                f"a strategy must choose {per_round} unlabelled items, got "
                f"{picked.tolist()}"
            )
        labelled = np.concatenate([labelled, picked])
        learner = train(labelled, seed)
        scores.append(learner.score())
    return scores, labelled


def _check(
    size: int,
    strategies: Mapping[str, Strategy],
    start: int,
    per_round: int,
    rounds: int,
    seeds: Sequence[int],
) -> None:
    if not strategies or not len(seeds):
        raise ValueError(
            "strategies and seeds must hold one or more, got "
            f"{len(strategies)} and {len(seeds)}"
        )
    if min(start, per_round, rounds) < 1:
        raise ValueError(
            "start, per_round and rounds must be 1 or more, got "
            f"{start}, {per_round} and {rounds}"
        )
    if start + per_round * rounds > size:
        raise ValueError(
            f"the pool of {size} items must be enough for {start} + "
            f"{rounds} x {per_round} labels"
        )
