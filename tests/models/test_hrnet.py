"""HRNet's branches are timm's, and all of them speak to each other."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import (
    largest_difference,
    outputs_on_peers_weights,
    randomise,
    share_of_loss_left,
)
from peer_networks import relative_gap
from torch.nn import functional as F

from seglab.models.hrnet import (
    FROM_TIMM,
    HRNETS,
    Fusion,
    HRNet,
    HRNetBackbone,
    HRNetSize,
    ParallelModule,
    StackedHead,
)
from seglab.models.state_dicts import load_renamed


def timm_hrnet(name, **options):
    """timm's network without weights to download."""
    models = pytest.importorskip("timm").models.hrnet
    return getattr(models, f"hrnet_{name}")(pretrained=False, **options)


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_equals_timm(size):
    theirs = timm_hrnet("w18_small", head="")
    ours = HRNetBackbone(HRNETS["w18_small"])
    found, wanted = outputs_on_peers_weights(ours, theirs, FROM_TIMM, size)
    assert len(found) == 4
    for one, other in zip(found, wanted, strict=True):
        assert relative_gap(one, other) < 1e-5


def test_equals_timm_in_training():
    """Batch statistics and gradients too."""
    torch.manual_seed(0)
    theirs = randomise(timm_hrnet("w18_small_v2", head="")).train()
    ours = HRNetBackbone(HRNETS["w18_small_v2"]).train()
    load_renamed(ours, theirs.state_dict(), FROM_TIMM)
    x = torch.randn(2, 3, 64, 64)
    outputs = [ours(x), theirs(x)]
    for maps in outputs:
        sum(feature.square().mean() for feature in maps).backward()
    assert relative_gap(outputs[0][0], outputs[1][0]) < 1e-5
    gradients = ours.stem[0][0].weight.grad, theirs.conv1.weight.grad
    assert relative_gap(*gradients) < 1e-5


def test_published_sizes_fit_a_classifiers_state():
    with torch.device("meta"):
        theirs = timm_hrnet("w18")
        ours = HRNetBackbone(HRNETS["w18"])
    load_renamed(ours, theirs.state_dict(), FROM_TIMM)


def test_fusion_is_a_sum_of_paths():
    """Recomputed branch by branch, with the pixels repeated."""
    torch.manual_seed(0)
    fusion = randomise(Fusion((2, 3, 4))).eval()
    maps = [torch.randn(1, 2 + i, 16 >> i, 8 >> i) for i in range(3)]
    for target, fused in enumerate(fusion(maps)):
        total = 0
        for source, feature in enumerate(maps):
            brought = fusion.paths[target][source](feature)
            factor = 2 ** max(0, source - target)
            brought = brought.repeat_interleave(factor, 2)
            total = total + brought.repeat_interleave(factor, 3)
        torch.testing.assert_close(fused, total.clamp_min(0))


def test_one_module_carries_every_branch_to_every_other():
    torch.manual_seed(0)
    module = randomise(ParallelModule((4, 8, 16), blocks=1)).eval()
    maps = [torch.rand(1, 4 << i, 16 >> i, 16 >> i) for i in range(3)]
    before = module(maps)
    for changed in range(3):
        other = list(maps)
        other[changed] = other[changed] + 1
        for one, two in zip(before, module(other), strict=True):
            assert not torch.allclose(one, two)


def test_head_stacks_all_maps_at_the_finest_size():
    """HRNetV2's head, which timm does not have, written out."""
    torch.manual_seed(0)
    head = randomise(StackedHead((3, 5), 4)).eval()
    fine, coarse = torch.randn(2, 3, 6, 8), torch.randn(2, 5, 3, 4)
    larger = F.interpolate(coarse, scale_factor=2, mode="bilinear")
    stack = torch.cat([fine, larger], 1).movedim(1, -1)
    conv, norm, _ = head.mix
    mixed = (stack @ conv.weight[:, :, 0, 0].T).movedim(-1, 1)
    mixed = norm(mixed).clamp_min(0).movedim(1, -1)
    wanted = mixed @ head.classify.weight[:, :, 0, 0].T
    wanted = (wanted + head.classify.bias).movedim(-1, 1)
    assert largest_difference(head([fine, coarse]), wanted) < 1e-5


@pytest.fixture(scope="module")
def small():
    return HRNet(HRNetBackbone(HRNETS["mini"], in_channels=1), 2).eval()


@settings(max_examples=15)
@given(st.integers(1, 70), st.integers(1, 70))
def test_any_size(small, height, width):
    x = torch.zeros(1, 1, height, width)
    assert small(x).shape == (1, 2, height, width)


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = HRNet(HRNetBackbone(HRNETS["mini"]), 2)
    model(torch.randn(2, 3, 64, 64)).square().mean().backward()
    assert all(p.grad.any() for p in model.parameters())


def test_arguments_are_checked():
    for change in ({"width": 0}, {"modules": (1, 0, 1)}, {"stem": 0}):
        with pytest.raises(ValueError, match="every size must be 1 or"):
            HRNetSize(**change)
    backbone = HRNetBackbone(HRNETS["mini"])
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        HRNet(backbone, 0)
    with pytest.raises(ValueError, match=r"shape \[N, 3, H, W\], got"):
        HRNet(backbone, 2)(torch.zeros(1, 1, 32, 32))


def test_learns_eight_scenes():
    torch.manual_seed(0)
    model = HRNet(HRNetBackbone(HRNETS["mini"], in_channels=1), 3)
    assert share_of_loss_left(model, steps=30) < 0.1
