"""The network that draws prototypes."""

import torch

from seglab.instances.onestage.prototypes import Protonet


def test_twice_as_large_and_never_below_zero():
    torch.manual_seed(0)
    drawn = Protonet(16, 5)(torch.randn(2, 16, 7, 9))
    assert drawn.shape == (2, 5, 14, 18)
    assert drawn.min() == 0
    assert drawn.max() > 0
