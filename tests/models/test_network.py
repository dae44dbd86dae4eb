"""What a backbone, a head and an auxiliary head do together."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import small_backbone
from torch import nn

from seglab.models.backbones import Backbone
from seglab.models.layers import resize
from seglab.models.network import SegmentationNetwork, check_head


class LastMap(nn.Module):
    """A head that shows what it was given."""

    def forward(self, features):
        return features[-1]


def network(**options):
    return SegmentationNetwork(
        small_backbone(16), LastMap(), LastMap(), **options
    ).eval()


@given(st.integers(1, 50), st.integers(1, 50))
def test_logits_have_the_size_of_the_images_property(height, width):
    x = torch.randn(1, 1, height, width)
    logits, beside = network().forward_with_auxiliary(x)
    assert logits.shape[2:] == beside.shape[2:] == (height, width)


@pytest.mark.parametrize("align_corners", [True, False])
def test_heads_get_all_maps_and_all_but_the_last(align_corners):
    model = network(align_corners=align_corners)
    x = torch.randn(2, 1, 33, 47)
    maps = model.backbone(x)
    logits, beside = model.forward_with_auxiliary(x)
    for found, source in ((logits, maps[-1]), (beside, maps[-2])):
        wanted = resize(source, (33, 47), align_corners=align_corners)
        assert torch.equal(found, wanted)
    assert torch.equal(model(x), logits)


@pytest.mark.parametrize("training", [True, False])
def test_forward_never_runs_the_auxiliary_head(training):
    model = network().train(training)
    ran = []
    model.auxiliary.register_forward_hook(lambda *_: ran.append(1))
    model(torch.randn(2, 1, 16, 16))
    assert not ran
    model.forward_with_auxiliary(torch.randn(2, 1, 16, 16))
    assert ran == [1]


def test_without_an_auxiliary_head():
    model = SegmentationNetwork(small_backbone(16), LastMap())
    assert not any("auxiliary" in key for key in model.state_dict())
    with pytest.raises(ValueError, match=r"no auxiliary head: build it"):
        model.forward_with_auxiliary(torch.zeros(2, 1, 16, 16))


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 2, 16, 16)])
def test_images_are_checked(shape):
    for call in (network(), network().forward_with_auxiliary):
        with pytest.raises(ValueError, match=r"shape \[N, 1, H, W\]"):
            call(torch.zeros(shape))


def test_classes_are_checked():
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        check_head(Backbone(1, (4, 8), (2, 4)), 0)
