import math

import pytest
from boxy import proposal, proposals, square

from seglab.promptable.autolabel import Journal, Review, agreement

ITEMS = proposals(
    proposal(1, square(1, 1)),
    proposal(2, square(1, 10)),
    proposal(3, square(10, 1)),
    proposal(4, square(10, 10)),
)


@pytest.fixture
def review(tmp_path):
    return Review(ITEMS, Journal(tmp_path / "d"))


def test_it_counts_by_class_and_measures_corrections(review):
    review.accept(1)
    review.reject(2)
    review.correct(3, square(10, 4))  # 3 of 6 columns shared
    review.correct(4, square(10, 10), label=2)
    review.add(1, square(1, 20), 2)
    report = agreement(review)
    disc = report["disc"]
    assert (disc.accepted, disc.corrected, disc.rejected) == (1, 2, 1)
    assert disc.ious == (18 / 54, 1.0)
    assert disc.precision == 0.75
    assert disc.recall == 1.0
    assert disc.mean_iou == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert report["square"].added == 1
    assert report["square"].recall == 0


def test_only_what_is_decided_counts(review):
    report = agreement(review)
    assert list(report) == ["disc", "square"]
    for one in report.values():
        assert one.accepted == one.corrected == one.rejected == 0
        assert math.isnan(one.precision) and math.isnan(one.mean_iou)
    review.accept(2)
    assert agreement(review)["disc"].accepted == 1
