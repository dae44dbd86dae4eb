"""IoU of many masks at once."""

from __future__ import annotations

import torch
from torch import Tensor


def mask_ious(found: Tensor, truths: Tensor) -> Tensor:
    """IoU of masks bool [..., H, W]; two empty ones agree.

    >>> mask_ious(torch.ones(2, 2) > 0, torch.eye(2) > 0)
    tensor(0.5000)
    """
    both = (found & truths).sum((-2, -1))
    either = (found | truths).sum((-2, -1))
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)
