"""Find an object of the package in its source, without importing it."""

from __future__ import annotations

import builtins
import symtable
from dataclasses import dataclass
from pathlib import Path

from notebook_parts.package_module import (
    Import,
    PackageError,
    PackageModule,
)
from notebook_parts.shown_code import shown_code


@dataclass(frozen=True)
class PackageObject:
    """Source of one object as a chapter shows it."""

    module: PackageModule
    name: str
    code: str

    def needed_names(self) -> list[str]:
        """Global names that the code reads and does not bind itself."""
        table = symtable.symtable(self.code, str(self.module.path), "exec")
        bound = {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_assigned() or symbol.is_imported()
        }
        return sorted(_global_reads(table) - bound)

    def needed_imports(self) -> list[Import]:
        """The imports that the code cannot run without."""
        wanted: list[Import] = []
        for name in self.needed_names():
            if name in self.module.imports:
                wanted += self.module.imports[name]
            elif name in self.module.definitions:
                wanted.append(Import(self.module.name, name))
            elif not hasattr(builtins, name):
                raise PackageError(
                    f"{self.module.path}: {self.name} reads {name}, "
                    "which a notebook cell cannot import"
                )
        return wanted


def _global_reads(table: symtable.SymbolTable) -> set[str]:
    is_module = table.get_type() == "module"
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (is_module or symbol.is_global())
    }
    for child in table.get_children():
        names |= _global_reads(child)
    return names


class Package:
    """The package's modules under a repository's root, parsed on demand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, PackageModule | None] = {}

    def module(self, name: str) -> PackageModule | None:
        """The module of this dotted name, or None."""
        if name not in self._modules:
            base = self.root.joinpath(*name.split("."))
            candidates = (base.with_suffix(".py"), base / "__init__.py")
            for path in filter(Path.is_file, candidates):
                text = path.read_text(encoding="utf-8")
                self._modules[name] = PackageModule(name, path, text)
                break
            else:
                self._modules[name] = None
        return self._modules[name]

    def find(self, dotted: str) -> PackageObject:
        """The object of this dotted name, as a chapter shows it.

        Raises:
            PackageError: there is no such module or object, or its source
                is not fit to be shown; the message names file and line.
        """
        module_name, _, name = dotted.rpartition(".")
        module = self.module(module_name)
        if module is None:
            raise PackageError(f"the package has no module {module_name}")
        if name not in module.definitions:
            for one in module.imports.get(name, ()):
                if one.attribute and self.module(one.module):
                    return self.find(one.means)
            raise PackageError(f"{module.path} defines no {name}")
        return PackageObject(module, name, shown_code(module, name))
