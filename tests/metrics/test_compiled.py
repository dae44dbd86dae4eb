"""The compiled count of pixels against NumPy's, and when it is taken."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seglab.metrics import _compiled as module
from seglab.metrics import _distances, confusion
from seglab.metrics.confusion import confusion_matrix

pytest.importorskip("numba")

TYPES = [
    *(np.uint8, np.uint16, np.uint32, np.uint64),
    *(np.int8, np.int16, np.int32, np.int64),
]
# each pair of sizes is compiled anew
PAIRS = [*zip(TYPES, TYPES, strict=True), (np.int8, np.int64)]


def labels(dtype, size):
    """Labels that are small, negative, or anything the type holds."""
    info = np.iinfo(dtype)
    near = st.integers(max(-3, int(info.min)), 9)
    far = st.integers(int(info.min), int(info.max))
    return hnp.arrays(dtype, size, elements=near | far)


def slow_count(truth, prediction, classes, ignored):
    """Pixel by pixel, as the words say it."""
    cells = np.zeros((classes + 2, classes + 1), np.int64)
    for true, predicted in zip(
        truth.tolist(), prediction.tolist(), strict=True
    ):
        row = true if 0 <= true < classes else classes
        row = classes + 1 if true == ignored else row
        column = predicted if 0 <= predicted < classes else classes
        cells[row, column] += 1
    return cells


@given(
    st.data(),
    st.sampled_from(PAIRS),
    st.integers(0, 40),
    st.sampled_from([1, 2, 8, 127, 128, 200, 254]),
    st.sampled_from([None, -3, 0, 3, 128, 200, 253, 254, 255, 2**63]),
)
@settings(max_examples=150, deadline=None)
def test_it_counts_what_numbers_say(data, types, size, classes, ignored):
    truth, prediction = (data.draw(labels(one, size)) for one in types)
    np.testing.assert_array_equal(
        module.count_cells(truth, prediction, classes, ignored),
        slow_count(truth, prediction, classes, ignored),
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize("rest", [0, 1, 5])
def test_it_counts_what_numpy_counts(dtype, rest):
    size = 3 * module.BLOCK + rest
    pair = np.random.default_rng(rest).integers(0, 22, (2, size))
    truth, prediction = pair.astype(dtype)
    np.testing.assert_array_equal(
        module.count_cells(truth, prediction, 19, 21),
        confusion.count_pairs(truth, prediction, 19, 21),
    )


def test_a_wrong_label_is_refused_all_the_same(monkeypatch):
    monkeypatch.setattr(module, "LARGE", 1)
    truth = np.array([0, 1, 7], np.uint8)
    with pytest.raises(ValueError, match="truth must hold class indices"):
        confusion_matrix(truth * 0, truth, 2)
    assert confusion_matrix(truth * 0, truth, 2, ignore_index=7).sum() == 2


@pytest.mark.parametrize(
    ("dtype", "size", "classes", "taken"),
    [
        (np.uint8, module.LARGE, 19, True),
        (np.int64, module.LARGE, 254, True),
        (np.int64, module.LARGE, 255, False),
        (np.uint8, module.LARGE - 1, 19, False),
        (np.uint64, module.LARGE, 19, True),
        (bool, module.LARGE, 2, False),
        (">i4", module.LARGE, 19, False),
    ],
)
def test_it_is_taken_where_it_pays(dtype, size, classes, taken):
    labels = np.zeros(size, dtype)
    assert module.can_count(labels, labels, classes) == taken


def test_nothing_changes_without_numba(monkeypatch):
    monkeypatch.setattr(module, "_has_numba", lambda: False)
    labels = np.ones(module.LARGE, np.uint8)
    assert not module.can_count(labels, labels, 2)
    assert confusion_matrix(labels, labels, 2)[1, 1] == module.LARGE


@given(
    hnp.arrays(bool, (2, 7, 9)),
    st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)),
)
@settings(max_examples=80, deadline=None)
def test_a_search_by_rows_finds_what_a_tree_finds(pair, spacing):
    sizes = np.array(spacing)
    by_tree = _distances.point_distances(*pair, sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SEVERAL", 0)
        by_rows = _distances.point_distances(*pair, sizes)
    for ours, theirs in zip(by_rows, by_tree, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("points", "axes", "taken"),
    [(512, 2, True), (511, 2, False), (10_000, 3, False)],
)
def test_pictures_are_searched_by_rows(points, axes, taken):
    assert module.can_search(points, axes) == taken
