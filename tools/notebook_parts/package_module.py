"""Modules of the package, parsed and never imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


class PackageError(LookupError):
    """A package cell that cannot be filled, said with file and line."""


@dataclass(frozen=True)
class Import:
    """One name that an import statement binds.

    Args:
        module: the module, absolute.
        attribute: what is taken from it, or None for ``import module``.
        alias: the name after ``as``, or None.
    """

    module: str
    attribute: str | None = None
    alias: str | None = None

    @property
    def binds(self) -> str:
        """The name that the statement binds."""
        if self.alias:
            return self.alias
        return self.attribute or self.module.split(".")[0]

    @property
    def means(self) -> str:
        """The dotted name of what the bound name stands for."""
        if self.attribute:
            return f"{self.module}.{self.attribute}"
        return self.module if self.alias else self.module.split(".")[0]


def imports_of(statement: ast.stmt, package: str = "") -> list[Import]:
    """What an import statement binds; ``package`` resolves leading dots."""
    if isinstance(statement, ast.Import):
        return [Import(a.name, None, a.asname) for a in statement.names]
    if isinstance(statement, ast.ImportFrom):
        module = statement.module or ""
        if statement.level:
            parts = package.split(".")
            parts = parts[: len(parts) - statement.level + 1]
            module = ".".join([*parts, *([module] if module else [])])
        if module == "__future__":
            return []
        return [Import(module, a.name, a.asname) for a in statement.names]
    return []


@dataclass(frozen=True)
class PackageModule:
    """A module of the package, parsed."""

    name: str
    path: Path
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.text, str(self.path))

    @property
    def package(self) -> str:
        """The package that leading dots are counted from."""
        if self.path.name == "__init__.py":
            return self.name
        return self.name.rpartition(".")[0]

    @cached_property
    def imports(self) -> dict[str, list[Import]]:
        """Imports by the name that they bind, TYPE_CHECKING's too."""
        found: dict[str, list[Import]] = {}
        for statement in [*self.tree.body, *self._for_checkers]:
            for one in imports_of(statement, self.package):
                found.setdefault(one.binds, []).append(one)
        return found

    @property
    def _for_checkers(self) -> list[ast.stmt]:
        """Statements that only type checkers read."""
        return [
            inner
            for statement in self.tree.body
            if isinstance(statement, ast.If)
            and "TYPE_CHECKING" in ast.unparse(statement.test)
            for inner in statement.body
        ]

    @cached_property
    def definitions(self) -> dict[str, ast.stmt]:
        """Classes, functions and constants by name; the last one wins."""
        return _definitions(self.tree.body)

    @cached_property
    def checker_names(self) -> frozenset[str]:
        """Names that are defined, not imported, under TYPE_CHECKING."""
        return frozenset(_definitions(self._for_checkers))


def _definitions(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                for inner in ast.walk(target):
                    if isinstance(inner, ast.Name):
                        found[inner.id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(
            node.target, ast.Name
        ):
            found[node.target.id] = node
    return found
