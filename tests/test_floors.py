"""Arrows run downward: which room of the package imports which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "seglab"
# a room may import rooms of lower floors, and these leaves
FLOORS = {
    "settings": 0,
    "files": 0,
    "extras": 0,
    "lazy": 0,
    "results": 1,
    "data": 1,
    "inference": 1,
    "crf": 1,
    "metrics": 2,
    "weights": 2,
    "postprocess": 2,
    "predict": 3,
    "train": 3,
    "deploy": 4,
    "instances": 4,
    "active": 4,
    "doctor": 4,
    "promptable": 5,
    "cli": 5,
}
LEAVES = {"models", "losses", "viz", "checks"}
FILES = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE]
FILES += [path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "seglab":
            names = [f"seglab.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        parts = [name.split(".") for name in names]
        found |= {p[1] for p in parts if p[0] == "seglab" and len(p) > 1}
    return found - {room(path)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{room(p)}-{p.stem}")
def test_a_room_imports_downward(path):
    here = room(path)
    for other in imported_rooms(path) & (set(FLOORS) | LEAVES):
        if here in LEAVES:
            pytest.fail(f"{here} imports {other}")
        elif other in FLOORS:
            assert FLOORS[other] < FLOORS[here], f"{here} imports {other}"


def test_every_room_has_a_floor():
    rooms = {room(path) for path in FILES}
    assert rooms == set(FLOORS) | LEAVES


def test_files_are_short():
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text("utf-8").count("\n")
        assert lines <= 300, f"{path.name} has {lines} lines"
