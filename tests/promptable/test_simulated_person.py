"""Where a person clicks, against a slow search over all pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from seglab.promptable.simulated_person import (
    Click,
    first_click,
    next_click,
    without_parts,
)

masks_of = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: arrays(bool, shape)
)


def slow_depths(region):
    """Distance of each pixel to the nearest outside; [H, W]."""
    framed = np.pad(region, 1)
    outside = np.argwhere(~framed)
    depths = np.zeros(region.shape)
    for row, column in np.argwhere(region):
        away = np.hypot(*(outside - (row + 1, column + 1)).T)
        depths[row, column] = away.min()
    return depths


def slow_click(truth, found):
    missed, extra = slow_depths(truth & ~found), slow_depths(found & ~truth)
    if missed.max() == extra.max() == 0:
        return None
    label = int(missed.max() >= extra.max())
    depths = missed if label else extra
    row, column = np.unravel_index(depths.argmax(), depths.shape)
    return Click(column, row, label)


@given(masks_of)
def test_first_click_is_the_deepest_pixel(region):
    if not region.any():
        with pytest.raises(ValueError, match="region must not be empty"):
            first_click(torch.from_numpy(region))
        return
    x, y = first_click(torch.from_numpy(region))
    depths = slow_depths(region)
    assert depths[y, x] == pytest.approx(depths.max())
    earlier = depths.ravel()[: y * region.shape[1] + x]
    assert (earlier < depths[y, x] - 1e-9).all()


@given(masks_of, st.integers(0, 99))
def test_next_click_equals_the_slow_search(truth, seed):
    found = np.random.default_rng(seed).random(truth.shape) < 0.5
    click = next_click(torch.from_numpy(truth), torch.from_numpy(found))
    assert click == slow_click(truth, found)


@given(masks_of)
def test_the_first_click_corrects_an_empty_mask(truth):
    mask = torch.from_numpy(truth)
    click = next_click(mask, torch.zeros_like(mask))
    if truth.any():
        assert click == (*first_click(mask), 1)
    else:
        assert click is None


def test_too_much_is_clicked_off():
    truth = torch.zeros(9, 9, dtype=torch.bool)
    found = truth.clone()
    truth[:2, :2] = True
    found[4:9, 4:9] = True
    assert next_click(truth, found) == Click(6, 6, 0)
    # a miss as deep as the excess comes first
    truth[:5, 0:5] = True
    found[:5, :4] = False
    assert next_click(truth, found & ~truth).label == 1


def test_does_not_click_twice_on_a_pixel():
    truth = torch.zeros(7, 7, dtype=torch.bool)
    truth[1:6, 1:6] = True
    nothing = torch.zeros_like(truth)
    second = next_click(truth, nothing, clicked=[(3, 3), (0, 6)])
    assert second != Click(3, 3, 1)
    assert truth[second.y, second.x]
    # unless it is all that is wrong
    speck = torch.zeros_like(truth)
    speck[2, 4] = True
    again = next_click(speck, nothing, clicked=[(4, 2)])
    assert again == Click(4, 2, 1)


@pytest.mark.parametrize(
    ("truth", "found", "error", "words"),
    [
        (
            torch.ones(3, 3),
            torch.ones(3, 3) > 0,
            TypeError,
            "truth .* bool",
        ),
        (np.ones((3, 3), bool), torch.ones(3, 3) > 0, TypeError, "truth"),
        (
            torch.ones(3, 3) > 0,
            torch.ones(3, 4) > 0,
            ValueError,
            r"\(3, 4\)",
        ),
        (torch.ones(3) > 0, torch.ones(3) > 0, ValueError, r"\[H, W\]"),
    ],
)
def test_next_click_refuses(truth, found, error, words):
    with pytest.raises(error, match=words):
        next_click(truth, found)


def test_without_parts():
    masks = torch.zeros(4, 6, 6, dtype=torch.bool)
    masks[0] = True
    masks[1, :2] = True
    masks[2, 3:5, 3:5] = True
    masks[3, :2] = True
    rest = without_parts(masks, torch.tensor([-1, 0, 0, 1]))
    assert torch.equal(rest[0], ~(masks[1] | masks[2]))
    # part 3 covers its whole, 1: then there is no better place
    assert torch.equal(rest[1:], masks[1:])
    with pytest.raises(ValueError, match="parents must have shape"):
        without_parts(masks, torch.tensor([-1]))
