"""The reference names every public function and class of the package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = "\n".join(
    path.read_text("utf-8") for path in (ROOT / "book/api").glob("*.md")
)
LISTED = re.findall(r"\.\. automodule:: (\S+)", PAGES)
# what a reader never calls: commands, and parts behind a room's face
INSIDE = {
    "seglab.cli",
    "seglab.doctor",
    "seglab.files",
    "seglab.extras",
    "seglab.lazy",
    "seglab.data.chest_volume",
    "seglab.data.download",
    "seglab.data.shapes",
    "seglab.data.storage",
    "seglab.models.arguments",
    "seglab.train.batches",
    "seglab.train.checkpoint",
    "seglab.train.plan",
    "seglab.train.run",
}


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "seglab").rglob("*.py")):
        dotted = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(dotted).removesuffix(".__init__")
        private = any(part.startswith("_") for part in dotted[:-1])
        is_face = path.name == "__init__.py" and not definitions(path)
        exercise = re.fullmatch(r"seglab\.checks\.ch\d\d", name)
        if not (private or is_face or exercise or "._" in name):
            found[name] = path
    return found


def definitions(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    ]


def test_every_module_is_listed_or_known_to_be_inside():
    assert set(modules()) - {"seglab"} - INSIDE == set(LISTED)


@pytest.mark.parametrize("module", sorted(set(LISTED)))
def test_every_public_name_is_in_the_summary(module):
    for name in definitions(modules()[module]):
        assert f"   {module}.{name}\n" in PAGES, name


@pytest.mark.parametrize("module", sorted(set(LISTED)))
def test_every_public_name_has_a_docstring(module):
    tree = ast.parse(modules()[module].read_text("utf-8"))
    for node in tree.body:
        public = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if public and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
