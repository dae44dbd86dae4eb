"""Train a torchvision detector with the loop of every other chapter.

Such a detector computes its losses itself and needs the truth for that:
proposals are drawn and matched inside it. So an item's input is a pair,
the image and its panoptic map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from seglab.instances.truth import true_objects

LOSSES = (
    "loss_objectness",
    "loss_rpn_box_reg",
    "loss_classifier",
    "loss_box_reg",
    "loss_mask",
)
Pair = tuple[Tensor, Tensor]
Augment = Callable[[Tensor, Tensor], Pair]


class PairedScenes(Dataset[Any]):
    """Images with their panoptic maps, as ``DetectorWithLoss`` needs them.

    Args:
        images: float32 [N, 3, H, W] in [0, 1].
        maps: integers [N, H, W].
        augment: called with image and map; returns both.

    Raises:
        ValueError: not as many images as maps.

    >>> scenes = PairedScenes(torch.rand(5, 3, 8, 8), torch.ones(5, 8, 8))
    >>> len(scenes), len(scenes[0]), len(scenes[0][0])
    (5, 2, 2)
    """

    def __init__(
        self, images: Tensor, maps: Tensor, augment: Augment | None = None
    ) -> None:
        if len(images) != len(maps):
            raise ValueError(
                f"maps must be as many as the {len(images)} images, got "
                f"{len(maps)}"
            )
        self.images, self.maps, self.augment = images, maps, augment

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Pair, Tensor]:
        image, panoptic = self.images[index], self.maps[index]
        if self.augment is not None:
            image, panoptic = self.augment(image, panoptic)
        return (image, panoptic), panoptic


class DetectorWithLoss(nn.Module):
    """A detector that answers a batch of pairs with its losses.

    Shapes: (images [N, 3, H, W], maps [N, H, W]) to float32 [5], the
    losses of ``LOSSES`` in their order, whose sum is what is learnt.

    Args:
        detector: called with a list of images and a list of targets.
        things: categories of the maps that are objects.

    >>> from seglab.instances.maskrcnn.small import SmallMaskRCNN
    >>> training = DetectorWithLoss(SmallMaskRCNN(3), things=[1, 2])
    >>> batch = torch.rand(2, 3, 64, 64), torch.full((2, 64, 64), 1001)
    >>> training(batch).shape
    torch.Size([5])
    """

    def __init__(self, detector: nn.Module, things: Sequence[int]) -> None:
        super().__init__()
        self.detector = detector
        self.things = tuple(things)
        self._seen: list[Tensor] = []

    def forward(self, batch: Pair) -> Tensor:
        images, maps = batch
        truth = [true_objects(m, things=self.things) for m in maps]
        found = self.detector(list(images), truth)
        losses = torch.stack([found[name] for name in LOSSES])
        self._seen.append(losses.detach())
        return losses

    def mean_losses(self) -> dict[str, float]:
        """The mean of each loss since this was last asked, by name.

        Raises:
            RuntimeError: no batch has been seen since.
        """
        if not self._seen:
            raise RuntimeError("mean_losses needs a batch: train first")
        means = torch.stack(self._seen).mean(0)
        self._seen.clear()
        return dict(zip(LOSSES, means.tolist(), strict=True))


def total_loss(losses: Tensor, maps: Tensor) -> Tensor:
    """The sum of the losses; ``fit`` also hands the truth on, unused.

    >>> total_loss(torch.tensor([1.0, 2.0]), torch.zeros(0))
    tensor(3.)
    """
    return losses.sum()


def turn_or_mirror(
    image: Tensor, panoptic: Tensor
) -> tuple[Tensor, Tensor]:
    """One of a square's eight symmetries, for image and map alike.

    A scene that is seen from above looks as likely in each.

    Args:
        image: [C, H, W], a square.
        panoptic: [H, W].

    Raises:
        ValueError: the map is no square.

    >>> image = torch.rand(3, 4, 4)
    >>> turned, red = turn_or_mirror(image, image[0])
    >>> bool((turned[0] == red).all())
    True
    """
    if panoptic.shape[-1] != panoptic.shape[-2]:
        raise ValueError(
            f"panoptic must be square, got {tuple(panoptic.shape)}"
        )
    turns, mirror = divmod(int(torch.randint(8, ())), 2)

    def move(x: Tensor) -> Tensor:
        turned = x.rot90(turns, (-2, -1))
        return turned.flip(-1) if mirror else turned

    return move(image), move(panoptic)
