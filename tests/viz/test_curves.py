"""Curves of a training history."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from seglab.viz import plot_history

ROWS = [
    {"step": 1, "loss": 0.9},
    {"step": 2, "loss": float("nan"), "dice": 0.3},
    {"step": 3, "loss": 0.5, "dice": 0.6},
]


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_missing_and_nan_points_are_left_out():
    ax = plot_history(ROWS, ["loss", "dice"])
    loss, dice = (line.get_xydata() for line in ax.lines)
    np.testing.assert_allclose(loss, [[1, 0.9], [3, 0.5]])
    np.testing.assert_allclose(dice, [[2, 0.3], [3, 0.6]])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["loss", "dice"]


def test_it_draws_on_the_axes_it_is_given():
    _, ax = plt.subplots()
    assert plot_history(ROWS, ["loss"], ax=ax) is ax


def test_a_column_of_nan_alone_gives_an_empty_curve():
    ax = plot_history([{"step": 1, "loss": float("nan")}], ["loss"])
    assert len(ax.lines[0].get_xydata()) == 0


def test_an_unknown_column_is_named():
    with pytest.raises(ValueError, match="no row has 'iou'"):
        plot_history(ROWS, ["iou"])
