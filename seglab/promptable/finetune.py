"""Fine-tuning a promptable model: what stays, what learns, what it costs.

Two recipes. One freezes the image encoder and trains the mask decoder on
embeddings that are computed once. The other lets a few small matrices in
the encoder's attention learn as well: see ``seglab.promptable.lora``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from seglab.files import replacing
from seglab.promptable.learning.prompts import (
    Asked,
    PromptLearner,
    jittered_boxes,
)


def embed_pictures(
    network: Any, images: Tensor, *, batch_size: int = 8
) -> Tensor:
    """What the image encoder makes of square pictures, on the CPU.

    Args:
        network: a ``segment_anything.modeling.Sam``.
        images: float32 [N, 3, S, S] in [0, 1], of the encoder's side S.
        batch_size: pictures at a time.

    Returns:
        Float32 [N, C, h, w].

    Raises:
        ValueError: pictures of another size, or ``batch_size`` below 1.
    """
    side = network.image_encoder.img_size
    if images.ndim != 4 or tuple(images.shape[1:]) != (3, side, side):
        raise ValueError(
            f"images must be [N, 3, {side}, {side}], got "
            f"{tuple(images.shape)}"
        )
    if batch_size < 1:
        raise ValueError(f"batch_size must be 1 or more, got {batch_size}")
    was_training = network.training
    network.eval()
    with torch.no_grad():
        found = [
            network.image_encoder(
                network.preprocess(batch.to(network.device) * 255)
            ).cpu()
            for batch in images.split(batch_size)
        ]
    network.train(was_training)
    return torch.cat(found)


def cached_embeddings(
    network: Any, images: Tensor, folder: str | Path
) -> Tensor:
    """As ``embed_pictures``, from a file if they were computed before.

    Args:
        network: a ``segment_anything.modeling.Sam``.
        images: float32 [N, 3, S, S] in [0, 1].
        folder: of the files. Each is named after the very numbers of
            encoder and pictures, so other weights have another file.

    Raises:
        ValueError: as ``embed_pictures``.
    """
    from safetensors.torch import load_file, save_file

    name = _fingerprint(
        [*network.image_encoder.state_dict().values(), images]
    )
    file = Path(folder) / f"embeddings_{name}.safetensors"
    if not file.exists():
        found = embed_pictures(network, images)
        with replacing(file) as temporary:
            save_file({"embeddings": found.contiguous()}, temporary)
    return load_file(file)["embeddings"]


def _fingerprint(tensors: Sequence[Tensor]) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


class EmbeddedPictures(Dataset[Any]):
    """Embeddings with numbered objects, for ``DecoderTuner`` to learn.

    Args:
        embeddings: float32 [N, C, h, w].
        maps: integers [N, H, W], objects numbered from 1.

    Raises:
        ValueError: not as many embeddings as maps.

    >>> pictures = EmbeddedPictures(
    ...     torch.zeros(2, 4, 2, 2), torch.ones(2, 8, 8)
    ... )
    >>> [tuple(part.shape) for part in pictures[1]]
    [(4, 2, 2), (8, 8)]
    """

    def __init__(self, embeddings: Tensor, maps: Tensor) -> None:
        if len(embeddings) != len(maps):
            raise ValueError(
                f"maps must be as many as the {len(embeddings)} "
                f"embeddings, got {len(maps)}"
            )
        # pictures with nothing to ask for teach nothing
        kept = (maps > 0).flatten(1).any(1)
        self.embeddings, self.maps = embeddings[kept], maps[kept]

    def __len__(self) -> int:
        return len(self.embeddings)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.embeddings[index], self.maps[index]


class DecoderTuner(nn.Module):
    """The mask decoder learns from boxes; encoders stay as they are.

    Shapes: float [N, C, h, w] to the same; ``loss`` does the asking.

    Args:
        network: a ``segment_anything.modeling.Sam``; its image and prompt
            encoders are frozen.
        per_picture: objects asked for in a picture, 1 or more.

    Raises:
        ValueError: ``per_picture`` is below 1.

    Source:
        The recipe of Ma et al., Segment anything in medical images, 2024,
        which trains the image encoder too; with both encoders frozen it
        is that of its first version.
    """

    def __init__(self, network: Any, *, per_picture: int = 4) -> None:
        super().__init__()
        if per_picture < 1:
            raise ValueError(
                f"per_picture must be 1 or more, got {per_picture}"
            )
        self.per_picture = per_picture
        self.learner = PromptLearner(network)
        freeze(network.image_encoder)
        freeze(network.prompt_encoder)

    def forward(self, embedded: Tensor) -> Tensor:
        return embedded

    def loss(self, embedded: Tensor, maps: Tensor) -> Tensor:
        """SAM's loss of the answers to loose boxes around objects.

        Args:
            embedded: float [N, C, h, w].
            maps: integers [N, H, W], objects numbered from 1, one or more
                in each.
        """
        asked = choose_numbered(maps, self.per_picture)
        answer = self.learner.decode(
            embedded[asked.picture],
            None,
            None,
            jittered_boxes(asked.truth),
            None,
        )
        return self.learner.judge(answer, asked, first=False)


class EncoderTuner(DecoderTuner):
    """As ``DecoderTuner``, but the encoder looks at each picture anew.

    For encoders in which something learns: see ``add_lora``.

    Shapes: float [N, 3, S, S] in [0, 1] to embeddings [N, C, h, w].
    """

    def __init__(self, network: Any, *, per_picture: int = 4) -> None:
        learns = {
            name: p.requires_grad
            for name, p in network.image_encoder.named_parameters()
        }
        super().__init__(network, per_picture=per_picture)
        for name, p in network.image_encoder.named_parameters():
            p.requires_grad_(learns[name])

    def forward(self, images: Tensor) -> Tensor:
        embedded: Tensor = self.learner(images)
        return embedded


def choose_numbered(maps: Tensor, per_picture: int) -> Asked:
    """Random objects of each picture, each number as likely as another.

    Args:
        maps: integers [N, H, W], objects numbered from 1.
        per_picture: how many; an object may be asked for twice.

    Raises:
        ValueError: a picture without an object.

    >>> maps = torch.zeros(1, 4, 4, dtype=torch.uint8)
    >>> maps[0, 1] = 3
    >>> choose_numbered(maps, 2).truth.sum((1, 2)).tolist()
    [4.0, 4.0]
    """
    truths = []
    for numbered in maps:
        numbers = numbered.unique()
        numbers = numbers[numbers > 0]
        if not len(numbers):
            raise ValueError("maps must hold an object in every picture")
        drawn = numbers[torch.randint(len(numbers), (per_picture,))]
        truths.append(numbered == drawn[:, None, None])
    picture = torch.arange(len(maps)).repeat_interleave(per_picture)
    return Asked(picture, torch.cat(truths).float())


def freeze(module: nn.Module) -> None:
    """Let nothing in a module learn.

    >>> layer = nn.Linear(2, 2)
    >>> freeze(layer)
    >>> any(p.requires_grad for p in layer.parameters())
    False
    """
    for p in module.parameters():
        p.requires_grad_(False)
