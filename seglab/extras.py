"""Libraries that only some readers have."""

from __future__ import annotations

import importlib
from types import ModuleType


def optional(library: str, purpose: str, extra: str) -> ModuleType:
    """Import a library that only some readers have.

    Args:
        library: dotted name of the module.
        purpose: what needs it, as the subject of a sentence.
        extra: the extra of seglab that brings it.

    Raises:
        ImportError: it is not installed; names the extra.

    >>> optional("json", "this example", "none").__name__
    'json'
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        root = library.partition(".")[0]
        raise ImportError(
            f"{purpose} needs {root}: pip install 'seglab[{extra}]'"
        ) from error
