"""Official weights of torchvision, by the same key maps as the proofs.

Files come through torchvision's own weight tables: downloaded once into
torch's cache folder, and compared with the hash in their name.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seglab.models.backbones import ResNetBackbone
from seglab.models.network import SegmentationNetwork
from seglab.models.state_dicts import Rules, load_renamed

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

CONNECT_SECONDS = 1.0
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
    if not (cached.exists() or _answers(weights.url)):
        raise _offline(weights, "it does not answer")
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
        raise _offline(weights, str(error)) from error
    for key in list(state):
        # older than PyTorch 0.4, some files lack the count of batches
        if key.endswith("running_mean"):
            count = key.replace("running_mean", "num_batches_tracked")
            state.setdefault(count, torch.tensor(0))
    return state


def _offline(weights: WeightsEnum, reason: str) -> ConnectionError:
    host = urllib.parse.urlsplit(weights.url).hostname
    return ConnectionError(
        f"{weights} cannot be downloaded from {host} ({reason}): connect "
        "this machine to the network and run it again, or build the model "
        "without weights"
    )


def _answers(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    around = urllib.request.proxy_bypass(host)
    if urllib.request.getproxies() and not around:
        # the proxy answers for the host
        return True
    port = parts.port or 443
    reached = threading.Event()

    def knock() -> None:
        with contextlib.suppress(OSError):
            socket.create_connection((host, port), CONNECT_SECONDS).close()
            reached.set()

    # a name server that does not answer would hold us for a minute, so
    # another thread asks
    asking = threading.Thread(target=knock, daemon=True)
    asking.start()
    asking.join(CONNECT_SECONDS)
    return reached.is_set()


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
    if backbone.in_channels not in (1, 3):
        raise ValueError(
            "weights 'imagenet' are for in_channels 1 or 3, got "
            f"{backbone.in_channels}"
        )
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
    built = {
        "backbone": (name, ("resnet50", "resnet101")),
        "output_stride": (backbone.output_stride, (8,)),
        "in_channels": (backbone.in_channels, (3,)),
        "num_classes": (_classes(model), (VOC_CLASSES,)),
    }
    for argument, (given, wanted) in built.items():
        if given not in wanted:
            raise ValueError(
                f"weights 'voc' are for {argument} "
                f"{' or '.join(map(str, wanted))}, got {given}"
            )
    version = "COCO_WITH_VOC_LABELS_V1"
    state = official_state(_official_weights(f"{family}_{name}", version))
    if model.auxiliary is None:
        rules = [(r"^aux_classifier\..*", ""), *rules]
    load_renamed(model, state, rules)


def _classes(model: SegmentationNetwork) -> int:
    return len(model.head.get_parameter("classify.bias"))
