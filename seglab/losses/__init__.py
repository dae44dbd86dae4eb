"""Losses: functions first, and a thin module around each.

``loss(logits, target, *, ignore_index=None, reduction="mean")``. Class
indices [N, ...] mean softmax over the C channels of logits [N, C, ...];
a target of the logits' own shape means one sigmoid a channel.
"""

from seglab.losses.boundary import (
    BoundaryLoss,
    boundary_loss,
    signed_distance_maps,
)
from seglab.losses.cldice import ClDiceLoss, cldice_loss, soft_skeleton
from seglab.losses.combined import (
    BinaryCrossEntropyDiceLoss,
    CrossEntropyDiceLoss,
    binary_cross_entropy_dice,
    cross_entropy_dice,
)
from seglab.losses.focal import (
    BinaryFocalLoss,
    FocalLoss,
    binary_focal_loss,
    focal_loss,
)
from seglab.losses.lovasz import (
    LovaszHingeLoss,
    LovaszSoftmaxLoss,
    lovasz_hinge,
    lovasz_softmax,
)
from seglab.losses.mining import OHEMCrossEntropyLoss, ohem_cross_entropy
from seglab.losses.pixel import (
    BinaryCrossEntropyLoss,
    CrossEntropyLoss,
    binary_cross_entropy,
    cross_entropy,
)
from seglab.losses.region import (
    DiceLoss,
    GeneralisedDiceLoss,
    dice_loss,
    generalised_dice_loss,
)
from seglab.losses.sums import (
    DeepSupervisionLoss,
    WeightedSumLoss,
    deep_supervision,
    weighted_sum,
)
from seglab.losses.tversky import (
    FocalTverskyLoss,
    TverskyLoss,
    focal_tversky_loss,
    tversky_loss,
)
from seglab.losses.weights import (
    class_counts,
    effective_number_weights,
    inverse_frequency_weights,
    inverse_sqrt_frequency_weights,
)

__all__ = [
    "BinaryCrossEntropyDiceLoss",
    "BinaryCrossEntropyLoss",
    "BinaryFocalLoss",
    "BoundaryLoss",
    "ClDiceLoss",
    "CrossEntropyDiceLoss",
    "CrossEntropyLoss",
    "DeepSupervisionLoss",
    "DiceLoss",
    "FocalLoss",
    "FocalTverskyLoss",
    "GeneralisedDiceLoss",
    "LovaszHingeLoss",
    "LovaszSoftmaxLoss",
    "OHEMCrossEntropyLoss",
    "TverskyLoss",
    "WeightedSumLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_dice",
    "binary_focal_loss",
    "boundary_loss",
    "class_counts",
    "cldice_loss",
    "cross_entropy",
    "cross_entropy_dice",
    "deep_supervision",
    "dice_loss",
    "effective_number_weights",
    "focal_loss",
    "focal_tversky_loss",
    "generalised_dice_loss",
    "inverse_frequency_weights",
    "inverse_sqrt_frequency_weights",
    "lovasz_hinge",
    "lovasz_softmax",
    "ohem_cross_entropy",
    "signed_distance_maps",
    "soft_skeleton",
    "tversky_loss",
    "weighted_sum",
]
