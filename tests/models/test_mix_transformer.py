"""The Mix Transformer is transformers', and shows where it looks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peer_networks import (
    load_transformers,
    relative_gap,
    segformer_config,
    shake,
)

from seglab.models.mix_transformer import (
    FROM_TRANSFORMERS,
    MIX_TRANSFORMERS,
    MixTransformer,
    MixTransformerSize,
)
from seglab.models.state_dicts import load_renamed, rename_keys

MINI = MIX_TRANSFORMERS["mini"]


@pytest.fixture(scope="module")
def pair():
    """Ours with the weights of a classifier of transformers."""
    torch.manual_seed(0)
    config = segformer_config(MINI, attn_implementation="eager")
    library = load_transformers()
    theirs = shake(library.SegformerForImageClassification(config)).eval()
    ours = MixTransformer(MINI).eval()
    load_renamed(ours, theirs.state_dict(), FROM_TRANSFORMERS)
    return ours, theirs.segformer


@torch.no_grad()
@pytest.mark.parametrize("size", [(64, 64), (75, 98)])
def test_maps_and_attention_equal_transformers(pair, size):
    ours, theirs = pair
    x = torch.randn(2, 3, *size)
    wanted = theirs(x, output_hidden_states=True, output_attentions=True)
    for one, other in zip(ours(x), wanted.hidden_states, strict=True):
        assert relative_gap(one, other) < 1e-5
    looks = ours.attention_maps(x)
    for one, other in zip(looks, wanted.attentions, strict=True):
        torch.testing.assert_close(one.flatten(4).flatten(2, 3), other)


@pytest.mark.parametrize("name", sorted(set(MIX_TRANSFORMERS) - {"mini"}))
def test_every_published_size_is_transformers(name):
    size = MIX_TRANSFORMERS[name]
    library = load_transformers()
    with torch.device("meta"):
        theirs = library.SegformerModel(segformer_config(size))
        ours = MixTransformer(size)
    # a checkpoint's keys begin with the model's name
    state = {f"segformer.{k}": v for k, v in theirs.state_dict().items()}
    renamed = rename_keys(state, FROM_TRANSFORMERS)
    shapes = {key: value.shape for key, value in renamed.items()}
    own = {key: value.shape for key, value in ours.state_dict().items()}
    assert shapes == own


def test_each_picture_of_attention_sums_to_one():
    backbone = MixTransformer(
        MixTransformerSize((4, 6, 8, 8), (2, 1, 1, 1), heads=(1, 2, 2, 2))
    ).eval()
    looks = backbone.attention_maps(torch.randn(1, 3, 70, 41))
    assert [tuple(look.shape[1:]) for look in looks] == [
        (1, 18, 11, 2, 1),
        (1, 18, 11, 2, 1),
        (2, 9, 6, 2, 1),
        (2, 5, 3, 2, 1),
        (2, 3, 2, 3, 2),
    ]
    for look in looks:
        sums = look.sum((-2, -1))
        torch.testing.assert_close(sums, torch.ones_like(sums))


@pytest.fixture(scope="module")
def small():
    return MixTransformer(MINI, in_channels=1).eval()


@settings(max_examples=15)
@given(st.integers(29, 80), st.integers(29, 80))
def test_maps_of_any_size(small, height, width):
    for stride, x in zip(
        small.strides, small(torch.zeros(1, 1, height, width)), strict=True
    ):
        assert x.shape[-2:] == (-(-height // stride), -(-width // stride))


def test_images_must_fill_one_window(small):
    assert small(torch.zeros(1, 1, 29, 29))[-1].shape == (1, 64, 1, 1)
    with pytest.raises(ValueError, match="at least 29 x 29 px"):
        small(torch.zeros(1, 1, 64, 28))
    with pytest.raises(ValueError, match=r"shape \[N, 1, H, W\]"):
        small(torch.zeros(1, 3, 64, 64))


def test_later_blocks_are_skipped_more_often():
    size = MixTransformerSize((4, 6, 8, 8), (2, 1, 1, 1), (1, 2, 2, 2))
    backbone = MixTransformer(size, drop_path=0.4)
    skips = [
        block.skip.p for stage in backbone.stages for block in stage.blocks
    ]
    assert skips == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    "change", [{"depths": (1, 1, 1)}, {"widths": (8, 16, 0, 64)}]
)
def test_sizes_are_checked(change):
    sizes = {"widths": MINI.widths, "depths": MINI.depths} | change
    with pytest.raises(ValueError, match="four numbers of 1 or more"):
        MixTransformerSize(**sizes)
