"""Official weights of torchvision, by the same key maps as the proofs.

Files come through torchvision's own weight tables: downloaded once into
torch's cache folder, and compared with the hash in their name.
"""

from __future__ import annotations

import http.client
import sys
import urllib.error
import urllib.parse
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seglab.models.backbones import ResNetBackbone
from seglab.models.connection import is_reachable, offline_error
from seglab.models.network import SegmentationNetwork
from seglab.models.state_dicts import Rules, load_renamed

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

VOC_CLASSES = 21
LINE_FAULTS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)


def official_state(weights: WeightsEnum) -> dict[str, Tensor]:
    """The tensors of one of torchvision's weight files.

    Args:
        weights: such as ``ResNet18_Weights.IMAGENET1K_V1``.

    Raises:
        ConnectionError: the file is not there yet and its server cannot
            be reached; says so within a second or two.
        RuntimeError: the file's hash is not the one in its name.
    """
    name = Path(urllib.parse.urlsplit(weights.url).path).name
    cached = Path(torch.hub.get_dir(), "checkpoints", name)
    if not (cached.exists() or is_reachable(weights.url)):
        raise offline_error(str(weights), weights.url, "it does not answer")
    try:
        state = dict(
            weights.get_state_dict(
                # a bar would be noise in a notebook
                progress=sys.stderr.isatty(),
                check_hash=True,
                weights_only=True,
            )
        )
    except LINE_FAULTS as error:
        raise offline_error(
            str(weights), weights.url, str(error)
        ) from error
    for key in list(state):
        # older than PyTorch 0.4, some files lack the count of batches
        if key.endswith("running_mean"):
            count = key.replace("running_mean", "num_batches_tracked")
            state.setdefault(count, torch.tensor(0))
    return state


def _official_weights(network: str, version: str) -> WeightsEnum:
    import torchvision

    return torchvision.models.get_model_weights(network)[version]


def load_imagenet(model: nn.Module) -> None:
    """Give a model's ResNet the weights that were trained on ImageNet.

    Args:
        model: whose ``backbone`` is a :class:`ResNetBackbone` for 1 or 3
            channels; changed in place.

    Raises:
        ValueError: another backbone, or other channels.
        ConnectionError, RuntimeError: as :func:`official_state`.

    Convention: the weights expect colours normalised by ImageNet's mean
    and standard deviation. For grey images the three colours' filters are
    summed, which equals showing the image in all three channels.
    """
    backbone = getattr(model, "backbone", None)
    if not isinstance(backbone, ResNetBackbone):
        raise ValueError(
            "weights 'imagenet' are for ResNet backbones, got "
            f"{type(backbone).__name__}"
        )
    check_built("imagenet", in_channels=(backbone.in_channels, (1, 3)))
    weights = _official_weights(backbone.name, "IMAGENET1K_V1")
    state = official_state(weights)
    if backbone.in_channels == 1:
        state["conv1.weight"] = state["conv1.weight"].sum(1, keepdim=True)
    load_renamed(backbone, state, [(r"^fc\..*", "")])


def load_voc(model: SegmentationNetwork, family: str, rules: Rules) -> None:
    """Give a whole model the weights of torchvision's.

    They were trained on COCO's images with the 20 classes of Pascal VOC
    and background.

    Args:
        model: on ResNet-50 or ResNet-101 at output stride 8, for 3
            channels and 21 classes; changed in place.
        family: ``"fcn"`` or ``"deeplabv3"``.
        rules: torchvision's keys as the model's.

    Raises:
        ValueError: the model is built otherwise.
        ConnectionError, RuntimeError: as :func:`official_state`.
    """
    backbone = model.backbone
    name = getattr(backbone, "name", type(backbone).__name__)
    check_built(
        "voc",
        backbone=(name, ("resnet50", "resnet101")),
        output_stride=(backbone.output_stride, (8,)),
        in_channels=(backbone.in_channels, (3,)),
        num_classes=(count_classes(model), (VOC_CLASSES,)),
    )
    version = "COCO_WITH_VOC_LABELS_V1"
    state = official_state(_official_weights(f"{family}_{name}", version))
    if model.auxiliary is None:
        rules = [(r"^aux_classifier\..*", ""), *rules]
    load_renamed(model, state, rules)


def count_classes(model: SegmentationNetwork) -> int:
    """How many logits a pixel gets from a network's head.

    >>> from seglab.models.fcn import FCN
    >>> from seglab.models.small_resnet import SmallResNet
    >>> count_classes(FCN(SmallResNet(1), 3))
    3
    """
    return len(model.head.get_parameter("classify.bias"))


def check_built(
    weights: str, **built: tuple[object, Collection[object]]
) -> None:
    """Raise ``ValueError`` unless a model is what weights are made for.

    Args:
        weights: their name.
        built: by argument, how the model is built and what would do.

    >>> check_built("voc", num_classes=(21, (21,)))
    """
    for argument, (given, wanted) in built.items():
        if given not in wanted:
            raise ValueError(
                f"weights {weights!r} are for {argument} "
                f"{' or '.join(map(str, wanted))}, got {given}"
            )
