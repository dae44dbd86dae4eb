"""The second lesson: which objects, which clicks, and that it learns."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seglab import seed_everything
from seglab.promptable.around import boxes_around_masks
from seglab.promptable.learning.pictures import drawn_scenes
from seglab.promptable.learning.prompts import (
    LEAST_PIXELS,
    Asked,
    PromptLearner,
    choose_objects,
    jittered_boxes,
    random_clicks,
    random_places,
)
from seglab.promptable.mini import build_mini_sam


def test_objects_are_wholes_and_parts_large_enough():
    _, maps = drawn_scenes(range(8))
    seed_everything(0)
    asked = choose_objects(maps, 6)
    assert asked.picture.tolist() == [n for n in range(8) for _ in range(6)]
    on_part = 0
    for picture, truth in zip(asked.picture, asked.truth, strict=True):
        assert truth.sum() >= LEAST_PIXELS
        levels = [
            any(
                torch.equal(level == number, truth > 0.5)
                for number in level.unique().tolist()
            )
            for level in maps[picture]
        ]
        assert any(levels)
        on_part += levels[1]
    assert 0 < on_part < len(asked.truth)


def test_a_picture_of_nothing_is_asked_for_its_ground():
    maps = torch.zeros(1, 2, 8, 8, dtype=torch.uint8)
    maps[0, 0, 0, :5] = 1  # a speck
    assert choose_objects(maps, 3).truth.sum((1, 2)).tolist() == [59] * 3


@given(st.integers(0, 99))
def test_places_lie_in_their_region(seed):
    torch.manual_seed(seed)
    regions = torch.rand(6, 7, 9) < 0.2
    regions[:, 3, 4] = True
    places = random_places(regions)
    assert places.shape == (6, 1, 2)
    for region, ((x, y),) in zip(
        regions, places.int().tolist(), strict=True
    ):
        assert region[y, x]


def test_every_pixel_gets_its_turn():
    region = torch.zeros(1, 4, 4, dtype=torch.bool)
    region[0, 1, 1:3] = True
    torch.manual_seed(0)
    seen = {tuple(random_places(region)[0, 0].tolist()) for _ in range(40)}
    assert seen == {(1, 1), (2, 1)}


def test_first_clicks_are_on_the_object():
    truth = torch.zeros(2, 8, 8)
    truth[0, 2:4, 3:5] = truth[1, 7, 7] = 1
    clicks, labels = random_clicks(truth)
    assert labels.tolist() == [[1], [1]]
    assert clicks[1].tolist() == [[7, 7]]


def test_boxes_are_a_little_off():
    truth = torch.zeros(400, 64, 64)
    truth[:, 20:40, 10:50] = 1
    torch.manual_seed(0)
    off = jittered_boxes(truth) - boxes_around_masks(truth > 0.5)
    assert off.std(0).tolist() == pytest.approx([4, 2, 4, 2], rel=0.2)
    assert off.abs().max() <= 20


def test_the_best_of_three_counts_in_the_first_round_only():
    learner = PromptLearner(build_mini_sam())
    truth = torch.zeros(1, 8, 8)
    truth[:, 2:6, 2:6] = 1
    right = (truth * 20 - 10)[:, None]
    quality = torch.tensor([[1.0, 0, 0, 1]])
    from seglab.promptable.decoding import DecodedMasks

    asked = Asked(torch.zeros(1, dtype=torch.int64), truth)
    wrong = DecodedMasks(
        torch.cat([right, -right, -right, right], 1), quality
    )
    # one of the three is right: nothing to pay
    first = learner.judge(wrong, asked, first=True)
    assert first < 0.02
    none = DecodedMasks(
        torch.cat([right, -right, -right, -right], 1), quality
    )
    paid = learner.judge(none, asked, first=True)
    later = learner.judge(none, asked, first=False)
    assert paid > later + 10


def test_learns_one_picture():
    seed_everything(0)
    images, maps = drawn_scenes(range(1))
    learner = PromptLearner(build_mini_sam(), per_picture=2)
    optimiser = torch.optim.AdamW(learner.parameters(), lr=2e-3)
    pictures = images.float() / 255
    losses = []
    for _ in range(10):
        loss = learner.loss(learner(pictures), maps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert min(losses[-3:]) < 0.8 * losses[0]
    # every part of the model takes part
    for name, weights in learner.sam.named_parameters():
        if "not_a_point" in name or "iou_token" in name:
            continue
        assert weights.grad is not None, name
