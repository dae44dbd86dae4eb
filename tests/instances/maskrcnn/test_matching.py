import pytest
import torch
from torchvision.models.detection._utils import (
    BalancedPositiveNegativeSampler,
    Matcher,
)

from seglab.instances.maskrcnn.matching import match_boxes, sample_balanced


@pytest.mark.parametrize("best_counts", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_matches_are_torchvisions(seed, best_counts):
    generator = torch.Generator().manual_seed(seed)
    # few values, so that there are ties
    iou = torch.randint(0, 11, (4, 60), generator=generator) / 10
    peer = Matcher(0.7, 0.3, allow_low_quality_matches=best_counts)
    ours = match_boxes(iou, high=0.7, low=0.3, best_counts=best_counts)
    assert torch.equal(ours, peer(iou.clone()))


def test_the_limits_belong_to_the_upper_side():
    iou = torch.tensor([[0.7, 0.3, 0.2999]])
    assert match_boxes(iou, high=0.7, low=0.3).tolist() == [0, -2, -1]


def test_every_object_gets_a_box():
    iou = torch.tensor([[0.1, 0.05], [0.0, 0.2]])
    lost = match_boxes(iou, high=0.7, low=0.3)
    found = match_boxes(iou, high=0.7, low=0.3, best_counts=True)
    assert lost.tolist() == [-1, -1] and found.tolist() == [0, 1]


def test_without_objects_all_is_background():
    iou = torch.zeros(0, 5)
    assert match_boxes(iou, high=0.5, low=0.5).tolist() == [-1] * 5
    assert match_boxes(torch.zeros(3, 0), high=0.5, low=0.5).shape == (0,)


def test_thresholds_are_in_order():
    with pytest.raises(ValueError, match="in order"):
        match_boxes(torch.zeros(1, 1), high=0.3, low=0.7)
    with pytest.raises(ValueError, match="iou must be"):
        match_boxes(torch.zeros(3), high=0.7, low=0.3)


@pytest.mark.parametrize("seed", range(4))
def test_the_draw_is_torchvisions_for_the_same_random_numbers(seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(-1, 3, (100,), generator=generator)
    torch.manual_seed(seed)
    ours = sample_balanced(labels, 40, positive_share=0.25)
    torch.manual_seed(seed)
    peer = BalancedPositiveNegativeSampler(40, 0.25)([labels])
    for mine, (mask,) in zip(ours, peer, strict=True):
        assert torch.equal(mine, torch.where(mask)[0])


def test_negatives_fill_what_positives_leave_free():
    labels = torch.tensor([1] * 3 + [0] * 50)
    positives, negatives = sample_balanced(labels, 16, positive_share=0.5)
    assert (len(positives), len(negatives)) == (3, 13)
    positives, negatives = sample_balanced(
        torch.ones(50), 16, positive_share=0.5
    )
    assert (len(positives), len(negatives)) == (8, 0)


def test_a_generator_of_ones_own():
    labels = torch.zeros(100)
    draws = [
        sample_balanced(
            labels,
            5,
            positive_share=0.5,
            generator=torch.Generator().manual_seed(3),
        )[1].tolist()
        for _ in range(2)
    ]
    assert draws[0] == draws[1] and len(set(draws[0])) == 5


@pytest.mark.parametrize("count, share", [(0, 0.5), (4, 1.5), (4, -0.1)])
def test_what_cannot_be_drawn_is_refused(count, share):
    with pytest.raises(ValueError, match="count must be 1 or more"):
        sample_balanced(torch.ones(3), count, positive_share=share)
