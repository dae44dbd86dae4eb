"""How far several models, or several passes of one, contradict another.

Entropy cannot tell a coin from a puzzle: both have an even chance. Models
agree that the coin is fair; on the puzzle each is sure of something else.
Only the second is worth asking about.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from seglab.active._inputs import FloatArray, as_probabilities, entropy_of

AXES = "T, N, K"


def bald(probabilities: ArrayLike) -> FloatArray:
    """Entropy of the mean less the mean of the entropies.

    What the answer would tell about the model itself: the mutual
    information of label and weights, BALD in short.

    Args:
        probabilities: [T, N, K, ...], of T passes with dropout or of T
            models.

    Returns:
        [N, ...] in nats; 0 where all agree.

    Raises:
        ValueError: no probabilities, or another shape.

    Source:
        Houlsby et al. 2011; with dropout Gal et al. 2017.

    >>> coin = [[[0.5, 0.5]], [[0.5, 0.5]]]
    >>> puzzle = [[[1.0, 0.0]], [[0.0, 1.0]]]
    >>> bald(coin).round(3).tolist(), bald(puzzle).round(3).tolist()
    ([0.0], [0.693])
    """
    values = as_probabilities(probabilities, "probabilities", AXES, 2)
    total = entropy_of(values.mean(axis=0), axis=1)
    expected = entropy_of(values, axis=2).mean(axis=0)
    # never below 0 but for rounding
    return np.maximum(total - expected, 0)


def mean_kl(probabilities: ArrayLike) -> FloatArray:
    """Mean divergence of a committee's members from what they agree on.

    Args:
        probabilities: [T, N, K, ...], of T members.

    Returns:
        [N, ...] in nats; 0 where all agree.

    Raises:
        ValueError: no probabilities, or another shape.

    Convention:
        The consensus is the mean of the members. This is then the
        Jensen-Shannon divergence, and the very number that ``bald`` gives:
        two literatures met.

    Source:
        McCallum and Nigam 1998.

    >>> puzzle = [[[1.0, 0.0]], [[0.0, 1.0]]]
    >>> mean_kl(puzzle).round(3).tolist()
    [0.693]
    """
    values = as_probabilities(probabilities, "probabilities", AXES, 2)
    consensus = values.mean(axis=0, keepdims=True)
    ratio = np.divide(
        values, consensus, out=np.ones_like(values), where=values > 0
    )
    divergence = (values * np.log(ratio)).sum(axis=2)
    return np.maximum(divergence.mean(axis=0), 0)


def vote_entropy(probabilities: ArrayLike) -> FloatArray:
    """Entropy of the votes: each member names its likeliest class.

    Args:
        probabilities: [T, N, K, ...], of T members.

    Returns:
        [N, ...] in nats, at most log min(T, K).

    Raises:
        ValueError: no probabilities, or another shape.

    Convention:
        How sure a member is of its vote does not count. In a tie it votes
        for the first class.

    Source:
        Dagan and Engelson 1995.

    >>> votes = [[[0.6, 0.4]], [[0.9, 0.1]], [[0.2, 0.8]]]
    >>> vote_entropy(votes).round(3).tolist()
    [0.637]
    """
    values = as_probabilities(probabilities, "probabilities", AXES, 2)
    votes = values.argmax(axis=2)
    shares = [(votes == k).mean(axis=0) for k in range(values.shape[2])]
    return entropy_of(np.stack(shares), axis=0)
