"""Peers built from configurations, without a network, and their outputs."""

import os

import pytest
import torch


def load_transformers():
    """The library, told before its import that there is no network."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    return pytest.importorskip("transformers")


def relative_gap(ours, theirs):
    """The largest difference, relative to the peer's largest value."""
    assert ours.shape == theirs.shape
    # to compare constants would show nothing
    assert theirs.std() > 1e-2 * theirs.abs().max()
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


@torch.no_grad()
def shake(model):
    """Move every parameter: fresh biases of zero hide mistakes."""
    for parameter in model.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def segformer_config(size, width=32, **changes):
    """transformers' configuration of a Mix Transformer of this size."""
    return load_transformers().SegformerConfig(
        hidden_sizes=size.widths,
        depths=size.depths,
        num_attention_heads=size.heads,
        sr_ratios=size.reductions,
        decoder_hidden_size=width,
        num_labels=5,
        **changes,
    )


def mask2former(**changes):
    """A small Mask2Former of transformers, with moved weights."""
    library = load_transformers()
    stages = [f"stage{number}" for number in (1, 2, 3, 4)]
    backbone = library.SwinConfig(
        embed_dim=8,
        depths=[1] * 4,
        num_heads=[1, 2, 4, 8],
        window_size=4,
        out_features=stages,
    )
    sizes = {
        "backbone_config": backbone,
        "feature_size": 32,
        "mask_feature_size": 32,
        "hidden_dim": 32,
        "encoder_feedforward_dim": 32,
        "encoder_layers": 1,
        # the library counts the predictions before the first layer too
        "decoder_layers": 7,
        "num_attention_heads": 4,
        "dim_feedforward": 64,
        "num_queries": 9,
        "num_labels": 5,
    }
    config = library.Mask2FormerConfig(**sizes | changes)
    torch.manual_seed(0)
    return shake(library.Mask2FormerForUniversalSegmentation(config)).eval()
