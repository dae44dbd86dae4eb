import pytest
import torch
from box_cases import random_boxes

from seglab.instances.maskrcnn.choices import (
    choose_detections,
    choose_proposals,
)
from seglab.instances.maskrcnn.small import SmallMaskRCNN

PEER = SmallMaskRCNN(4).network.eval()


@pytest.mark.parametrize("seed", range(3))
def test_proposals_are_torchvisions(seed):
    counts, size = [300, 90, 20], (90, 110)
    boxes = random_boxes(sum(counts), seed) - 10
    logits = torch.randn(
        sum(counts), generator=torch.Generator().manual_seed(seed)
    )
    peer_boxes, peer_scores = PEER.rpn.filter_proposals(
        boxes[None], logits[:, None], [size], counts
    )
    found, scores = choose_proposals(
        logits.split(counts),
        boxes.split(counts),
        size,
        before=200,
        after=50,
    )
    assert torch.equal(found, peer_boxes[0])
    assert torch.equal(scores, peer_scores[0])


@pytest.mark.parametrize("seed", range(3))
def test_detections_are_torchvisions(seed):
    generator = torch.Generator().manual_seed(seed)
    proposals = random_boxes(40, seed)
    logits = torch.randn(40, 4, generator=generator) * 2
    changes = torch.randn(40, 4, 4, generator=generator)
    peer = PEER.roi_heads.postprocess_detections(
        logits, changes.flatten(1), [proposals], [(90, 110)]
    )
    boxes = PEER.roi_heads.box_coder.decode(changes.flatten(1), [proposals])
    found = choose_detections(logits.softmax(-1), boxes, (90, 110))
    names = "boxes", "labels", "scores"
    order = found[0], found[2], found[1]
    for name, mine, (other,) in zip(names, order, peer, strict=True):
        assert torch.equal(mine, other), name
    assert len(found[1]) > 3


def test_boxes_outside_the_image_go():
    boxes = [torch.tensor([[90.0, 0.0, 99.0, 9.0], [0.0, 0.0, 9.0, 9.0]])]
    found, _ = choose_proposals([torch.tensor([5.0, 1.0])], boxes, (50, 50))
    assert found.tolist() == [[0, 0, 9, 9]]


def test_one_place_can_keep_two_classes_but_not_the_background():
    box = torch.tensor([[4.0, 4.0, 9.0, 9.0]]).expand(1, 3, 4)
    chances = torch.tensor([[0.5, 0.3, 0.2]])
    _, labels, scores = choose_detections(chances, box, (12, 12))
    assert labels.tolist() == [1, 2]
    assert torch.equal(scores, chances[0, 1:])


def test_no_proposals():
    found = choose_detections(
        torch.zeros(0, 4), torch.zeros(0, 4, 4), (9, 9)
    )
    assert [len(x) for x in found] == [0, 0, 0]
    boxes, scores = choose_proposals(
        [torch.zeros(0)], [torch.zeros(0, 4)], (9, 9)
    )
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="boxes must be"):
        choose_detections(torch.zeros(2, 4), torch.zeros(2, 3, 4), (9, 9))
    with pytest.raises(ValueError, match="before and after"):
        choose_proposals(
            [torch.zeros(1)], [torch.zeros(1, 4)], (9, 9), after=0
        )
