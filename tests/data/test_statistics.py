"""Counts of masks against counts by hand, one pixel at a time."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import label as label_parts
from skimage.measure import regionprops

from seglab.data.statistics import (
    class_shares,
    co_occurrence,
    instance_sizes,
    labels_per_pixel,
    object_sizes,
    overlap,
)

NAMES = ["background", "lung", "heart", "rib"]
VOID = 255
shapes = st.tuples(st.integers(1, 7), st.integers(1, 7))
label_maps = hnp.arrays(
    np.uint8, shapes, elements=st.sampled_from([0, 1, 2, 3, VOID])
)
some_maps = st.lists(label_maps, min_size=1, max_size=4)
layer_shapes = st.tuples(st.just(3), st.integers(1, 6), st.integers(1, 6))
some_layers = st.lists(
    hnp.arrays(np.bool_, layer_shapes), min_size=1, max_size=3
)


@given(some_maps)
def test_class_shares_of_label_maps(masks):
    table = class_shares(masks, NAMES, ignore_index=VOID)
    pixels = [int(value) for mask in masks for value in mask.flat]
    counted = [value for value in pixels if value != VOID]
    for number, name in enumerate(NAMES):
        row = table.loc[name]
        assert row["pixels"] == counted.count(number)
        assert row["share"] == counted.count(number) / (len(counted) or 1)
        held = sum(number in mask for mask in masks)
        assert row["images"] == held
        assert row["image_share"] == held / len(masks)


@given(some_layers)
def test_class_shares_of_layers(masks):
    table = class_shares(masks, NAMES[1:])
    size = sum(mask[0].size for mask in masks)
    for k, name in enumerate(NAMES[1:]):
        pixels = sum(int(mask[k].sum()) for mask in masks)
        assert table.loc[name, "pixels"] == pixels
        assert table.loc[name, "share"] == pixels / size
        held = sum(bool(mask[k].any()) for mask in masks)
        assert table.loc[name, "images"] == held


def sorted_rows(table):
    return sorted(table.itertuples(index=False, name=None))


def rows_by_scikit_image(masks, layers_of):
    found = []
    for image, mask in enumerate(masks):
        for name, layer in layers_of(mask):
            for part in regionprops(label_parts(layer, connectivity=2)):
                top, left, bottom, right = part.bbox
                size = (int(part.area), bottom - top, right - left)
                found.append((image, name, *size))
    return sorted(found)


@given(some_maps)
def test_object_sizes_of_label_maps_agree_with_scikit_image(masks):
    def layers_of(mask):
        return [(NAMES[k], mask == k) for k in (1, 2, 3)]

    found = object_sizes(masks, NAMES, ignore_index=VOID)
    assert sorted_rows(found) == rows_by_scikit_image(masks, layers_of)


@given(some_layers)
def test_object_sizes_of_layers_agree_with_scikit_image(masks):
    def layers_of(mask):
        return zip(NAMES[1:], mask, strict=True)

    found = object_sizes(masks, NAMES[1:])
    assert sorted_rows(found) == rows_by_scikit_image(masks, layers_of)


def test_the_table_of_no_object_has_its_columns():
    table = object_sizes([np.zeros((3, 3), int)], NAMES)
    assert len(table) == 0
    wanted = ["image", "class", "pixels", "height", "width"]
    assert list(table.columns) == wanted
    assert table["pixels"].dtype == np.int64


def test_instances_that_touch_are_counted_apart():
    ids = np.array([[7, 7, 2, 2, 0], [7, 2, 2, 0, 7]])
    mask = np.where(ids > 0, 3, 0)
    assert len(object_sizes([mask], NAMES)) == 1
    table = instance_sizes([ids], [mask], NAMES)
    # instance 7 has two parts: one box around both
    assert sorted_rows(table) == [(0, "rib", 4, 2, 3), (0, "rib", 4, 2, 5)]


def test_an_instance_has_the_class_of_most_of_its_pixels():
    ids = [np.array([[1, 1, 1, 4, 4]]), np.array([[5, 5, 5, 5, 5]])]
    masks = [np.array([[1, 2, 2, 3, 1]]), np.array([[1, 1, 1, 1, 2]])]
    table = instance_sizes(ids, masks, NAMES)
    assert table["class"].tolist() == ["heart", "lung", "lung"]
    assert table["pixels"].tolist() == [3, 2, 5]
    assert table["image"].tolist() == [0, 0, 1]


@given(some_maps)
def test_co_occurrence_counts_images(masks):
    table = co_occurrence(masks, NAMES, ignore_index=VOID)
    for i, one in enumerate(NAMES):
        for j, other in enumerate(NAMES):
            both = sum(i in mask and j in mask for mask in masks)
            assert table.loc[one, other] == both


@given(some_layers)
def test_overlap_counts_pixels(masks):
    table = overlap(masks, NAMES[1:])
    flat = np.hstack([mask.reshape(3, -1) for mask in masks])
    for i, one in enumerate(NAMES[1:]):
        for j, other in enumerate(NAMES[1:]):
            if flat[i].any():
                wanted = flat[j][flat[i]].mean()
                assert table.loc[one, other] == pytest.approx(wanted)
            else:
                assert np.isnan(table.loc[one, other])


def test_overlap_of_more_pixels_than_are_taken_at_once():
    rng = np.random.default_rng(0)
    mask = rng.random((2, 700, 900)) < 0.3
    table = overlap([mask], ["a", "b"])
    both = (mask[0] & mask[1]).sum()
    assert table.loc["a", "b"] == both / mask[0].sum()
    assert table.loc["b", "a"] == both / mask[1].sum()


@given(some_layers)
def test_labels_per_pixel(masks):
    series = labels_per_pixel(masks, NAMES[1:])
    depth = np.concatenate([mask.sum(axis=0).ravel() for mask in masks])
    assert series.index.tolist() == list(range(depth.max() + 1))
    for number, share in series.items():
        assert share == pytest.approx((depth == number).mean())


def test_tensors_and_stacks_are_masks_too():
    stack = np.random.default_rng(0).integers(0, 4, (3, 5, 6))
    one = class_shares(torch.from_numpy(stack), NAMES)
    assert one.equals(class_shares(list(stack), NAMES))
    layers = stack[:, None] == np.arange(4)[:, None, None]
    many = overlap(torch.from_numpy(layers), NAMES)
    assert many.equals(overlap(layers, NAMES))


def test_a_negative_label_may_be_ignored():
    masks = [np.array([[-1, 1], [-1, 0]])]
    table = class_shares(masks, NAMES, ignore_index=-1)
    assert table["pixels"].tolist() == [1, 1, 0, 0]
    assert len(object_sizes(masks, NAMES, ignore_index=-1)) == 1


def test_images_that_are_ignored_whole():
    masks = [np.full((2, 2), VOID, np.uint8)]
    table = class_shares(masks, NAMES, ignore_index=VOID)
    assert table["share"].tolist() == [0, 0, 0, 0]
    assert len(object_sizes(masks, NAMES, ignore_index=VOID)) == 0


@pytest.mark.parametrize(
    ("masks", "names", "error", "message"),
    [
        ([], NAMES, ValueError, "one mask or more"),
        ([[[0.0]]], NAMES, TypeError, r"masks\[0\] has two axes and must"),
        ([[[True]]], NAMES, TypeError, r"masks\[0\] has two axes and must"),
        ([[[0]], [[4]]], NAMES, ValueError, r"masks\[1\] holds label 4"),
        ([[[-1]]], NAMES, ValueError, "holds label -1"),
        ([[0, 1]], NAMES, ValueError, r"\[H, W\] or \[K, H, W\], got"),
        ([np.ones((3, 2, 2))], NAMES, TypeError, "three axes"),
        ([np.ones((3, 2, 2), bool)], NAMES, ValueError, "each of 4 names"),
        ([[[0]], [[[True]]]], NAMES, ValueError, "must be all"),
        ([[[0]]], "rib", ValueError, "names must be"),
        ([[[0]]], ["a", "a"], ValueError, "names must be"),
        ([[[0]]], [], ValueError, "names must be"),
    ],
)
@pytest.mark.parametrize(
    "function", [class_shares, object_sizes, co_occurrence]
)
def test_odd_masks_are_refused(function, masks, names, error, message):
    with pytest.raises(error, match=message):
        function(masks, names)


@pytest.mark.parametrize("function", [overlap, labels_per_pixel])
def test_class_indices_cannot_overlap(function):
    with pytest.raises(TypeError, match="must be multi-label"):
        function([[[0, 1]]], NAMES)


@pytest.mark.parametrize(
    ("instances", "error", "message"),
    [
        ([], ValueError, "one map for each of 1 masks"),
        ([[[0.5, 1]]], TypeError, "must be integer"),
        ([[[1, 2, 3]]], ValueError, r"both be \[H, W\]"),
        ([[[-2, 1]]], ValueError, "numbers above it, got -2"),
    ],
)
def test_odd_instances_are_refused(instances, error, message):
    with pytest.raises(error, match=message):
        instance_sizes(instances, [[[0, 1]]], NAMES)


def test_without_pandas_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"'seglab\[data\]'"):
        class_shares([[[0, 1]]], NAMES)
