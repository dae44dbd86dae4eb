"""Palette and overlays."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import rgb2lab

from seglab.viz import PALETTE, colours, overlay
from seglab.viz.colour import coloured_layers

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def seen_as(rgb, matrix):
    linear = np.where(
        rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4
    )
    linear = np.clip(linear @ matrix.T, 0, 1)
    return np.where(
        linear <= 0.0031308,
        linear * 12.92,
        1.055 * linear ** (1 / 2.4) - 0.055,
    )


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("n", "apart"), [(7, 15), (12, 15), (30, 10)])
def test_colours_are_told_apart(sight, n, apart):
    lab = rgb2lab(seen_as(colours(n), SIGHT[sight])[None])[0]
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > apart


def test_palette_has_thirty_colours_and_then_repeats():
    assert len(set(PALETTE)) == 30
    table = colours(33)
    assert table.shape == (33, 3)
    np.testing.assert_array_equal(table[30:], table[:3])
    assert colours(0).shape == (0, 3)


@given(
    hnp.arrays(np.int64, (5, 7), elements=st.integers(-1, 4)),
    st.floats(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_overlay_agrees_with_a_loop_over_pixels(mask, alpha):
    grey = np.linspace(0, 1, 35).reshape(5, 7)
    painted = overlay(grey, mask, alpha=alpha)
    table = colours(4)
    for y in range(5):
        for x in range(7):
            wanted = np.full(3, grey[y, x])
            if mask[y, x] > 0:
                paint = table[mask[y, x] - 1]
                wanted = (1 - alpha) * wanted + alpha * paint
            np.testing.assert_allclose(painted[y, x], wanted)


def test_overlapping_masks_are_averaged():
    masks = np.array([[[True, True]], [[False, True]]])
    painted = overlay(
        np.zeros((1, 2)), masks, alpha=1, colours=["#ff0000", "#0000ff"]
    )
    np.testing.assert_allclose(painted, [[[1, 0, 0], [0.5, 0, 0.5]]])


@pytest.mark.parametrize(
    "image",
    [
        np.full((4, 6), 0.2),
        np.full((1, 4, 6), 0.2),
        np.full((3, 4, 6), 0.2, np.float32),
        np.full((4, 6, 3), 51, np.uint8),
        torch.full((3, 4, 6), 0.2, requires_grad=True),
    ],
)
def test_every_kind_of_image_gives_the_same(image):
    painted = overlay(image, np.zeros((4, 6), bool))
    np.testing.assert_allclose(painted, np.full((4, 6, 3), 0.2), atol=1e-6)


def test_the_image_is_not_changed():
    image = np.zeros((2, 2, 3))
    overlay(image, np.ones((2, 2), bool))
    assert not image.any()


@pytest.mark.parametrize(
    ("image", "mask", "error", "says"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2), bool), ValueError, r"\(2, 3\)"),
        (np.zeros((2, 3)), np.zeros((2, 3)), TypeError, "float64"),
        (np.full((2, 2), 7.0), np.zeros((2, 2), int), ValueError, "7 to 7"),
        (np.full((2, 2), np.nan), np.zeros((2, 2), int), ValueError, "nan"),
        (np.zeros((2, 2), int), np.zeros((2, 2), int), ValueError, "int64"),
        (
            np.zeros((2, 2, 2, 2)),
            np.zeros((2, 2), int),
            ValueError,
            "shape",
        ),
        (np.zeros((2, 2)), np.zeros((1, 2, 2), int), ValueError, "shape"),
    ],
)
def test_wrong_input_is_named(image, mask, error, says):
    with pytest.raises(error, match=says):
        overlay(image, mask)


def test_wrong_options_are_named():
    ones = np.ones((2, 2), int)
    with pytest.raises(ValueError, match="alpha must be 0 to 1, got 2"):
        overlay(np.zeros((2, 2)), ones, alpha=2)
    with pytest.raises(ValueError, match="each of 3 labels, got 1"):
        overlay(np.zeros((2, 2)), ones * 3, colours=["red"])
    with pytest.raises(ValueError, match="n must be 0 or more, got -1"):
        colours(-1)


def test_an_empty_mask_has_no_layers():
    assert list(coloured_layers(np.zeros((3, 3), int))) == []
    assert list(coloured_layers(np.zeros((0, 3, 3), bool))) == []
