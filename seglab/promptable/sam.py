"""SAM with its state in the open: embed a picture, then prompt it often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab import weights
from seglab.data import catalog
from seglab.extras import optional
from seglab.instances.detections import Detections
from seglab.promptable.around import boxes_around_masks
from seglab.promptable.decoding import decode_masks
from seglab.promptable.mini import build_mini_sam
from seglab.promptable.prompts import Prompts, check_inside
from seglab.settings import device

OFFICIAL = ("vit_b", "vit_l", "vit_h")
NAMES = ("mini", *OFFICIAL)


@dataclass(frozen=True, eq=False)
class ImageEmbedding:
    """What the encoder made of one picture: all that prompts need of it.

    Args:
        features: float32 [1, C, h, w].
        size: (height, width) of the picture as it came.
        shrunk: (height, width) at which the encoder saw it.
    """

    features: Tensor
    size: tuple[int, int]
    shrunk: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Masks that answer P prompts, K for each, the best first.

    Args:
        masks: bool [P, K, H, W], of the picture's size.
        quality: float32 [P, K], the IoU that the model expects.
        logits: float32 [P, K, h, w], small, to hand in as a prompt.
    """

    masks: Tensor
    quality: Tensor
    logits: Tensor

    def best(self) -> Tensor:
        """The mask that the model trusts most; bool [P, H, W]."""
        return self.masks[:, 0]

    def as_detections(self, labels: Tensor | None = None) -> Detections:
        """The best masks as detections, with their quality as score.

        Args:
            labels: int64 [P]; all 1 if None.
        """
        masks = self.best()
        if labels is None:
            labels = torch.ones(len(masks), dtype=torch.int64)
        return Detections(
            boxes_around_masks(masks),
            labels,
            self.quality[:, 0].clamp(0, 1),
            masks,
        )


class PromptableSam:
    """A SAM behind three calls: ``embed``, ``single``, ``candidates``.

    Convention:
        Pictures are float32 [3, H, W] or [1, H, W] in [0, 1], of any
        size: the longer side is brought to what the encoder takes, and
        masks come back in the picture's own size.

    Args:
        network: a ``segment_anything.modeling.Sam``.

    Source:
        Kirillov et al., Segment Anything, ICCV 2023.
    """

    def __init__(self, network: Any) -> None:
        self.network = network.eval()

    @property
    def side(self) -> int:
        """Pixels of the square that the encoder takes."""
        return int(self.network.image_encoder.img_size)

    @torch.no_grad()
    def embed(self, image: Tensor) -> ImageEmbedding:
        """Look at a picture once.

        Args:
            image: float32 [3, H, W] or [1, H, W] in [0, 1].

        Raises:
            TypeError, ValueError: it is not such a picture.
        """
        _check_image(image)
        size = (int(image.shape[-2]), int(image.shape[-1]))
        scale = self.side / max(size)
        shrunk = (round(size[0] * scale), round(size[1] * scale))
        picture = image.expand(3, -1, -1)[None].to(self.network.device)
        if shrunk != size:
            picture = F.interpolate(
                picture, shrunk, mode="bilinear", antialias=True
            )
        prepared = self.network.preprocess(picture * 255)
        return ImageEmbedding(
            self.network.image_encoder(prepared), size, shrunk
        )

    def single(
        self, embedding: ImageEmbedding, prompts: Prompts
    ) -> Candidates:
        """One mask for each prompt: right where a prompt is clear.

        Args:
            embedding: from ``embed``.
            prompts: of P objects.
        """
        return self._answer(embedding, prompts, slice(0, 1))

    def candidates(
        self, embedding: ImageEmbedding, prompts: Prompts
    ) -> Candidates:
        """Three masks for each prompt, ranked by what the model expects.

        One click may mean a part or the whole; the three differ then.

        Args:
            embedding: from ``embed``.
            prompts: of P objects.
        """
        return self._answer(embedding, prompts, slice(1, None))

    @torch.no_grad()
    def _answer(
        self, embedding: ImageEmbedding, prompts: Prompts, which: slice
    ) -> Candidates:
        points, boxes, masks = self._prepare(embedding, prompts)
        encoder = self.network.prompt_encoder
        sparse, dense = encoder(points=points, boxes=boxes, masks=masks)
        answer = decode_masks(
            self.network.mask_decoder,
            embedding.features.expand(len(prompts), -1, -1, -1),
            encoder.get_dense_pe(),
            sparse,
            dense,
        )
        quality, order = answer.quality[:, which].sort(1, descending=True)
        index = order[:, :, None, None].expand(
            -1, -1, *answer.logits.shape[-2:]
        )
        logits = answer.logits[:, which].gather(1, index)
        full = self.network.postprocess_masks(
            logits, embedding.shrunk, embedding.size
        )
        return Candidates((full > 0).cpu(), quality.cpu(), logits.cpu())

    def _prepare(
        self, embedding: ImageEmbedding, prompts: Prompts
    ) -> tuple[Any, Any, Any]:
        """Prompts in the pixels that the encoder sees, on its device."""
        place = self.network.device
        ratio = torch.tensor(
            [
                embedding.shrunk[1] / embedding.size[1],
                embedding.shrunk[0] / embedding.size[0],
            ]
        )
        points = boxes = masks = None
        if prompts.points is not None and prompts.labels is not None:
            check_inside(prompts.points, embedding.size)
            # middles of pixels: half a pixel is scaled with the rest
            scaled = (prompts.points.float() + 0.5) * ratio - 0.5
            points = (scaled.to(place), prompts.labels.to(place))
        if prompts.boxes is not None:
            boxes = (prompts.boxes.float() * ratio.repeat(2)).to(place)
        if prompts.masks is not None:
            masks = prompts.masks.float().to(place)
        return points, boxes, masks


def load_sam(name: str = "mini") -> PromptableSam:
    """A SAM by name, on the device of these settings.

    Args:
        name: ``mini`` (comes with the package), or an official model that
            is fetched once and verified: ``vit_b`` (375 MB), ``vit_l``
            (1.2 GB), ``vit_h`` (2.6 GB).

    Raises:
        ValueError: no model has that name.
        ImportError: segment-anything is not installed.
        OfflineError: an official file is not here, and there is no
            network.

    >>> load_sam().side
    128
    """
    if name not in NAMES:
        raise ValueError(
            f"name must be one of {', '.join(NAMES)}, got {name!r}"
        )
    package = optional("segment_anything", "SAM", "sam")
    if name == "mini":
        network = weights.load_as(build_mini_sam, "mini_sam")
    else:
        resource = f"sam_{name}"
        (file,) = catalog.CATALOG[resource].files
        path = catalog.fetch(resource) / file.path
        network = package.sam_model_registry[name](checkpoint=str(path))
    return PromptableSam(network.to(device()))


def _check_image(image: Tensor) -> None:
    if not isinstance(image, Tensor) or not image.is_floating_point():
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"image must be a tensor of floats, got {kind}")
    if image.ndim != 3 or image.shape[0] not in (1, 3) or not image.numel():
        raise ValueError(
            "image must have shape [3, H, W] or [1, H, W], got "
            f"{tuple(image.shape)}"
        )
    if not (image.min() >= 0 and image.max() <= 1):  # NaN is neither
        raise ValueError(
            f"image must lie in [0, 1], got {float(image.min()):g} to "
            f"{float(image.max()):g}"
        )
