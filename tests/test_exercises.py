"""Checkers accept the reference, and reject stubs and usual mistakes."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import notebooks
import numpy as np
import pytest
import torch
from notebook_parts.exercises import ExerciseCell, exercise_cells
from notebook_parts.problems import Problems
from notebook_parts.project import Project
from notebook_parts.prose import Directive, Text, parse_prose, walk
from notebook_parts.source import Chapter, Prose, read_chapter

ROOT = Path(notebooks.ROOT)
CHAPTERS = [
    read_chapter(path, Problems()) for path in Project(ROOT).chapter_files
]
EXERCISES = [
    exercise
    for chapter in CHAPTERS
    for exercise in exercise_cells(chapter, Problems())
]
ITEM = re.compile(r"^\d+[.)] ", re.MULTILINE)
REFERENCE = re.compile(r"\{(?:ref|numref)\}`(?:[^`<]*<)?([\w:-]+)>?`")


def exercise_name(exercise: ExerciseCell) -> str:
    return f"ch{exercise.chapter:02d}-{exercise.answer.function}"


def chapter_name(chapter: Chapter) -> str:
    return chapter.path.stem


def namespace() -> dict[str, Any]:
    """What an exercise may use without importing it."""
    return {
        "__name__": "__main__",
        "np": np,
        "torch": torch,
        "F": torch.nn.functional,
        "plt": plt,
    }


def defined(code: str, name: str) -> Any:
    names = namespace()
    exec(compile(code, f"<{name}>", "exec"), names)
    return names[name]


def checker(exercise: ExerciseCell) -> Any:
    module = importlib.import_module(
        f"seglab.checks.ch{exercise.chapter:02d}"
    )
    return getattr(module, exercise.answer.function)


@cache
def wrong_answers(chapter: int) -> dict[str, list[str]]:
    path = ROOT / "tests" / "wrong_answers" / f"ch{chapter:02d}.py"
    found: dict[str, list[str]] = runpy.run_path(str(path))["WRONG"]
    return found


@pytest.mark.parametrize("exercise", EXERCISES, ids=exercise_name)
def test_checker_accepts_the_reference(
    exercise: ExerciseCell, capsys: pytest.CaptureFixture[str]
) -> None:
    name = exercise.answer.function
    result = checker(exercise)(defined(exercise.answer.reference, name))
    assert result, capsys.readouterr().out
    assert len(result.passed) >= 2, "one case is too few to check an answer"


@pytest.mark.parametrize("exercise", EXERCISES, ids=exercise_name)
def test_checker_rejects_the_stub(
    exercise: ExerciseCell, capsys: pytest.CaptureFixture[str]
) -> None:
    name = exercise.answer.function
    assert not checker(exercise)(defined(exercise.answer.stub, name))
    assert "write your answer first" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", EXERCISES, ids=exercise_name)
def test_checker_rejects_usual_mistakes(
    exercise: ExerciseCell, capsys: pytest.CaptureFixture[str]
) -> None:
    name = exercise.answer.function
    answers = wrong_answers(exercise.chapter).get(name, [])
    assert len(set(answers)) >= 3, f"WRONG[{name!r}] needs three answers"
    for number, code in enumerate(answers):
        result = checker(exercise)(defined(code, name))
        printed = capsys.readouterr().out
        assert not result, f"answer {number} is accepted:\n{code}"
        assert "hint" in printed
        # rejected for its mistake, not for a name that it forgot to import
        assert "NameError" not in printed, f"answer {number}: {printed}"


@pytest.mark.parametrize("exercise", EXERCISES, ids=exercise_name)
@pytest.mark.parametrize("answer", [None, 3, print])
def test_checker_never_raises(exercise: ExerciseCell, answer: Any) -> None:
    assert not checker(exercise)(answer)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=chapter_name)
def test_wrong_answers_belong_to_exercises(chapter: Chapter) -> None:
    functions = {
        e.answer.function for e in EXERCISES if e.chapter == chapter.number
    }
    path = ROOT / "tests/wrong_answers" / f"ch{chapter.number:02d}.py"
    if functions or path.exists():
        assert set(wrong_answers(chapter.number)) == functions


def directives(chapter: Chapter) -> list[Directive]:
    return [
        node
        for block in chapter.blocks
        if isinstance(block, Prose)
        for node in walk(parse_prose(block.text, block.line))
        if isinstance(node, Directive)
    ]


def objectives(chapter: Chapter) -> list[str]:
    """The items of the objectives' box."""
    for node in directives(chapter):
        if "objectives" in str(node.options.get("class", "")).split():
            texts = [c.text for c in node.children if isinstance(c, Text)]
            return ITEM.split("\n".join(texts))[1:]
    return []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=chapter_name)
def test_each_objective_is_met_by_an_exercise(chapter: Chapter) -> None:
    known = {
        node.options.get("label")
        for node in directives(chapter)
        if node.name in ("exercise", "exercise-start")
    }
    items = objectives(chapter)
    assert 3 <= len(items) <= 5
    for item in items:
        named = set(REFERENCE.findall(item))
        assert named & known, f"no exercise of this chapter: {item.strip()}"


def test_checkers_import_nothing_else_of_the_package() -> None:
    for path in sorted((ROOT / "seglab" / "checks").glob("*ch[0-9]*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                if module.split(".")[0] == "seglab":
                    # a second file of the chapter's own checkers is fine
                    assert module.startswith("seglab.checks"), path.name
