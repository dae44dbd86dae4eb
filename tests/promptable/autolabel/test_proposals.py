import json

import numpy as np
import pytest
import torch
from boxy import Boxy
from hypothesis import given
from hypothesis import strategies as st

from seglab.promptable.autolabel import (
    LabelledBoxes,
    Proposal,
    Scores,
    Thresholds,
    propose,
)
from seglab.promptable.mini import build_mini_sam
from seglab.promptable.sam import PromptableSam

IMAGE = torch.rand(3, 20, 30)
FOUND = LabelledBoxes(
    torch.tensor([[2.0, 3, 8, 9], [10, 5, 40, 12], [0, 0, 5, 5]]),
    torch.tensor([1, 2, 1]),
    torch.tensor([0.9, 0.8, 0.1]),
)


def test_each_box_becomes_its_mask():
    items = propose(Boxy(), IMAGE, FOUND, image_id=4, first_id=7)
    assert [p.id for p in items] == [7, 8]
    assert [p.object.category_id for p in items] == [1, 2]
    assert {p.object.image_id for p in items} == {4}
    # the second box reached beyond the picture
    assert items[1].object.box == (10, 5, 30, 12)
    assert items[0].object.mask((20, 30)).sum() == 36
    assert items[0].scores == Scores(0.9, 0.9, 1.0)


@pytest.mark.parametrize(
    ("model", "thresholds", "left"),
    [
        (Boxy(), Thresholds(box=0.85), 1),
        (Boxy(quality=0.5), Thresholds(quality=0.51), 0),
        (Boxy(height=0.5), Thresholds(stability=0.01), 0),
        (Boxy(height=0.5), Thresholds(stability=0.0), 2),
        (Boxy(), Thresholds(box=0.0), 3),
    ],
)
def test_thresholds_hold_back(model, thresholds, left):
    items = propose(model, IMAGE, FOUND, image_id=1, thresholds=thresholds)
    assert len(items) == left


def test_without_a_box_nothing_is_looked_at():
    model = Boxy()
    assert propose(model, IMAGE, FOUND[:0], image_id=1) == []
    assert model.looked == 0


def test_an_empty_mask_is_no_proposal():
    class Blank(Boxy):
        def single(self, embedding, prompts):
            answer = super().single(embedding, prompts)
            answer.masks &= False
            return answer

    thresholds = Thresholds(0, 0, 0)
    assert not propose(
        Blank(), IMAGE, FOUND, image_id=1, thresholds=thresholds
    )


def test_the_masks_are_those_of_sam():
    torch.manual_seed(0)
    sam = PromptableSam(build_mini_sam())
    image = torch.rand(3, 96, 128)
    found = LabelledBoxes(
        torch.tensor([[10.0, 10, 60, 60]]),
        torch.ones(1).long(),
        torch.ones(1),
    )
    (item,) = propose(
        sam, image, found, image_id=1, thresholds=Thresholds(0, 0, 0)
    )
    from seglab.promptable.prompts import boxes

    mask = sam.single(sam.embed(image), boxes(found.boxes)).best()[0]
    np.testing.assert_array_equal(item.object.mask((96, 128)), mask.numpy())


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_certainty_is_below_each_score(values):
    scores = Scores(*values)
    assert 0 <= scores.certainty <= min(values)


@pytest.mark.parametrize("kind", [Scores, Thresholds])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_scores_and_thresholds_lie_between_0_and_1(kind, value):
    with pytest.raises(ValueError, match="quality"):
        kind(0.5, value, 0.5)


def test_a_proposal_survives_json():
    for item in propose(Boxy(), IMAGE, FOUND, image_id=1):
        text = json.dumps(item.as_dict())
        assert Proposal.from_dict(json.loads(text)) == item
