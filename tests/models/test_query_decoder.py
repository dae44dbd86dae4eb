"""The decoder of queries is transformers', layer by layer."""

import pytest
import torch
from network_cases import largest_difference
from peer_networks import load_transformers, mask2former, relative_gap

from seglab.models.attention import attention_weights, split_projections
from seglab.models.query_decoder import (
    FROM_TRANSFORMERS,
    LAYER_RULES,
    MaskedLayer,
    QueryDecoder,
    inside,
    sine_positions,
)
from seglab.models.state_dicts import load_renamed


@pytest.fixture(scope="module")
def theirs():
    return mask2former()


@pytest.fixture(scope="module")
def ours(theirs):
    decoder = QueryDecoder(
        5, width=32, queries=9, layers=6, heads=4, inner=64
    )
    state = split_projections(theirs.state_dict())
    load_renamed(decoder, state, FROM_TRANSFORMERS)
    return decoder.eval()


@torch.no_grad()
@pytest.mark.parametrize("size", [(64, 64), (64, 96)])
def test_every_prediction_equals_transformers(ours, theirs, size):
    """Classes and masks before the first layer and after each one."""
    whole = theirs(
        torch.randn(2, 3, *size),
        output_hidden_states=True,
        output_auxiliary_logits=True,
    )
    found = ours(
        whole.pixel_decoder_hidden_states,
        whole.pixel_decoder_last_hidden_state,
    )
    wanted = [
        (one["class_queries_logits"], one["masks_queries_logits"])
        for one in whole.auxiliary_logits
    ]
    wanted.append((whole.class_queries_logits, whole.masks_queries_logits))
    for one, (classes, masks) in zip(found, wanted, strict=True):
        assert relative_gap(one.class_logits, classes) < 1e-5
        assert relative_gap(one.mask_logits, masks) < 1e-5


def test_layer_equals_transformers_with_gradients(theirs):
    layer = theirs.model.transformer_module.decoder.layers[0]
    ours = MaskedLayer(32, 4, 64)
    state = split_projections(layer.state_dict())
    load_renamed(ours, state, LAYER_RULES)
    torch.manual_seed(0)
    queries = torch.randn(2, 9, 32, requires_grad=True)
    tokens = torch.randn(2, 20, 32, requires_grad=True)
    places, positions = torch.randn(9, 32), torch.randn(20, 32)
    mask = torch.rand(2, 9, 20) < 0.5
    mask[..., 3] = True
    found = ours(queries, places, tokens, positions, mask)
    wanted = layer(
        queries.transpose(0, 1),
        level_index=0,
        position_embeddings=[positions[:, None]],
        query_position_embeddings=places[:, None].expand(-1, 2, -1),
        encoder_hidden_states=[tokens.transpose(0, 1)],
        encoder_attention_mask=(~mask).repeat_interleave(4, dim=0),
    )[0].transpose(0, 1)
    assert largest_difference(found, wanted) < 1e-5
    gradients = [
        torch.autograd.grad(output.square().mean(), (queries, tokens))
        for output in (found, wanted)
    ]
    for one, other in zip(*gradients, strict=True):
        assert relative_gap(one, other) < 1e-4


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (8, 3)])
def test_positions_equal_transformers(size):
    load_transformers()
    from transformers.models.mask2former import modeling_mask2former

    x = torch.zeros(1, 12, *size)
    embed = modeling_mask2former.Mask2FormerSinePositionEmbedding(
        6, normalize=True
    )
    wanted = embed(x.shape, x.device, x.dtype)
    found = sine_positions(x)
    torch.testing.assert_close(found, wanted[0].flatten(1).T)
    assert sine_positions(x.half()).dtype == torch.float16


def test_a_query_looks_inside_its_mask():
    logits = torch.full((1, 2, 8, 8), -3.0)
    logits[0, 0, 2:6, 4:8] = 3
    mask = inside(logits, (4, 4)).view(2, 4, 4)
    assert mask[0].nonzero().tolist() == [[1, 2], [1, 3], [2, 2], [2, 3]]
    assert mask[1].all()


def test_masked_tokens_do_not_matter():
    torch.manual_seed(0)
    layer = MaskedLayer(8, 2, 16)
    queries, tokens = torch.randn(1, 3, 8), torch.randn(1, 6, 8)
    mask = torch.zeros(1, 3, 6, dtype=torch.bool)
    mask[..., :2] = True
    other = tokens.clone()
    other[:, 2:] += 5
    places = torch.zeros(1, 1, 8)
    results = [
        layer(queries, places, x, places, mask) for x in (tokens, other)
    ]
    assert torch.equal(*results)


@torch.no_grad()
def test_each_layer_looks_where_the_last_prediction_is(ours):
    """The weights are 0 outside, and the scales are taken in turn."""
    torch.manual_seed(1)
    maps = [torch.randn(1, 32, side, side) for side in (2, 4, 8)]
    drawn_on = torch.randn(1, 32, 16, 16)

    class OneInput(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder = ours

        def forward(self, drawn_on):
            return self.decoder(maps, drawn_on)

    looks = attention_weights(OneInput(), drawn_on)
    predictions = ours(maps, drawn_on)
    for number, cross in enumerate(looks[::2]):
        size = maps[number % 3].shape[-2:]
        mask = inside(predictions[number].mask_logits, size)
        assert cross.shape[-1] == size[0] * size[1]
        assert (cross[:, 0][~mask] == 0).all()
        assert (cross[:, 0][mask] > 0).all()
    assert all(told.shape[-2:] == (9, 9) for told in looks[1::2])


def test_where_to_look_carries_no_gradient():
    """It is a decision, not a number that could be a little larger."""
    logits = torch.randn(1, 2, 4, 4, requires_grad=True)
    assert not inside(logits, (2, 2)).requires_grad
