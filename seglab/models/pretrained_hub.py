"""Official weights of the hub, by the same key maps as the proofs.

NVIDIA's SegFormers and Mix Transformers, under a licence for research and
evaluation only, and timm's classifiers. Where independent projects publish
the same hash of a file, its revision and hash are pinned here; the others
are verified as :func:`~seglab.models.hub.hub_state` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from seglab.models import mix_transformer, segformer, vision_transformer
from seglab.models.attention import split_projections
from seglab.models.backbones import Backbone
from seglab.models.hrnet import FROM_TIMM, HRNETS, HRNetBackbone
from seglab.models.hub import HubFile, hub_state
from seglab.models.mix_transformer import MIX_TRANSFORMERS, MixTransformer
from seglab.models.pretrained import check_built, count_classes
from seglab.models.segformer import SegFormer
from seglab.models.state_dicts import Rules, load_renamed, rename_keys
from seglab.models.vision_transformer import (
    VISION_TRANSFORMERS,
    VisionTransformer,
    drop_class_token,
)

ADE20K_CLASSES = 150
SEGFORMER_ADE20K = {
    "b0": HubFile(
        "nvidia/segformer-b0-finetuned-ade-512-512",
        "489d5cd81a0b59fab9b7ea758d3548ebe99677da",
        "6ae39addd01de6b1b8bde2cf677d43a5cd733424b8d186de3f95d1c51fee23f9",
    ),
    **{
        size: HubFile(f"nvidia/segformer-{size}-finetuned-ade-512-512")
        for size in ("b1", "b2", "b3", "b4")
    },
    "b5": HubFile("nvidia/segformer-b5-finetuned-ade-640-640"),
}
MIT_IMAGENET = {
    "b0": HubFile(
        "nvidia/mit-b0",
        "25ce79d97e6d9d509ed12e17cb2eb89b0a83a2dc",
        "3e5ad9cd1dd8ecf8305c23fcdf01ef241f08c7b2dddacb6ec7de5a887188798a",
    ),
    **{
        size: HubFile(f"nvidia/mit-{size}")
        for size in ("b1", "b2", "b3", "b4", "b5")
    },
}
HRNET_IMAGENET = {
    size: HubFile(f"timm/hrnet_{size}.ms_in1k")
    for size in HRNETS
    if size != "mini"
}
VIT_IMAGENET = {
    size: HubFile(f"timm/vit_{size}_patch16_224.augreg_in21k_ft_in1k")
    for size in VISION_TRANSFORMERS
    if size != "mini"
}


@dataclass(frozen=True)
class Classifiers:
    """What the hub holds for one kind of backbone.

    Args:
        sizes: of the backbone, by name.
        files: for those sizes that were published.
        rules: the file's keys as the backbone's.
        first: key of the convolution that sees the image's channels.
        prepare: what is done to the state before.
    """

    sizes: Mapping[str, Any]
    files: Mapping[str, HubFile]
    rules: Rules
    first: str
    prepare: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict


def without_class_token(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """timm's ViT, with projections apart and nothing for a class token.

    >>> import torch
    >>> state = {"cls_token": torch.zeros(1), "norm.bias": torch.zeros(1)}
    >>> state["pos_embed"] = torch.zeros(1, 5, 8)
    >>> list(without_class_token(state))
    ['norm.bias', 'pos_embed']
    """
    return drop_class_token(split_projections(state))


IMAGENET: dict[type[Backbone], Classifiers] = {
    HRNetBackbone: Classifiers(
        HRNETS, HRNET_IMAGENET, FROM_TIMM, "stem.0.0.weight"
    ),
    MixTransformer: Classifiers(
        MIX_TRANSFORMERS,
        MIT_IMAGENET,
        mix_transformer.FROM_TRANSFORMERS,
        "stages.0.embed.project.weight",
    ),
    VisionTransformer: Classifiers(
        VISION_TRANSFORMERS,
        VIT_IMAGENET,
        vision_transformer.FROM_TIMM,
        "embed.weight",
        without_class_token,
    ),
}


def size_name(size: object, sizes: Mapping[str, object]) -> str:
    """The name of a size, or "another" if it has none.

    >>> size_name(MIX_TRANSFORMERS["b0"], MIX_TRANSFORMERS)
    'b0'
    """
    return next((n for n in sizes if sizes[n] == size), "another")


def load_hub_imagenet(model: nn.Module) -> None:
    """Give a model's own backbone the weights trained on ImageNet.

    The head stays as it is, untrained.

    Args:
        model: whose ``backbone`` is an HRNet, a Mix Transformer or a
            vision transformer of a published size for 1 or 3 channels;
            changed in place.

    Raises:
        ValueError: another backbone, size or number of channels.
        ImportError, ConnectionError, FileNotFoundError, RuntimeError: as
            :func:`~seglab.models.hub.hub_state`.

    Convention: the weights expect colours normalised by ImageNet's mean
    and standard deviation; those of the vision transformers, colours from
    -1 to 1. For grey images the three colours' filters are summed, which
    equals showing the image in all three channels. A vision transformer
    here has no class token, and was trained with one. NVIDIA's licence
    for the Mix Transformers allows research and evaluation only.
    """
    backbone = getattr(model, "backbone", None)
    known = IMAGENET.get(type(backbone)) if backbone is not None else None
    if backbone is None or known is None:
        kinds = ", ".join(kind.__name__ for kind in IMAGENET)
        raise ValueError(
            f"weights 'imagenet' are for {kinds}, got "
            f"{type(backbone).__name__}"
        )
    size = size_name(backbone.size, known.sizes)
    check_built(
        "imagenet",
        size=(size, known.files),
        in_channels=(backbone.in_channels, (1, 3)),
    )
    state = known.prepare(hub_state(known.files[size]))
    state = rename_keys(state, known.rules)
    if backbone.in_channels == 1:
        state[known.first] = state[known.first].sum(1, keepdim=True)
    load_renamed(backbone, state, [])


def load_ade20k(model: SegFormer) -> None:
    """Give a whole SegFormer the weights that were trained on ADE20K.

    Args:
        model: of a published size, for 3 channels and 150 classes;
            changed in place.

    Raises:
        ValueError: the model is built otherwise.
        ImportError, ConnectionError, FileNotFoundError, RuntimeError: as
            :func:`~seglab.models.hub.hub_state`.

    Convention: the weights expect colours normalised by ImageNet's mean
    and standard deviation. Class 0 is ADE20K's first class, the wall, and
    not "other". For classes of your own load these, then replace
    ``model.head.classify``.
    """
    backbone = model.backbone
    size = "another"
    if isinstance(backbone, MixTransformer):
        size = size_name(backbone.size, MIX_TRANSFORMERS)
    check_built(
        "ade20k",
        size=(size, SEGFORMER_ADE20K),
        in_channels=(backbone.in_channels, (3,)),
        num_classes=(count_classes(model), (ADE20K_CLASSES,)),
    )
    state = hub_state(SEGFORMER_ADE20K[size])
    load_renamed(model, state, segformer.FROM_TRANSFORMERS)
