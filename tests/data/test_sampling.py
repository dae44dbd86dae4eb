"""Rare classes come up as often as they were asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from seglab import seed_everything
from seglab.data.sampling import (
    ClassBalancedPatches,
    class_presence,
    repeat_factors,
)


def rare_images():
    """Six images of 20 x 30; class 1 in all, 2 in one, 3 in none."""
    masks = torch.zeros(6, 20, 30, dtype=torch.int64)
    masks[:, 3:9, 4:12] = 1
    masks[4, 15, 25] = 2
    images = torch.arange(6 * 20 * 30).float().reshape(6, 1, 20, 30)
    return images, masks


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(1, 40)),
               elements=st.integers(-1, 6)),
    st.integers(2, 6),
)  # fmt: skip
def test_presence_is_what_a_loop_finds(masks, num_classes):
    found = class_presence(torch.from_numpy(masks), num_classes)
    for row, mask in zip(found, masks, strict=True):
        assert row.tolist() == [c in mask for c in range(num_classes)]


@given(
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2)),
    st.floats(0.01, 1),
)
def test_factors_follow_the_paper(presence, threshold):
    factors = repeat_factors(presence, threshold=threshold)
    for factor, row in zip(factors, presence, strict=True):
        asked = [1.0]
        for label in np.flatnonzero(row):
            share = presence[:, label].sum() / len(presence)
            asked.append(max(1.0, (threshold / share) ** 0.5))
        assert factor == pytest.approx(max(asked))


def test_factors_make_a_rare_class_common():
    presence = class_presence(rare_images()[1], 4)
    factors = repeat_factors(presence, threshold=1.0)
    share = factors[presence[:, 2]].sum() / factors.sum()
    assert share > 2 * presence[:, 2].mean() * 0.8
    assert factors[4] == pytest.approx(6**0.5)


def test_patches_hold_the_class_that_was_drawn():
    images, masks = rare_images()
    patches = ClassBalancedPatches(
        images, masks, size=(7, 5), class_weights=[0, 0, 1, 0]
    )
    seed_everything(0)
    corners = set()
    for image, mask in (patches[0] for _ in range(200)):
        assert (mask == 2).sum() == 1
        # image and mask come from one place
        where = image[0].flatten().long()
        assert torch.equal(mask.flatten(), masks.flatten()[where])
        corners.add((int(where[0]) % 600 // 30, int(where[0]) % 30))
    # the one pixel is seen in every place of the patch that fits
    rows = {row for row, _ in corners}
    columns = {column for _, column in corners}
    assert rows == set(range(9, 14))
    assert columns == set(range(21, 26))


def test_classes_come_up_as_often_as_asked():
    images, masks = rare_images()
    patches = ClassBalancedPatches(
        images, masks, size=(1, 1), class_weights=[1, 2, 1, 5]
    )
    seed_everything(0)
    drawn = np.bincount(
        [int(patches[0][1]) for _ in range(4000)], minlength=4
    )
    # class 3 has no pixel: the others share its draws
    np.testing.assert_allclose(
        drawn / 4000, [0.25, 0.5, 0.25, 0], atol=0.03
    )


def test_a_seed_gives_the_same_patches_and_no_seed_gives_others():
    images, masks = rare_images()
    patches = ClassBalancedPatches(
        images, masks, size=(8, 8), class_weights=[1, 1], length=50
    )
    assert len(patches) == 50
    runs = []
    for seed in (1, 1, 2):
        seed_everything(seed)
        runs.append(torch.stack([patches[i][0] for i in range(50)]))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_the_whole_image_is_a_patch():
    images, masks = rare_images()
    patches = ClassBalancedPatches(
        images, masks, size=(20, 30), class_weights=[0, 0, 1]
    )
    image, mask = patches[5]
    assert torch.equal(image, images[4])
    assert torch.equal(mask, masks[4])


def test_one_pixel_is_enough():
    patches = ClassBalancedPatches(
        torch.zeros(1, 1, 1, 1),
        torch.zeros(1, 1, 1).long(),
        size=(1, 1),
        class_weights=[1],
    )
    assert patches[0][1].tolist() == [[0]]


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"images": torch.zeros(6, 1, 20, 30).long()}, TypeError, "images"),
        ({"masks": torch.zeros(6, 20, 30)}, TypeError, "masks must hold"),
        ({"masks": torch.zeros(6, 20, 31).long()}, ValueError, "same N"),
        ({"size": (21, 5)}, ValueError, "size must be"),
        ({"size": (0, 5)}, ValueError, "size must be"),
        ({"size": (5,)}, ValueError, "size must be"),
        ({"class_weights": []}, ValueError, "one a class"),
        ({"class_weights": [1, -1]}, ValueError, "0 or more"),
        ({"class_weights": [1, float("nan")]}, ValueError, "finite"),
        ({"class_weights": [0, 0, 0, 1]}, ValueError, "has a pixel"),
        ({"length": 0}, ValueError, "length must be"),
    ],
)
def test_odd_patches_are_refused(changed, error, message):
    images, masks = rare_images()
    options = {"size": (4, 4), "class_weights": [1, 1, 1]}
    given = {"images": images, "masks": masks} | options | changed
    with pytest.raises(error, match=message):
        ClassBalancedPatches(
            given.pop("images"), given.pop("masks"), **given
        )


def test_a_number_too_high_is_an_index_error():
    patches = ClassBalancedPatches(
        *rare_images(), size=(4, 4), class_weights=[1]
    )
    with pytest.raises(IndexError, match="index must be below 6"):
        patches[6]


def test_odd_tables_are_refused():
    with pytest.raises(ValueError, match="num_classes must be 2"):
        class_presence([torch.zeros(3).long()], 1)
    with pytest.raises(TypeError, match="integer class indices"):
        class_presence([torch.zeros(3)], 2)
    with pytest.raises(ValueError, match="got none"):
        class_presence([], 2)
    with pytest.raises(ValueError, match=r"presence must be bool \[N, C\]"):
        repeat_factors(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="threshold must be above 0"):
        repeat_factors(np.ones((2, 2), bool), threshold=0)
