"""Mask2Former for panoptic maps: transformers' network, made small.

Source: B. Cheng et al., "Masked-attention Mask Transformer for Universal
Image Segmentation", CVPR 2022; the network is that of transformers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import masks_to_boxes

from seglab.extras import optional
from seglab.instances.detections import Detections, no_detections
from seglab.instances.panoptic.categories import Categories
from seglab.instances.panoptic.queries import (
    QueryLimits,
    merge_predictions,
)
from seglab.models.arguments import check_image
from seglab.models.layers import resize
from seglab.models.set_prediction import SetPrediction

STAGES = ("stage1", "stage2", "stage3", "stage4")


class SmallMask2Former(nn.Module):
    """transformers' Mask2Former, built from a configuration, untrained.

    Shapes: images [N, 3, H, W] to a list of predictions, one before the
    first decoder layer and one after each, with class logits
    [N, queries, C + 1] and mask logits [N, queries, H / 4, W / 4].

    Args:
        things, stuff: as :class:`Categories`.
        widths: of the encoder's four stages, a ResNet of basic blocks.
        width: of the pixel decoder and the queries, a multiple of 32.
        queries: how many segments there can be.
        encoder_layers: of deformable attention in the pixel decoder.
        layers: of the query decoder.
        inner: channels between a layer's two linear layers.
        min_score, min_share: as :class:`QueryLimits`.

    Raises:
        ImportError: transformers is not installed.
        ValueError: as :class:`Categories`, a width that is no multiple of
            32, or images of another shape.

    Convention:
        Trained with :class:`~seglab.models.set_loss.SetLoss` on all the
        predictions and ``panoptic_targets``.

    Source:
        Cheng et al. 2022.

    >>> model = SmallMask2Former([1, 2], [6], queries=5).eval()
    >>> x = torch.zeros(1, 3, 64, 64)
    >>> model(x)[-1].mask_logits.shape
    torch.Size([1, 5, 16, 16])
    >>> model.segment(x).shape
    torch.Size([1, 64, 64])
    """

    def __init__(
        self,
        things: Sequence[int],
        stuff: Sequence[int],
        *,
        widths: Sequence[int] = (16, 32, 64, 64),
        width: int = 64,
        queries: int = 16,
        encoder_layers: int = 1,
        layers: int = 3,
        inner: int = 128,
        min_score: float = 0.5,
        min_share: float = 0.8,
    ) -> None:
        super().__init__()
        if width < 32 or width % 32:
            raise ValueError(f"width must be a multiple of 32, got {width}")
        self.categories = Categories(things, stuff)
        self.limits = QueryLimits(min_score, min_share)
        library: Any = optional(
            "transformers", "SmallMask2Former", "transformers"
        )
        with _without_warnings():
            self.network = library.Mask2FormerForUniversalSegmentation(
                library.Mask2FormerConfig(
                    backbone_config=library.ResNetConfig(
                        embedding_size=widths[0],
                        hidden_sizes=list(widths),
                        depths=[1] * len(STAGES),
                        layer_type="basic",
                        out_features=list(STAGES),
                    ),
                    num_labels=len(self.categories),
                    num_queries=queries,
                    feature_size=width,
                    mask_feature_size=width,
                    hidden_dim=width,
                    encoder_layers=encoder_layers,
                    encoder_feedforward_dim=inner,
                    dim_feedforward=inner,
                    # theirs counts the prediction before the first layer
                    decoder_layers=layers + 1,
                    num_attention_heads=4,
                    output_auxiliary_logits=True,
                )
            )

    def forward(self, x: Tensor) -> list[SetPrediction]:
        check_image(x, 3, 1)
        out = self.network(pixel_values=x)
        earlier = [
            SetPrediction(
                one["class_queries_logits"], one["masks_queries_logits"]
            )
            for one in out.auxiliary_logits
        ]
        last = SetPrediction(
            out.class_queries_logits, out.masks_queries_logits
        )
        return [*earlier, last]

    @torch.no_grad()
    def segment(self, images: Tensor) -> Tensor:
        """The panoptic map of each image, int64 [N, H, W]."""
        return merge_predictions(
            self(images)[-1],
            images.shape[-2:],
            categories=self.categories,
            limits=self.limits,
        )

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[Detections]:
        """The things in each image; masks may overlap.

        A score is the probability of the class times the mean probability
        of the mask's pixels, as in the authors' code for instances.
        """
        classes, masks = self(images)[-1]
        chances = resize(masks, images.shape[-2:]).sigmoid()
        return [
            self._objects(*one)
            for one in zip(classes, chances, strict=True)
        ]

    def _objects(self, class_logits: Tensor, chances: Tensor) -> Detections:
        scores, classes = class_logits.softmax(dim=1).max(dim=1)
        masks = chances >= 0.5
        is_thing = classes < len(self.categories.things)
        kept = is_thing & masks.flatten(1).any(dim=1)
        if not bool(kept.any()):
            height, width = chances.shape[1:]
            return no_detections((height, width))
        masks, chances = masks[kept], chances[kept]
        inside = (chances * masks).sum(dim=(1, 2)) / masks.sum(dim=(1, 2))
        past = torch.tensor([0, 0, 1, 1], device=masks.device)
        return Detections(
            masks_to_boxes(masks) + past,
            self.categories.from_classes(classes[kept]),
            scores[kept] * inside,
            masks,
        )


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence the library's warning that the backbone is no Swin."""
    log = logging.getLogger("transformers")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
