"""How unsure one model is, from its probabilities alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from seglab.active._inputs import FloatArray, as_probabilities, entropy_of


def entropy(probabilities: ArrayLike) -> FloatArray:
    """Shannon entropy over the classes: 0 where the model is sure.

    Args:
        probabilities: [N, K, ...], N items of K classes, such as pixels
            [N, K, H, W].

    Returns:
        [N, ...] in nats, at most log K.

    Raises:
        ValueError: no probabilities, or another shape.

    Convention:
        0 log 0 = 0.

    Source:
        Shannon 1948; Settles 2009, section 3.1.

    >>> entropy([[1.0, 0.0], [0.5, 0.5]]).round(3).tolist()
    [0.0, 0.693]
    """
    values = as_probabilities(probabilities, "probabilities", "N, K", 1)
    return entropy_of(values, axis=1)


def margin(probabilities: ArrayLike) -> FloatArray:
    """1 less the gap between the two likeliest classes.

    Args:
        probabilities: [N, K, ...], two classes or more.

    Returns:
        [N, ...] in [0, 1]; 1 where two classes are equally likely.

    Raises:
        ValueError: no probabilities, one class, or another shape.

    Convention:
        Turned round, so that more is more uncertain, as for the other
        figures of this room; the literature takes the smallest gap.

    Source:
        Scheffer et al. 2001.

    >>> margin([[0.6, 0.3, 0.1]]).round(3).tolist()
    [0.7]
    """
    values = as_probabilities(probabilities, "probabilities", "N, K", 1)
    if values.shape[1] < 2:
        raise ValueError(
            f"probabilities must have 2 classes or more, got "
            f"{values.shape[1]}"
        )
    ranked = np.sort(values, axis=1)
    return np.asarray(1 - (ranked[:, -1] - ranked[:, -2]))


def least_confidence(probabilities: ArrayLike) -> FloatArray:
    """1 less the probability of the likeliest class.

    Args:
        probabilities: [N, K, ...].

    Returns:
        [N, ...], at most 1 - 1 / K.

    Raises:
        ValueError: no probabilities, or another shape.

    Source:
        Lewis and Gale 1994.

    >>> least_confidence([[0.6, 0.3, 0.1]]).round(3).tolist()
    [0.4]
    """
    values = as_probabilities(probabilities, "probabilities", "N, K", 1)
    return np.asarray(1 - values.max(axis=1))


def mean_per_item(scores: ArrayLike) -> FloatArray:
    """One figure for each item: the mean over its pixels.

    Args:
        scores: [N, ...].

    Returns:
        [N].

    Raises:
        ValueError: a single number, or items without a pixel.

    Convention:
        A mean asks for pictures that are doubtful all over. One doubtful
        organ of a few pixels hardly counts in it.

    >>> mean_per_item([[0.0, 1.0], [1.0, 1.0]]).tolist()
    [0.5, 1.0]
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim < 1 or 0 in array.shape[1:]:
        raise ValueError(
            f"scores must be [N, ...], got shape {array.shape}"
        )
    return np.asarray(array.reshape(len(array), -1).mean(axis=1))
