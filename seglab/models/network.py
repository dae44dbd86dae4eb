"""What the networks on a backbone have in common."""

from __future__ import annotations

from torch import Tensor, nn

from seglab.models.arguments import check_channels, check_image
from seglab.models.backbones import Backbone
from seglab.models.layers import resize


class SegmentationNetwork(nn.Module):
    """A backbone, a head on its maps, and a way back to full size.

    Shapes: images [N, in_channels, H, W] of any size to logits
    [N, num_classes, H, W].

    Args:
        backbone: gives a list of feature maps, finest first.
        head: turns that list into logits [N, num_classes, h, w].
        auxiliary: a second head, or None. It gets the list without its
            last map, and serves in training only.
        align_corners: how logits are brought to the images' size, as in
            :func:`~seglab.models.layers.resize`.

    Raises:
        ValueError: images of another shape.

    >>> import torch
    >>> from seglab.models.small_resnet import SmallResNet
    >>> class LastMap(nn.Module):
    ...     def forward(self, features):
    ...         return features[-1]
    >>> model = SegmentationNetwork(SmallResNet(1, (4, 5)), LastMap())
    >>> model(torch.zeros(2, 1, 33, 47)).shape
    torch.Size([2, 5, 33, 47])
    """

    def __init__(
        self,
        backbone: Backbone,
        head: nn.Module,
        auxiliary: nn.Module | None = None,
        *,
        align_corners: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.auxiliary = auxiliary
        self.align_corners = align_corners

    def features(self, x: Tensor) -> list[Tensor]:
        """The backbone's maps of images, finest first."""
        check_image(x, self.backbone.in_channels, smallest=1)
        return self.backbone(x)

    def _resize_to(self, x: Tensor, logits: Tensor) -> Tensor:
        return resize(
            logits, x.shape[-2:], align_corners=self.align_corners
        )

    def forward(self, x: Tensor) -> Tensor:
        return self._resize_to(x, self.head(self.features(x)))

    def forward_with_auxiliary(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits and those of the auxiliary head, both at full size.

        A second loss halfway gives the early layers a short way for their
        gradient: loss(logits) + 0.4 * loss(auxiliary logits), in PSPNet.

        Raises:
            ValueError: the network has no auxiliary head.
        """
        if self.auxiliary is None:
            raise ValueError(
                f"this {type(self).__name__} has no auxiliary head: build "
                "it with auxiliary=True"
            )
        features = self.features(x)
        logits = self.head(features)
        beside = self.auxiliary(features[:-1])
        return self._resize_to(x, logits), self._resize_to(x, beside)


def check_head(backbone: Backbone, num_classes: int) -> None:
    """Raise ``ValueError`` unless a head can stand on this backbone.

    >>> check_head(Backbone(1, (8, 16), (2, 4)), 3)
    """
    check_channels(backbone.in_channels, num_classes, backbone.channels)
