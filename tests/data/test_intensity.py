"""Grey levels under masks, against NumPy on the chosen pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seglab.data.intensity import intensity_by_class, intensity_histogram

NAMES = ["background", "lung", "rib"]
shape = (2, 4, 5)
films = hnp.arrays(np.uint8, shape)
floats = hnp.arrays(np.float32, shape, elements=st.floats(-5, 5, width=32))
label_maps = hnp.arrays(
    np.int64, shape, elements=st.sampled_from([0, 1, 2, 255])
)


@given(films, label_maps)
def test_uint8_is_exact(images, masks):
    table = intensity_by_class(images, masks, NAMES, ignore_index=255)
    for label, name in enumerate(NAMES):
        pixels, row = images[masks == label], table.loc[name]
        assert row["pixels"] == len(pixels)
        if not len(pixels):
            assert np.isnan(row.iloc[1:]).all()
            continue
        assert row["mean"] == pytest.approx(pixels.mean())
        assert row["std"] == pytest.approx(pixels.std())
        wanted = np.percentile(pixels, [5, 50, 95], method="inverted_cdf")
        assert row[["p5", "median", "p95"]].tolist() == wanted.tolist()


@given(floats, label_maps, st.integers(2, 300))
def test_floats_are_right_to_half_a_bin(images, masks, bins):
    table = intensity_by_class(
        images, masks, NAMES, ignore_index=255, bins=bins
    )
    width = float(np.ptp(images)) or 1.0
    half = 0.5 * width / bins + 1e-6
    for label, name in enumerate(NAMES):
        pixels, row = images[masks == label], table.loc[name]
        if not len(pixels):
            continue
        wanted = np.percentile(pixels, [5, 50, 95], method="inverted_cdf")
        found = row[["p5", "median", "p95"]].to_numpy(float)
        assert np.abs(found - wanted).max() <= half
        assert abs(row["mean"] - pixels.mean()) <= half


@given(films, hnp.arrays(np.bool_, (2, 3, 4, 5)))
def test_layers_are_counted_one_by_one(images, masks):
    counts = intensity_histogram(images, masks, NAMES)
    assert counts.index.tolist() == list(range(256))
    for k, name in enumerate(NAMES):
        wanted = np.bincount(images[masks[:, k]], minlength=256)
        assert counts[name].tolist() == wanted.tolist()


def test_every_pixel_that_counts_is_in_a_bin():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(3, 1, 20, 30)).astype(np.float32)
    masks = rng.integers(0, 3, (3, 20, 30))
    counts = intensity_histogram(images, masks, NAMES, bins=7)
    assert counts.shape == (7, 3)
    assert counts.sum().tolist() == np.bincount(masks.ravel()).tolist()
    assert counts.index.is_monotonic_increasing


def test_a_flat_image_has_a_level():
    image, mask = np.full((3, 3), -1000.0), np.zeros((3, 3), int)
    table = intensity_by_class([image], [mask], NAMES)
    assert abs(table.loc["background", "mean"] + 1000) < 0.01


def test_hounsfield_units_and_other_sizes():
    images = [
        np.full((2, 2), -1000, np.int16),
        np.array([[3000]], np.int16),
    ]
    masks = [np.ones((2, 2), int), np.array([[2]])]
    table = intensity_by_class(images, masks, NAMES, bins=4000)
    assert table.loc["lung", "median"] == pytest.approx(-1000, abs=1)
    assert table.loc["rib", "median"] == pytest.approx(3000, abs=1)


@pytest.mark.parametrize(
    ("images", "bins", "error", "message"),
    [
        ([], 9, ValueError, "one for each of 1 masks"),
        ([np.zeros((2, 3))], 9, ValueError, r"grey and as large.*\(2, 2\)"),
        ([np.zeros((3, 2, 2))], 9, ValueError, "must be grey"),
        ([[[0, 1], [np.nan, 1]]], 9, ValueError, "NaN or infinity"),
        ([[["a", "b"], ["c", "d"]]], 9, TypeError, "must hold numbers"),
        ([np.zeros((2, 2))], 1, ValueError, "bins must be 2 or more"),
    ],
)
def test_odd_images_are_refused(images, bins, error, message):
    with pytest.raises(error, match=message):
        intensity_by_class(images, [np.eye(2, dtype=int)], NAMES, bins=bins)
