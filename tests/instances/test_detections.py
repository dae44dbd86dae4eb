import pytest
import torch

from seglab.instances.detections import Detections, no_detections


def some(scores):
    count = len(scores)
    return Detections(
        boxes=torch.arange(4.0 * count).reshape(count, 4),
        labels=torch.arange(1, count + 1),
        scores=torch.tensor(scores),
        masks=torch.zeros(count, 4, 5, dtype=torch.bool),
    )


def test_above_keeps_the_score_itself():
    found = some([0.2, 0.5, 0.9]).above(0.5)
    assert found.labels.tolist() == [2, 3]
    assert found.boxes[0].tolist() == [4, 5, 6, 7]
    assert len(some([0.2]).above(0.3)) == 0


def test_best_first_keeps_the_order_of_ties():
    found = some([0.5, 0.9, 0.5]).best_first()
    assert found.labels.tolist() == [2, 1, 3]


@pytest.mark.parametrize("name", ["boxes", "labels", "scores"])
def test_every_part_speaks_of_the_same_objects(name):
    parts = some([0.1, 0.2]).as_dict()
    parts[name] = parts[name][:1]
    with pytest.raises(ValueError, match=name):
        Detections(**parts)


def test_nothing_found():
    found = no_detections((4, 6))
    assert len(found.best_first().above(0.5)) == 0
    assert found.masks.shape == (0, 4, 6)
