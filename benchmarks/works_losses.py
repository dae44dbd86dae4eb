"""What is measured of the losses, each forward and backward."""

from __future__ import annotations

from collections.abc import Callable

import kornia.losses
import monai.losses
import segmentation_models_pytorch as smp
import torch
from torch import Tensor

from harness import Work
from seglab import losses

Loss = Callable[[Tensor, Tensor], Tensor]


def step(
    loss: Loss, logits: Tensor, target: Tensor
) -> tuple[float, Tensor]:
    """The loss and the gradient of its logits."""
    logits.grad = None
    value = loss(logits, target)
    value.backward()
    return value.item(), logits.grad


def agreement(ours: object, peer: object) -> str:
    """The largest differences of the losses and of their gradients."""
    (our_loss, our_gradient), (peer_loss, peer_gradient) = ours, peer
    loss_gap = abs(our_loss - peer_loss)
    gap = (our_gradient - peer_gradient).abs().max().item()
    return f"loss differs by {loss_gap:.1e}, gradient by at most {gap:.1e}"


def work(
    name: str,
    title: str,
    ours: Loss,
    peers: dict[str, Loss],
    case: tuple[Tensor, Tensor],
) -> Work:
    """A loss of ours beside its peers' on the same logits."""
    logits, target = case
    shape = " x ".join(str(size) for size in logits.shape)
    return Work(
        id=name,
        work=f"{title}, {shape}, forward and backward",
        ours=lambda: step(ours, logits, target),
        peers={
            peer: lambda loss=loss: step(loss, logits, target)
            for peer, loss in peers.items()
        },
        compare=agreement,
    )


def classes(side: int = 256) -> tuple[Tensor, Tensor]:
    """Logits of 21 classes with every class in every image."""
    torch.manual_seed(0)
    logits = torch.randn(4, 21, side, side, requires_grad=True)
    return logits, torch.randint(0, 21, (4, side, side))


def tversky() -> Work:
    """Tversky loss."""
    peer = monai.losses.TverskyLoss(
        softmax=True,
        to_onehot_y=True,
        alpha=0.3,
        beta=0.7,
        smooth_nr=0.5,
        smooth_dr=0.5,
    )
    return work(
        "tversky",
        "Tversky loss",
        losses.tversky_loss,
        {"MONAI": lambda logits, target: peer(logits, target[:, None])},
        classes(),
    )


def focal() -> Work:
    """Softmax focal loss; the peers' means divide by the classes too."""
    peer = monai.losses.FocalLoss(to_onehot_y=True, use_softmax=True)
    return work(
        "focal",
        "softmax focal loss",
        losses.focal_loss,
        {
            "MONAI (x 21)": lambda logits, target: (
                21 * peer(logits, target[:, None])
            ),
            "kornia (x 21)": lambda logits, target: (
                21
                * kornia.losses.focal_loss(
                    logits, target, alpha=None, reduction="mean"
                )
            ),
        },
        classes(),
    )


def lovasz_hinge() -> Work:
    """Lovasz hinge of one mask an image, a blob under noisy logits."""
    torch.manual_seed(0)
    truth = torch.zeros(4, 1, 256, 256)
    truth[..., 60:180, 80:200] = 1
    logits = 2 * (2 * truth - 1) + 1.5 * torch.randn(truth.shape)
    peer = smp.losses.LovaszLoss("binary", per_image=True)
    return work(
        "lovasz_hinge",
        "Lovasz hinge",
        losses.lovasz_hinge,
        {
            "kornia": lambda logits, target: (
                kornia.losses.lovasz_hinge_loss(logits, target[:, 0])
            ),
            "smp": peer,
        },
        (logits.requires_grad_(), truth),
    )


def lovasz_softmax() -> Work:
    """Lovasz softmax of each image."""
    peer = smp.losses.LovaszLoss("multiclass", per_image=True)
    return work(
        "lovasz_softmax",
        "Lovasz softmax",
        losses.lovasz_softmax,
        {"kornia": kornia.losses.lovasz_softmax_loss, "smp": peer},
        classes(128),
    )
