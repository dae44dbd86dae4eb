"""Sizes of surface elements, against marching cubes and the authors."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import marching_cubes, mesh_surface_area

from seglab.metrics._surface_elements import corner_codes, element_sizes

SPACINGS = st.lists(st.floats(0.1, 10), min_size=3, max_size=3)


def cube(code):
    bits = [int(bit) for bit in f"{code:08b}"]
    return np.reshape(bits, (2, 2, 2)).astype(bool)


@given(SPACINGS)
def test_tables_are_those_of_the_authors(spacing):
    """All 256 codes: no ambiguous one differs."""
    theirs = pytest.importorskip("surface_distance.lookup_tables")
    np.testing.assert_allclose(
        element_sizes(np.array(spacing)),
        theirs.create_table_neighbour_code_to_surface_area(spacing),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        element_sizes(np.array(spacing[:2])),
        theirs.create_table_neighbour_code_to_contour_length(spacing[:2]),
        rtol=1e-12,
    )


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.7, 0.9)])
def test_areas_are_those_of_marching_cubes(spacing):
    """Up to four set voxels, where both cut off the set ones."""
    areas = element_sizes(np.array(spacing))
    for code in range(1, 255):
        if code.bit_count() <= 4:
            points, triangles, _, _ = marching_cubes(
                cube(code).astype(float),
                0.5,
                spacing=spacing,
                method="lorensen",
                allow_degenerate=False,
            )
            area = mesh_surface_area(points, triangles)
            assert areas[code] == pytest.approx(area, rel=1e-5)


def test_set_and_unset_exchanged_have_the_same_size():
    for spacing in ((1.5, 0.8), (1.5, 0.8, 0.7)):
        sizes = element_sizes(np.array(spacing))
        np.testing.assert_array_equal(sizes, sizes[::-1])
        assert (np.flatnonzero(sizes == 0) == [0, len(sizes) - 1]).all()


def test_flat_and_cut_elements_have_the_area_of_geometry():
    areas = element_sizes(np.array([2.0, 3.0, 5.0]))
    assert areas[0b11110000] == pytest.approx(3 * 5)
    assert areas[0b11001100] == pytest.approx(2 * 5)
    assert areas[0b10101010] == pytest.approx(2 * 3)
    # one voxel: a triangle through the middles of three edges
    legs = np.diag([1.0, 1.5, 2.5])
    normal = np.cross(legs[1] - legs[0], legs[2] - legs[0])
    assert areas[0b00000001] == pytest.approx(math.hypot(*normal) / 2)


@pytest.mark.parametrize("code", [0b1, 0b10, 0b1000_0000, 0b1010_0110])
def test_the_code_of_a_corner_lists_its_neighbours(code):
    assert corner_codes(cube(code))[1, 1, 1] == code


def test_corners_reach_around_the_mask():
    codes = corner_codes(np.ones((1, 1), bool))
    np.testing.assert_array_equal(codes, [[1, 2], [4, 8]])
    codes = corner_codes(np.ones((2, 3, 4), bool))
    assert codes.shape == (3, 4, 5)
    for place in itertools.product((0, -1), repeat=3):
        assert int(codes[place]).bit_count() == 1
