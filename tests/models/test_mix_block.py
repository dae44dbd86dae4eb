"""The parts of the Mix Transformer, each beside an obvious version."""

import pytest
import torch
from torch.nn import functional as F

from seglab.models.attention import to_map, to_tokens
from seglab.models.mix_block import (
    EfficientSelfAttention,
    MixBlock,
    MixFFN,
    OverlapPatchEmbedding,
)


@pytest.mark.parametrize("size", [(8, 8), (9, 14), (1, 5)])
@pytest.mark.parametrize(("kernel_size", "stride"), [(7, 4), (3, 2)])
def test_patches_overlap_and_round_up(size, kernel_size, stride):
    embed = OverlapPatchEmbedding(
        2, 6, kernel_size=kernel_size, stride=stride
    )
    x = torch.randn(1, 2, *size)
    found = embed(x)
    assert found.shape[-2:] == tuple(-(-side // stride) for side in size)
    # normalised over the channels of each position
    torch.testing.assert_close(
        found.mean(1), torch.zeros_like(found[:, 0]), atol=1e-6, rtol=0
    )
    wanted = F.layer_norm(embed.project(x).movedim(1, -1), (6,))
    torch.testing.assert_close(found, wanted.movedim(-1, 1))


def test_a_patch_knows_its_neighbours():
    torch.manual_seed(0)
    embed = OverlapPatchEmbedding(1, 4, kernel_size=7, stride=4)
    x = torch.zeros(1, 1, 16, 16)
    other = x.clone()
    # kernels reach 3 px to each side of pixels 0, 4, 8 and 12
    other[..., 5, 5] = 1
    changed = (embed(x) != embed(other)).any(1)[0]
    assert changed.nonzero().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_without_reduction_it_is_plain_attention():
    attention = EfficientSelfAttention(8, 2, 1)
    tokens = torch.randn(2, 12, 8)
    wanted = attention.attend(tokens, tokens, tokens)
    assert torch.equal(attention(tokens, (3, 4)), wanted)
    assert len(list(attention.parameters())) == 8


@pytest.mark.parametrize("grid", [(4, 6), (5, 7)])
def test_reduction_merges_windows(grid):
    """Recomputed window by window; what fills none is not looked at."""
    torch.manual_seed(0)
    attention = EfficientSelfAttention(8, 2, 2)
    tokens = torch.randn(2, grid[0] * grid[1], 8)
    x = to_map(tokens, grid)
    windows = [
        (attention.reduce.weight * x[:, None, :, i : i + 2, j : j + 2]).sum(
            (2, 3, 4)
        )
        + attention.reduce.bias
        for i in range(0, grid[0] - 1, 2)
        for j in range(0, grid[1] - 1, 2)
    ]
    seen = attention.norm(torch.stack(windows, dim=1))
    wanted = attention.attend(tokens, seen, seen)
    torch.testing.assert_close(attention(tokens, grid), wanted)


def test_mix_ffn_knows_where_the_border_is():
    torch.manual_seed(0)
    same = torch.ones(1, 25, 4)
    found = to_map(MixFFN(4, expansion=4)(same, (5, 5)), (5, 5))[0]
    torch.testing.assert_close(found[:, 2, 2], found[:, 1, 3])
    assert not torch.allclose(found[:, 2, 2], found[:, 0, 2])
    assert not torch.allclose(found[:, 0, 2], found[:, 0, 0])


def test_mix_ffn_equals_convolutions():
    """A linear layer at every position is a 1 x 1 convolution."""
    torch.manual_seed(0)
    ffn = MixFFN(4, expansion=2)
    x = torch.randn(2, 4, 3, 5)
    wide = F.conv2d(x, ffn.widen.weight[..., None, None], ffn.widen.bias)
    mixed = F.gelu(ffn.mix(wide))
    narrow = ffn.narrow.weight[..., None, None]
    wanted = F.conv2d(mixed, narrow, ffn.narrow.bias)
    torch.testing.assert_close(
        to_map(ffn(to_tokens(x), (3, 5)), (3, 5)), wanted
    )


def test_a_skipped_block_changes_nothing():
    block = MixBlock(8, 2, 1, skip=1.0)
    tokens = torch.randn(2, 12, 8)
    assert torch.equal(block.train()(tokens, (3, 4)), tokens)
    assert not torch.equal(block.eval()(tokens, (3, 4)), tokens)
