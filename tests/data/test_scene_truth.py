"""Who hides whom, and the truth that evaluation takes."""

import numpy as np
import pytest
import torch

from seglab.data.scene_truth import evaluation_target, hides
from seglab.data.scenes import detection_target, draw_scene
from seglab.metrics import average_precision


@pytest.mark.parametrize("seed", range(6))
def test_hides_agrees_with_a_loop_over_pairs(seed):
    scene = draw_scene(seed, crowds=2, shapes=(4, 8))
    found = hides(scene)
    for i in range(len(scene.whole)):
        for j in range(len(scene.whole)):
            meet = (scene.whole[i] & scene.whole[j]).any()
            assert found[i, j] == (i < j and meet)


@pytest.mark.parametrize("seed", range(6))
def test_only_what_is_hidden_lacks_pixels(seed):
    scene = draw_scene(seed, crowds=1)
    lacking = (scene.whole != scene.instances).any(axis=(1, 2))
    np.testing.assert_array_equal(lacking, hides(scene).any(axis=0))
    assert not (scene.instances & ~scene.whole).any()


def test_without_crowds_it_is_what_is_learnt():
    scene = draw_scene(4)
    truth, learnt = evaluation_target(scene), detection_target(scene)
    assert truth["masks"].dtype == torch.bool
    assert not truth["iscrowd"].any()
    for key in ("boxes", "labels", "masks"):
        np.testing.assert_array_equal(truth[key], learnt[key])


def test_evaluation_forgives_what_lies_on_a_crowd():
    scene = draw_scene(1, crowds=1)
    truth = evaluation_target(scene)
    assert truth["iscrowd"].tolist() == [0, 0, 0, 1]
    # a detection that takes every other row of the crowd
    members = scene.instances[-1].copy()
    members[::2] = False
    found = detection_target(scene)
    found = {
        "masks": np.concatenate([found["masks"] > 0, members[None]]),
        "labels": [*found["labels"].tolist(), scene.categories[-1]],
        "scores": [0.9] * len(found["labels"]) + [0.99],
    }
    assert average_precision([found], [truth]).ap == pytest.approx(1)
    unmarked = {k: v for k, v in truth.items() if k != "iscrowd"}
    assert average_precision([found], [unmarked]).ap < 0.9
