"""The loss that helps the pyramid along."""

import pytest
import torch

from seglab.instances.onestage.semantic import semantic_loss


def test_the_target_is_a_share():
    maps = torch.zeros(1, 4, 4, dtype=torch.int64)
    maps[0, :, :3] = 2001
    logits = torch.tensor([[[[0.0]], [[1.0986]]]])  # 3 : 1 for class 2
    share = torch.tensor([0.75, 0.25])
    entropy = -(share * share.log()).sum().item()
    found = semantic_loss(logits, maps, (1, 2))
    assert found.item() == pytest.approx((0.6931 + entropy) / 2, abs=1e-3)


def test_every_channel_has_its_category():
    maps = torch.tensor([[[3001, 5002], [0, 5002]]])
    logits = torch.full((1, 2, 2, 2), -50.0)
    logits[0, 0, 0, 0] = 50
    logits[0, 1, :, 1] = 50
    assert semantic_loss(logits, maps, (3, 5)) == pytest.approx(0, abs=1e-6)
    assert semantic_loss(logits, maps, (5, 3)) > 10


def test_stuff_is_not_a_thing():
    maps = torch.full((1, 4, 4), 6000)
    logits = torch.full((1, 1, 2, 2), -50.0)
    assert semantic_loss(logits, maps, (1,)) == pytest.approx(0, abs=1e-6)


def test_categories_must_fit():
    with pytest.raises(ValueError, match="things must name the 2"):
        semantic_loss(
            torch.zeros(1, 2, 2, 2), torch.zeros(1, 4, 4).long(), (1,)
        )
