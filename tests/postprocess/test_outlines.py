"""Outlines without pixel steps, in the right place."""

from __future__ import annotations

import numpy as np
import pytest

from seglab.data.formats.polygons import polygon_area, polygons_to_mask
from seglab.postprocess import smooth_outlines


def test_a_disc_comes_out_round_and_in_place() -> None:
    rows, columns = np.mgrid[:60, :80] + 0.5
    disc = np.hypot(rows - 31, columns - 40) < 15
    (polygon,) = smooth_outlines(disc.astype(int), sigma=1.5)[1]
    away = np.hypot(*(polygon.outer - [40, 31]).T)
    assert away.std() < 0.2
    assert polygon_area(polygon) == pytest.approx(np.pi * 15**2, rel=0.03)
    back = polygons_to_mask([polygon], disc.shape)
    assert (back != disc).sum() < 20


def test_straight_edges_stay() -> None:
    labels = np.zeros((40, 40), int)
    labels[:, :20] = 4
    (polygon,) = smooth_outlines(labels, sigma=2)[4]
    middle = polygon.outer[np.abs(polygon.outer[:, 1] - 20) < 10]
    np.testing.assert_allclose(
        middle[middle[:, 0] > 10][:, 0], 20, atol=0.05
    )


def test_holes_and_several_objects() -> None:
    labels = np.zeros((50, 50), int)
    labels[5:25, 5:25] = 2
    labels[12:18, 12:18] = 0
    labels[30:45, 30:45] = 9
    outlines = smooth_outlines(labels)
    assert list(outlines) == [2, 9]
    assert len(outlines[2][0].holes) == 1
    assert polygon_area(outlines[9][0]) == pytest.approx(225, rel=0.03)


def test_a_speck_may_vanish_and_nothing_has_no_outline() -> None:
    speck = np.zeros((20, 20), int)
    speck[10, 10] = 1
    assert smooth_outlines(speck, sigma=3) == {1: []}
    assert smooth_outlines(np.zeros((5, 5), int)) == {}


def test_bad_settings() -> None:
    labels = np.ones((4, 4), int)
    with pytest.raises(ValueError, match="sigma must be 0 or more"):
        smooth_outlines(labels, sigma=-1)
    with pytest.raises(ValueError, match="tolerance must be 0 or more"):
        smooth_outlines(labels, tolerance=-1)
