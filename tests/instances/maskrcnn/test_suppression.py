import pytest
import torch
from box_cases import random_boxes
from torchvision import ops

from seglab.instances.maskrcnn.suppression import batched_nms, nms


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_what_stays_is_what_torchvision_keeps(seed, threshold):
    boxes = random_boxes(80, seed)
    scores = torch.rand(80, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(
        nms(boxes, scores, threshold), ops.nms(boxes, scores, threshold)
    )


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_torchvisions(seed):
    boxes = random_boxes(80, seed) - 30
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(80, generator=generator)
    groups = torch.randint(0, 4, (80,), generator=generator)
    peer = ops.batched_nms(boxes, scores, groups, 0.4)
    assert torch.equal(batched_nms(boxes, scores, groups, 0.4), peer)
    alone = [
        (groups == g).nonzero()[:, 0][
            nms(boxes[groups == g], scores[groups == g], 0.4)
        ]
        for g in range(4)
    ]
    assert set(peer.tolist()) == set(torch.cat(alone).tolist())


def test_a_box_that_went_drops_no_other():
    boxes = torch.tensor([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    assert nms(boxes, scores, 0.5).tolist() == [0, 2]


def test_equal_scores_and_equal_boxes():
    boxes = torch.tensor([[0.0, 0, 4, 4]]).expand(3, 4)
    assert nms(boxes, torch.ones(3), 0.5).tolist() == [0]


def test_nothing_and_one():
    none = torch.zeros(0, 4)
    assert nms(none, torch.zeros(0), 0.5).shape == (0,)
    assert batched_nms(
        none, torch.zeros(0), torch.zeros(0, dtype=torch.int64), 0.5
    ).shape == (0,)
    assert nms(random_boxes(1), torch.ones(1), 0.5).tolist() == [0]


def test_what_does_not_fit_is_refused():
    boxes = random_boxes(3)
    with pytest.raises(ValueError, match="scores must be"):
        nms(boxes, torch.ones(2), 0.5)
    with pytest.raises(ValueError, match="threshold must be"):
        nms(boxes, torch.ones(3), 50)
    with pytest.raises(ValueError, match="groups must be"):
        batched_nms(boxes, torch.ones(3), torch.ones(2), 0.5)
