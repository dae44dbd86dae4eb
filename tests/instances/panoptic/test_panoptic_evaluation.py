import pytest
import torch
from panoptic_cases import KINDS, scenes

from seglab.instances.panoptic.evaluation import (
    evaluate_panoptic,
    segment_all,
)

IMAGES, MAPS = scenes(5)


class Oracle:
    """Knows the truth of the images that it is shown in turn."""

    def __init__(self, forgets=0):
        self.at, self.forgets, self.sizes = 0, forgets, []

    def segment(self, images):
        self.sizes.append(len(images))
        maps = MAPS[self.at : self.at + len(images)].clone()
        maps[: max(0, self.forgets - self.at)] = 0
        self.at += len(images)
        return maps


def test_the_truth_scores_one():
    seen = evaluate_panoptic(Oracle(), IMAGES, MAPS, categories=KINDS)
    assert seen.pq == pytest.approx(1)
    assert seen.summary()["pq_stuff"] == pytest.approx(1)


def test_what_is_missed_costs():
    seen = evaluate_panoptic(
        Oracle(forgets=2), IMAGES, MAPS, categories=KINDS, batch_size=1
    )
    assert 0.3 < seen.pq < 0.95
    assert seen.sq == pytest.approx(1)


def test_names_go_through():
    names = ["nothing", *"abcdefgh"]
    seen = evaluate_panoptic(
        Oracle(), IMAGES, MAPS, categories=KINDS, names=names
    )
    assert set(seen.per_class()) == set("abcdefgh")


def test_a_few_images_at_a_time():
    oracle = Oracle()
    assert (segment_all(oracle, IMAGES, batch_size=2) == MAPS).all()
    assert oracle.sizes == [2, 2, 1]
    with pytest.raises(ValueError, match="batch_size"):
        segment_all(oracle, IMAGES, batch_size=0)
    with pytest.raises(ValueError, match="images must"):
        segment_all(oracle, torch.zeros(0, 3, 8, 8))
