"""Cases that the tests of several losses share."""

import torch
from hypothesis import strategies as st

IGNORED = 255


@st.composite
def cases(draw):
    """Logits [N, C, H, W] and class indices [N, H, W]."""
    n, c = draw(st.integers(1, 3)), draw(st.integers(2, 4))
    h, w = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    logits = torch.randn(n, c, h, w, generator=generator) * 4
    return logits, torch.randint(0, c, (n, h, w), generator=generator)


def one_hot(target, classes):
    return torch.stack([target == i for i in range(classes)], 1).float()
