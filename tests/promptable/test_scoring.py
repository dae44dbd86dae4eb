"""Scores on unseen scenes, and what the committed weights reach there."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sam import ByColour

from seglab.data.prompt_scenes import PromptScene, draw_prompt_scene
from seglab.promptable.automatic import AutomaticSettings
from seglab.promptable.prompts import clicks
from seglab.promptable.sam import load_sam
from seglab.promptable.scoring import (
    UNSEEN,
    PromptScores,
    score_automatic,
    score_prompts,
    unseen_scenes,
    window_around,
)


def test_unseen_scenes_are_as_many_as_needed():
    scenes = list(unseen_scenes(20))
    count = sum(len(scene.masks) for scene in scenes)
    assert count >= 20 > count - len(scenes[-1].masks)
    first = draw_prompt_scene(UNSEEN)
    assert (scenes[0].image == first.image).all()


def test_scores_of_a_kind():
    values = torch.tensor([0.1, 0.5, 0.9])
    scores = PromptScores(("coin", "part", "coin"), *[values] * 4)
    assert scores.of_kind("coin").means()["box"] == pytest.approx(0.5)
    assert scores.of_kind("part").kinds == ("part",)
    with pytest.raises(ValueError, match=r"one of \['coin', 'part'\]"):
        scores.of_kind("whole")


class Remembers(ByColour):
    """Keeps the first clicks; answers a box by a click in its middle."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def candidates(self, embedding, prompts):
        self.asked.append(prompts.points)
        return super().candidates(embedding, prompts)

    def single(self, embedding, prompts):
        if prompts.points is None:
            prompts = clicks(prompts.boxes.reshape(-1, 2, 2).mean(1))
        return super().single(embedding, prompts)


def test_a_person_who_means_a_whole_avoids_its_part():
    scene = next(
        scene
        for scene in unseen_scenes(99)
        if (scene.kinds == "part").any()
    )
    sam = Remembers()
    scores = score_prompts(sam, [scene])
    assert scores.kinds == tuple(scene.kinds)
    assert sam.asked
    for points in sam.asked:
        for k, ((x, y),) in enumerate(points.int().tolist()):
            assert scene.masks[k, y, x]
            for part in scene.masks[scene.parents == k]:
                assert not part[y, x]


def test_recall_and_precision_of_flat_squares():
    image = np.zeros((3, 64, 64), np.float32)
    masks = np.zeros((2, 64, 64), bool)
    for k, left in enumerate((4, 40)):
        masks[k, 10:30, left : left + 20] = True
        image[:, masks[k]] = (k + 1) / 9
    scene = PromptScene(
        image, masks[:1], np.array(["whole"]), np.array([-1])
    )
    settings = AutomaticSettings(quality=0.85)
    # found: the square, another one that is no object here, the ground
    recall, precision = score_automatic(ByColour(), [scene], settings)
    assert recall == 1
    assert precision == pytest.approx(1 / 3)
    nothing = AutomaticSettings(quality=0.95)
    assert score_automatic(ByColour(), [scene], nothing) == (0, 1)


@given(
    st.tuples(st.integers(20, 60), st.integers(20, 60)),
    st.integers(0, 15),
    st.integers(0, 15),
)
def test_a_window_lies_in_the_picture_around_its_box(size, left, top):
    box = torch.tensor([left, top, left + 4, top + 5]).float()
    rows, columns = window_around(box, size, 24)
    for span, length in zip((rows, columns), size, strict=True):
        assert 0 <= span.start < span.stop <= length
        assert span.stop - span.start == min(24, length)
    assert columns.start <= left
    assert left + 4 <= columns.stop
    assert rows.start <= top
    assert top + 5 <= rows.stop


def test_the_committed_weights_answer_prompts():
    scores = score_prompts(load_sam("mini"), unseen_scenes(60)).means()
    assert scores["click_best"] > 0.6
    assert scores["click_chosen"] > scores["click_best"] - 0.2
    assert scores["three_clicks"] > 0.55
    assert scores["box"] > 0.6
