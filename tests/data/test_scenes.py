"""Synthetic scenes."""

import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import regionprops
from torch.utils.data import DataLoader
from torchvision.ops import masks_to_boxes

from seglab.data.scenes import (
    CATEGORIES,
    SceneDataset,
    detection_target,
    draw_scene,
)
from seglab.data.shapes import Shape, visible_masks

scenes = st.builds(
    draw_scene,
    st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(32, 90), st.integers(32, 90)),
)


@given(scenes)
@settings(max_examples=40, deadline=None)
def test_the_masks_of_a_scene_agree(scene):
    count, height, width = scene.instances.shape
    assert 1 <= count <= 5
    assert scene.categories.shape == (count,)
    assert scene.instances.any(axis=(1, 2)).all()
    # no pixel belongs to two instances, and together they are all that
    # is not background
    owners = scene.instances.sum(axis=0)
    assert owners.max() <= 1
    np.testing.assert_array_equal(owners > 0, scene.semantic > 0)
    for k, mask in enumerate(scene.instances):
        category = scene.categories[k]
        assert (scene.semantic[mask] == category).all()
        assert (scene.panoptic[mask] == category * 1000 + k + 1).all()
    assert not scene.panoptic[owners == 0].any()
    assert scene.image.shape == (3, height, width)
    assert scene.image.dtype == np.float32
    assert 0 <= scene.image.min() <= scene.image.max() <= 1
    assert scene.categories.max() < len(scene.names)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_two_to_five_shapes_at_the_usual_size(seed):
    assert 2 <= len(draw_scene(seed).categories) <= 5


def test_most_scenes_hold_shapes_that_touch():
    touching = 0
    for seed in range(30):
        scene = draw_scene(seed)
        ids = scene.panoptic
        for a, b in ((ids[1:], ids[:-1]), (ids[:, 1:], ids[:, :-1])):
            if ((a != b) & (a > 0) & (b > 0)).any():
                touching += 1
                break
    assert touching > 20


def digest(seed):
    scene = draw_scene(seed)
    return sha256(scene.image.tobytes() + scene.panoptic.tobytes())


def test_a_seed_gives_the_same_scene_in_another_process():
    code = (
        "from hashlib import sha256\n"
        "from seglab.data.scenes import draw_scene\n"
        "s = draw_scene(11)\n"
        "b = s.image.tobytes() + s.panoptic.tobytes()\n"
        "print(sha256(b).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == digest(11).hexdigest()
    assert digest(11).hexdigest() != digest(12).hexdigest()


def test_global_random_state_neither_matters_nor_moves():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = draw_scene(3)
    np.random.seed(9)
    np.testing.assert_array_equal(first.image, draw_scene(3).image)
    np.random.seed(0)
    draw_scene(4)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


@pytest.mark.parametrize(
    ("category", "area", "rim"),
    [
        ("disc", np.pi, 1.0),
        ("square", 2.0, 1.0),
        ("triangle", 0.75 * np.sqrt(3), 1.0),
        # five pairs of triangles from the centre to a point and a notch
        ("star", 5 * 0.5 * np.sin(np.pi / 5), 1.0),
        ("ring", np.pi * (1 - 0.55**2), 1.0),
    ],
)
def test_shapes_have_the_area_of_their_formula(category, area, rim):
    kind = CATEGORIES.index(category) + 1
    shape = Shape(kind, (200.0, 190.0), 150.0, 0.7, (1.0, 1.0, 1.0))
    mask = shape.cover((400, 420))
    assert mask.sum() / 150**2 == pytest.approx(area, rel=0.01)
    rows, columns = np.nonzero(mask)
    reach = np.hypot(columns - 200, rows - 190).max() / 150
    assert reach == pytest.approx(rim, abs=0.01)
    middle = regionprops(mask.astype(int))[0].centroid
    assert middle == pytest.approx((190, 200), abs=0.5)


def test_front_shapes_hide_those_behind():
    front = Shape(1, (20.0, 20.0), 8.0, 0.0, (1.0, 0.0, 0.0))
    behind = Shape(1, (26.0, 20.0), 8.0, 0.0, (0.0, 0.0, 1.0))
    seen = visible_masks([front, behind], (40, 50))
    np.testing.assert_array_equal(seen[0], front.cover((40, 50)))
    np.testing.assert_array_equal(
        seen[1], behind.cover((40, 50)) & ~front.cover((40, 50))
    )


def test_categories_can_be_chosen():
    for seed in range(5):
        scene = draw_scene(seed, categories=["star"])
        assert set(scene.categories) == {CATEGORIES.index("star") + 1}


def test_data_set_items_are_stable_and_differ():
    ours, again = SceneDataset(6, seed=3), SceneDataset(6, seed=3)
    image, target = ours[4]
    np.testing.assert_array_equal(image, again[4][0])
    np.testing.assert_array_equal(target, ours.scene(4).semantic)
    assert not np.array_equal(image, ours[3][0])
    assert not np.array_equal(image, SceneDataset(6, seed=4)[4][0])
    np.testing.assert_array_equal(ours[-1][0], ours[5][0])


def test_data_set_batches():
    loader = DataLoader(SceneDataset(4, size=(48, 64)), batch_size=4)
    images, targets = next(iter(loader))
    assert images.shape == (4, 3, 48, 64)
    assert targets.shape == (4, 48, 64)
    assert len(list(SceneDataset(3, size=(32, 32)))) == 3


def test_detection_target_agrees_with_torchvision():
    for seed in range(5):
        target = detection_target(draw_scene(seed))
        # torchvision names the last pixel, ours the edge behind it
        boxes = masks_to_boxes(target["masks"])
        boxes[:, 2:] += 1
        np.testing.assert_array_equal(target["boxes"], boxes)
        assert (
            len(target["labels"])
            == len(target["masks"])
            == len(target["boxes"])
        )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": -1}, "seed must be 0 or more, got -1"),
        ({"size": (16, 64)}, r"each 32 or more, got \(16, 64\)"),
        ({"shapes": (4, 2)}, r"from 1 to 12, got \(4, 2\)"),
        ({"categories": ["cube"]}, "got \\['cube'\\]"),
        ({"categories": []}, "categories must be some of"),
    ],
)
def test_wrong_scenes_are_named(options, says):
    with pytest.raises(ValueError, match=says):
        draw_scene(**{"seed": 0, **options})


def test_wrong_data_sets_are_named():
    with pytest.raises(ValueError, match="count must be 1 or more, got 0"):
        SceneDataset(0)
    with pytest.raises(IndexError, match="index must be below 2, got 2"):
        SceneDataset(2)[2]
