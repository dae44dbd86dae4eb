"""Real pictures to prompt in: split, sizes, numbered pieces."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from seglab.promptable.learning.real import (
    LEAST_PIXELS,
    ct_pictures,
    number_pieces,
    radiograph_pictures,
)


@given(st.integers(0, 99))
def test_pieces_are_connected_and_none_is_lost(seed):
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.random((2, 40, 50)), (0, 3, 3))
    first = noise[0] > np.quantile(noise[0], 0.7)
    second = (noise[1] > np.quantile(noise[1], 0.7)) & ~first
    numbered = number_pieces([first, second])
    for number in np.unique(numbered)[1:]:
        piece = numbered == number
        assert piece.sum() >= LEAST_PIXELS
        assert ndimage.label(piece)[1] == 1
        assert first[piece].all() or second[piece].all()
    lost = (first | second) & (numbered == 0)
    pieces, count = ndimage.label(lost & first)
    sizes = ndimage.sum(lost & first, pieces, range(1, count + 1))
    assert np.all(np.asarray(sizes) < LEAST_PIXELS)


def test_a_limit_of_size_is_inclusive():
    mask = np.zeros((20, 20), bool)
    mask[:5, :8] = True
    assert number_pieces([mask]).max() == 1
    mask[0, 0] = False
    assert number_pieces([mask]).max() == 0


@pytest.mark.slow
def test_ct_slices_keep_away_from_the_held_out_slabs():
    from seglab.data.chest import class_slices
    from seglab.data.splits import slab_split

    images, maps = ct_pictures()
    slices = class_slices(size=(128, 128))
    kept, held_out = slab_split(slices.z)
    assert 0 < len(images) <= len(kept)
    assert images.shape[1:] == (3, 128, 128)
    assert images.dtype == maps.dtype == torch.uint8
    assert not maps[:, 1].any()
    assert maps[:, 0].flatten(1).any(1).all()
    grey = (slices.images[held_out] * 255).round().to(torch.uint8)
    shown = {image[0].numpy().tobytes() for image in images}
    assert not shown & {image[0].numpy().tobytes() for image in grey}


@pytest.mark.slow
def test_radiographs_hold_lungs_and_heart():
    images, maps = radiograph_pictures([0, 1])
    assert images.shape[1:] == (3, 128, 128)
    lungs, hearts = maps[:, 0] > 0, maps[:, 1] > 0
    assert (lungs.flatten(1).float().mean(1) > 0.05).all()
    assert (hearts.flatten(1).float().mean(1) > 0.02).all()
    # in projection the lungs meet in front of the spine: one piece
    assert (maps.flatten(2).amax(2) == 1).all()
