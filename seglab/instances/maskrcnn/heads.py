"""The three heads: is there something, what is it, which pixels are it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

PROPOSAL_HEAD = [
    (r"^conv\.0\.0", "look"),
    (r"^cls_logits", "objectness"),
    (r"^bbox_pred", "changes"),
]
BOX_HEAD = [
    (r"^cls_score", "classes"),
    (r"^bbox_pred", "changes"),
]
MASK_HEAD = [
    (r"^mask_head\.(\d+)\.0", r"convolutions.\1.0"),
    (r"^mask_predictor\.conv5_mask", "enlarge"),
    (r"^mask_predictor\.mask_fcn_logits", "logits"),
    (r"^box_.*", ""),
]


class ProposalHead(nn.Module):
    """For each anchor: how likely it holds an object, and how to move it.

    One small network slides over every map of the pyramid.

    Shapes: maps [N, channels, H_i, W_i] to logits [N, M] and changes
    [N, M, 4], where M counts all anchors: map by map, cell by cell in
    rows, the anchors of a cell together, as ``grid_anchors`` has them.

    Args:
        channels: of the maps.
        anchors: of each cell.

    Source: Ren et al. 2015; with its weights (``PROPOSAL_HEAD``) equal to
    torchvision's ``RPNHead``.

    >>> head = ProposalHead(8, 3)
    >>> objectness, changes = head([torch.zeros(2, 8, 4, 5)])
    >>> tuple(objectness.shape), tuple(changes.shape)
    ((2, 60), (2, 60, 4))
    """

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 3, padding=1)
        self.objectness = nn.Conv2d(channels, anchors, 1)
        self.changes = nn.Conv2d(channels, 4 * anchors, 1)
        for layer in (self.look, self.objectness, self.changes):
            # small, so that at first every anchor is undecided and stays
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.get_parameter("bias"))

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        seen = [self.look(x).relu() for x in maps]
        objectness = [_by_anchor(self.objectness(x), 1) for x in seen]
        changes = [_by_anchor(self.changes(x), 4) for x in seen]
        return torch.cat(objectness, 1)[..., 0], torch.cat(changes, 1)


def _by_anchor(x: Tensor, numbers: int) -> Tensor:
    """[N, A * numbers, H, W] to [N, H * W * A, numbers]."""
    n, _, height, width = x.shape
    x = x.view(n, -1, numbers, height, width)
    return x.permute(0, 3, 4, 1, 2).reshape(n, -1, numbers)


class BoxFeatures(nn.Sequential):
    """What the box head sees: two convolutions without padding, one layer.

    torchvision's head begins with a layer on all 7 x 7 bins, which alone
    would hold half of a small network's weights. Two convolutions shrink
    the bins to 3 x 3 first.

    Shapes: what RoIAlign cut out [R, channels, side, side] to
    [R, hidden].

    Args:
        channels: of the pyramid.
        side: bins a side, 5 or more.
        width: of the convolutions.
        hidden: of the result.

    Raises:
        ValueError: fewer bins.

    >>> BoxFeatures(8, 7, 16, 32)(torch.zeros(5, 8, 7, 7)).shape
    torch.Size([5, 32])
    """

    def __init__(
        self, channels: int, side: int, width: int, hidden: int
    ) -> None:
        if side < 5:
            raise ValueError(f"side must be 5 or more, got {side}")
        super().__init__(
            nn.Conv2d(channels, width, 3),
            nn.ReLU(),
            nn.Conv2d(width, width, 3),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(width * (side - 4) ** 2, hidden),
            nn.ReLU(),
        )


class BoxHead(nn.Module):
    """For each proposal: its class, and its last change for each class.

    Shapes: features [R, hidden] to logits [R, num_classes] and changes
    [R, num_classes, 4].

    Args:
        hidden: of the features.
        num_classes: with the background.

    Source: Girshick 2015; with its weights (``BOX_HEAD``) equal to
    torchvision's ``FastRCNNPredictor``.

    >>> logits, changes = BoxHead(32, 6)(torch.zeros(2, 32))
    >>> tuple(logits.shape), tuple(changes.shape)
    ((2, 6), (2, 6, 4))
    """

    def __init__(self, hidden: int, num_classes: int) -> None:
        super().__init__()
        self.classes = nn.Linear(hidden, num_classes)
        self.changes = nn.Linear(hidden, 4 * num_classes)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        changes = self.changes(features).unflatten(-1, (-1, 4))
        return self.classes(features), changes


class MaskHead(nn.Module):
    """For each object: one mask for each class, twice the size it saw.

    A small fully convolutional network. The classes do not compete: each
    has a sigmoid of its own, and the box head says which one counts.

    Shapes: [R, channels, S, S] to logits [R, num_classes, 2 S, 2 S].

    Args:
        channels: of the pyramid.
        widths: of the convolutions.
        num_classes: with the background.

    Source: He et al. 2017; with its weights (``MASK_HEAD``, from a
    ``RoIHeads``) equal to torchvision's ``MaskRCNNHeads`` and
    ``MaskRCNNPredictor``.

    >>> MaskHead(8, (16, 16), 6)(torch.zeros(3, 8, 14, 14)).shape
    torch.Size([3, 6, 28, 28])
    """

    def __init__(
        self, channels: int, widths: Sequence[int], num_classes: int
    ) -> None:
        super().__init__()
        sizes = [channels, *widths]
        self.convolutions = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU())
                for a, b in pairwise(sizes)
            )
        )
        self.enlarge = nn.ConvTranspose2d(sizes[-1], sizes[-1], 2, stride=2)
        self.logits = nn.Conv2d(sizes[-1], num_classes, 1)

    def forward(self, regions: Tensor) -> Tensor:
        x = self.enlarge(self.convolutions(regions)).relu()
        logits: Tensor = self.logits(x)
        return logits
