"""What is measured of HRNet and the transformers, on the peers' weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import timm.models.hrnet
import torch
from timm.models.vision_transformer import VisionTransformer as TimmViT
from torch import Tensor, nn
from transformers import (
    Mask2FormerConfig,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SwinConfig,
)
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerMaskedAttentionDecoderLayer,
)

from harness import Work
from seglab.models import (
    hrnet,
    mix_transformer,
    query_decoder,
    segformer,
    vision_transformer,
)
from seglab.models.attention import split_projections
from seglab.models.state_dicts import load_renamed

Run = Callable[[], Tensor]


@dataclass(frozen=True)
class Pair:
    """Ours and the peer's network with the same weights and input."""

    title: str
    peer: str
    networks: tuple[nn.Module, nn.Module]
    runs: tuple[Run, Run]


def forward(network: nn.Module, run: Run) -> Tensor:
    """The output in evaluation, without a gradient."""
    network.eval()
    with torch.no_grad():
        return run()


def train(network: nn.Module, run: Run) -> tuple[Tensor, float]:
    """The output of a training step and the norm of the gradient."""
    network.train()
    network.zero_grad()
    output = run()
    output.square().mean().backward()
    norms = [
        parameter.grad.norm()
        for parameter in network.parameters()
        if parameter.grad is not None
    ]
    return output.detach(), torch.stack(norms).norm().item()


def relative(ours: Tensor, peer: Tensor) -> float:
    """The largest difference, as a share of the largest value."""
    return ((ours - peer).abs().max() / peer.abs().max()).item()


def same_output(ours: Tensor, peer: Tensor) -> str:
    """How the outputs compare, in words."""
    return f"largest relative difference {relative(ours, peer):.1e}"


def same_step(
    ours: tuple[Tensor, float], peer: tuple[Tensor, float]
) -> str:
    """How outputs and gradients compare, in words."""
    gap = abs(ours[1] - peer[1]) / peer[1]
    return f"{same_output(ours[0], peer[0])}, of the gradient {gap:.1e}"


def work(
    name: str, pair: Pair, measure: Callable, compare: Callable
) -> Work:
    """Ours beside the peer, measured one way."""
    what = "forward" if measure is forward else "forward and backward"
    ours, peer = zip(pair.networks, pair.runs, strict=True)
    return Work(
        id=name,
        work=f"{pair.title}, {what}",
        ours=lambda: measure(*ours),
        peers={pair.peer: lambda: measure(*peer)},
        compare=compare,
        runs=5,
    )


def stacked(maps: Sequence[Tensor]) -> Tensor:
    """All maps as one row of numbers."""
    return torch.cat([feature.flatten() for feature in maps])


def hrnet_pair() -> Pair:
    """The backbone of the smallest HRNet."""
    torch.manual_seed(0)
    image = torch.randn(2, 3, 256, 256)
    peer = timm.models.hrnet.hrnet_w18_small(pretrained=False, head="")
    ours = hrnet.HRNetBackbone(hrnet.HRNETS["w18_small"])
    load_renamed(ours, peer.state_dict(), hrnet.FROM_TIMM)
    return Pair(
        "HRNet-W18-small without a head, 2 x 3 x 256 x 256",
        "timm",
        (ours, peer),
        (lambda: stacked(ours(image)), lambda: stacked(peer(image))),
    )


def setr_pair() -> Pair:
    """Six blocks of ViT-S."""
    torch.manual_seed(0)
    image = torch.randn(4, 3, 224, 224)
    size = vision_transformer.VisionTransformerSize(384, 6, 6)
    peer = TimmViT(
        embed_dim=size.width,
        depth=size.depth,
        num_heads=size.heads,
        class_token=False,
        global_pool="",
        num_classes=0,
    )
    ours = vision_transformer.VisionTransformer(size)
    load_renamed(
        ours,
        split_projections(peer.state_dict()),
        vision_transformer.FROM_TIMM,
    )
    return Pair(
        "SETR's encoder, six blocks of ViT-S, 4 x 3 x 224 x 224",
        "timm",
        (ours, peer),
        (
            lambda: ours(image)[-1].flatten(2).transpose(1, 2),
            lambda: peer.forward_features(image),
        ),
    )


def segformer_pair() -> Pair:
    """SegFormer-B0, up to the logits at a quarter of the size."""
    torch.manual_seed(0)
    image = torch.randn(2, 3, 256, 256)
    peer = SegformerForSemanticSegmentation(
        SegformerConfig(
            num_labels=19, classifier_dropout_prob=0.0, drop_path_rate=0.0
        )
    )
    size = mix_transformer.MIX_TRANSFORMERS["b0"]
    backbone = mix_transformer.MixTransformer(size, drop_path=0.0)
    ours = segformer.SegFormer(backbone, 19)
    # with dropout there would be nothing to compare in training
    ours.head.dropout.p = 0.0
    load_renamed(ours, peer.state_dict(), segformer.FROM_TRANSFORMERS)
    return Pair(
        "SegFormer-B0, 2 x 3 x 256 x 256",
        "transformers",
        (ours, peer),
        (
            lambda: ours.head(ours.features(image)),
            lambda: peer(image).logits,
        ),
    )


def mask2former_pair() -> Pair:
    """One layer of the decoder, 100 queries on a map of 64 x 64."""
    torch.manual_seed(0)
    config = Mask2FormerConfig(backbone_config=SwinConfig())
    peer = Mask2FormerMaskedAttentionDecoderLayer(config)
    width, heads = config.hidden_dim, config.num_attention_heads
    ours = query_decoder.MaskedLayer(width, heads, config.dim_feedforward)
    load_renamed(
        ours,
        split_projections(peer.state_dict()),
        query_decoder.LAYER_RULES,
    )
    queries, places = torch.randn(2, 2, 100, width).unbind()
    tokens, positions = torch.randn(2, 2, 64 * 64, width).unbind()
    mask = torch.rand(2, 100, 64 * 64) < 0.3
    blocked = (~mask).repeat_interleave(heads, dim=0)
    return Pair(
        "one layer of Mask2Former's decoder, 2 x 100 queries on 64 x 64",
        "transformers",
        (ours, peer),
        (
            lambda: ours(queries, places, tokens, positions, mask),
            lambda: peer(
                queries.transpose(0, 1),
                level_index=0,
                position_embeddings=[positions.transpose(0, 1)],
                query_position_embeddings=places.transpose(0, 1),
                encoder_hidden_states=[tokens.transpose(0, 1)],
                encoder_attention_mask=blocked,
            )[0].transpose(0, 1),
        ),
    )


def model_hrnet() -> Work:
    """A training step of HRNet."""
    return work("model_hrnet", hrnet_pair(), train, same_step)


def model_hrnet_forward() -> Work:
    """HRNet in evaluation."""
    return work("model_hrnet_forward", hrnet_pair(), forward, same_output)


def model_setr() -> Work:
    """A training step of SETR's encoder."""
    return work("model_setr", setr_pair(), train, same_step)


def model_setr_forward() -> Work:
    """SETR's encoder in evaluation."""
    return work("model_setr_forward", setr_pair(), forward, same_output)


def model_segformer() -> Work:
    """A training step of SegFormer."""
    return work("model_segformer", segformer_pair(), train, same_step)


def model_segformer_forward() -> Work:
    """SegFormer in evaluation."""
    return work(
        "model_segformer_forward", segformer_pair(), forward, same_output
    )


def model_mask2former_layer() -> Work:
    """A training step of a layer of Mask2Former's decoder."""
    return work(
        "model_mask2former_layer", mask2former_pair(), train, same_step
    )


def model_mask2former_layer_forward() -> Work:
    """A layer of Mask2Former's decoder in evaluation."""
    return work(
        "model_mask2former_layer_forward",
        mask2former_pair(),
        forward,
        same_output,
    )
