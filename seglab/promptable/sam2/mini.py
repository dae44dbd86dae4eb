"""A SAM 2 of the real package, small enough to train on a laptop."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from seglab.promptable.mini import start_cross_attention, start_positions
from seglab.promptable.sam2._package import package

SIDE = 128  # pixels
STRIDE = 16  # pixels a token is wide, fixed by the package
GRID = SIDE // STRIDE
WIDTH = 64
MEMORY_WIDTH = 32
CHANNELS = 20  # of the first stage; each of four doubles it
MEMORY_FRAMES = 5  # one with a prompt, and four before the current one
POINTERS = 8
THETA = 100  # of rotary positions: a grid of 8 needs no slow turns
NEARNESS = 1.2
THERE = 2.0
QUIET = 0.2


def build_mini_sam2() -> Any:
    """A ``SAM2VideoPredictor`` of the package's classes, small.

    Every part of the official models is there: a Hiera image encoder with
    its feature pyramid, memory attention, memory encoder, object pointers,
    and SAM's prompt encoder and mask decoder. Only the sizes are ours, and
    starts that make it learn in an hour: see ``_start_well``.

    Returns:
        The model, with random weights.

    Raises:
        ImportError: sam2 is not installed.

    Source:
        Ravi et al., SAM 2, ICLR 2025.

    >>> build_mini_sam2().image_size
    128
    """
    video = package("sam2_video_predictor")
    model = video.SAM2VideoPredictor(
        image_encoder=_image_encoder(),
        memory_attention=_memory_attention(),
        memory_encoder=_memory_encoder(),
        num_maskmem=MEMORY_FRAMES,
        image_size=SIDE,
        backbone_stride=STRIDE,
        max_obj_ptrs_in_encoder=POINTERS,
        add_all_frames_to_correct_as_cond=True,
        **_AS_PUBLISHED,
    )
    _shrink_decoder(model)
    _start_well(model)
    return model


# what all four official models of SAM 2.1 have in common
_AS_PUBLISHED: dict[str, Any] = {
    "sigmoid_scale_for_mem_enc": 20.0,
    "sigmoid_bias_for_mem_enc": -10.0,
    "use_mask_input_as_output_without_sam": True,
    "directly_add_no_mem_embed": True,
    "no_obj_embed_spatial": True,
    "use_high_res_features_in_sam": True,
    "iou_prediction_use_sigmoid": True,
    "use_obj_ptrs_in_encoder": True,
    "add_tpos_enc_to_obj_ptrs": True,
    "proj_tpos_enc_in_obj_ptrs": True,
    "use_signed_tpos_enc_to_obj_ptrs": True,
    "only_obj_ptrs_in_the_past_for_eval": True,
    "pred_obj_scores": True,
    "pred_obj_scores_mlp": True,
    "fixed_no_obj_ptr": True,
    "use_mlp_for_obj_ptr_proj": True,
}


def _image_encoder() -> Any:
    """Hiera: four stages at strides 4 to 32, and a pyramid over them."""
    image = package("modeling.backbones.image_encoder")
    hiera = package("modeling.backbones.hieradet")
    trunk = hiera.Hiera(
        embed_dim=CHANNELS,
        num_heads=1,
        stages=(1, 2, 4, 1),
        window_spec=(8, 4, 8, 4),
        global_att_blocks=(5, 6),
        window_pos_embed_bkg_spatial_size=(8, 8),
    )
    neck = image.FpnNeck(
        position_encoding=_sines(WIDTH),
        d_model=WIDTH,
        backbone_channel_list=trunk.channel_list,
        fpn_top_down_levels=[2, 3],
        fpn_interp_model="nearest",
    )
    # the coarsest stage serves the pyramid, and is then left out
    return image.ImageEncoder(trunk=trunk, neck=neck, scalp=1)


def _memory_attention() -> Any:
    """Two layers in which the current frame reads the memories."""
    attention = package("modeling.memory_attention")
    layer = attention.MemoryAttentionLayer(
        activation="relu",
        dim_feedforward=256,
        dropout=0.0,
        pos_enc_at_attn=False,
        self_attention=_rope(),
        d_model=WIDTH,
        pos_enc_at_cross_attn_keys=True,
        pos_enc_at_cross_attn_queries=False,
        cross_attention=_rope(kv_in_dim=MEMORY_WIDTH, rope_k_repeat=True),
    )
    return attention.MemoryAttention(
        d_model=WIDTH, pos_enc_at_input=True, layer=layer, num_layers=2
    )


def _memory_encoder() -> Any:
    """What makes a memory of a frame and the mask found in it."""
    memory = package("modeling.memory_encoder")
    block = memory.CXBlock(dim=WIDTH, layer_scale_init_value=0.1)
    return memory.MemoryEncoder(
        out_dim=MEMORY_WIDTH,
        in_dim=WIDTH,
        mask_downsampler=memory.MaskDownSampler(
            embed_dim=WIDTH, kernel_size=3, stride=2, padding=1
        ),
        fuser=memory.Fuser(block, num_layers=2),
        position_encoding=_sines(MEMORY_WIDTH),
    )


def _sines(channels: int) -> Any:
    encoding = package("modeling.position_encoding")
    return encoding.PositionEmbeddingSine(channels, normalize=True)


def _rope(**options: Any) -> Any:
    transformer = package("modeling.sam.transformer")
    return transformer.RoPEAttention(
        embedding_dim=WIDTH,
        num_heads=1,
        feat_sizes=(GRID, GRID),
        rope_theta=THETA,
        **options,
    )


def _shrink_decoder(model: Any) -> None:
    """A narrower decoder: the package's would be half of the model."""
    transformer = package("modeling.sam.transformer")
    parts = package("modeling.sam2_utils")
    decoder = model.sam_mask_decoder
    decoder.transformer = transformer.TwoWayTransformer(
        depth=2, embedding_dim=WIDTH, mlp_dim=256, num_heads=4
    )
    decoder.iou_prediction_head = parts.MLP(
        WIDTH, WIDTH, decoder.num_mask_tokens, 3, sigmoid_output=True
    )


@torch.no_grad()
def _start_well(model: Any) -> None:
    """Weights that a long training would find anyway.

    Positions of the picture begin as sines, and those of prompts vary more
    slowly than by default, as a small grid needs it. Attention to the
    memory begins near the place that asks: rotary positions turn equal
    biases of queries and keys into a preference for what is close.
    Everything begins as visible.
    """
    encoder = model.sam_prompt_encoder.pe_layer
    encoder.positional_encoding_gaussian_matrix.mul_(0.5)
    trunk = model.image_encoder.trunk
    channels_last = nn.Parameter(trunk.pos_embed.movedim(1, -1).clone())
    start_positions(channels_last)
    trunk.pos_embed.copy_(channels_last.movedim(-1, 1))
    for layer in model.memory_attention.layers:
        layer.cross_attn_image.q_proj.bias.fill_(NEARNESS)
        layer.cross_attn_image.k_proj.bias.fill_(NEARNESS)
    model.sam_mask_decoder.pred_obj_score_head.layers[-1].bias.fill_(THERE)
    _start_decoder(model)


@torch.no_grad()
def _start_decoder(model: Any) -> None:
    """Let the mask token know at once what lies under a click.

    Learnt tokens begin small, so that the place of the click is the
    loudest thing that tokens tell each other; what they tell is handed on
    as it is; and what is read in the image is the image's own feature,
    half of it in each layer.
    """
    encoder, decoder = model.sam_prompt_encoder, model.sam_mask_decoder
    for table in (
        decoder.iou_token,
        decoder.mask_tokens,
        decoder.obj_score_token,
        encoder.not_a_point_embed,
        encoder.no_mask_embed,
        *encoder.point_embeddings,
    ):
        table.weight.mul_(QUIET)
    transformer = decoder.transformer
    start_cross_attention(transformer)
    for layer in transformer.layers:
        nn.init.eye_(layer.self_attn.v_proj.weight)
        nn.init.eye_(layer.self_attn.out_proj.weight)
    readers = [
        *(layer.cross_attn_token_to_image for layer in transformer.layers),
        transformer.final_attn_token_to_image,
    ]
    axes, _ = torch.linalg.qr(torch.randn(WIDTH, WIDTH))
    for half, reader in enumerate(readers):
        part = axes[:, half % 2 :: 2]
        reader.v_proj.weight.copy_(part.T)
        reader.out_proj.weight.copy_(part)
