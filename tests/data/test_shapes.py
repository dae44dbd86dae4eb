"""Shapes: their outlines and what they hide."""

import numpy as np
import pytest
from skimage.measure import regionprops

from seglab.data.shapes import (
    CATEGORIES,
    Shape,
    visible_masks,
    whole_masks,
)


@pytest.mark.parametrize(
    ("category", "area", "rim"),
    [
        ("disc", np.pi, 1.0),
        ("square", 2.0, 1.0),
        ("triangle", 0.75 * np.sqrt(3), 1.0),
        # five pairs of triangles from the centre to a point and a notch
        ("star", 5 * 0.5 * np.sin(np.pi / 5), 1.0),
        ("ring", np.pi * (1 - 0.55**2), 1.0),
    ],
)
def test_shapes_have_the_area_of_their_formula(category, area, rim):
    kind = CATEGORIES.index(category) + 1
    shape = Shape(kind, (200.0, 190.0), 150.0, 0.7, (1.0, 1.0, 1.0))
    mask = shape.cover((400, 420))
    assert mask.sum() / 150**2 == pytest.approx(area, rel=0.01)
    rows, columns = np.nonzero(mask)
    reach = np.hypot(columns - 200, rows - 190).max() / 150
    assert reach == pytest.approx(rim, abs=0.01)
    middle = regionprops(mask.astype(int))[0].centroid
    assert middle == pytest.approx((190, 200), abs=0.5)


def test_front_shapes_hide_those_behind():
    front = Shape(1, (20.0, 20.0), 8.0, 0.0, (1.0, 0.0, 0.0))
    behind = Shape(1, (26.0, 20.0), 8.0, 0.0, (0.0, 0.0, 1.0))
    seen = visible_masks(whole_masks([front, behind], (40, 50)))
    np.testing.assert_array_equal(seen[0], front.cover((40, 50)))
    np.testing.assert_array_equal(
        seen[1], behind.cover((40, 50)) & ~front.cover((40, 50))
    )
