"""What ``pip install seglab`` alone brings, found among all that is here.

The environment of the tests holds every extra and every peer. A process
that begins with :func:`hide_optional` finds only what seglab requires.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable

from packaging.requirements import Requirement


def standard_name(name: str) -> str:
    """The name of a distribution as PyPI writes it.

    >>> standard_name("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def with_requirements(names: Iterable[str]) -> set[str]:
    """The distributions, and what they require without any extra."""
    seen: set[str] = set()
    left = list(names)
    while left:
        name = standard_name(left.pop())
        if name in seen:
            continue
        seen.add(name)
        for text in importlib.metadata.requires(name) or []:
            wanted = Requirement(text)
            marker = wanted.marker
            if marker is None or marker.evaluate({"extra": ""}):
                left.append(wanted.name)
    return seen


def hide_optional() -> str:
    """Code after which what seglab does not require cannot be imported."""
    brought = with_requirements(["seglab"])
    here = importlib.metadata.packages_distributions()
    hidden = [
        module
        for module, owners in here.items()
        if brought.isdisjoint(map(standard_name, owners))
    ]
    return (
        "import sys\n"
        f"for name in {sorted(hidden)!r}:\n"
        "    sys.modules.setdefault(name, None)\n"
    )
