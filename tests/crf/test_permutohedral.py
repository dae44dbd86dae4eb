"""The lattice filters as a Gaussian does, and as its authors' code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab.crf.permutohedral import PermutohedralLattice


def slowly(features: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Every point with every other."""
    gap = ((features[:, None] - features[None]) ** 2).sum(-1)
    return np.exp(-gap / 2) @ values


def smoothed(features: np.ndarray, values: np.ndarray) -> np.ndarray:
    lattice = PermutohedralLattice(features)
    ones = np.ones((len(features), 1), np.float32)
    return lattice.filter(values) / lattice.filter(ones)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_near_to_the_exact_gaussian(dimensions: int) -> None:
    rng = np.random.default_rng(dimensions)
    features = rng.uniform(0, 4, (2000, dimensions)).astype(np.float32)
    # smooth values: a filter is judged by what it keeps of them
    values = np.sin(features.sum(1, keepdims=True)).astype(np.float32)
    exact = slowly(features, values) / slowly(
        features, np.ones_like(values)
    )
    found = smoothed(features, values)
    assert np.corrcoef(found[:, 0], exact[:, 0])[0, 1] > 0.98
    assert np.abs(found - exact).mean() < 0.06


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(1, 40),
    dimensions=st.integers(1, 5),
    scale=st.sampled_from([0.01, 1.0, 20.0]),
    seed=st.integers(0, 99),
)
def test_shares_and_symmetry(
    count: int, dimensions: int, scale: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    features = (scale * rng.normal(size=(count, dimensions))).astype("f4")
    lattice = PermutohedralLattice(features)
    shares = lattice.splat.toarray()
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-3)
    assert shares.min() > -1e-3
    kernel = lattice.filter(np.eye(count, dtype=np.float32))
    assert (np.diag(kernel) > 0).all()
    # blurring axis after axis is symmetric but for the axes' order
    assert np.abs(kernel - kernel.T).max() < 0.25 * kernel.max()


def test_a_constant_stays_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(50, 3)).astype(np.float32)
    sevens = np.full((50, 1), 7, np.float32)
    np.testing.assert_allclose(smoothed(features, sevens), 7, rtol=1e-5)
    values = rng.random((50, 2)).astype(np.float32)
    order = rng.permutation(50)
    np.testing.assert_allclose(
        smoothed(features[order], values[order]),
        smoothed(features, values)[order],
        rtol=1e-4,
    )


def test_far_points_do_not_hear_each_other() -> None:
    features = np.array([[0.0, 0.0], [100.0, 0.0]], np.float32)
    values = np.array([[1.0], [0.0]], np.float32)
    assert smoothed(features, values).round(6).tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros(3), r"shape \[N, D\], got \(3,\)"),
        (np.zeros((0, 2)), r"shape \[N, D\], got \(0, 2\)"),
        (np.array([[np.nan, 1.0]]), "features must be finite"),
        (np.eye(6) * 1e6, "fewer standard deviations"),
    ],
)
def test_bad_features(features: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PermutohedralLattice(features)
