"""Vertebrae in sagittal slices, on a made-up scan and on the real one."""

import dataclasses

import numpy as np
import pytest
import torch

from seglab.data import catalog, sagittal
from seglab.data.chest_scan import ChestScan
from seglab.data.sagittal import sagittal_vertebrae
from seglab.data.splits import slab_split
from seglab.instances.truth import true_objects

needs_scan = pytest.mark.skipif(
    catalog.find("chest") is None, reason="the chest CT is not here"
)


def column(spacing=(4.0, 2.0, 2.0)):
    """Three vertebrae, 20 mm high, with discs of 8 mm between them."""
    hounsfield = np.full((30, 50, 24), -1024, np.int16)
    labels = np.zeros(hounsfield.shape, np.uint8)
    hounsfield[:, 5:45] = 40
    for k, label in enumerate((31, 30, 32)):  # from below
        box = (slice(4 + 7 * k, 9 + 7 * k), slice(22, 32), slice(6, 18))
        labels[box] = label
        hounsfield[box] = 500
    names = {"liver": 5, "vertebrae_L1": 31, "vertebrae_L2": 30}
    names["vertebrae_T12"] = 32
    return ChestScan(hounsfield, labels, spacing, names)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sagittal, "load_scan", column)


def test_vertebrae_keep_their_size_in_mm(small):
    slices = sagittal_vertebrae(
        size=(120, 80), spacing_mm=1.0, least_shown=3
    )
    assert slices.images.shape == (12, 3, 120, 80)
    assert slices.panoptic.shape == (12, 120, 80)
    assert slices.x.tolist() == list(range(6, 18))
    assert slices.counts() == [3] * 12
    for image, panoptic in zip(slices.images, slices.panoptic, strict=True):
        truth = true_objects(panoptic, things=[1])
        boxes = truth["boxes"]
        # 20 mm by 20 mm in both directions, though voxels are not cubes
        assert torch.equal(
            boxes[:, 2:] - boxes[:, :2], torch.full((3, 2), 20.0)
        )
        # 7 voxels of 4 mm from one to the next, the lowest first
        assert boxes[:, 1].diff().tolist() == [-28, -28]
        # the crop's middle is the spine's
        assert (boxes[:, 0] + boxes[:, 2]).tolist() == [80, 80, 80]
        inside = image[0][truth["masks"].any(dim=0)]
        assert (
            inside.median()
            > image[0][~truth["masks"].any(dim=0)].max() - 0.1
        )


def test_lowest_first_and_named(small):
    slices = sagittal_vertebrae(least_shown=1)
    assert slices.vertebrae == {
        1: "vertebrae_L1",
        2: "vertebrae_L2",
        3: "vertebrae_T12",
    }
    # the head is at the top
    rows = [
        torch.nonzero(slices.panoptic[0] == 1000 + k)[:, 0].float().mean()
        for k in (1, 2, 3)
    ]
    assert rows[0] > rows[1] > rows[2]


@pytest.mark.parametrize("spacing", [0.9, 1.7, 3.1])
def test_areas_do_not_hang_on_the_pixel_size(small, spacing):
    slices = sagittal_vertebrae(
        size=(160, 120), spacing_mm=spacing, least_shown=3
    )
    areas = slices.panoptic.flatten().bincount()[1001:] * spacing**2 / 12
    assert areas.tolist() == pytest.approx([400] * 3, rel=0.12)


def test_what_lies_beyond_the_scan_is_air(small):
    slices = sagittal_vertebrae(
        size=(200, 160), spacing_mm=1.0, least_shown=1
    )
    assert not slices.images[:, :, :30].any()
    assert not slices.images[:, :, :, -20:].any()
    assert not slices.panoptic[:, :30].any()
    smaller = sagittal_vertebrae(
        size=(40, 10), spacing_mm=1.0, least_shown=1
    )
    assert torch.equal(smaller.images, slices.images[..., 80:120, 75:85])


def test_small_sections_and_poor_slices_are_left_out(monkeypatch):
    scan = column()
    labels = scan.labels.copy()
    # of the top vertebra only a corner is left on the right half
    labels[18:23, 22:32, 6:12] = 0
    labels[18:19, 22:24, 6:12] = 32
    changed = dataclasses.replace(scan, labels=labels)
    monkeypatch.setattr(sagittal, "load_scan", lambda: changed)
    options = {"size": (120, 80), "spacing_mm": 1.0}
    all_of_it = sagittal_vertebrae(**options, least_shown=1, least_mm2=0)
    assert all_of_it.counts() == [3] * 12
    without = sagittal_vertebrae(**options, least_shown=1)
    assert without.counts() == [2] * 6 + [3] * 6
    few = sagittal_vertebrae(**options, least_shown=3)
    assert few.x.tolist() == list(range(12, 18))
    with pytest.raises(ValueError, match="least_shown=4 leaves no slice"):
        sagittal_vertebrae(**options, least_shown=4)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"size": (0, 8)}, r"size must be .* got \(0, 8\)"),
        ({"size": (8,)}, "size must be two"),
        ({"spacing_mm": 0.0}, "spacing_mm must be above 0, got 0.0"),
        ({"spacing_mm": np.nan}, "spacing_mm must be above 0, got nan"),
        ({"least_shown": 0}, "least_shown must be 1 or more, got 0"),
        ({"least_mm2": -1}, "least_mm2 must be 0 or more, got -1"),
    ],
)
def test_wrong_arguments_are_named(options, says):
    with pytest.raises(ValueError, match=says):
        sagittal_vertebrae(**options)


@needs_scan
def test_the_real_scan_shows_many_vertebrae():
    slices = sagittal_vertebrae(least_shown=14)
    assert slices.images.shape[1:] == (3, 256, 160)
    assert 0 <= slices.images.min() < 0.01 < 0.9 < slices.images.max() <= 1
    counts = slices.counts()
    assert min(counts) >= 14 and max(counts) >= 17
    assert slices.vertebrae[1] == "vertebrae_L3"
    train, test = slab_split(slices.x, held_out=0.25, gap=4, slabs=1)
    assert min(len(train), len(test)) > 12
    # bone is brighter than what surrounds it
    bone = slices.images[:, 0][slices.panoptic > 0].mean()
    assert bone > slices.images[:, 0][slices.panoptic == 0].mean() + 0.1
