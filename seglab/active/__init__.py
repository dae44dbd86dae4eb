"""Active learning: which items are worth a person's time.

Figures come from probabilities and embeddings alone, whatever the model.
In all of them more means "ask about this first".
"""

from seglab.active.comparison import LearningCurves, compare_strategies
from seglab.active.coverage import cover_radius, k_centre_greedy
from seglab.active.disagreement import bald, mean_kl, vote_entropy
from seglab.active.dropout import dropout_passes
from seglab.active.strategies import (
    AtRandom,
    CoreSet,
    Learner,
    MostDisputed,
    MostUncertain,
    Strategy,
)
from seglab.active.uncertainty import (
    entropy,
    least_confidence,
    margin,
    mean_per_item,
)

__all__ = [
    "AtRandom",
    "CoreSet",
    "Learner",
    "LearningCurves",
    "MostDisputed",
    "MostUncertain",
    "Strategy",
    "bald",
    "compare_strategies",
    "cover_radius",
    "dropout_passes",
    "entropy",
    "k_centre_greedy",
    "least_confidence",
    "margin",
    "mean_kl",
    "mean_per_item",
    "vote_entropy",
]
