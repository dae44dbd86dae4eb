"""Dense conditional random fields, from scratch."""

from seglab.crf.mean_field import (
    BilateralKernel,
    SpatialKernel,
    dense_crf,
)
from seglab.crf.permutohedral import PermutohedralLattice

__all__ = [
    "BilateralKernel",
    "PermutohedralLattice",
    "SpatialKernel",
    "dense_crf",
]
