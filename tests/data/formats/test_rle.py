"""Run lengths beside a loop over pixels and pycocotools."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from seglab.data.formats.rle import (
    decode_coco,
    decode_columns,
    encode_coco,
    encode_coco_plain,
    encode_columns,
    encode_columns_stack,
)

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2))
some_masks = pytest.mark.parametrize(
    "mask",
    [
        np.zeros((3, 5), bool),
        np.ones((3, 5), bool),
        np.eye(4, dtype=bool),
        np.ones((1, 1), bool),
        np.zeros((1, 1), bool),
        np.array([[1, 0, 1, 1]], bool),
        np.array([[1], [0], [1]], bool),
        np.arange(37 * 53).reshape(37, 53) % 7 < 3,
    ],
    ids=lambda mask: f"{mask.shape}-{mask.sum()}",
)


def slow_pairs(mask):
    """Start and length of each run, one pixel at a time."""
    pairs, height = [], len(mask)
    for place in range(mask.size):
        if not mask[place % height, place // height]:
            continue
        if pairs and sum(pairs[-1]) == place + 1:
            pairs[-1][1] += 1
        else:
            pairs.append([place + 1, 1])
    return " ".join(str(number) for pair in pairs for number in pair)


def pycocotools_rle(mask):
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


@given(masks)
def test_pairs_are_those_of_the_loop(mask):
    assert encode_columns(mask) == slow_pairs(mask)


@given(masks)
def test_the_way_a_mask_lies_in_memory_does_not_matter(mask):
    wide = np.repeat(mask, 2, axis=1)[:, ::2]
    for same in (np.asfortranarray(mask), wide, mask.astype(np.int64)):
        assert encode_columns(same) == encode_columns(mask)


@given(masks)
def test_pairs_come_back(mask):
    back = decode_columns(encode_columns(mask), mask.shape)
    assert back.dtype == bool and back.flags.c_contiguous
    np.testing.assert_array_equal(back, mask)


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3)))
def test_a_stack_is_its_masks(stack):
    expected = [slow_pairs(mask) for mask in stack]
    assert encode_columns_stack(stack) == expected
    last = np.moveaxis(np.moveaxis(stack, 0, -1).copy(), -1, 0)
    assert encode_columns_stack(last) == expected


@given(masks)
def test_coco_is_pycocotools(mask):
    assert encode_coco(mask) == pycocotools_rle(mask)


@some_masks
def test_coco_of_some_masks(mask):
    rle, plain = encode_coco(mask), encode_coco_plain(mask)
    assert rle == pycocotools_rle(mask)
    for one in (rle, plain):
        again = json.loads(json.dumps(one))
        np.testing.assert_array_equal(decode_coco(again), mask)
    packed = coco_mask.frPyObjects(plain, *plain["size"])
    assert packed["counts"].decode() == rle["counts"]
    np.testing.assert_array_equal(decode_coco(packed), mask)
    assert encode_columns(mask) == slow_pairs(mask)


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=9))
def test_long_runs_and_large_steps(lengths):
    """Differences of either sign that take several characters."""
    ones = np.arange(len(lengths)) % 2 == 1
    mask = np.repeat(ones, lengths).reshape(1, -1)
    assert encode_coco(mask) == pycocotools_rle(mask)
    np.testing.assert_array_equal(decode_coco(encode_coco(mask)), mask)


def test_masks_of_no_pixels():
    assert encode_columns(np.zeros((0, 4), bool)) == ""
    assert decode_columns("", (0, 4)).shape == (0, 4)
    assert decode_coco(encode_coco(np.zeros((3, 0), bool))).shape == (3, 0)
    assert encode_columns_stack(np.zeros((0, 2, 2), bool)) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3", "pairs of integers"),
        ("1 two", "pairs of integers"),
        ("1.5 2", "pairs of integers"),
        ("99999999999999999999 1", "pairs of integers"),
        (None, "pairs of integers"),
        ("0 2", "starts of 1 or more"),
        ("1 0", "lengths of 1 or more"),
        ("1 -1", "lengths of 1 or more"),
        ("1 3 3 1", "do not overlap"),
        ("5 1 1 1", "do not overlap"),
        ("6 2", r"within 2 x 3 = 6 pixels, got a run that ends at 7"),
    ],
)
def test_odd_text_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        decode_columns(text, (2, 3))


def test_runs_that_touch_are_read():
    assert decode_columns("1 2 3 1", (2, 3)).sum() == 3


@pytest.mark.parametrize(
    ("rle", "message"),
    [
        ({"size": [2, 3]}, "dictionary of size and counts"),
        ("62", "dictionary of size and counts"),
        ({"size": [2, 3], "counts": [4, 1]}, "add up to 2 x 3"),
        ({"size": [2, 3], "counts": [7, -1]}, "0 or more"),
        ({"size": [2, 3], "counts": [5.5, 0.5]}, "integers or a string"),
        ({"size": [2, 3], "counts": ""}, "add up to"),
        ({"size": [2, 3], "counts": "6 "}, "must be a COCO string"),
        ({"size": [2, 3], "counts": "6P"}, "must be a COCO string"),
        ({"size": [2], "counts": "6"}, r"\(height, width\)"),
        ({"size": [-2, 3], "counts": "6"}, "0 or more"),
        ({"size": [2, 3], "counts": "o" * 40 + "6"}, "add up to"),
    ],
)
def test_odd_dictionaries_are_refused(rle, message):
    with pytest.raises(ValueError, match=message):
        decode_coco(rle)


@pytest.mark.parametrize(
    ("mask", "error", "message"),
    [
        (np.zeros((2, 2)), TypeError, "got float64"),
        (np.full((2, 2), 255), ValueError, "from 255 to 255"),
        (np.full((2, 2), -1), ValueError, "from -1 to -1"),
        (np.zeros(4, bool), ValueError, r"must be \[H, W\]"),
        (np.zeros((1, 2, 2), bool), ValueError, r"must be \[H, W\]"),
    ],
)
def test_odd_masks_are_refused(mask, error, message):
    for encode in (encode_columns, encode_coco, encode_coco_plain):
        with pytest.raises(error, match=message):
            encode(mask)
    with pytest.raises(error):
        encode_columns_stack(mask if mask.ndim != 3 else mask[0])
