"""Give a network the weights of a library's, key by key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

Rules = Sequence[tuple[str, str]]
SHOWN = 4


def rename_keys(
    state: Mapping[str, Tensor], rules: Rules
) -> dict[str, Tensor]:
    """A state dict with other names for the same tensors.

    Args:
        state: a library's ``model.state_dict()``.
        rules: pairs (pattern, replacement) as for ``re.sub``, each applied
            to every key, in order. A key that becomes empty is dropped.

    Returns:
        A new dict; the tensors are the same ones.

    Raises:
        ValueError: two keys become one; the message names them.

    >>> state = {"decoder.0.weight": 1, "aux.bias": 2}
    >>> rename_keys(state, [(r"^decoder\\.0", "head"), (r"^aux\\..*", "")])
    {'head.weight': 1}
    """
    renamed: dict[str, Tensor] = {}
    origin: dict[str, str] = {}
    for key, value in state.items():
        new = key
        for pattern, replacement in rules:
            new = re.sub(pattern, replacement, new)
        if not new:
            continue
        if new in renamed:
            raise ValueError(
                f"rules turn both {origin[new]!r} and {key!r} into {new!r}"
            )
        renamed[new], origin[new] = value, key
    return renamed


def load_renamed(
    model: nn.Module, state: Mapping[str, Tensor], rules: Rules
) -> None:
    """Load a library's weights into a network of ours, all of them.

    Args:
        model: changed in place.
        state: a library's ``model.state_dict()``.
        rules: as for :func:`rename_keys`.

    Raises:
        ValueError: a tensor is missing, left over or of another shape; the
            message names the first few.

    >>> ours, theirs = nn.Sequential(nn.Linear(2, 1)), nn.Linear(2, 1)
    >>> load_renamed(ours, theirs.state_dict(), [("^", "0.")])
    >>> bool((ours[0].weight == theirs.weight).all())
    True
    """
    renamed = rename_keys(state, rules)
    wanted = model.state_dict()
    troubles = {
        "missing": [key for key in wanted if key not in renamed],
        "left over": [key for key in renamed if key not in wanted],
        "of another shape": [
            f"{key} {tuple(renamed[key].shape)} for {tuple(own.shape)}"
            for key, own in wanted.items()
            if key in renamed and renamed[key].shape != own.shape
        ],
    }
    said = [
        f"{len(keys)} {kind} ({', '.join(keys[:SHOWN])}"
        f"{', ...' if len(keys) > SHOWN else ''})"
        for kind, keys in troubles.items()
        if keys
    ]
    if said:
        raise ValueError(
            f"state does not fit {type(model).__name__}: {'; '.join(said)}"
        )
    model.load_state_dict(renamed)
