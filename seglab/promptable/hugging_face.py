"""The same SAM as a model of transformers: only the names differ."""

from __future__ import annotations

import re
from typing import Any

from torch import Tensor

from seglab.extras import optional
from seglab.promptable.sam import PromptableSam

# in this order: each pattern sees what the one before it made
RENAMED = (
    (r"^image_encoder", "vision_encoder"),
    (
        r"pe_layer\.positional_encoding_gaussian_matrix",
        "shared_embedding.positional_embedding",
    ),
    (r"point_embeddings", "point_embed"),
    (r"patch_embed\.proj\.", "patch_embed.projection."),
    (r"^vision_encoder\.blocks", "vision_encoder.layers"),
    (r"neck\.0", "neck.conv1"),
    (r"neck\.1", "neck.layer_norm1"),
    (r"neck\.2", "neck.conv2"),
    (r"neck\.3", "neck.layer_norm2"),
    (r"\.norm(\d|_final)", r".layer_norm\1"),
    (r"mask_downscaling\.0", "mask_embed.conv1"),
    (r"mask_downscaling\.1", "mask_embed.layer_norm1"),
    (r"mask_downscaling\.3", "mask_embed.conv2"),
    (r"mask_downscaling\.4", "mask_embed.layer_norm2"),
    (r"mask_downscaling\.6", "mask_embed.conv3"),
    (r"output_upscaling\.0", "upscale_conv1"),
    (r"output_upscaling\.1", "upscale_layer_norm"),
    (r"output_upscaling\.3", "upscale_conv2"),
    (r"(mlps\.\d|head)\.layers\.0", r"\1.proj_in"),
    (r"(mlps\.\d|head)\.layers\.1", r"\1.layers.0"),
    (r"(mlps\.\d|head)\.layers\.2", r"\1.proj_out"),
)


def hugging_face_name(name: str) -> str:
    """What transformers calls a weight of ``segment_anything``.

    >>> hugging_face_name("image_encoder.blocks.0.norm1.weight")
    'vision_encoder.layers.0.layer_norm1.weight'
    """
    for pattern, new in RENAMED:
        name = re.sub(pattern, new, name)
    return name


def to_hugging_face(sam: PromptableSam) -> Any:
    """A ``transformers.SamModel`` with the same weights.

    Args:
        sam: of any size whose blocks of two convolutions and three-layer
            heads are the package's.

    Returns:
        The model in eval mode, on the CPU. It takes pictures that are
        already scaled and padded, ``sam.network.preprocess``.

    Raises:
        ImportError: transformers is not installed.
        RuntimeError: the weights do not fit.

    Source:
        Key names of transformers' own conversion of the checkpoints.
    """
    library = optional("transformers", "the second backend", "transformers")
    network = sam.network
    names: dict[str, Tensor] = {
        hugging_face_name(name): weights
        for name, weights in network.state_dict().items()
    }
    code = "shared_embedding.positional_embedding"
    # the place codes of prompts and of the image are one table
    names[f"shared_image_embedding.{code.split('.')[1]}"] = names[
        f"prompt_encoder.{code}"
    ]
    model = library.SamModel(library.SamConfig(**_sizes(network)))
    model.load_state_dict(names)
    return model.eval()


def _sizes(network: Any) -> dict[str, dict[str, Any]]:
    """The configuration of a network, read off its parts."""
    encoder, decoder = network.image_encoder, network.mask_decoder
    first = encoder.blocks[0]
    patch = encoder.patch_embed.proj
    layer = decoder.transformer.layers[0]
    side = {
        "image_size": encoder.img_size,
        "patch_size": patch.kernel_size[0],
    }
    return {
        "vision_config": side
        | {
            "hidden_size": patch.out_channels,
            "output_channels": encoder.neck[0].out_channels,
            "num_hidden_layers": len(encoder.blocks),
            "num_attention_heads": first.attn.num_heads,
            "mlp_dim": first.mlp.lin1.out_features,
            "window_size": max(b.window_size for b in encoder.blocks),
            "global_attn_indexes": [
                k
                for k, block in enumerate(encoder.blocks)
                if not block.window_size
            ],
            "num_pos_feats": decoder.transformer_dim // 2,
        },
        "prompt_encoder_config": side
        | {
            "hidden_size": decoder.transformer_dim,
            "mask_input_channels": network.prompt_encoder.mask_downscaling[
                3
            ].out_channels,
        },
        "mask_decoder_config": {
            "hidden_size": decoder.transformer_dim,
            "mlp_dim": layer.mlp.lin1.out_features,
            "num_hidden_layers": len(decoder.transformer.layers),
            "num_attention_heads": layer.self_attn.num_heads,
            "iou_head_hidden_dim": decoder.iou_prediction_head.layers[
                0
            ].out_features,
        },
    }
