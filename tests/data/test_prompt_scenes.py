"""Scenes with wholes, parts and coins."""

from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seglab.data.prompt_scenes import COIN, PART, WHOLE, draw_prompt_scene
from seglab.data.shapes import LEAST_PIXELS

scenes = st.builds(
    draw_prompt_scene,
    st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(64, 100), st.integers(64, 100)),
)


@given(scenes)
def test_parts_lie_in_their_wholes_and_nothing_else_overlaps(scene):
    assert scene.image.dtype == np.float32
    assert scene.image.min() >= 0
    assert scene.image.max() <= 1
    assert scene.masks.shape[1:] == scene.image.shape[1:]
    assert len(scene.masks) == len(scene.kinds) == len(scene.parents)
    is_part = scene.kinds == PART
    assert scene.masks[~is_part].sum(0).max(initial=0) <= 1
    assert scene.masks[is_part].sum(0).max(initial=0) <= 1
    for mask, parent in zip(
        scene.masks[is_part], scene.parents[is_part], strict=True
    ):
        assert mask.sum() >= LEAST_PIXELS
        assert scene.kinds[parent] == WHOLE
        assert scene.masks[parent][mask].all()
    assert (scene.parents[~is_part] == -1).all()
    assert scene.masks.any((1, 2)).all()


def test_a_seed_is_a_scene():
    one, again, other = map(draw_prompt_scene, (5, 5, 6))
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.masks, again.masks)
    digests = {sha256(s.image.tobytes()).digest() for s in (one, other)}
    assert len(digests) == 2


def test_shares_of_kinds():
    kinds = [draw_prompt_scene(seed).kinds for seed in range(60)]
    coins = [k for k in kinds if (k == COIN).any()]
    assert all((k == COIN).all() for k in coins)
    assert 6 < len(coins) < 26
    shapes = np.concatenate([k for k in kinds if (k != COIN).all()])
    share = (shapes == PART).sum() / (shapes == WHOLE).sum()
    assert 0.2 < share < 0.7


def test_a_part_can_be_told_from_its_whole():
    contrasts = []
    for seed in range(40):
        scene = draw_prompt_scene(seed)
        for mask, parent in zip(scene.masks, scene.parents, strict=True):
            rest = scene.masks[parent] & ~mask
            if parent >= 0 and rest.sum() > 20:
                inside = scene.image[:, mask].mean(1)
                outside = scene.image[:, rest].mean(1)
                contrasts.append(np.abs(inside - outside).max())
    assert len(contrasts) > 20
    assert np.median(contrasts) > 0.1


@pytest.mark.parametrize(
    ("seed", "size", "words"),
    [
        (-1, (128, 128), "seed must be 0 or more"),
        (0, (63, 128), "each 64 or more"),
        (0, (128,), "each 64 or more"),
    ],
)
def test_refuses(seed, size, words):
    with pytest.raises(ValueError, match=words):
        draw_prompt_scene(seed, size=size)
