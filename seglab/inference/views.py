"""Test-time augmentation: several views of an image, one answer.

A *view* changes the image in a way that can be undone on the output. The
network sees every view; the outputs are brought back and averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from seglab.inference.strips import Network


@dataclass(frozen=True)
class View:
    """A change of images [N, C, H, W], and how it is undone on outputs.

    Args:
        name: what it does.
        change: images to images.
        undo: called with outputs [N, K, h, w] and (H, W), the size that
            the images had; returns [N, K, H, W].
    """

    name: str
    change: Callable[[Tensor], Tensor]
    undo: Callable[[Tensor, tuple[int, int]], Tensor]


def as_it_is() -> View:
    """The image unchanged.

    >>> as_it_is().name
    'as it is'
    """
    return View("as it is", lambda x: x, lambda x, _: x)


def flip_columns(renamed: Sequence[int] | None = None) -> View:
    """Left and right exchanged.

    Args:
        renamed: for each of the K classes, which class it is in the
            mirror: a left rib becomes a right one. None if no class has
            a side.

    Raises:
        ValueError: renaming twice does not give every class back.

    >>> view = flip_columns()
    >>> view.undo(view.change(torch.eye(3)[None, None]), (3, 3))[0, 0, 0]
    tensor([1., 0., 0.])
    """
    return _flip("columns flipped", (-1,), renamed)


def flip_rows(renamed: Sequence[int] | None = None) -> View:
    """Up and down exchanged; ``renamed`` as for `flip_columns`.

    >>> flip_rows().change(torch.tensor([[[[1.0], [2.0]]]])).flatten()
    tensor([2., 1.])
    """
    return _flip("rows flipped", (-2,), renamed)


def half_turn() -> View:
    """Rows and columns flipped: no mirror image, so sides stay right.

    >>> half_turn().change(torch.tensor([[[[1.0, 2.0]]]])).flatten()
    tensor([2., 1.])
    """
    return _flip("half a turn", (-2, -1), None)


def rescale(factor: float) -> View:
    """A larger or smaller image; outputs are resized back, bilinearly.

    Args:
        factor: on both sides; each becomes a pixel or more.

    Raises:
        ValueError: the factor is 0 or less.

    >>> rescale(2.0).change(torch.zeros(1, 1, 3, 5)).shape
    torch.Size([1, 1, 6, 10])
    """
    if not factor > 0:
        raise ValueError(f"factor must be above 0, got {factor}")

    def change(images: Tensor) -> Tensor:
        size = [max(1, round(factor * side)) for side in images.shape[-2:]]
        return _resize(images, (size[0], size[1]))

    return View(f"{factor:g} times the size", change, _resize)


def mean_logits(
    images: Tensor, network: Network, views: Sequence[View]
) -> Tensor:
    """The mean of the network's outputs over views: [N, K, H, W].

    Args:
        images: float [N, C, H, W].
        network: [N, C, h, w] to [N, K, h, w]; in eval mode.
        views: one or more.

    Raises:
        ValueError: there is no view, or a view does not give its output
            back at the images' size.

    Convention:
        One confident view can outvote several doubtful ones; it cannot
        in `mean_probabilities`.

    Source:
        Wang et al. 2019 (test-time augmentation); averaging logits is a
        geometric mean of probabilities.

    >>> images = torch.rand(1, 1, 4, 6)
    >>> both = mean_logits(images, torch.log, [as_it_is(), flip_columns()])
    >>> torch.allclose(both, images.log())
    True
    """
    return _mean(images, network, views, lambda logits: logits)


def mean_probabilities(
    images: Tensor,
    network: Network,
    views: Sequence[View],
    activation: Callable[[Tensor], Tensor] = torch.sigmoid,
) -> Tensor:
    """The mean of probabilities over views: [N, K, H, W].

    Args:
        images, network, views: as for `mean_logits`.
        activation: from logits to probabilities: ``torch.sigmoid`` for
            masks that may overlap, a softmax over axis 1 for classes.

    Raises:
        ValueError: as `mean_logits`.

    >>> mean_probabilities(torch.zeros(1, 1, 2, 2), torch.neg,
    ...                    [as_it_is()])[0, 0, 0]
    tensor([0.5000, 0.5000])
    """
    return _mean(images, network, views, activation)


def _mean(
    images: Tensor,
    network: Network,
    views: Sequence[View],
    activation: Callable[[Tensor], Tensor],
) -> Tensor:
    if not views:
        raise ValueError("views must hold one view or more, got none")
    if images.ndim != 4:
        raise ValueError(
            "images must have shape [N, C, H, W], got "
            f"{tuple(images.shape)}"
        )
    size = (images.shape[-2], images.shape[-1])
    total: Tensor | float = 0.0
    with torch.inference_mode():
        for view in views:
            out = view.undo(activation(network(view.change(images))), size)
            if tuple(out.shape[-2:]) != size:
                raise ValueError(
                    f"view {view.name!r} must give outputs of size {size}, "
                    f"got {tuple(out.shape[-2:])}"
                )
            total = total + out
    assert isinstance(total, Tensor)
    return total / len(views)


def _flip(
    name: str, axes: tuple[int, ...], renamed: Sequence[int] | None
) -> View:
    order = None if renamed is None else torch.tensor(list(renamed))
    if order is not None:
        there = torch.arange(len(order))
        if not torch.equal(order.sort().values, there) or not torch.equal(
            order[order], there
        ):
            raise ValueError(
                "renamed must give every class back when applied twice, "
                f"got {order.tolist()}"
            )

    def undo(outputs: Tensor, _: tuple[int, int]) -> Tensor:
        back = outputs.flip(axes)
        return back if order is None else back[:, order.to(back.device)]

    return View(name, lambda images: images.flip(axes), undo)


def _resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    return F.interpolate(
        images, size, mode="bilinear", align_corners=False, antialias=True
    )
