"""The small SAM 2: its size, its parts, and its starts."""

import torch

from seglab.promptable.prompts import clicks
from seglab.promptable.sam2.grouping import scale_coarse
from seglab.promptable.sam2.mini import (
    CHANNELS,
    GRID,
    MEMORY_FRAMES,
    MEMORY_WIDTH,
    SIDE,
    WIDTH,
    build_mini_sam2,
)
from seglab.promptable.sam2.tracker import PromptableSam2


def test_sizes():
    network = build_mini_sam2()
    count = sum(p.numel() for p in network.parameters())
    assert count < 2e6, "in half precision the file has 4 MB at most"
    assert network.image_size == SIDE
    assert network.hidden_dim == WIDTH
    assert network.mem_dim == MEMORY_WIDTH
    assert network.num_maskmem == MEMORY_FRAMES
    assert network.image_encoder.trunk.channel_list == [
        8 * CHANNELS,
        4 * CHANNELS,
        2 * CHANNELS,
        CHANNELS,
    ]


def test_three_levels_of_features():
    network = build_mini_sam2().eval()
    with torch.no_grad():
        found = network.forward_image(torch.randn(1, 3, SIDE, SIDE))
    sides = [level.shape[-1] for level in found["backbone_fpn"]]
    assert sides == [4 * GRID, 2 * GRID, GRID]


def test_attention_to_memory_begins_near_the_place_that_asks():
    network = build_mini_sam2().eval()
    layer = network.memory_attention.layers[0].cross_attn_image
    same = torch.zeros(1, GRID**2, WIDTH)
    read = layer(
        q=same,
        k=torch.zeros(1, GRID**2, MEMORY_WIDTH),
        v=torch.randn(1, GRID**2, MEMORY_WIDTH),
    )
    assert read.shape == (1, GRID**2, WIDTH)
    # a value is read at its own place more than three tokens away
    impulse = torch.zeros(1, GRID**2, MEMORY_WIDTH)
    place = 3 * GRID + 3
    impulse[0, place] = 1
    with torch.no_grad():
        nothing = layer(q=same, k=impulse * 0, v=impulse * 0)
        read = layer(q=same, k=impulse * 0, v=impulse)
    strength = (read - nothing)[0].norm(dim=-1)
    assert strength.argmax() == place
    assert strength[place] > 2 * strength[place + 3]


def test_everything_begins_as_visible():
    network = build_mini_sam2()
    head = network.sam_mask_decoder.pred_obj_score_head
    assert (head(torch.randn(50, WIDTH)) > 0).float().mean() > 0.95


def test_the_mask_token_looks_at_the_click_from_the_start():
    torch.manual_seed(0)
    network = build_mini_sam2().eval()
    # as the first lesson leaves it
    scale_coarse(network, torch.rand(4, 3, SIDE, SIDE))
    looks = []
    reader = network.sam_mask_decoder.transformer.layers[
        0
    ].cross_attn_token_to_image

    def note(module, args, kwargs):
        heads = module.num_heads
        queries = module._separate_heads(module.q_proj(kwargs["q"]), heads)
        keys = module._separate_heads(module.k_proj(kwargs["k"]), heads)
        scores = queries @ keys.mT / queries.shape[-1] ** 0.5
        # object, IoU, and then the token of the single mask
        looks.append(scores.softmax(-1)[0, :, 2].mean(0))

    reader.register_forward_pre_hook(note, with_kwargs=True)
    tracker = PromptableSam2(network)
    shares = []
    for x, y in [(8, 8), (24, 40), (88, 24), (88, 88), (56, 104)]:
        tracker.segment(torch.rand(3, SIDE, SIDE), clicks([(x, y)]))
        shares.append(looks[-1][(y // 16) * GRID + x // 16])
    # far more than its share of all places
    assert torch.stack(shares).mean() > 2 / GRID**2
