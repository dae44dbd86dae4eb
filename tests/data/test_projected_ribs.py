"""Ribs as instances agree with the masks of the films."""

import dataclasses

import numpy as np
import pytest
import torch
from torchvision.ops import masks_to_boxes

from seglab.data.projected_ribs import ProjectedRibs
from seglab.data.radiographs import load_radiographs


@pytest.fixture(scope="module")
def films():
    return load_radiographs()


@pytest.mark.parametrize("index", [0, 70, -1])
def test_items_are_the_films_masks(films, index):
    ribs = ProjectedRibs(films)
    image, target = ribs[index]
    np.testing.assert_allclose(
        255 * image[1], films.images[index], atol=1e-4
    )
    names = ribs.names(index)
    assert len(names) == len(target["masks"]) > 15
    for name, mask in zip(names, target["masks"], strict=True):
        np.testing.assert_array_equal(mask, films.mask(name)[index])
    boxes = masks_to_boxes(target["masks"])
    boxes[:, 2:] += 1
    np.testing.assert_array_equal(target["boxes"], boxes)
    assert target["labels"].tolist() == [1] * len(names)
    assert image.dtype == torch.float32 and image.is_contiguous()


def test_masks_overlap(films):
    _, target = ProjectedRibs(films)[3]
    assert target["masks"].sum(dim=0).max() >= 2


def test_what_is_hardly_shown_is_left_out(films):
    packed = films.packed.copy()
    place = films.names.index("rib_left_3")
    packed[0, place] = 0
    packed[0, place, 5, 5] = 0b11110000
    few = dataclasses.replace(films, packed=packed)
    full = set(ProjectedRibs(films).names(0))
    assert full - set(ProjectedRibs(few).names(0)) == {"rib_left_3"}
    assert "rib_left_3" in ProjectedRibs(few, least_pixels=4).names(0)
    packed[0, place] = 0
    assert "rib_left_3" not in ProjectedRibs(few, least_pixels=1).names(0)


def test_a_film_without_ribs_is_empty(films):
    packed = np.zeros_like(films.packed)
    _, target = ProjectedRibs(dataclasses.replace(films, packed=packed))[0]
    assert target["boxes"].shape == (0, 4)
    assert target["masks"].shape == (0, 192, 192)


def test_patients_are_the_films(films):
    ribs = ProjectedRibs(films)
    assert len(ribs) == len(films)
    np.testing.assert_array_equal(ribs.patient, films.patient)


def test_no_pixels_is_refused():
    with pytest.raises(ValueError, match="least_pixels must be 1 or more"):
        ProjectedRibs(least_pixels=0)
