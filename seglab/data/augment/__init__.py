"""Augmentation: image and mask changed together, safely for the domain.

An augmentation states a belief: the picture could have been like this,
and then the mask would be like that. Which changes are safe depends on the
domain, so there is a pipeline for each.
"""

from seglab.data.augment.elastic import (
    ElasticWarp,
    jacobian,
    random_displacement,
    warp,
    warp_mask,
)
from seglab.data.augment.mixing import cut_mix, mix_up, one_hot_targets
from seglab.data.augment.pipelines import (
    ct_slice,
    microscopy,
    natural,
    radiograph,
)
from seglab.data.augment.radiographs import RadiographAugment
from seglab.data.augment.tensors import TensorAugment

__all__ = [
    "ElasticWarp",
    "RadiographAugment",
    "TensorAugment",
    "ct_slice",
    "cut_mix",
    "jacobian",
    "microscopy",
    "mix_up",
    "natural",
    "one_hot_targets",
    "radiograph",
    "random_displacement",
    "warp",
    "warp_mask",
]
