"""The layer of the heads."""

import pytest
import torch

from seglab.instances.onestage.heads import grouped_conv


def test_each_image_by_itself_in_training_too():
    torch.manual_seed(0)
    layer = grouped_conv(4, 16).train()
    images = torch.rand(3, 4, 6, 5)
    alone = torch.cat([layer(one[None]) for one in images])
    assert torch.allclose(layer(images), alone, atol=1e-6)
    assert layer(images).min() == 0


def test_channels_must_make_groups():
    with pytest.raises(ValueError, match="multiple of 8, got 12"):
        grouped_conv(4, 12)
