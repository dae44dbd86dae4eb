import numpy as np
import pytest
from boxy import CATEGORIES, SIZE, Boxy, proposal, proposals, square

from seglab.promptable.autolabel import (
    ClickCorrector,
    Effort,
    Journal,
    Review,
    TrueObjects,
    outline_clicks,
    review_all,
)

A, B, C = square(1, 1), square(1, 10), square(10, 20)
TRUTH = {"1.png": TrueObjects(np.array([A, B, C]), [1, 2, 1])}


def review_of(tmp_path, *items):
    return Review(proposals(*items), Journal(tmp_path / "d"))


def test_nothing_proposed_costs_what_it_costs_by_hand(tmp_path):
    review = review_of(tmp_path)
    effort = review_all(review, TRUTH)
    # three squares of four corners, and a label each
    assert effort == Effort(0, 0, 0, adding=15, by_hand=15)
    assert effort.saved == 0
    np.testing.assert_array_equal(
        review.dataset().masks(1), TRUTH["1.png"].masks
    )


def test_perfect_proposals_cost_a_click_each(tmp_path):
    review = review_of(
        tmp_path, proposal(1, A), proposal(2, B, label=2), proposal(3, C)
    )
    effort = review_all(review, TRUTH)
    assert effort.clicks == effort.accepting == 3
    assert effort.saved == pytest.approx(1 - 3 / 15)


def test_wrong_label_poor_mask_false_alarm_and_double(tmp_path):
    poor = square(1, 1)
    poor[1:3] = False  # two of six rows are missing
    review = review_of(
        tmp_path,
        proposal(1, poor),
        proposal(2, B, label=1),
        proposal(3, square(13, 2)),
        proposal(4, C),
        proposal(5, C, certainty=0.1),
    )
    effort = review_all(review, TRUTH)
    assert effort == Effort(
        accepting=1, rejecting=2, correcting=4 + 1, adding=0, by_hand=15
    )
    kinds = {n: d.kind for n, d in review.decisions.items()}
    assert kinds == {
        1: "corrected",
        2: "corrected",
        3: "rejected",
        4: "accepted",
        5: "rejected",
    }
    labels = sorted(o.category_id for o in review.dataset().objects)
    assert labels == [1, 1, 2]


def test_what_was_decided_stays_and_costs_nothing(tmp_path):
    review = review_of(tmp_path, proposal(1, A), proposal(2, B, label=2))
    review.accept(1)
    effort = review_all(review, TRUTH)
    assert effort.accepting == 1
    assert effort.adding == 5


def test_clicks_mend_a_mask_where_they_can(tmp_path):
    class Obedient(Boxy):
        """The first click gives the whole square A."""

        def single(self, embedding, prompts):
            answer = super().single(embedding, prompts)
            answer.masks[0, 0] = torch_of(A)
            return answer

    poor = A.copy()
    poor[1:4] = False
    image = torch_of(np.zeros((3, *SIZE), np.float32))
    corrector = ClickCorrector(Obedient(), {"1.png": image})
    review = review_of(
        tmp_path,
        proposal(1, poor),
        proposal(2, B, label=2),
        proposal(3, C),
    )
    effort = review_all(review, TRUTH, corrector=corrector)
    assert (effort.correcting, effort.adding) == (1, 0)
    # without the clicks it costs an outline
    other = Review(review.proposals, Journal(tmp_path / "other"))
    assert review_all(other, TRUTH).correcting == 4
    # a model that does not listen costs its clicks and the outline
    deaf = ClickCorrector(Boxy(), {"1.png": image}, most=3)
    third = Review(review.proposals, Journal(tmp_path / "third"))
    assert review_all(third, TRUTH, corrector=deaf).correcting == 3 + 4


def torch_of(array):
    import torch

    return torch.from_numpy(array)


def test_a_round_outline_takes_more_clicks_than_a_square():
    y, x = np.mgrid[:40, :40] - 20
    disc = x**2 + y**2 <= 15**2
    assert outline_clicks(square(1, 1)) == 4
    assert 7 < outline_clicks(disc) < 20
    assert outline_clicks(disc, tolerance=0.0) > 40
    ring = disc & (x**2 + y**2 > 8**2)
    assert outline_clicks(ring) > outline_clicks(disc) + 5


def test_arguments_are_checked(tmp_path):
    review = review_of(tmp_path, proposal(1, A))
    with pytest.raises(ValueError, match="accept_from"):
        review_all(review, TRUTH, accept_from=0.4)
    with pytest.raises(ValueError, match=r"1\.png"):
        review_all(review, {})
    with pytest.raises(ValueError, match="most"):
        ClickCorrector(Boxy(), {}, most=0)
    assert set(CATEGORIES) == {1, 2}


def test_what_was_missed_gets_a_box_where_a_model_helps(tmp_path):
    image = torch_of(np.zeros((3, *SIZE), np.float32))
    corrector = ClickCorrector(Boxy(), {"1.png": image})
    effort = review_all(review_of(tmp_path), TRUTH, corrector=corrector)
    # squares fill their boxes: two clicks and a label for each
    assert effort == Effort(0, 0, 0, adding=9, by_hand=15)
