"""Hulls, containers and sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from skimage.morphology import convex_hull_image, convex_hull_object

from seglab.postprocess import fill_hulls, keep_inside, name_sides
from tests.postprocess.label_maps import label_maps


def test_one_object_has_scikit_images_hull() -> None:
    mask = np.zeros((30, 30), int)
    mask[4:20, 5] = mask[19, 5:25] = 3
    found = fill_hulls(mask)
    np.testing.assert_array_equal(found > 0, convex_hull_image(mask > 0))
    assert set(np.unique(found)) == {0, 3}


def test_objects_do_not_eat_each_other() -> None:
    ids = np.zeros((12, 12), int)
    ids[1:11, 1] = ids[10, 1:11] = 1
    ids[2:4, 8:10] = 2
    ids[6, 4] = 5
    found = fill_hulls(ids)
    np.testing.assert_array_equal(found[ids > 0], ids[ids > 0])
    assert found[8, 3] == 1


@settings(deadline=None)
@given(labels=label_maps(most=1))
def test_hulls_hold_their_objects(labels: np.ndarray) -> None:
    found = fill_hulls(labels)
    assert (found[labels > 0] == 1).all()
    if labels.sum() > 3 and (convex_hull_object(labels > 0)).all():
        assert found.all()


def test_a_class_outside_its_container_goes() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[4:16, 4] = labels[4:16, 15] = 1  # two walls of a lung
    labels[9:11, 9:11] = 2  # between them
    labels[1, 1] = 2  # outside
    found = keep_inside(labels, {2: 1})
    assert (found == 2).sum() == 4
    assert (found == 1).sum() == (labels == 1).sum()
    assert not (keep_inside(labels, {2: 3}) == 2).any()


def test_sides() -> None:
    mask = np.zeros((6, 20), bool)
    mask[:, 2:5] = mask[1:3, 6] = mask[:, 14:18] = True
    found = name_sides(mask)
    assert set(np.unique(found[:, :10])) == {0, 1}
    assert set(np.unique(found[:, 10:])) == {0, 2}
    assert (name_sides(mask, middle=0)[mask] == 2).all()
    assert not name_sides(np.zeros((3, 3), bool)).any()


def test_no_label_map() -> None:
    for function in (fill_hulls, name_sides):
        with pytest.raises(TypeError, match="labels must hold whole"):
            function(np.ones((2, 2)))
    with pytest.raises(TypeError, match="labels must hold whole"):
        keep_inside(np.ones((2, 2)), {1: 2})
