"""The dense CRF against an exact one, and against pydensecrf."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from skimage.data import astronaut

from seglab.crf import BilateralKernel, SpatialKernel, dense_crf
from seglab.crf.mean_field import _spatial_filter


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    raised = np.exp(scores - scores.max(0))
    return raised / raised.sum(0)


def doubtful(classes: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Blobs of classes under noise."""
    rng = np.random.default_rng(classes)
    blobs = ndimage.gaussian_filter(
        rng.normal(size=(classes, *shape)), (0, 6, 6)
    )
    noise = rng.normal(size=(classes, *shape))
    return softmax(40 * blobs + noise).astype(np.float32)


def exactly(
    chance: NDArray[Any],
    image: NDArray[Any],
    bilateral: BilateralKernel,
    spatial: SpatialKernel,
    iterations: int,
) -> NDArray[Any]:
    """Mean field with the full N x N kernels."""
    classes, height, width = chance.shape
    place = np.mgrid[:height, :width].reshape(2, -1).T.astype(float)
    colour = image.reshape(-1, height * width).T.astype(float)
    total = np.zeros((height * width, height * width))
    for weight, features in (
        (spatial.weight, place / spatial.sigma),
        (
            bilateral.weight,
            np.hstack(
                [place / bilateral.sigma, colour / bilateral.sigma_colour]
            ),
        ),
    ):
        gap = ((features[:, None] - features[None]) ** 2).sum(-1)
        kernel = np.exp(-gap / 2)
        norm = 1 / np.sqrt(kernel.sum(1))
        total += weight * norm[:, None] * kernel * norm
    unary = np.log(np.maximum(chance.reshape(classes, -1), 1e-5))
    belief = softmax(unary)
    for _ in range(iterations):
        belief = softmax(unary + belief @ total)
    return belief.reshape(chance.shape)


def test_near_to_exact_mean_field() -> None:
    image = astronaut()[60:160:4, 180:280:4].transpose(2, 0, 1)
    chance = doubtful(3, (25, 25))
    settings_ = (BilateralKernel(25.0, sigma=8.0), SpatialKernel(2.0))
    found = dense_crf(
        chance, image, bilateral=settings_[0], spatial=settings_[1]
    )
    wanted = exactly(chance, image, *settings_, 5)
    same = found.argmax(0) == wanted.argmax(0)
    assert same.mean() > 0.97
    assert np.abs(found - wanted).mean() < 0.05


@pytest.mark.parametrize("classes", [2, 21])
def test_the_labels_of_pydensecrf(classes: int) -> None:
    densecrf = pytest.importorskip("pydensecrf.densecrf")
    image = np.ascontiguousarray(astronaut()[:201, 100:310])
    chance = doubtful(classes, image.shape[:2])
    theirs = densecrf.DenseCRF2D(210, 201, classes)
    unary = -np.log(np.maximum(chance, 1e-5)).reshape(classes, -1)
    theirs.setUnaryEnergy(np.ascontiguousarray(unary))
    theirs.addPairwiseGaussian(sxy=3, compat=3)
    theirs.addPairwiseBilateral(sxy=60, srgb=13, rgbim=image, compat=10)
    wanted = np.array(theirs.inference(5)).reshape(chance.shape)
    found = dense_crf(
        chance, image.transpose(2, 0, 1), bilateral=BilateralKernel(13.0)
    )
    assert (found.argmax(0) == wanted.argmax(0)).mean() > 0.99
    assert (wanted.argmax(0) != chance.argmax(0)).mean() > 0.05
    assert np.abs(found - wanted).mean() < 0.01


@settings(deadline=None, max_examples=25)
@given(
    shape=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    sigma=st.sampled_from([0.5, 1.0, 3.0, 9.0]),
)
def test_the_spatial_kernel_is_a_gaussian(
    shape: tuple[int, int], sigma: float
) -> None:
    rng = np.random.default_rng(0)
    values = rng.random((shape[0] * shape[1], 2)).astype(np.float32)
    wanted = values.reshape(*shape, 2).astype(float)
    for axis, side in enumerate(shape):
        place = np.arange(side)
        gap = (place[:, None] - place) / sigma
        kernel = np.exp(-0.5 * gap**2)
        wanted = np.moveaxis(
            np.tensordot(kernel, wanted, (1, axis)), 0, axis
        )
    found = _spatial_filter(shape, sigma)(values)
    np.testing.assert_allclose(
        found, wanted.reshape(values.shape), rtol=2e-3
    )


def test_probabilities_stay_probabilities() -> None:
    chance = doubtful(4, (17, 30))
    image = np.random.default_rng(0).random((17, 30))
    found = dense_crf(chance, image, bilateral=BilateralKernel(0.1))
    np.testing.assert_allclose(found.sum(0), 1, rtol=1e-5)
    assert found.min() >= 0
    assert found.dtype == np.float32


def test_no_iterations_give_the_input() -> None:
    chance = doubtful(3, (8, 9))
    found = dense_crf(
        chance,
        np.zeros((8, 9)),
        bilateral=BilateralKernel(1.0),
        iterations=0,
    )
    np.testing.assert_allclose(found, chance, atol=1e-4)


def test_one_pixel_and_one_class() -> None:
    found = dense_crf(
        np.ones((1, 1, 1)), np.zeros((1, 1)), bilateral=BilateralKernel(1.0)
    )
    assert found.tolist() == [[[1]]]


def test_the_edge_of_the_image_wins() -> None:
    truth = np.zeros((40, 40), bool)
    truth[:, 17:] = True
    chance = np.where(np.roll(truth, 3, axis=1), 0.7, 0.3)
    found = dense_crf(
        np.stack([1 - chance, chance]),
        200.0 * truth,
        bilateral=BilateralKernel(10.0),
    )
    assert np.array_equal(found.argmax(0), truth)


GOOD = {
    "probabilities": np.full((2, 4, 5), 0.5),
    "image": np.zeros((3, 4, 5)),
    "bilateral": BilateralKernel(1.0),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"probabilities": np.zeros((4, 5))},
            r"must have shape \[K, H, W\]",
        ),
        ({"probabilities": np.full((2, 4, 5), 3.0)}, "apply a softmax"),
        ({"probabilities": np.full((2, 4, 5), np.nan)}, "apply a softmax"),
        ({"image": np.zeros((3, 5, 4))}, "image must have shape"),
        ({"bilateral": BilateralKernel(0.0)}, "sigma_colour must be above"),
        ({"spatial": SpatialKernel(-1.0)}, r"spatial\.sigma must be above"),
        ({"iterations": -1}, "iterations must be 0 or more, got -1"),
    ],
)
def test_bad_arguments(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dense_crf(**{**GOOD, **change})
