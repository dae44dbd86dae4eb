import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from seglab.deploy.resampling import triangle_matrix

sizes = st.integers(1, 70)


@given(sizes, sizes)
def test_equals_pytorch(length, out):
    values = torch.rand(length, dtype=torch.float64)
    wanted = F.interpolate(
        values[None, None, None],
        (1, out),
        mode="bilinear",
        antialias=True,
    )[0, 0, 0]
    got = triangle_matrix(length, out) @ values.numpy()
    np.testing.assert_allclose(got, wanted, atol=1e-6)


@given(sizes, sizes)
def test_rows_sum_to_one_and_nothing_is_negative(length, out):
    matrix = triangle_matrix(length, out)
    assert matrix.shape == (out, length)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    assert matrix.min() >= 0


@given(sizes)
def test_the_same_size_changes_nothing(length):
    same = triangle_matrix(length, length).toarray()
    np.testing.assert_array_equal(same, np.eye(length))


def test_a_long_side_needs_little_memory():
    assert triangle_matrix(10_000, 128).nnz < 3 * 10_000
    assert triangle_matrix(128, 10_000).nnz <= 2 * 10_000


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 1)])
def test_no_length(sizes):
    with pytest.raises(ValueError, match="must be 1 or more"):
        triangle_matrix(*sizes)
