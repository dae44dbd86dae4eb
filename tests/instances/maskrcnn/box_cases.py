"""Random boxes for the tests of this folder."""

import torch


def random_boxes(count, seed=0, size=100.0, least=1.0):
    """Boxes xyxy [count, 4] of at least ``least`` pixels a side."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * size
    side = torch.rand(count, 2, generator=generator) * size / 2 + least
    return torch.cat([corner, corner + side], 1)
