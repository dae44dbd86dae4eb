"""Committed weights: small safetensors files and the table about them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock

from seglab.files import replacing
from seglab.settings import cache_folder
from seglab.weights._table import (
    FOLDER,
    TABLE,
    Entry,
    as_toml,
    entries,
    entry,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "FOLDER",
    "Entry",
    "as_loaded",
    "entries",
    "entry",
    "load_as",
    "load_model",
    "load_state",
    "save_entry",
]

M = TypeVar("M", bound="nn.Module")


def load_state(
    name: str, *, folder: str | Path = FOLDER
) -> dict[str, Tensor]:
    """The tensors of a committed weight file, as float32 on the CPU.

    Args:
        name: as in ``weights.toml``.
        folder: where table and files are.

    Raises:
        KeyError: no weights have that name.
        FileNotFoundError: the file is missing.
        ValueError: the file is not the one that the table speaks of.
    """
    from safetensors.torch import load

    wanted = entry(name, folder=folder).sha256
    file = Path(folder) / f"{name}.safetensors"
    data = file.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise ValueError(
            f"{file} must have the sha256 {wanted[:12]}... that {TABLE} "
            f"names, got {found[:12]}...: fetch the file anew"
        )
    return _widened(load(data))


def load_model(name: str, *, folder: str | Path = FOLDER) -> nn.Module:
    """A model with its committed weights, in eval mode, on the CPU.

    Args:
        name: as in ``weights.toml``.
        folder: where table and files are.

    Raises:
        KeyError, FileNotFoundError, ValueError: as ``load_state``.

    >>> load_model("lungs_unet").training
    False
    """
    return load_as(
        _class_of_models(entry(name, folder=folder).model),
        name,
        folder=folder,
    )


def load_as(
    kind: Callable[..., M], name: str, *, folder: str | Path = FOLDER
) -> M:
    """As ``load_model``, for a class of another room than ``models``.

    Args:
        kind: the class, or the function that builds a model, that the
            table names.
        name: as in ``weights.toml``.
        folder: where table and files are.

    Raises:
        KeyError, FileNotFoundError: as ``load_state``.
        ValueError: as there, or the weights are of another class.

    >>> from seglab.models import UNet
    >>> type(load_as(UNet, "lungs_unet")).__name__
    'UNet'
    """
    about = entry(name, folder=folder)
    if about.model != kind.__name__:
        raise ValueError(
            f"kind must be {about.model}, whose weights {name!r} are, got "
            f"{kind.__name__}"
        )
    model = kind(**about.arguments)
    model.load_state_dict(load_state(name, folder=folder))
    model.eval()
    return model


def _class_of_models(name: str) -> type[nn.Module]:
    from torch import nn

    from seglab import models

    kind = getattr(models, name, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise ValueError(
            f"model must name a class of seglab.models, got {name!r}: "
            "weights of other rooms are loaded with load_as"
        )
    return kind


def save_entry(
    name: str,
    model: nn.Module,
    *,
    arguments: Mapping[str, Any],
    recipe: str,
    seed: int,
    steps: int,
    seconds: float,
    metric: Mapping[str, float],
    extra: Mapping[str, Any] | None = None,
    kind: Callable[..., nn.Module] | None = None,
    folder: str | Path = FOLDER,
) -> Entry:
    """Write a model's weights, in half precision, and its table row.

    Args:
        name: of the file and the row; a row of that name is replaced.
        model: an instance of any class of seglab.
        arguments: what that class was called with.
        recipe: the script, such as ``recipes/lungs.py``.
        seed, steps, seconds: of the training run.
        metric: what it reached, by name.
        extra: what using it needs besides.
        kind: the function that builds such a model; its class if None.
        folder: where table and files are.

    Returns:
        The new row.

    Raises:
        ValueError: the arguments do not build such a model.
    """
    from safetensors.torch import save

    build = kind or type(model)
    copy = build(**arguments)
    copy.load_state_dict(model.state_dict())
    data = save(_halved(copy.state_dict()))
    row = Entry(
        model=build.__name__,
        arguments=dict(arguments),
        recipe=recipe,
        seed=seed,
        steps=steps,
        seconds=round(seconds, 1),
        metric={key: round(value, 4) for key, value in metric.items()},
        sha256=hashlib.sha256(data).hexdigest(),
        extra=dict(extra or {}),
    )
    _write(name, data, row, Path(folder))
    return row


def as_loaded(model: M) -> M:
    """A copy of a model as a reader will load it, to be scored.

    Its weights are those that ``save_entry`` writes: rounded to half
    precision.

    Args:
        model: any; it is left as it is.

    >>> from torch import nn
    >>> as_loaded(nn.PReLU(init=0.1)).weight.item() == 0.1
    False
    """
    copy = deepcopy(model)
    copy.load_state_dict(_widened(_halved(model.state_dict())))
    return copy.eval()


def _widened(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in state.items()
    }


def _halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key: (tensor.half() if tensor.is_floating_point() else tensor)
        .contiguous()
        .cpu()
        for key, tensor in state.items()
    }


def _write(name: str, data: bytes, row: Entry, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(cache_folder() / f"{TABLE}.lock"):
        table = {**entries(folder=folder), name: row}
        with replacing(folder / f"{name}.safetensors") as temporary:
            temporary.write_bytes(data)
        text = "\n".join(as_toml(key, table[key]) for key in sorted(table))
        with replacing(folder / TABLE) as temporary:
            temporary.write_text(text, "utf-8")
