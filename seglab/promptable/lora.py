"""Low-rank adaptation (LoRA): a few numbers of the encoder learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seglab.extras import optional
from seglab.promptable.finetune import freeze

ATTENTION = ("qkv",)  # of the image encoder's blocks


def add_lora(
    network: Any, *, rank: int = 4, layers: Sequence[str] = ATTENTION
) -> int:
    """Put low-rank matrices beside the encoder's attention, in place.

    Of the image encoder only these learn. They begin at zero: the model
    answers as before.

    Args:
        network: a ``segment_anything.modeling.Sam``.
        rank: of each pair of matrices, 1 or more.
        layers: last names of the linear layers that get one.

    Returns:
        How many numbers of the image encoder learn now.

    Raises:
        ImportError: peft is not installed.
        ValueError: a rank below 1, or no such layer.

    Source:
        Hu et al., LoRA, ICLR 2022.
    """
    if rank < 1:
        raise ValueError(f"rank must be 1 or more, got {rank}")
    peft = optional("peft", "LoRA", "lora")
    encoder = network.image_encoder
    if not any(
        n.split(".")[-1] in layers for n, _ in encoder.named_modules()
    ):
        raise ValueError(
            f"layers must name linear layers of the image encoder, got "
            f"{tuple(layers)}"
        )
    settings = peft.LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=list(layers)
    )
    freeze(encoder)
    peft.inject_adapter_in_model(settings, encoder)
    return sum(p.numel() for p in encoder.parameters() if p.requires_grad)


def merge_lora(network: Any) -> None:
    """Add what LoRA has learnt to the weights, and take it out, in place.

    The model is then of the same classes as before, answers as with LoRA,
    and costs nothing more.

    Args:
        network: after ``add_lora``.

    Raises:
        ImportError: peft is not installed.
        ValueError: there is no LoRA in it.
    """
    layers = optional("peft.tuners.lora", "LoRA", "lora")
    found = [
        (name, module)
        for name, module in network.image_encoder.named_modules()
        if isinstance(module, layers.Linear)
    ]
    if not found:
        raise ValueError("network must hold LoRA layers, got none")
    for name, module in found:
        module.merge()
        owner, _, last = name.rpartition(".")
        parent = network.image_encoder.get_submodule(owner)
        setattr(parent, last, module.get_base_layer())
