"""Run a network over an image of any size, window by window."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from seglab.inference.strips import (
    ImageSource,
    Network,
    Window,
    logit_strips,
)


def sliding_window(
    images: Tensor, network: Network, window: Window
) -> Tensor:
    """The network's output for whole images, averaged over windows.

    Args:
        images: float [N, C, H, W], of any size, also below a window's.
        network: [B, C, h, w] to [B, K, h, w], of the same height and
            width. Put it into eval mode before.
        window: how to cut.

    Returns:
        float32 [N, K, H, W] on the device of ``window.accumulate_on``.

    Raises:
        ValueError: images have another shape, or the network's output has
            another height or width than its input.

    Convention:
        Outputs are averaged as they come, so logits are averaged, not
        probabilities. A side shorter than the window is mirrored up to
        its size, or filled up with zeros if it is too short for that.

    Source:
        Isensee et al. 2021; equal to MONAI's ``sliding_window_inference``.

    >>> images = torch.rand(1, 1, 20, 13)
    >>> out = sliding_window(images, lambda x: 2 * x, Window((8, 8)))
    >>> torch.allclose(out, 2 * images, atol=1e-5)
    True
    """
    if images.ndim != 4:
        raise ValueError(
            "images must have shape [N, C, H, W], got "
            f"{tuple(images.shape)}"
        )
    whole: list[Tensor] = []
    for image in images:
        out = None
        for top, strip in logit_strips(image, network, window):
            if out is None:
                out = strip.new_empty(len(strip), *image.shape[1:])
            out[:, top : top + strip.shape[1]] = strip
        assert out is not None
        whole.append(out)
    return torch.stack(whole)


def predict_classes(
    image: ImageSource, network: Network, window: Window
) -> Tensor:
    """The class of each pixel of one large image: uint8 [H, W].

    The logits of the whole image are never held, only those of a strip as
    high as a window.

    Args:
        image: [C, H, W]; see `ImageSource`.
        network, window: as for `sliding_window`; 256 classes at most.

    Raises:
        ValueError: as `sliding_window`, or for more than 256 classes.

    >>> image = torch.rand(1, 9, 6)
    >>> both = lambda x: torch.cat([0.5 - x, x - 0.5], 1)
    >>> classes = predict_classes(image, both, Window((4, 4)))
    >>> torch.equal(classes, (image[0] > 0.5).byte())
    True
    """
    classes = torch.empty(image.shape[1:], dtype=torch.uint8)
    for top, strip in class_strips(image, network, window):
        classes[top : top + len(strip)] = strip
    return classes


def class_strips(
    image: ImageSource, network: Network, window: Window
) -> Iterator[tuple[int, Tensor]]:
    """Classes strip by strip, for a consumer that writes them away.

    Args:
        image, network, window: as for `predict_classes`.

    Yields:
        The strip's first row, and uint8 [rows, W] on the CPU. Strips
        follow each other without gap or overlap.

    Raises:
        ValueError: as `predict_classes`.

    >>> image = torch.rand(1, 9, 6)
    >>> strips = class_strips(image, torch.abs, Window((4, 4)))
    >>> [top for top, _ in strips]
    [0, 2, 4, 5]
    """
    for top, strip in logit_strips(image, network, window):
        if len(strip) > 256:
            raise ValueError(
                f"network must give 256 classes at most, got {len(strip)}"
            )
        yield top, strip.argmax(0).to("cpu", torch.uint8)
