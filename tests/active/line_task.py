"""A task so simple that the best question is known: a step on a line."""

from __future__ import annotations

import numpy as np

PLACES = np.linspace(0, 1, 101)
STEP = 0.63


class Step:
    """Knows the step as far as its labels tell, and doubts in between."""

    def __init__(self, labelled, seed):
        known = PLACES[labelled]
        self.low = max(known[known < STEP], default=0.0)
        self.high = min(known[known >= STEP], default=1.0)

    def probabilities(self, items):
        wide = max(self.high - self.low, 1e-9)
        chance = np.clip((PLACES[items] - self.low) / wide, 0, 1)
        return np.stack([1 - chance, chance], axis=1)

    def opinions(self, items):
        steps = np.linspace(self.low, self.high, 12)[1:-1]
        chance = (PLACES[items] >= steps[:, None]).astype(float)
        return np.stack([1 - chance, chance], axis=2)

    def embeddings(self):
        return PLACES[:, None]

    def score(self):
        return 1 - (self.high - self.low)
