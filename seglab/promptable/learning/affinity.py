"""First lesson of an image encoder: which pixels belong together.

A mask decoder that knows nothing sends its encoder hardly any signal: the
paper's recipe has a pretrained encoder. Here the encoder first answers a
dense question, thousands of times a picture: for a random pixel, which
other ones belong to the same object, and which to the same part?
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seglab.promptable.learning._encoder import encode
from seglab.promptable.learning.losses import dice_distance

LEVELS = 2  # whole and part
FINE = 4  # pixels of the map a token's side is cut into


class AffinityLearner(nn.Module):
    """An image encoder with a head that is thrown away afterwards.

    Shapes: float [N, 3, H, W] in [0, 1] to what the encoder makes of it,
    float [N, C, h, w].

    Args:
        sam: a model whose ``image_encoder`` learns.
        channels: of the vector that each fine pixel gets.
        anchors: pixels asked about in each picture.

    Source:
        The loss is ours; the idea is that of associative embedding,
        Newell et al., NeurIPS 2017.
    """

    def __init__(
        self, sam: Any, *, channels: int = 16, anchors: int = 24
    ) -> None:
        super().__init__()
        width = sam.mask_decoder.transformer_dim
        self.sam, self.channels, self.anchors = sam, channels, anchors
        self.spread = nn.Conv2d(width, LEVELS * channels * FINE**2, 1)
        self.ask = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width + channels, width),
                nn.GELU(),
                nn.Linear(width, channels + 1),
            )
            for _ in range(LEVELS)
        )

    def forward(self, images: Tensor) -> Tensor:
        return encode(self.sam, images)

    def affinity(self, embedded: Tensor, anchors: Tensor) -> Tensor:
        """Logits: does each fine pixel belong to the anchor's object?

        Args:
            embedded: float [N, C, h, w].
            anchors: int64 [N, A], flat places on the fine map.

        Returns:
            Float [N, 2, A, fine pixels].
        """
        fine = F.pixel_shuffle(self.spread(embedded), FINE)
        side = fine.shape[-1]
        vectors = fine.flatten(2).unflatten(1, (LEVELS, self.channels))
        rows, columns = anchors // side // FINE, anchors % side // FINE
        tokens = _gather(
            embedded.flatten(2), rows * embedded.shape[-1] + columns
        )
        answers = []
        for level, ask in enumerate(self.ask):
            here = _gather(vectors[:, level], anchors)
            filters = ask(torch.cat([tokens, here], -1))
            answers.append(
                filters[..., :-1] @ vectors[:, level] + filters[..., -1:]
            )
        return torch.stack(answers, 1)

    def loss(self, embedded: Tensor, maps: Tensor) -> Tensor:
        """Cross-entropy and Dice over random anchors.

        Args:
            embedded: float [N, C, h, w].
            maps: integers [N, 2, H, W], see ``PromptPictures``.
        """
        side = embedded.shape[-1] * FINE
        step = maps.shape[-1] // side
        flat = maps[..., ::step, ::step].long().flatten(2)
        # most anchors on objects: the ground has answers enough
        likely = (flat[:, 0] > 0).float() * 4 + 0.3
        anchors = torch.multinomial(likely, self.anchors)
        logits = self.affinity(embedded, anchors)
        truth = same_object(flat, anchors).to(logits)
        crossed = F.binary_cross_entropy_with_logits(logits, truth)
        return crossed + dice_distance(logits, truth).mean()


def same_object(flat: Tensor, anchors: Tensor) -> Tensor:
    """Which pixels share the anchor's object and part; bool [N, 2, A, P].

    Where the anchor is on no part, its part is the whole object.

    >>> flat = torch.tensor([[[1, 1, 0, 2]], [[3, 0, 0, 0]]]).mT.mT
    >>> same_object(flat.transpose(0, 1), torch.tensor([[0]])).tolist()
    [[[[True, True, False, False]], [[True, False, False, False]]]]
    """
    wholes, parts = flat[:, 0], flat[:, 1]
    whole = wholes.gather(1, anchors)
    part = parts.gather(1, anchors)
    in_whole = wholes[:, None] == whole[..., None]
    in_part = parts[:, None] == part[..., None]
    in_part = torch.where((part > 0)[..., None], in_part, in_whole)
    return torch.stack([in_whole, in_part], 1)


def _gather(maps: Tensor, places: Tensor) -> Tensor:
    """Vectors [N, A, C] of maps [N, C, P] at places [N, A]."""
    index = places[:, None].expand(-1, maps.shape[1], -1)
    return maps.gather(2, index).transpose(1, 2)
