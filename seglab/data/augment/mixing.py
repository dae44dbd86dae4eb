"""MixUp and CutMix: two training images become one.

Both work on a batch on its device, after all other augmentation, and
follow torch's seed.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def one_hot_targets(
    masks: Tensor, num_classes: int, *, ignore_index: int | None = None
) -> Tensor:
    """Class indices as one channel a class, ready to be mixed.

    Args:
        masks: integer [N, H, W].
        num_classes: C, 1 or more.
        ignore_index: label that counts for nothing: 0 in every channel,
            so that ``torch.nn.functional.cross_entropy`` adds nothing.

    Returns:
        float32 [N, C, H, W].

    Raises:
        TypeError: masks of floats or bool.
        ValueError: another shape, or a label that is no class.

    >>> masks = torch.tensor([[[1, 255]]])
    >>> one_hot_targets(masks, 2, ignore_index=255).squeeze().tolist()
    [[0.0, 0.0], [1.0, 0.0]]
    """
    if masks.is_floating_point() or masks.dtype == torch.bool:
        raise TypeError(f"masks must be integer, got {masks.dtype}")
    if masks.ndim != 3:
        raise ValueError(
            f"masks must be [N, H, W], got shape {tuple(masks.shape)}"
        )
    labels = masks.long()
    known = (labels >= 0) & (labels < num_classes)
    ignored = torch.zeros_like(known)
    if ignore_index is not None:
        ignored = labels == ignore_index
    if not (known | ignored).all():
        wrong = int(labels[~(known | ignored)][0])
        raise ValueError(
            f"masks must hold classes from 0 to {num_classes - 1}, got "
            f"{wrong}; a label that does not count is ignore_index"
        )
    # one class more, for the ignored, and cut off again
    labels = labels.masked_fill(ignored, num_classes)
    layers = F.one_hot(labels, num_classes + 1)[..., :num_classes]
    return layers.movedim(-1, 1).float()


def mix_up(
    images: Tensor, targets: Tensor, *, alpha: float = 0.2
) -> tuple[Tensor, Tensor]:
    """Lay each image over another, with the masks in the same shares.

    Args:
        images: float [N, C, H, W].
        targets: [N, K, H, W], float or bool: of
            :func:`one_hot_targets`, or multi-label masks.
        alpha: of the Beta(alpha, alpha) that the shares are drawn from,
            above 0; a small one leaves one image almost alone.

    Returns:
        Mixed images, and targets as floats: shares of each class.

    Raises:
        TypeError: images that are not float, or class indices.
        ValueError: shapes that do not fit, or an alpha not above 0.

    Convention:
        Each image has a share and a partner of its own; a partner may be
        itself. The targets are soft: a loss must take probabilities.

    Source:
        Zhang et al. 2018.

    >>> images = torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1)
    >>> mixed, soft = mix_up(images, images)
    >>> torch.equal(mixed, soft)
    True
    """
    _check_batch(images, targets, alpha)
    if not (targets.is_floating_point() or targets.dtype == torch.bool):
        raise TypeError(
            "targets must be float or bool [N, K, H, W] to be mixed, got "
            f"{targets.dtype}; class indices go through one_hot_targets"
        )
    partner = torch.randperm(len(images)).to(images.device)
    share = _shares(len(images), alpha).to(images)[:, None, None, None]
    soft = targets.to(images.dtype)
    return (
        torch.lerp(images[partner], images, share),
        torch.lerp(soft[partner], soft, share),
    )


def cut_mix(
    images: Tensor, masks: Tensor, *, alpha: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Paste a rectangle of another image, and of its mask.

    Args:
        images: float [N, C, H, W].
        masks: class indices [N, H, W], or layers [N, K, H, W]; any type.
        alpha: of the Beta(alpha, alpha) that the share of the image that
            stays is drawn from, above 0; 1 makes all shares as likely.

    Returns:
        Images and masks with their types. Every pixel has one label: that
        of the image it came from.

    Raises:
        TypeError: images that are not float.
        ValueError: shapes that do not fit, or an alpha not above 0.

    Convention:
        Each image has a rectangle and a partner of its own; a partner may
        be itself. The rectangle has the image's proportions, its centre
        anywhere; what hangs over the border is cut off, so it is often
        smaller than drawn. Pasted organs lie where no organ lies: no help
        where a class is known by its place.

    Source:
        Yun et al. 2019; French et al. 2020 for segmentation.

    >>> images = torch.arange(4.0).reshape(4, 1, 1, 1).expand(4, 1, 8, 8)
    >>> mixed, masks = cut_mix(images, images[:, 0].long())
    >>> torch.equal(mixed[:, 0].long(), masks)
    True
    """
    _check_batch(images, masks, alpha)
    partner = torch.randperm(len(images)).to(images.device)
    height, width = images.shape[-2:]
    inside = _rectangles(_shares(len(images), alpha), height, width)
    inside = inside.to(images.device)[:, None]
    mixed = torch.where(inside, images[partner], images)
    pasted = inside if masks.ndim == 4 else inside[:, 0]
    return mixed, torch.where(pasted, masks[partner], masks)


def _shares(count: int, alpha: float) -> Tensor:
    strength = torch.tensor(float(alpha), dtype=torch.float64)
    return torch.distributions.Beta(strength, strength).sample((count,))


def _rectangles(stays: Tensor, height: int, width: int) -> Tensor:
    """bool [N, H, W]: the pixels that are pasted over."""
    side = (1 - stays).sqrt()
    found = []
    for length in (height, width):
        centre = torch.rand(len(stays), dtype=torch.float64) * length
        place = torch.arange(length) + 0.5
        reach = (side * length / 2)[:, None]
        found.append((place - centre[:, None]).abs() < reach)
    return found[0][:, :, None] & found[1][:, None, :]


def _check_batch(images: Tensor, targets: Tensor, alpha: float) -> None:
    if not images.is_floating_point():
        raise TypeError(f"images must be float, got {images.dtype}")
    wanted = images.shape[:1] + images.shape[2:]
    found = targets.shape[:1] + targets.shape[-2:]
    if images.ndim != 4 or targets.ndim not in (3, 4) or found != wanted:
        raise ValueError(
            "images must be [N, C, H, W], and masks [N, H, W] or "
            "[N, K, H, W] of the same N, H and W, got "
            f"{tuple(images.shape)} and {tuple(targets.shape)}"
        )
    if not alpha > 0:
        raise ValueError(f"alpha must be above 0, got {alpha}")
