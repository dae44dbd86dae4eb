"""Attention is PyTorch's own, and its weights can be looked at."""

import pytest
import torch
from torch import nn

from seglab.models.attention import (
    MultiHeadAttention,
    attention_weights,
    split_projections,
    to_map,
    to_tokens,
)
from seglab.models.state_dicts import load_renamed


def some_mask(queries, keys):
    """Bool [2, L, S] in which every query may look somewhere."""
    mask = torch.rand(2, queries, keys) < 0.4
    mask[..., 0] |= ~mask.any(dim=2)
    return mask


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("masked", [True, False])
def test_equals_pytorch(heads, masked):
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(12, heads, batch_first=True)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.5)
    ours = MultiHeadAttention(12, heads)
    state = split_projections(theirs.state_dict())
    load_renamed(ours, state, [("out_proj", "out")])
    queries, keys = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    values = torch.randn(2, 7, 12)
    mask = some_mask(5, 7) if masked else None
    # for PyTorch's module, true means blocked
    blocked = None if mask is None else ~mask.repeat_interleave(heads, 0)
    wanted, weights = theirs(
        queries, keys, values, attn_mask=blocked, average_attn_weights=False
    )
    torch.testing.assert_close(ours(queries, keys, values, mask), wanted)
    found = ours.weights(queries, keys, mask)
    torch.testing.assert_close(found, weights)


def test_output_is_the_weighted_mean():
    torch.manual_seed(0)
    attention = MultiHeadAttention(8, 2)
    queries, keys = torch.randn(2, 3, 8), torch.randn(2, 6, 8)
    weights = attention.weights(queries, keys, some_mask(3, 6))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 3))
    assert (weights == 0).any()
    mask = weights[:, 0] > 0
    mixed = weights @ attention.split(attention.value(keys))
    wanted = attention.out(mixed.transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(queries, keys, keys, mask), wanted)


@pytest.mark.parametrize("heads", [0, 3, -2])
def test_heads_divide_the_width(heads):
    with pytest.raises(ValueError, match=f"got 8 and {heads}"):
        MultiHeadAttention(8, heads)


def test_tokens_are_the_rows_of_the_map():
    x = torch.arange(24.0).view(1, 2, 3, 4)
    tokens = to_tokens(x)
    assert tokens[0, 5].tolist() == x[0, :, 1, 1].tolist()
    assert torch.equal(to_map(tokens, (3, 4)), x)


class Two(nn.Module):
    """Two attentions, of which the second is given a mask by its name."""

    def __init__(self):
        super().__init__()
        self.second = MultiHeadAttention(8, 4)
        self.first = MultiHeadAttention(8, 2)

    def forward(self, x):
        mask = torch.eye(x.shape[1], dtype=torch.bool)[None]
        x = self.first(x, x, x)
        if x.shape[1] == 1:
            raise RuntimeError("too short")
        return self.second(x, keys=x, values=x, mask=mask)


def test_recorded_weights_are_those_of_the_pass():
    model = Two()
    x = torch.randn(3, 5, 8)
    first, second = attention_weights(model, x)
    assert torch.equal(first, model.first.weights(x, x))
    assert torch.equal(second, torch.eye(5).expand(3, 4, 5, 5))
    assert not first.requires_grad


def test_recording_leaves_nothing_behind():
    model = Two()
    with pytest.raises(RuntimeError, match="too short"):
        attention_weights(model, torch.randn(1, 1, 8))
    assert not model.first._forward_pre_hooks


def test_projections_are_split_in_order():
    fused = torch.arange(12.0).view(12, 1)
    state = {
        "a.qkv.weight": fused,
        "in_proj_bias": fused[:, 0],
        "qkvb.weight": fused,
    }
    split = split_projections(state)
    assert list(split) == [
        *(f"a.{name}.weight" for name in ("query", "key", "value")),
        *(f"{name}.bias" for name in ("query", "key", "value")),
        "qkvb.weight",
    ]
    assert split["a.key.weight"].flatten().tolist() == [4, 5, 6, 7]
