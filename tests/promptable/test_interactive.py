"""Click by click, with a stand-in that knows the answers."""

import pytest
import torch
from small_sam import ByColour, blobs, small_sam

from seglab.promptable.interactive import (
    click_rounds,
    clicks_needed,
    simulate_clicks,
    summarise_clicks,
)
from seglab.promptable.prompts import Prompts
from seglab.promptable.sam import Candidates, ImageEmbedding
from seglab.promptable.simulated_person import first_click, next_click

SIZE = (32, 40)


class Obedient:
    """Paints a square of 9 pixels where a click says so; remembers."""

    def __init__(self):
        self.asked = []

    def _answer(self, prompts, count):
        self.asked.append(prompts)
        masks = torch.zeros(len(prompts), count, *SIZE, dtype=torch.bool)
        clicks = zip(prompts.points, prompts.labels, strict=True)
        for mask, (points, labels) in zip(masks, clicks, strict=True):
            for (x, y), label in zip(points.int(), labels, strict=True):
                top, left = max(y - 4, 0), max(x - 4, 0)
                mask[:, top : y + 5, left : x + 5] = bool(label)
        quality = torch.linspace(1, 0, count).expand(len(prompts), -1)
        return Candidates(masks, quality, masks.float()[..., :8, :8])

    def candidates(self, embedding, prompts):
        return self._answer(prompts, 3)

    def single(self, embedding, prompts):
        return self._answer(prompts, 1)


EMBEDDING = ImageEmbedding(torch.zeros(1, 1, 4, 4), SIZE, SIZE)


def bar(top, left, bottom, right):
    mask = torch.zeros(SIZE, dtype=torch.bool)
    mask[top:bottom, left:right] = True
    return mask


def test_corrects_until_it_is_right():
    truths = torch.stack([bar(4, 4, 13, 13), bar(4, 4, 13, 31)])
    sam = Obedient()
    ious = simulate_clicks(sam, EMBEDDING, truths, count=4)
    # the square is right at once, and then left alone
    assert ious[0].tolist() == [1, 1, 1, 1]
    # the deepest pixels of a bar of 27 are its middle's; first comes x = 8
    assert ious[1].tolist() == pytest.approx([1 / 3, 2 / 3, 1, 1])
    assert [len(p) for p in sam.asked] == [2, 1, 1]


def test_hands_in_all_clicks_and_the_logits_before():
    truths = bar(4, 4, 13, 31)[None]
    sam = Obedient()
    states = list(click_rounds(sam, EMBEDDING, truths, count=3))
    first, second, third = sam.asked
    assert first.masks is None
    assert torch.equal(second.points[:, :1], first.points)
    assert torch.equal(third.points[:, :2], second.points)
    assert torch.equal(third.masks[0, 0], states[1].masks[0, :8, :8] * 1.0)
    click = next_click(truths[0], states[0].masks[0])
    assert second.points[0, 1].tolist() == [click.x, click.y]
    assert second.labels[0, 1] == click.label
    assert states[2].prompts is third


def test_stops_when_every_mask_is_perfect():
    states = list(
        click_rounds(Obedient(), EMBEDDING, bar(4, 4, 13, 13)[None])
    )
    assert len(states) == 1


def test_the_first_click_falls_where_it_is_told():
    truths = bar(4, 4, 25, 31)[None]
    region = bar(5, 24, 10, 29)[None]
    state = next(
        click_rounds(Obedient(), EMBEDDING, truths, first_in=region)
    )
    assert state.prompts.points[0, 0].tolist() == list(
        first_click(region[0])
    )


def test_objects_of_one_picture_are_as_one_by_one():
    sam, image = small_sam(), blobs()
    truths = torch.zeros(3, 128, 128, dtype=torch.bool)
    truths[0, 10:50, 20:90] = truths[1, 70:90, 5:20] = truths[2, 100:] = (
        True
    )
    embedding = sam.embed(image)
    together = simulate_clicks(sam, embedding, truths, count=3)
    alone = [
        simulate_clicks(sam, embedding, t[None], count=3) for t in truths
    ]
    torch.testing.assert_close(
        together, torch.cat(alone), atol=1e-3, rtol=0
    )


def test_a_stand_in_finds_what_has_one_colour():
    sam = ByColour()
    image = torch.zeros(3, 20, 20)
    image[:, 3:9, 3:9] = 0.5
    truth = (image[0] == 0.5)[None]
    ious = simulate_clicks(sam, sam.embed(image), truth, count=2)
    assert ious.tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"count": 0}, ValueError, "count must be 1 or more"),
        ({"truths": torch.ones(1, *SIZE)}, TypeError, "truths .* bool"),
        ({"truths": bar(0, 0, 5, 5)}, ValueError, r"\[P, H, W\]"),
        ({"truths": bar(0, 0, 5, 5)[None, 1:]}, ValueError, "the picture"),
        ({"truths": bar(0, 0, 0, 0)[None]}, ValueError, "not be empty"),
        ({"first_in": bar(0, 0, 0, 0)[None]}, ValueError, "first_in must"),
        ({"first_in": bar(0, 0, 5, 5)}, ValueError, "first_in must have"),
    ],
)
def test_refuses(change, error, words):
    given = {"truths": bar(0, 0, 5, 5)[None]} | change
    with pytest.raises(error, match=words):
        simulate_clicks(Obedient(), EMBEDDING, **given)


def test_clicks_needed_counts_the_first_time():
    ious = torch.tensor(
        [[0.9, 0.1, 0.1], [0.1, 0.2, 0.85], [0.1, 0.1, 0.1]]
    )
    needed = clicks_needed(ious, 0.85)
    assert needed.per_object.tolist() == [1, 3, 3]
    assert needed.failed == 1
    assert needed.mean == pytest.approx(7 / 3)


@pytest.mark.parametrize(
    ("ious", "level", "words"),
    [
        (torch.ones(3), 0.85, r"\[P, count\]"),
        (torch.ones(0, 3), 0.85, r"\[P, count\]"),
        (torch.full((1, 2), torch.nan), 0.85, r"lie in \[0, 1\]"),
        (torch.full((1, 2), 1.1), 0.85, r"lie in \[0, 1\]"),
        (torch.ones(1, 2), 0.0, "level must lie"),
        (torch.ones(1, 2), 85, "level must lie"),
    ],
)
def test_clicks_needed_refuses(ious, level, words):
    with pytest.raises(ValueError, match=words):
        clicks_needed(ious, level)


def test_summary():
    ious = torch.tensor([[0.2, 0.86, 0.92], [0.4, 0.5, 0.6]])
    rows = summarise_clicks(ious, after=(1, 3))
    assert rows == {
        "noc85": 2.5,
        "failed85": 1,
        "noc90": 3.0,
        "failed90": 1,
        "iou1": pytest.approx(0.3),
        "iou3": pytest.approx(0.76),
    }
    with pytest.raises(ValueError, match="after must hold 1 to 3"):
        summarise_clicks(ious, after=[4])


def test_prompts_of_a_round_can_be_asked_again():
    sam, image = small_sam(), blobs()
    truths = torch.zeros(1, 128, 128, dtype=torch.bool)
    truths[0, 10:50, 20:90] = True
    embedding = sam.embed(image)
    *_, last = click_rounds(sam, embedding, truths, count=2)
    assert isinstance(last.prompts, Prompts)
    assert torch.equal(
        sam.single(embedding, last.prompts).best(), last.masks
    )
