"""Libraries that only some readers have."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from types import ModuleType


@cache
def is_installed(library: str) -> bool:
    """Whether a library could be imported; it is not.

    >>> is_installed("json"), is_installed("no_such_thing")
    (True, False)
    """
    return importlib.util.find_spec(library) is not None


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
