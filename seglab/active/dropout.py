"""Many opinions of one network: its dropout stays on while it predicts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from seglab.active._inputs import FloatArray

DROPOUTS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)


@torch.no_grad()
def dropout_passes(
    model: nn.Module, inputs: Tensor, *, passes: int = 20, seed: int = 0
) -> FloatArray:
    """Probabilities of several passes with dropout on.

    Convention:
        Only dropout behaves as in training. Batch norm keeps its
        statistics: were the whole model in training mode, each item would
        depend on the batch it came in. Modes and the random state are as
        before afterwards.

    Args:
        model: gives logits [N, K, ...].
        inputs: [N, ...].
        passes: 1 or more.
        seed: of what is dropped.

    Returns:
        [T, N, K, ...], each pass a softmax over K.

    Raises:
        ValueError: no pass, or a model that drops nothing, whose passes
            would all be equal.

    Source:
        Gal and Ghahramani 2016.

    >>> model = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))
    >>> dropout_passes(model, torch.ones(2, 4), passes=5).shape
    (5, 2, 3)
    """
    if passes < 1:
        raise ValueError(f"passes must be 1 or more, got {passes}")
    dropping = [m for m in model.modules() if isinstance(m, DROPOUTS)]
    if not any(layer.p > 0 for layer in dropping):
        raise ValueError(
            "model must hold a dropout layer with p above 0, got none"
        )
    modes = {module: module.training for module in model.modules()}
    model.eval()
    for layer in dropping:
        layer.train()
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            found = [model(inputs).softmax(1) for _ in range(passes)]
    finally:
        for module, mode in modes.items():
            module.training = mode
    return np.asarray(torch.stack(found).cpu().numpy(), np.float64)
