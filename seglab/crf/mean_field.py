"""A dense CRF: every pixel talks to every other, by mean field.

Source: P. Krähenbühl and V. Koltun, "Efficient Inference in Fully
Connected CRFs with Gaussian Edge Potentials", NeurIPS 2011.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from seglab.crf.permutohedral import PermutohedralLattice

Floats = NDArray[np.float32]
# sums values [N, C] over all pixels, weighted by a kernel
Filter = Callable[[Floats], Floats]

_LEAST = 1e-5  # no probability is so small that its logarithm rules all
_CUT = 4.0  # standard deviations that the spatial kernel reaches at least
_BLOCK = 32  # outputs of one matrix product


@dataclass(frozen=True)
class SpatialKernel:
    """Pixels near each other prefer the same class.

    Args:
        sigma: standard deviation in pixels.
        weight: how much this preference counts.
    """

    sigma: float = 3.0
    weight: float = 3.0


@dataclass(frozen=True)
class BilateralKernel:
    """Pixels that are near *and* look alike prefer the same class.

    Args:
        sigma: standard deviation in pixels.
        sigma_colour: standard deviation in the image's own units: about
            13 for 0 to 255 is 0.05 for 0 to 1. There is no default,
            since a wrong unit turns the kernel off without a word.
        weight: how much this preference counts.
    """

    sigma_colour: float
    sigma: float = 60.0
    weight: float = 10.0


def dense_crf(
    probabilities: NDArray[np.floating],
    image: NDArray[np.generic],
    *,
    bilateral: BilateralKernel,
    spatial: SpatialKernel = SpatialKernel(),
    iterations: int = 5,
) -> Floats:
    """Move probabilities towards the edges of the image.

    Args:
        probabilities: float [K, H, W], each pixel summing to 1. Not
            logits.
        image: [C, H, W] or [H, W], any number of channels.
        bilateral, spatial: the two kernels.
        iterations: of mean field; 0 gives the input back.

    Returns:
        float32 [K, H, W], each pixel summing to 1.

    Raises:
        ValueError: shapes do not fit, the probabilities are none, or a
            setting is out of range.

    Convention:
        Potts model; kernels normalised symmetrically, so that a pixel at
        the rim counts as much as one in the middle; a pixel also hears
        itself. As pydensecrf, whose labels it gives; the spatial kernel
        is the exact Gaussian here and a lattice's there.

    >>> chance = np.full((2, 4, 6), 0.5)
    >>> chance[0, 1:3, 1:3] = 0.9
    >>> chance[1] = 1 - chance[0]
    >>> image = np.zeros((4, 6))
    >>> image[:, :3] = 200
    >>> refined = dense_crf(chance, image,
    ...                     bilateral=BilateralKernel(sigma_colour=10))
    >>> bool((refined[0, :, :3] > 0.9).all())
    True
    """
    _check(probabilities, image, bilateral, spatial, iterations)
    classes, height, width = probabilities.shape
    unary = np.log(np.maximum(probabilities, _LEAST), dtype=np.float32)
    scores = np.ascontiguousarray(unary.reshape(classes, -1).T)
    kernels = [
        (spatial.weight, _spatial_filter((height, width), spatial.sigma)),
        (bilateral.weight, _bilateral_filter(image, bilateral)),
    ]
    normed = [(w, _normalised(f, height * width)) for w, f in kernels if w]
    belief = _softmax(scores)
    for _ in range(iterations):
        heard = scores.copy()
        for weight, message in normed:
            told = message(belief)
            told *= np.float32(weight)
            heard += told
        belief = _softmax(heard)
    return np.ascontiguousarray(belief.T).reshape(classes, height, width)


def _spatial_filter(shape: tuple[int, int], sigma: float) -> Filter:
    """A Gaussian is separable: first along columns, then along rows."""
    down, across = (_banded_gaussian(side, sigma) for side in shape)

    def smooth(values: Floats) -> Floats:
        height, width = shape
        picture = values.reshape(height, -1)
        lines = np.empty_like(picture)
        for out, taken, weights in down:
            np.matmul(weights, picture[taken], out=lines[out])
        half = lines.reshape(height, width, -1)
        whole = np.empty_like(half)
        for out, taken, weights in across:
            np.matmul(weights, half[:, taken], out=whole[:, out])
        return whole.reshape(values.shape)

    return smooth


def _banded_gaussian(
    side: int, sigma: float
) -> list[tuple[slice, slice, Floats]]:
    """Gaussian smoothing of a line as a few small matrix products.

    For each block of outputs: where it lies, which inputs reach it, and
    their weights. A product uses the processor far better than a loop
    over taps, and skips what is further than the kernel reaches.
    """
    reach = int(_CUT * sigma + 0.5)
    place = np.arange(side)
    away = (place[:, None] - place) / sigma
    weights = np.exp(-0.5 * away**2).astype(np.float32)
    blocks = []
    for first in range(0, side, _BLOCK):
        out = slice(first, min(side, first + _BLOCK))
        taken = slice(max(0, first - reach), min(side, out.stop + reach))
        blocks.append((out, taken, weights[out, taken].copy()))
    return blocks


def _bilateral_filter(
    image: NDArray[np.generic], kernel: BilateralKernel
) -> Filter:
    height, width = image.shape[-2:]
    rows, columns = np.mgrid[:height, :width].reshape(2, -1)
    colours = np.asarray(image, np.float32).reshape(-1, height * width)
    features = np.empty((height * width, 2 + len(colours)), np.float32)
    features[:, 0] = columns / kernel.sigma
    features[:, 1] = rows / kernel.sigma
    features[:, 2:] = colours.T / kernel.sigma_colour
    return PermutohedralLattice(features).filter


def _normalised(kernel: Filter, pixels: int) -> Filter:
    """The kernel divided, on both sides, by the root of its row sums."""
    total = kernel(np.ones((pixels, 1), np.float32))
    norm = (1 / np.sqrt(total + 1e-20)).astype(np.float32)

    def message(values: Floats) -> Floats:
        heard = kernel(norm * values)
        heard *= norm
        return heard

    return message


def _softmax(scores: Floats) -> Floats:
    # torch's is several times quicker than NumPy's steps one by one
    belief: Floats = torch.from_numpy(scores).softmax(1).numpy()
    return belief


def _check(
    probabilities: NDArray[np.floating],
    image: NDArray[np.generic],
    bilateral: BilateralKernel,
    spatial: SpatialKernel,
    iterations: int,
) -> None:
    if probabilities.ndim != 3 or 0 in probabilities.shape:
        raise ValueError(
            "probabilities must have shape [K, H, W], got "
            f"{probabilities.shape}"
        )
    if (
        image.ndim not in (2, 3)
        or image.shape[-2:] != (probabilities.shape[-2:])
    ):
        raise ValueError(
            f"image must have shape [C, H, W] or [H, W] with H and W of "
            f"{probabilities.shape[-2:]}, got {image.shape}"
        )
    low, high = probabilities.min(), probabilities.max()
    gap = np.abs(probabilities.sum(0) - 1).max()
    # written so that NaN fails too
    if not (low >= 0 and high <= 1 + 1e-3 and gap < 1e-2):
        raise ValueError(
            "probabilities must sum to 1 over the classes, got values from "
            f"{low:.3g} to {high:.3g}: apply a softmax to logits first"
        )
    for name, value in (
        ("spatial.sigma", spatial.sigma),
        ("bilateral.sigma", bilateral.sigma),
        ("bilateral.sigma_colour", bilateral.sigma_colour),
    ):
        if not value > 0:
            raise ValueError(f"{name} must be above 0, got {value}")
    if iterations < 0:
        raise ValueError(f"iterations must be 0 or more, got {iterations}")
