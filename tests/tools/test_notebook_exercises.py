"""Exercises in code: references, stubs, and what goes wrong in them."""

from __future__ import annotations

from typing import Any

import pytest
from notebook_parts.editions import StudentEdition
from notebook_parts.exercises import exercise_cells
from notebook_parts.problems import Problems

Bench = Any

EXERCISE = "```{exercise} A\n:label: ex-a\nText.\n```\n\n"
CODE = (
    'def half(x):\n    """Half of x."""\n    # <solution>\n'
    "    y = x\n    return y / 2\n    # </solution>"
)
TAGS = "tags: [exercise, hide-cell]"
CHECK = "import seglab.checks.ch02 as check\n\ncheck.half(half)"
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}


def code_cells(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_reference_is_folded(bench: Bench, cell: Any) -> None:
    body = EXERCISE + cell(CODE, TAGS) + cell(CHECK)
    answer, check = code_cells(bench.cells(body))
    assert answer["source"] == (
        '# @title One solution: half\ndef half(x):\n    """Half of x."""\n'
        "    y = x\n    return y / 2"
    )
    assert answer["metadata"] == {
        "tags": ["exercise", "hide-cell"],
        **FOLDED,
    }
    assert check["source"] == CHECK


def test_stub_is_open(bench: Bench, cell: Any) -> None:
    body = EXERCISE + cell(CODE, TAGS) + cell(CHECK)
    answer, _ = code_cells(bench.cells(body, StudentEdition))
    assert answer["source"] == (
        'def half(x):\n    """Half of x."""\n    # Your code here\n'
        "    raise NotImplementedError"
    )
    assert answer["metadata"] == {"tags": ["exercise", "hide-cell"]}


def test_solution_inside_a_method(bench: Bench, cell: Any) -> None:
    code = (
        "class Half:\n    def of(self, x):\n        # <solution>\n"
        "        return x / 2\n        # </solution>"
    )
    body = EXERCISE + cell(code, TAGS) + cell("check.Half(Half)")
    path = bench.chapter(body)
    (found,) = exercise_cells(bench.book().chapters[path], Problems())
    assert (found.chapter, found.label) == (2, "ex-a")
    assert found.answer.function == "Half"
    assert found.answer.stub.endswith("        raise NotImplementedError")


def test_code_inside_a_solution_is_not_for_students(
    bench: Bench, cell: Any
) -> None:
    body = (
        f"{EXERCISE}```{{solution-start}} ex-a\n```\n\nSo.\n\n"
        f"{cell('print(1)')}\n```{{solution-end}}\n```\n\nAfter."
    )
    (solution,) = code_cells(bench.cells(body))
    assert solution["source"].startswith("# @title Solution of ex")
    assert solution["metadata"] == FOLDED
    student = bench.cells(body, StudentEdition)
    assert code_cells(student) == []
    assert student[-1]["source"] == "After."


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        (CODE.replace("    # </solution>", "    z = 1"), 23, "not closed"),
        ("# <solution>\nhalf = 1\n# </solution>", 21, "outside a function"),
        ("def half(x):\n    return x", 21, "exactly one # <solution>"),
        (f"{CODE}\n{CODE}", 29, "exactly one # <solution>"),
        (CODE.replace("y / 2", "y /"), 23, "not Python"),
    ],
)
def test_faulty_markers(
    bench: Bench, cell: Any, code: str, line: int, message: str
) -> None:
    body = EXERCISE + cell(code, TAGS) + cell(CHECK)
    faults = bench.faults(body)
    assert any(
        fault.startswith(f"02_rings.md:{line}: ") and message in fault
        for fault in faults
    ), faults


def test_markers_need_the_tag(bench: Bench, cell: Any) -> None:
    (fault,) = bench.faults(cell(CODE))
    assert fault.endswith("a solution marker needs the tag exercise")


def test_exercise_needs_its_check(bench: Bench, cell: Any) -> None:
    body = EXERCISE + cell(CODE, TAGS) + cell("half(3)")
    (fault,) = bench.faults(body)
    assert fault.endswith("the next code cell must call check.half(half)")


def test_cell_needs_an_exercise_before_it(bench: Bench, cell: Any) -> None:
    (fault,) = bench.faults(cell(CODE, TAGS) + cell(CHECK))
    assert fault.endswith("no exercise stands before this cell")
