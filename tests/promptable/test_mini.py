"""The small SAM: its size, its starts, and what its weights can do."""

import torch

from seglab.promptable.mini import (
    GRID,
    MASK_SIDE,
    SIDE,
    build_mini_sam,
    start_cross_attention,
    start_positions,
)


def test_sizes():
    network = build_mini_sam()
    count = sum(p.numel() for p in network.parameters())
    assert 0.7e6 < count < 0.8e6
    assert network.image_encoder.img_size == SIDE
    encoder = network.prompt_encoder
    assert encoder.image_embedding_size == (GRID, GRID)
    assert encoder.mask_input_size == (MASK_SIDE, MASK_SIDE)
    assert network.mask_decoder.num_mask_tokens == 4


def test_every_place_starts_with_its_own_position():
    table = torch.nn.Parameter(torch.zeros(1, 5, 7, 16))
    start_positions(table)
    vectors = table.detach().reshape(35, 16)
    apart = torch.cdist(vectors, vectors)
    apart.fill_diagonal_(9)
    assert apart.min() > 0.05
    # neighbours are more alike than far ends
    assert apart[0, 1] < apart[0].max()
    assert apart[0, 7] < apart[0].max()
    # one half says the row, the other the column
    grid = table.detach()[0]
    assert torch.equal(grid[2, 0, :8], grid[2, 6, :8])
    assert torch.equal(grid[0, 3, 8:], grid[4, 3, 8:])


def test_keys_start_as_queries():
    transformer = build_mini_sam().mask_decoder.transformer
    before = transformer.final_attn_token_to_image.q_proj.weight.clone()
    start_cross_attention(transformer)
    attention = transformer.final_attn_token_to_image
    assert torch.equal(attention.q_proj.weight, attention.k_proj.weight)
    torch.testing.assert_close(attention.q_proj.weight, before * 2.5)
    for layer in transformer.layers:
        for name in (
            "cross_attn_token_to_image",
            "cross_attn_image_to_token",
        ):
            attention = getattr(layer, name)
            assert torch.equal(
                attention.q_proj.weight, attention.k_proj.weight
            )
