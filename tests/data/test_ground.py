"""What the ground of a scene looks like."""

import numpy as np
import pytest
from scipy import ndimage

from seglab.data._ground import _LIGHT, STUFF, plain_ground, stuff_ground


def waviness(light):
    """Contrast from row to row, from column to column, and of both."""
    smooth = ndimage.gaussian_filter(light, 0.6)
    return tuple(
        np.abs(np.diff(smooth, axis=axis)).mean() for axis in (0, 1)
    )


@pytest.mark.parametrize("seed", range(20))
def test_textures_differ(seed):
    rng = np.random.default_rng(seed)
    (sky, grass, water) = (
        waviness(_LIGHT[name](rng, (64, 64))) for name in STUFF
    )
    assert max(sky) < 0.02
    # blades stand upright, waves lie
    assert grass[1] > 2 * grass[0] and grass[1] > 0.05
    assert water[0] > 2 * water[1] and water[0] > 0.05


def test_colour_does_not_tell_the_kind():
    colours = {kind: [] for kind in (6, 7, 8)}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        picture, kinds = stuff_ground(rng, (32, 32), STUFF)
        for kind in np.unique(kinds):
            colours[kind].append(picture[:, kinds == kind].mean(axis=1))
    middle = [np.mean(found, axis=0) for found in colours.values()]
    spread = np.std(np.concatenate(list(colours.values())), axis=0)
    # the kinds' mean colours are close, each kind's colours are not
    assert np.ptp(middle, axis=0).max() < spread.min()


@pytest.mark.parametrize("stuff", [STUFF, STUFF[:2], STUFF[2:]])
@pytest.mark.parametrize("seed", range(10))
def test_every_region_is_large(stuff, seed):
    rng = np.random.default_rng(seed)
    picture, kinds = stuff_ground(rng, (40, 70), stuff)
    found, counts = np.unique(kinds, return_counts=True)
    assert {STUFF[kind - 6] for kind in found} <= set(stuff)
    assert len(found) >= min(2, len(stuff))
    assert counts.min() > 0.1 * kinds.size
    assert picture.shape == (3, 40, 70) and picture.min() > 0


def test_the_plain_ground_is_one_colour():
    picture = plain_ground(np.random.default_rng(1), (40, 50))
    ratio = picture / picture[:1]
    np.testing.assert_allclose(ratio, ratio[:, :1, :1] + 0 * ratio)
