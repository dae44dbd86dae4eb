"""Cross-entropy of each pixel, by PyTorch or by compiled loops.

PyTorch writes out the log-probabilities of every class and reads them
again for the gradient. The loops of :mod:`seglab.losses._softmax_loops`
keep two numbers a pixel and compute the exponentials twice: on a CPU,
reading and writing costs more than they do.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import forward_ad

__all__ = ["cross_entropy_of_pixels"]

MANY = 1 << 20  # logits for which compiled loops are worth loading
# the loops take one: PyTorch's own work spreads over all that it may use,
# and its idle threads would not make room for others
FEW_THREADS = 4


def cross_entropy_of_pixels(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of each pixel.

    Args:
        logits: float [N, C, ...].
        target: int64 class indices [N, ...], all in range.

    Returns:
        [N, ...] in the logits' type.
    """
    if _pays(logits) and _has_numba():
        losses: Tensor = _Compiled.apply(logits, target)
        return losses
    return F.cross_entropy(logits, target, reduction="none")


def _pays(logits: Tensor) -> bool:
    return (
        logits.device.type == "cpu"
        and logits.dtype == torch.float32
        and logits.numel() >= MANY
        and torch.get_num_threads() <= FEW_THREADS
        and not torch.compiler.is_compiling()
        and _is_plain(logits)
    )


def _is_plain(logits: Tensor) -> bool:
    """Whether a tensor is no more than its numbers.

    Inside a function transform (``torch.func``) or where a graph is traced
    they cannot be read, and in forward-mode differentiation a tangent goes
    with them.
    """
    if forward_ad.unpack_dual(logits).tangent is not None:
        return False
    try:
        logits.detach().numpy()
    except RuntimeError:
        return False
    return True


@cache
def _has_numba() -> bool:
    return importlib.util.find_spec("numba") is not None


class _Compiled(torch.autograd.Function):
    """Cross-entropy of each pixel of float32 logits on the CPU."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor) -> Tensor:
        """The losses [N, ...].

        Kept for the gradient are two numbers a pixel: the largest logit,
        and the logarithm of the sum of exp(logit - largest). Their sum
        alone would do, but loses digits where logits are large.
        """
        from seglab.losses._softmax_loops import sum_exponentials

        labels = target.flatten(1).contiguous()
        largest, sums, chosen = torch.empty(3, *labels.shape)
        tensors = _flat(logits), labels, largest, sums, chosen
        sum_exponentials(*(tensor.numpy() for tensor in tensors))
        log_sums = sums.log_()
        ctx.save_for_backward(logits, target, largest, log_sums)
        return (log_sums - chosen).view(target.shape)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None]:
        """The gradient of the logits."""
        logits, target, largest, log_sums = ctx.saved_tensors
        if torch.is_grad_enabled():  # it will itself be differentiated
            true = F.one_hot(target, logits.shape[1]).movedim(-1, 1)
            return slopes[:, None] * (logits.softmax(1) - true), None
        from seglab.losses._softmax_loops import fill_gradient

        labels = target.flatten(1).contiguous()
        slopes = slopes.flatten(1).contiguous()
        flat = _flat(logits)
        # NumPy asks the system for large pages, which are there sooner
        gradient = torch.from_numpy(np.empty(flat.shape, np.float32))
        tensors = flat, labels, largest, log_sums, slopes, gradient
        fill_gradient(*(tensor.numpy() for tensor in tensors))
        return gradient.view(logits.shape), None


def _flat(logits: Tensor) -> Tensor:
    return logits.detach().flatten(2).contiguous()
