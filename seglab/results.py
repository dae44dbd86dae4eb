"""The figures that recipes reached, for chapters to read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from seglab.files import replacing
from seglab.settings import cache_folder

_KEYS = {"value", "per_seed", "n", "command", "seconds"}


def folder() -> Path:
    """Where the result files are: in a checkout, or in the wheel.

    >>> folder().name in ("results", "recipe_results")
    True
    """
    package = Path(__file__).parent
    in_checkout = package.parent / "recipes" / "results"
    return (
        in_checkout if in_checkout.is_dir() else package / "recipe_results"
    )


def read(name: str) -> dict[str, Any]:
    """The results of one recipe, by id.

    Args:
        name: the recipe's name, such as ``lungs``.

    Returns:
        Dict from id to a dict with ``value``, ``per_seed``, ``n``,
        ``command`` and ``seconds``.

    Raises:
        FileNotFoundError: there is none of that name; says which there are.

    >>> read("nothing")
    Traceback (most recent call last):
        ...
    FileNotFoundError: name must be one of the result files ...
    """
    file = _file(name, folder())
    if not file.exists():
        known = sorted(path.stem for path in folder().glob("*.json"))
        raise FileNotFoundError(
            f"name must be one of the result files {known}, got {name!r}"
        )
    results: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return results


def write(
    name: str,
    results: Mapping[str, Mapping[str, Any]],
    *,
    folder: str | Path | None = None,
) -> Path:
    """Merge results into a recipe's file; ids not named stay.

    Args:
        name: the recipe's name.
        results: dict from id to a dict with ``value``, ``per_seed``,
            ``n``, ``command`` and ``seconds``.
        folder: where to write; ``recipes/results`` if None.

    Returns:
        The file.

    Raises:
        ValueError: a result lacks one of these, or holds something else.
    """
    for key, result in results.items():
        if set(result) != _KEYS:
            raise ValueError(
                f"results[{key!r}] must hold {sorted(_KEYS)}, "
                f"got {sorted(result)}"
            )
    file = _file(name, Path(folder) if folder else _checkout_folder())
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(cache_folder() / f"{file.name}.lock"):
        merged = (
            json.loads(file.read_text("utf-8")) if file.exists() else {}
        )
        merged.update({key: dict(value) for key, value in results.items()})
        text = json.dumps(merged, indent=1, sort_keys=True, allow_nan=False)
        with replacing(file) as temporary:
            temporary.write_text(text + "\n", "utf-8")
    return file


def _file(name: str, where: Path) -> Path:
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(
            f"name must be letters, digits, _ and -, got {name!r}"
        )
    return where / f"{name}.json"


def _checkout_folder() -> Path:
    where = folder()
    if where.name != "results":
        raise ValueError(
            "folder must be given outside a checkout of the repository, "
            "got None"
        )
    return where
