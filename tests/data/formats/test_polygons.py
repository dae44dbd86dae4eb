"""Outlines of random masks and back; pixels tested one at a time."""

import sys

import numpy as np
import pytest
import shapely.geometry
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from seglab.data.formats.polygons import (
    Polygon,
    contours_of,
    mask_to_polygons,
    polygon_area,
    polygons_to_mask,
    simplify,
)

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
masks = hnp.arrays(bool, shapes)
# halves and quarters, so that outlines run through pixel centres
coordinates = st.integers(-6, 26).map(lambda n: n / 4)
points = st.tuples(coordinates, coordinates)
rings = st.lists(points, min_size=3, max_size=7)
scores = hnp.arrays(
    float,
    shapes,
    elements=st.sampled_from([0.0, 0.5, 0.4999999999999999, 0.6, 1.0])
    | st.floats(0, 1),
)


def picture(text):
    rows = text.split()
    return np.array([[letter == "#" for letter in row] for row in rows])


PICTURES = {
    "empty": picture("... ..."),
    "full": picture("### ###"),
    "one pixel": picture("#"),
    "one pixel inside": picture("... .#. ..."),
    "diagonal neighbours": picture("#. .#"),
    "other diagonal": picture(".# #."),
    "chessboard": picture("#.#.# .#.#. #.#.# .#.#."),
    "hole": picture("### #.# ###"),
    "hole at a corner": picture("##. #.# ###"),
    "two holes that touch": picture("##### #.### ##.## #####"),
    "ring in a ring": picture(
        "####### #.....# #.###.# #.#.#.# #.###.# #.....# #######"
    ),
    "spiral": picture("##### #...# #.#.# #.### #...."),
    "row": picture("##.#.###"),
    "column": picture("# # . #"),
}


def slow_mask(polygons, shape):
    """Each pixel's centre against each edge, to the right of it."""
    mask = np.zeros(shape, bool)
    for row, column in np.ndindex(*shape):
        x, y = column + 0.5, row + 0.5
        for polygon in polygons:
            inside = False
            for ring in (polygon.outer, *polygon.holes):
                for (x0, y0), (x1, y1) in zip(
                    ring, np.roll(ring, -1, axis=0), strict=True
                ):
                    if y0 > y1:
                        x0, y0, x1, y1 = x1, y1, x0, y0
                    if y0 <= y < y1:
                        cross = x0 + (y - y0) * ((x1 - x0) / (y1 - y0))
                        inside ^= cross <= x
            mask[row, column] |= inside
    return mask


def to_shapely(polygon):
    return shapely.geometry.Polygon(polygon.outer, polygon.holes)


def check_outlines(mask):
    polygons = mask_to_polygons(mask)
    back = polygons_to_mask(polygons, mask.shape)
    np.testing.assert_array_equal(back, mask)
    assert len(polygons) == ndimage.label(mask)[1]
    assert sum(map(polygon_area, polygons)) == mask.sum()
    for polygon in polygons:
        assert to_shapely(polygon).is_valid
        for ring in (polygon.outer, *polygon.holes):
            steps = np.diff(ring, axis=0, append=ring[:1])
            # corners only, and no ring meets itself
            assert ((steps == 0).sum(axis=1) == 1).all()
            assert (steps[:-1, 0] * steps[1:, 0] == 0).all()
            assert len(np.unique(ring, axis=0)) == len(ring)


@given(masks)
def test_outlines_give_back_the_mask(mask):
    check_outlines(mask)


@pytest.mark.parametrize("name", PICTURES)
def test_outlines_of_telling_masks(name):
    check_outlines(PICTURES[name])


def test_a_mask_of_many_parts_and_holes():
    noise = np.random.default_rng(0).random((61, 83)) < 0.6
    check_outlines(noise)
    check_outlines(ndimage.binary_opening(noise))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_mask_of_no_pixels(shape):
    assert mask_to_polygons(np.zeros(shape, bool)) == []
    assert contours_of(np.zeros(shape)) == []
    assert polygons_to_mask([], shape).shape == shape


def test_outer_rings_run_clockwise_from_the_first_point_read():
    polygon, inner = mask_to_polygons(PICTURES["ring in a ring"])
    assert polygon.outer.tolist() == [[0, 0], [7, 0], [7, 7], [0, 7]]
    assert [len(ring) for ring in (*polygon.holes, *inner.holes)] == [4, 4]
    # against the clock: down first
    hole = polygon.holes[0].tolist()
    assert hole[hole.index([1, 1]) - 3] == [1, 6]


@given(st.lists(st.tuples(rings, st.lists(rings, max_size=2)), max_size=3))
def test_filling_is_that_of_the_loop(drawn):
    polygons = [Polygon(outer, holes) for outer, holes in drawn]
    expected = slow_mask(polygons, (5, 6))
    np.testing.assert_array_equal(
        polygons_to_mask(polygons, (5, 6)), expected
    )


@given(st.lists(points, min_size=4, max_size=4, unique=True))
def test_neighbours_share_no_pixel_and_leave_none_out(corners):
    a, b, c, d = corners
    whole = Polygon(corners)
    halves = [Polygon([a, b, c]), Polygon([a, c, d])]
    masks = [polygons_to_mask([half], (9, 9)) for half in halves]
    np.testing.assert_array_equal(
        masks[0] ^ masks[1], polygons_to_mask([whole], (9, 9))
    )


def test_overlapping_polygons_are_united():
    square = Polygon([(0, 0), (2, 0), (2, 2), (0, 2)])
    assert polygons_to_mask([square, square], (3, 3)).sum() == 4


def test_far_away_points_do_no_harm():
    triangle = Polygon([(-1e12, -1e12), (1e12, -1e12), (0.5, 1e12)])
    assert polygons_to_mask([triangle], (4, 5)).all()
    outside = Polygon([(-9, -9), (-5, -9), (-5, -5)])
    assert not polygons_to_mask([outside], (4, 5)).any()


@pytest.mark.parametrize("ring", [[], [(1, 1)], [(0, 0), (3, 3)]])
def test_a_ring_of_few_points_encloses_nothing(ring):
    polygon = Polygon(ring)
    assert polygon_area(polygon) == 0
    assert not polygons_to_mask([polygon], (4, 4)).any()


@given(scores)
def test_contours_hold_the_pixels_above_the_level(probabilities):
    high = probabilities > 0.5
    polygons = contours_of(probabilities)
    assert len(polygons) == ndimage.label(high)[1]
    back = polygons_to_mask(polygons, high.shape)
    np.testing.assert_array_equal(back, high)


def test_a_contour_is_finer_than_a_pixel():
    y, x = np.mgrid[:40, :50] + 0.5
    distance = np.hypot(x - 24.3, y - 19.8)
    (disc,) = contours_of(10 - distance, level=0)
    radii = np.hypot(*(disc.outer - (24.3, 19.8)).T)
    np.testing.assert_allclose(radii, 10, atol=0.02)
    (ring,) = contours_of(3 - abs(distance - 10), level=0)
    assert len(ring.holes) == 1
    assert abs(polygon_area(ring) / (np.pi * (13**2 - 7**2)) - 1) < 0.01


def test_a_contour_ends_where_the_image_ends():
    (polygon,) = contours_of(np.full((3, 4), 0.9), level=0.2)
    assert polygon.outer.min(axis=0).tolist() == [0, 0]
    assert polygon.outer.max(axis=0).tolist() == [4, 3]


@pytest.mark.parametrize("value", [0.5, 0.2])
def test_nothing_lies_above_the_level(value):
    assert contours_of(np.full((3, 3), value)) == []


def test_simpler_outlines_stay_near():
    y, x = np.mgrid[:60, :60]
    distance = np.hypot(x - 30, y - 30)
    before = mask_to_polygons((distance < 25) & (distance > 10))
    (after,) = simplify(before, tolerance=1)
    assert len(after.outer) < len(before[0].outer) / 3
    assert len(after.holes) == 1
    gap = to_shapely(after).hausdorff_distance(to_shapely(before[0]))
    assert gap <= 1
    assert to_shapely(after).is_valid


def test_simplifying_by_nothing_keeps_the_mask():
    mask = np.random.default_rng(1).random((20, 20)) < 0.6
    same = simplify(mask_to_polygons(mask), 0)
    np.testing.assert_array_equal(polygons_to_mask(same, (20, 20)), mask)


def test_area_is_that_of_shapely():
    polygon = Polygon([(0, 0), (9, 1), (7, 8)], [[(4, 2), (5, 2), (5, 3)]])
    assert polygon_area(polygon) == to_shapely(polygon).area


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        ([(0, 0, 0)], r"outer must be points \(x, y\)"),
        ([1, 2, 3], "outer must be points"),
        ([(0, 0), (np.nan, 1), (2, 2)], "outer must be finite"),
    ],
)
def test_odd_rings_are_refused(ring, message):
    with pytest.raises(ValueError, match=message):
        Polygon(ring)


def test_odd_arguments_are_refused():
    square = Polygon([(0, 0), (2, 0), (2, 2), (0, 2)])
    with pytest.raises(TypeError, match="got ndarray"):
        polygons_to_mask([square.outer], (3, 3))
    with pytest.raises(TypeError, match="got list"):
        polygon_area([(0, 0)])
    with pytest.raises(ValueError, match=r"\(height, width\)"):
        polygons_to_mask([square], (3, 3, 3))
    with pytest.raises(ValueError, match=r"\(height, width\)"):
        polygons_to_mask([square], (3.5, 3))
    with pytest.raises(ValueError, match="tolerance must be finite"):
        simplify([square], -1)
    with pytest.raises(TypeError, match="got float64"):
        mask_to_polygons(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"must be \[H, W\]"):
        contours_of(np.zeros(4))
    with pytest.raises(ValueError, match="got NaN"):
        contours_of(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="level must be finite"):
        contours_of(np.zeros((2, 2)), level=np.nan)


@pytest.mark.parametrize(
    ("library", "call"),
    [
        ("skimage", lambda: contours_of(np.ones((2, 2)))),
        ("shapely", lambda: simplify([], 1)),
    ],
)
def test_a_missing_library_names_the_extra(monkeypatch, library, call):
    for name in [m for m in sys.modules if m.startswith(library)]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        ImportError, match=rf"needs {library}: pip install 'seglab\[data\]'"
    ):
        call()
