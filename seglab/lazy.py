"""Submodules that load when they are first used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection


def load_on_use(
    package: str, submodules: Collection[str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """What a package needs to load its submodules lazily.

    Args:
        package: its ``__name__``.
        submodules: names in it.

    Returns:
        Its ``__getattr__`` and its ``__dir__``.

    Source:
        PEP 562.

    >>> get, names = load_on_use("seglab", ["files"])
    >>> get("files").__name__, "files" in names()
    ('seglab.files', True)
    >>> get("nothing")
    Traceback (most recent call last):
    AttributeError: module 'seglab' has no attribute 'nothing'
    """

    def get(name: str) -> object:
        if name in submodules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(
            f"module {package!r} has no attribute {name!r}"
        )

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *submodules})

    return get, names
