"""Softmax cross-entropy and its gradient as loops in machine code.

Imported where Numba is installed. The loops go over blocks of pixels that
stay in the cache, so each logit is read from memory once.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

BLOCK = 2048  # pixels whose logits, of all classes, stay in the cache
LEAST = np.float32(-87)  # exp of less is no normal float32
PER_LN_2 = np.float32(1 / np.log(2))
# ln 2 as a sum: a whole number times the first part has no rounding
LN_2_HIGH = np.float32(0.693359375)
LN_2_LOW = np.float32(np.log(2) - 0.693359375)
HALF, ONE = np.float32(0.5), np.float32(1)
SIXTH, FACTORIAL_4 = np.float32(1 / 6), np.float32(1 / 24)
FACTORIAL_5, FACTORIAL_6 = np.float32(1 / 120), np.float32(1 / 720)
EXPONENT_BIAS, EXPONENT_PLACE = np.int32(127), np.int32(23)

# a product and a sum are one instruction; NaN and infinity stay as they are
compiled = numba.njit(
    nogil=True, cache=True, error_model="numpy", fastmath={"contract"}
)
inlined = numba.njit(
    nogil=True, cache=True, inline="always", fastmath={"contract"}
)


@inlined
def _exp(value: np.float32) -> np.float32:
    """The exponential of 0 or less, in steps that a loop can do by eights.

    2^n e^r with whole n and |r| <= ln(2) / 2: a polynomial gives e^r, and
    2^n is written into the exponent's bits.
    """
    value = LEAST if value < LEAST else value
    whole = np.floor(value * PER_LN_2 + HALF)
    rest = value - whole * LN_2_HIGH
    rest = rest - whole * LN_2_LOW
    power = FACTORIAL_6 * rest + FACTORIAL_5
    power = power * rest + FACTORIAL_4
    power = power * rest + SIXTH
    power = power * rest + HALF
    power = power * rest + ONE
    power = power * rest + ONE
    bits = np.int32(np.int32(whole) + EXPONENT_BIAS) << EXPONENT_PLACE
    return power * np.int32(bits).view(np.float32)


@compiled
def sum_exponentials(
    logits: NDArray[np.float32],
    target: NDArray[np.int64],
    largest: NDArray[np.float32],
    sums: NDArray[np.float32],
    chosen: NDArray[np.float32],
) -> None:
    """Of each pixel: the largest logit, the sum of exponentials, the true.

    Args:
        logits: [N, C, P].
        target: classes [N, P].
        largest: filled, [N, P].
        sums: filled with the sums of exp(logit - largest), [N, P].
        chosen: filled with the true class's logit - largest, [N, P].
    """
    images, classes, pixels = logits.shape
    # a copy in one piece: rows of an image may share places in the cache
    block = np.empty((classes, BLOCK), np.float32)
    for image in range(images):
        for low in range(0, pixels, BLOCK):
            size = min(BLOCK, pixels - low)
            top = largest[image, low : low + size]
            total = sums[image, low : low + size]
            top[:] = -np.inf
            total[:] = 0
            for label in range(classes):
                row = logits[image, label, low : low + size]
                copy = block[label]
                for i in range(size):
                    value, best = row[i], top[i]
                    copy[i] = value
                    top[i] = value if value > best else best
            for label in range(classes):
                copy = block[label]
                for i in range(size):
                    total[i] += _exp(copy[i] - top[i])
            for i in range(size):
                chosen[image, low + i] = (
                    block[target[image, low + i], i] - top[i]
                )


@compiled
def fill_gradient(
    logits: NDArray[np.float32],
    target: NDArray[np.int64],
    largest: NDArray[np.float32],
    log_sums: NDArray[np.float32],
    slopes: NDArray[np.float32],
    gradient: NDArray[np.float32],
) -> None:
    """Slope times (probability - 1 at the true class), of each logit.

    Args:
        logits: [N, C, P].
        target: classes [N, P].
        largest: largest logits [N, P].
        log_sums: logarithms of the sums of exp(logit - largest), [N, P].
        slopes: gradient of the pixels' losses [N, P].
        gradient: filled, [N, C, P].
    """
    images, classes, pixels = logits.shape
    true = np.empty(BLOCK, np.int32)  # as wide as a logit
    for image in range(images):
        for low in range(0, pixels, BLOCK):
            size = min(BLOCK, pixels - low)
            true[:size] = target[image, low : low + size]
            top = largest[image, low : low + size]
            log_sum = log_sums[image, low : low + size]
            slope = slopes[image, low : low + size]
            for label in range(classes):
                row = logits[image, label, low : low + size]
                out = gradient[image, label, low : low + size]
                this = np.int32(label)
                for i in range(size):
                    share = _exp(row[i] - top[i] - log_sum[i])
                    share = share - ONE if true[i] == this else share
                    out[i] = share * slope[i]
