"""Where crowds stand and what they are made of."""

import numpy as np
import pytest
from scipy import ndimage

from seglab.data._crowds import draw_crowds, place_crowds
from seglab.data.scenes import draw_scene
from seglab.data.shapes import whole_masks


@pytest.mark.parametrize("seed", range(20))
def test_members_are_small_alike_and_close(seed):
    rng, free = np.random.default_rng(seed), np.zeros((96, 128), bool)
    crowds = place_crowds(rng, 2, free.shape, [1, 4], free)
    assert len(crowds) == 2
    for crowd in crowds:
        assert 6 <= len(crowd) <= 10
        assert len({(m.category, m.radius) for m in crowd}) == 1
        assert crowd[0].category in (1, 4)
        assert 0.05 * 96 <= crowd[0].radius <= 0.065 * 96
        # one group: grown by a radius, it is connected
        whole = np.pad(whole_masks(crowd, free.shape).any(axis=0), 9)
        grown = ndimage.binary_dilation(whole, iterations=3)
        assert ndimage.label(grown)[1] == 1


@pytest.mark.parametrize("seed", range(20))
def test_a_third_or_so_is_visible(seed):
    scene = draw_scene(seed, crowds=2, shapes=(5, 9))
    share = scene.instances.sum((1, 2)) / scene.whole.sum((1, 2))
    assert share.min() >= 0.35


def test_without_room_there_is_none():
    rng, taken = np.random.default_rng(0), np.ones((32, 32), bool)
    assert place_crowds(rng, 1, taken.shape, [1], taken) == []
    picture = np.ones((3, 32, 32))
    nothing = draw_crowds(rng, picture, 1, [1], taken[None])
    assert nothing.whole.shape == (0, 32, 32)
    assert nothing.categories == []
    np.testing.assert_array_equal(nothing.picture, picture)


def test_the_picture_shows_them_and_is_a_new_one():
    rng, picture = np.random.default_rng(0), np.ones((3, 64, 64))
    nothing = np.zeros((0, 64, 64), bool)
    crowds = draw_crowds(rng, picture, 1, [2], nothing)
    changed = (crowds.picture != picture).any(axis=0)
    np.testing.assert_array_equal(changed, crowds.whole[0])
    assert picture.min() == 1


def test_the_front_crowd_hides_the_one_behind():
    for seed in range(200):
        rng, free = np.random.default_rng(seed), np.zeros((32, 32), bool)
        crowds = draw_crowds(rng, np.ones((3, 32, 32)), 2, [1], free[None])
        both = crowds.whole.all(axis=0)
        if len(crowds.whole) == 2 and both.any():
            break
    rng = np.random.default_rng(seed)
    members = place_crowds(rng, 2, free.shape, [1], free)[0]
    for y, x in np.argwhere(both):
        # grain makes a colour lighter or darker, all channels alike
        shade = crowds.picture[:, y, x]
        front = next(m for m in members if m.cover(free.shape)[y, x])
        ratio = shade / np.array(front.colour)
        assert ratio == pytest.approx(ratio[0], rel=1e-6)
