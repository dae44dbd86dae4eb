"""A small SAM with random weights, and a picture for it."""

from functools import cache

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from seglab.promptable.mini import build_mini_sam
from seglab.promptable.sam import (
    Candidates,
    ImageEmbedding,
    PromptableSam,
)


@cache
def small_sam():
    """The same model for every test of a run; none of them changes it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_mini_sam()
        # the package starts tables at zero: give each a say
        for name, weights in network.named_parameters():
            if "rel_pos" in name:
                torch.nn.init.normal_(weights, std=0.02)
    return PromptableSam(network)


def blobs(height=128, width=128, seed=0):
    """A picture of soft blobs in whole grey values: float32 [3, H, W]."""
    rng = np.random.default_rng(seed)
    noise = rng.random((3, height, width))
    smooth = ndimage.gaussian_filter(noise, (0, 6, 6))
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return torch.from_numpy(np.round(smooth * 255)).float() / 255


class ByColour:
    """Stands in for a trained SAM: a click selects its grey value.

    Of flat pictures. Three candidates: the connected part, all pixels of
    the value, and everything; it trusts the first most. A later answer
    is the first candidate of the first click.
    """

    def __init__(self, side=64):
        self.side = side
        self.network = self
        self.device = torch.device("cpu")
        self.prompt_encoder = self
        self.image_embedding_size = (16, 16)

    def embed(self, image):
        size = tuple(image.shape[-2:])
        return ImageEmbedding(image[None], size, size)

    def candidates(self, embedding, prompts):
        return self._three(embedding, prompts)

    def _three(self, embedding, prompts):
        grey = embedding.features[0, 0]
        rows = []
        for x, y in prompts.points[:, 0].round().int().tolist():
            same = grey == grey[y, x]
            parts, _ = ndimage.label(same.numpy())
            part = torch.from_numpy(parts == parts[y, x])
            rows.append(torch.stack([part, same, torch.ones_like(same)]))
        masks = torch.stack(rows)
        quality = torch.tensor([0.9, 0.8, 0.1]).expand(len(masks), -1)
        logits = masks.float() * 20 - 10
        return Candidates(masks, quality, logits)

    def single(self, embedding, prompts):
        answer = self._three(embedding, prompts)
        return Candidates(
            answer.masks[:, :1], answer.quality[:, :1], answer.logits[:, :1]
        )

    def postprocess_masks(self, logits, shrunk, size):
        return F.interpolate(logits, size, mode="bilinear")
