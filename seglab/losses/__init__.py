"""Losses: functions first, and a thin module around each.

``loss(logits, target, *, ignore_index=None, reduction="mean")``. Class
indices [N, ...] mean softmax over the C channels of logits [N, C, ...];
a target of the logits' own shape means one sigmoid a channel.
"""

from seglab.losses.combined import (
    BinaryCrossEntropyDiceLoss,
    CrossEntropyDiceLoss,
    binary_cross_entropy_dice,
    cross_entropy_dice,
)
from seglab.losses.pixel import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    binary_cross_entropy,
    cross_entropy,
)
from seglab.losses.region import DiceLoss, dice_loss

__all__ = [
    "BinaryCrossEntropyDiceLoss",
    "BinaryCrossEntropyLoss",
    "CrossEntropyDiceLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_dice",
    "cross_entropy",
    "cross_entropy_dice",
    "dice_loss",
]
