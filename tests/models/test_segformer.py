"""SegFormer is transformers': evaluated, trained, and from a file."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import randomise, share_of_loss_left
from peer_networks import (
    load_transformers,
    relative_gap,
    segformer_config,
    shake,
)
from safetensors.torch import load_file
from torch.nn import functional as F

from seglab.models.mix_transformer import MIX_TRANSFORMERS, MixTransformer
from seglab.models.segformer import (
    FROM_TRANSFORMERS,
    HEAD_WIDTHS,
    AllMLPHead,
    SegFormer,
)
from seglab.models.state_dicts import load_renamed

MINI = MIX_TRANSFORMERS["mini"]


def peer(name="mini", **changes):
    """transformers' SegFormer with moved weights and batch norms."""
    torch.manual_seed(0)
    size, width = MIX_TRANSFORMERS[name], HEAD_WIDTHS[name]
    config = segformer_config(size, width, **changes)
    library = load_transformers()
    theirs = shake(library.SegformerForSemanticSegmentation(config))
    return randomise(theirs).eval()


def ours_like(theirs, name="mini", **options):
    """Ours with the weights of transformers'."""
    backbone = MixTransformer(MIX_TRANSFORMERS[name], **options)
    ours = SegFormer(backbone, 5, width=HEAD_WIDTHS[name])
    load_renamed(ours, theirs.state_dict(), FROM_TRANSFORMERS)
    return ours.eval()


@torch.no_grad()
@pytest.mark.parametrize("name", ["mini", "b0"])
def test_equals_transformers(name):
    theirs = peer(name)
    ours = ours_like(theirs, name)
    for size in ((64, 64), (96, 61)):
        x = torch.randn(2, 3, *size)
        wanted = theirs(x).logits
        assert relative_gap(ours.head(ours.features(x)), wanted) < 1e-5
        full = F.interpolate(wanted, size, mode="bilinear")
        assert relative_gap(ours(x), full) < 1e-5


def test_equals_transformers_in_training():
    """The gradient of every parameter, without what is random."""
    theirs = peer(classifier_dropout_prob=0.0, drop_path_rate=0.0).train()
    ours = ours_like(theirs, drop_path=0.0).train()
    ours.head.dropout.p = 0.0
    x, labels = torch.randn(2, 3, 64, 64), torch.randint(0, 5, (2, 64, 64))
    theirs(x, labels=labels).loss.backward()
    F.cross_entropy(ours(x), labels).backward()
    gradients = {name: p.grad for name, p in theirs.named_parameters()}
    copy = ours_like(theirs)
    state = theirs.state_dict() | gradients
    load_renamed(copy, state, FROM_TRANSFORMERS)
    wanted = dict(copy.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(
            parameter.grad, wanted[name].detach(), rtol=1e-4, atol=1e-6
        )


def test_a_checkpoint_file_fits(tmp_path):
    """Files keep the key names of the library's version 4."""
    logging = load_transformers().utils.logging
    logging.disable_progress_bar()
    theirs = peer()
    theirs.save_pretrained(tmp_path)
    logging.enable_progress_bar()
    state = load_file(tmp_path / "model.safetensors")
    ours = SegFormer(MixTransformer(MINI), 5, width=32).eval()
    load_renamed(ours, state, FROM_TRANSFORMERS)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        found = ours.head(ours.features(x))
        assert relative_gap(found, theirs(x).logits) < 1e-5


def test_head_is_linear_layers_at_every_position():
    """Recomputed with the channels last and no convolution."""
    torch.manual_seed(0)
    head = randomise(AllMLPHead((3, 5), 4, width=6)).eval()
    fine, coarse = torch.randn(2, 3, 4, 6), torch.randn(2, 5, 2, 3)
    unified = [
        layer(x.movedim(1, -1)).movedim(-1, 1)
        for layer, x in zip(head.unify, (fine, coarse), strict=True)
    ]
    larger = F.interpolate(unified[1], scale_factor=2, mode="bilinear")
    stack = torch.cat([larger, unified[0]], dim=1).movedim(1, -1)
    conv, norm, _ = head.mix
    mixed = (stack @ conv.weight[:, :, 0, 0].T).movedim(-1, 1)
    mixed = norm(mixed).clamp_min(0).movedim(1, -1)
    wanted = mixed @ head.classify.weight[:, :, 0, 0].T
    wanted = (wanted + head.classify.bias).movedim(-1, 1)
    torch.testing.assert_close(head([fine, coarse]), wanted)


@pytest.fixture(scope="module")
def small():
    backbone = MixTransformer(MINI, in_channels=1)
    return SegFormer(backbone, 3, width=8).eval()


@settings(max_examples=15)
@given(st.integers(29, 80), st.integers(29, 80))
def test_any_size(small, height, width):
    x = torch.zeros(1, 1, height, width)
    assert small(x).shape == (1, 3, height, width)


def test_every_parameter_learns():
    torch.manual_seed(0)
    model = SegFormer(MixTransformer(MINI, drop_path=0.0), 2, width=8)
    labels = torch.randint(0, 2, (2, 64, 64))
    F.cross_entropy(model(torch.randn(2, 3, 64, 64)), labels).backward()
    assert all(p.grad.any() for p in model.parameters())


def test_arguments_are_checked():
    backbone = MixTransformer(MINI)
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        SegFormer(backbone, 0)
    with pytest.raises(ValueError, match="width must be 1 or more, got 0"):
        SegFormer(backbone, 2, width=0)


def test_learns_eight_scenes():
    torch.manual_seed(0)
    backbone = MixTransformer(MINI, in_channels=1, drop_path=0.0)
    model = SegFormer(backbone, 3, width=32)
    assert share_of_loss_left(model) < 0.1
