"""What a frame reads in the memory bank: attention, made visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seglab.promptable.sam2._package import find_in_frame
from seglab.promptable.sam2.state import VideoState
from seglab.promptable.sam2.tracker import PromptableSam2


@dataclass(frozen=True, eq=False)
class MemoryReading:
    """How much each place of a frame attends to each memory.

    Args:
        frames: the M remembered frames, in the order that is read.
        spatial: float32 [L, h * w, M, h * w], for each of L layers and
            each place of the current frame the weight of each place of
            each memory.
        pointers: float32 [L, h * w, P], the weight of each token of the
            object pointers. With ``spatial`` they sum to 1.
    """

    frames: list[int]
    spatial: Tensor
    pointers: Tensor

    def by_frame(self) -> Tensor:
        """The share of attention that each memory gets; float32 [M]."""
        return self.spatial.mean((0, 1)).sum(-1)

    def map_of(self, frame: int, places: Tensor) -> Tensor:
        """Where in a memory some places look, over all layers.

        Args:
            frame: one of ``frames``.
            places: bool [h, w], the places that look.

        Returns:
            Float32 [h, w], not negative.

        Raises:
            ValueError: the frame is not remembered.
        """
        if frame not in self.frames:
            raise ValueError(
                f"frame must be one of {self.frames}, got {frame}"
            )
        seen = self.spatial[:, places.flatten(), self.frames.index(frame)]
        return seen.mean((0, 1)).reshape(places.shape)


@torch.no_grad()
def read_memory(
    tracker: PromptableSam2,
    state: VideoState,
    frame: int,
    *,
    object_id: int,
) -> MemoryReading:
    """Look at a frame once more, and note what it reads of an object.

    The state stays as it is. Weights are recomputed from what goes into
    each layer of memory attention: the package's fast attention does not
    keep them.

    Args:
        tracker: the one that follows.
        state: of its clip, some frames on.
        frame: a frame near those that are remembered; it was not prompted.
        object_id: whose memories.

    Raises:
        KeyError: nobody pointed at the object.
        ValueError: the frame was prompted itself: it reads nothing.
    """
    remembered = {memory.frame for memory in state.memories(object_id)}
    bank = state.bank(object_id)
    if frame in bank["cond_frame_outputs"]:
        raise ValueError(
            f"frame must be one that was not prompted, got {frame}"
        )
    taken: list[dict[str, Any]] = []
    layers = [
        x.cross_attn_image for x in tracker.network.memory_attention.layers
    ]
    handles = [
        layer.register_forward_pre_hook(
            lambda module, args, kwargs: taken.append(kwargs),
            with_kwargs=True,
        )
        for layer in layers
    ]
    try:
        find_in_frame(
            tracker.network,
            state.inside,
            bank,
            frame,
            backwards=False,
            remember=False,
        )
    finally:
        for handle in handles:
            handle.remove()
    weights = torch.stack(
        [_weights(*pair) for pair in zip(layers, taken, strict=True)]
    )
    places, extra = weights.shape[1], taken[0]["num_k_exclude_rope"]
    spatial = weights[..., : weights.shape[-1] - extra]
    return MemoryReading(
        _order(tracker, bank, frame, remembered),
        spatial.unflatten(-1, (-1, places)),
        weights[..., weights.shape[-1] - extra :],
    )


def _weights(layer: Any, taken: dict[str, Any]) -> Tensor:
    """Softmax of a layer's attention [queries, keys], over one head."""
    from sam2.modeling.sam.transformer import apply_rotary_enc

    queries = layer._separate_heads(
        layer.q_proj(taken["q"]), layer.num_heads
    )
    keys = layer._separate_heads(layer.k_proj(taken["k"]), layer.num_heads)
    turned = keys.shape[-2] - taken["num_k_exclude_rope"]
    queries, keys[:, :, :turned] = apply_rotary_enc(
        queries,
        keys[:, :, :turned],
        freqs_cis=layer.freqs_cis,
        repeat_freqs_k=layer.rope_k_repeat,
    )
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    return scores.softmax(-1).mean((0, 1)).float().cpu()


def _order(
    tracker: PromptableSam2,
    bank: dict[str, dict[int, Any]],
    frame: int,
    remembered: set[int],
) -> list[int]:
    """Remembered frames in the order in which the package reads them."""
    prompted = list(bank["cond_frame_outputs"])
    recent = [
        t
        for t in range(frame - tracker.network.num_maskmem + 1, frame)
        if t in remembered and t in bank["non_cond_frame_outputs"]
    ]
    return prompted + recent
