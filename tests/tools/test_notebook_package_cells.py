"""Package cells hold the package's code and what it needs to run."""

from __future__ import annotations

from typing import Any

import pytest

Bench = Any

AREA = """\
# seglab.shapes.plane.area
from collections.abc import Sequence

import numpy as np

from seglab.shapes import units as u
from seglab.shapes.plane import Square, _nothing


def area(squares: Sequence[Square]) -> float:
    \"\"\"The squares' areas in all.\"\"\"
    return u.rounded(np.sum([s.side**2 for s in squares]) + _nothing())"""

SQUARE = """\
# seglab.shapes.plane.Square
from dataclasses import dataclass


@dataclass(frozen=True)
class Square:
    \"\"\"A square of one side.\"\"\"

    side: float

    def grown(self, by: "Side") -> "Square":
        \"\"\"A larger square.\"\"\"
        return Square(self.side + by)"""


def test_function_with_its_imports(bench: Bench, cell: Any) -> None:
    (filled,) = bench.code_cells(cell("# seglab.shapes.plane.area"))
    assert filled.code == AREA


def test_class_runs_without_postponed_annotations(
    bench: Bench, cell: Any
) -> None:
    (filled,) = bench.code_cells(cell("# seglab.shapes.plane.Square"))
    assert filled.code == SQUARE
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(filled.code, names)
    assert names["Square"](1).grown(2).side == 3


def test_constant(bench: Bench, cell: Any) -> None:
    (filled,) = bench.code_cells(cell("# seglab.shapes.plane.ROUND"))
    assert filled.code == (
        "# seglab.shapes.plane.ROUND\nimport math\n\nROUND = math.pi"
    )


def test_re_export_is_followed(bench: Bench, cell: Any) -> None:
    (filled,) = bench.code_cells(cell("# seglab.shapes.area"))
    assert filled.code == AREA.replace("plane.area", "area", 1)


def test_filling_is_idempotent(bench: Bench, cell: Any) -> None:
    body = cell("# seglab.shapes.plane.area\nold = 1") + "\nText.\n"
    path = bench.chapter(body)
    once = bench.book().chapters[path].text
    path.write_text(once, encoding="utf-8")
    assert bench.book().chapters[path].text == once
    assert once.endswith("```\n\nText.\n\n")


@pytest.mark.parametrize(
    ("earlier", "line"),
    [
        ("import numpy as np", "import numpy as np"),
        ("from seglab.shapes import units as u", "import units as u"),
        ("# seglab.shapes.plane.Square", "import Square"),
        ("from seglab.shapes import Square", "import Square"),
        ("class Square:\n    side = 1", "import Square"),
        ("if True:\n    import numpy as np", "import numpy as np"),
    ],
)
def test_what_is_bound_is_not_imported_again(
    bench: Bench, cell: Any, earlier: str, line: str
) -> None:
    body = cell(earlier) + cell("# seglab.shapes.plane.area")
    assert line not in bench.code_cells(body)[1].code


@pytest.mark.parametrize(
    ("earlier", "line"),
    [
        ("np = 3", "import numpy as np"),
        (
            "for np in []:\n    pass",
            "import numpy as np",
        ),
        (
            "%time\nfrom x import u",
            "from seglab.shapes import u",
        ),
    ],
)
def test_a_name_bound_to_something_else_is_imported(
    bench: Bench, cell: Any, earlier: str, line: str
) -> None:
    body = cell(earlier) + cell("# seglab.shapes.plane.area")
    assert line in bench.code_cells(body)[1].code


def test_an_exercise_binds_nothing_that_is_relied_on(
    bench: Bench, cell: Any
) -> None:
    exercise = cell("class Square:\n    side = 1", "tags: [exercise]")
    body = exercise + cell("# seglab.shapes.plane.area")
    filled = bench.code_cells(body)[1]
    assert "from seglab.shapes.plane import Square" in filled.code


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("seglab.no.area", "the package has no module seglab.no"),
        ("seglab.shapes.plane.no", "plane.py defines no no"),
        (
            "seglab.shapes.plane.wide",
            "plane.py:55 is wider than 76 columns",
        ),
        (
            "seglab.shapes.plane.rambling",
            "plane.py:59 the docstring's first",
        ),
    ],
)
def test_faults_name_file_and_line(
    bench: Bench, cell: Any, name: str, message: str
) -> None:
    (fault,) = bench.faults(cell(f"# {name}"))
    assert fault.startswith("02_rings.md:13: ")
    assert message in fault


def test_a_cell_must_be_python(bench: Bench, cell: Any) -> None:
    (fault,) = bench.faults(cell("a = 1\na ="))
    assert fault == "02_rings.md:14: this is not Python: invalid syntax"
