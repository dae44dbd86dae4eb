"""The table about the weight files: who trained them, and how well."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
TABLE = "weights.toml"


@dataclass(frozen=True)
class Entry:
    """What the table says about one weight file.

    Args:
        model: the name of the class, or of the function that builds it.
        arguments: what the class is called with.
        recipe: the script that trained it.
        seed, steps, seconds: of the training run.
        metric: what it reached, by name.
        sha256: of the file.
        extra: what using it needs besides, such as the image size.
    """

    model: str
    arguments: dict[str, Any]
    recipe: str
    seed: int
    steps: int
    seconds: float
    metric: dict[str, float]
    sha256: str
    extra: dict[str, Any] = field(default_factory=dict)


def entries(*, folder: str | Path = FOLDER) -> dict[str, Entry]:
    """The table, by name.

    >>> all(len(entry.sha256) == 64 for entry in entries().values())
    True
    """
    file = Path(folder) / TABLE
    if not file.exists():
        return {}
    table = tomllib.loads(file.read_text("utf-8"))
    return {name: Entry(**row) for name, row in table.items()}


def entry(name: str, *, folder: str | Path = FOLDER) -> Entry:
    """What the table says about one weight file.

    Raises:
        KeyError: no weights have that name; the message lists the names.
    """
    table = entries(folder=folder)
    if name not in table:
        raise KeyError(f"name must be one of {sorted(table)}, got {name!r}")
    return table[name]


def as_toml(name: str, row: Entry) -> str:
    lines = [f"[{name}]"]
    for key, value in vars(row).items():
        if isinstance(value, dict):
            pairs = (f"{k} = {_toml_value(v)}" for k, v in value.items())
            lines.append(f"{key} = {{ {', '.join(pairs)} }}")
        else:
            lines.append(f"{key} = {_toml_value(value)}")
    return "\n".join(lines) + "\n"


def _toml_value(value: object) -> str:
    # numbers, strings, booleans and lists of them read the same in JSON
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value)
    raise ValueError(
        "a value in the table must be a number, a string, a boolean or a "
        f"list, got {value!r}"
    )
