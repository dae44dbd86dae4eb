"""Sources are read, and notebooks written, byte for byte the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import notebooks
import pytest

Bench = Any

FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def test_both_notebooks_are_valid(bench: Bench, cell: Any) -> None:
    bench.chapter(f"Text, 5 % of ö.\n\n{cell('print(1)')}\nText.")
    assert notebooks.main([], root=bench.root) == 0
    for name in ("02_rings.ipynb", "student/02_rings.ipynb"):
        path = bench.root / "chapters" / name
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.from_dict(json.loads(text))
        nbformat.validate(notebook)
        assert text == nbformat.writes(notebook) + "\n"
        assert set(notebook.metadata) == {
            "colab",
            "kernelspec",
            "language_info",
            "seglab",
        }


def test_twin_cells_have_their_own_ids(bench: Bench, cell: Any) -> None:
    cells = bench.cells(cell("print(1)") * 2)
    first, second = (c["id"] for c in cells if c["cell_type"] == "code")
    assert second == f"{first}-2"


def test_writing_twice_changes_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.chapter("Text.")
    notebooks.main([], root=bench.root)
    assert "wrote chapters/02_rings.ipynb" in capsys.readouterr().out
    assert notebooks.main([], root=bench.root) == 0
    assert notebooks.main(["--check"], root=bench.root) == 0
    assert capsys.readouterr().out == ""


def test_check_names_stale_files_and_writes_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str], cell: Any
) -> None:
    path = bench.chapter(cell("# seglab.shapes.plane.ROUND"))
    before = path.read_bytes()
    assert notebooks.main(["--check"], root=bench.root) == 1
    assert "chapters/02_rings.md is stale" in capsys.readouterr().out
    assert path.read_bytes() == before
    assert not (bench.root / "chapters/02_rings.ipynb").exists()


def test_a_faulty_chapter_is_filled_but_gets_no_notebook(
    bench: Bench, capsys: pytest.CaptureFixture[str], cell: Any
) -> None:
    path = bench.chapter(
        f"{cell('# seglab.shapes.plane.ROUND')}{{ref}}`no`"
    )
    assert notebooks.main([str(path)], root=bench.root) == 1
    assert "import math" in path.read_text(encoding="utf-8")
    assert not path.with_suffix(".ipynb").exists()
    assert f"{path}:18: nothing has the label no" in capsys.readouterr().err


def test_another_chapter_s_faults_are_not_reported(bench: Bench) -> None:
    bench.chapter("{ref}`no`", "04_nets")
    path = bench.chapter("Text.")
    assert notebooks.main([str(path)], root=bench.root) == 0


def test_orphans_and_strangers_are_named(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.chapter("Text.")
    bench.write("chapters/03_gone.ipynb", "{}")
    assert notebooks.main([], root=bench.root) == 1
    assert (
        "chapters/03_gone.ipynb has no chapter" in capsys.readouterr().err
    )
    with pytest.raises(SystemExit, match="is no chapter of this book"):
        notebooks.main(["chapters/03_gone.md"], root=bench.root)


def test_first_cells_lead_back_and_install(bench: Bench) -> None:
    text = bench.chapter("Text.").read_text(encoding="utf-8")
    text = text.replace("data: []", "data: [scan]")
    bench.write(
        "chapters/02_rings.md",
        text.replace("[seglab]", "[peers, nib-abel]"),
    )
    assert notebooks.main([], root=bench.root) == 0
    lead, install = read(bench.root / "chapters/02_rings.ipynb")["cells"][
        :2
    ]
    lead_text = "".join(lead["source"])
    assert "https://us.github.io/rings/chapters/02_rings.html" in lead_text
    code = "".join(install["source"])
    compile(code, "install", "exec")
    assert install["metadata"] == FOLDED
    assert 'find_spec("seglab") is None' in code
    assert "https://github.com/us/rings" in code
    assert 'clone + "[medical,peers]"' in code
    assert '"nib-abel>=5"' in code
    assert '"scan"], check=True' in code


def test_a_framework_comes_from_the_installer(bench: Bench) -> None:
    text = bench.chapter("Text.").read_text(encoding="utf-8")
    text = text.replace("data: []", "data: [scan]")
    bench.write(
        "chapters/02_rings.md",
        text.replace("[seglab]", "[sam2, detectron2]"),
    )
    assert notebooks.main([], root=bench.root) == 0
    install = read(bench.root / "chapters/02_rings.ipynb")["cells"][1]
    code = "".join(install["source"])
    compile(code, "install", "exec")
    assert 'install, "scan", "detectron2", "sam2"], check=True' in code
    assert 'clone + "[medical]"' in code


def test_chapter_without_extras_or_scan(bench: Bench) -> None:
    bench.chapter("Text.")
    notebooks.main([], root=bench.root)
    install = read(bench.root / "chapters/02_rings.ipynb")["cells"][1]
    code = "".join(install["source"])
    assert "packages = [clone]\n" in code
    assert "install.py" not in code


def test_unknown_extra_is_a_fault(bench: Bench) -> None:
    text = bench.chapter("Text.").read_text(encoding="utf-8")
    path = bench.write(
        "chapters/02_rings.md", text.replace("[seglab]", "[magic]")
    )
    (fault,) = bench.faults_of(path)
    assert "needs names magic" in fault


@pytest.mark.parametrize(
    ("tag", "metadata"),
    [
        ("hide-cell", FOLDED),
        ("hide-input", FOLDED),
        ("remove-cell", FOLDED),
        ("raises-exception", {}),
    ],
)
def test_tags(
    bench: Bench, cell: Any, tag: str, metadata: dict[str, Any]
) -> None:
    *_, code = bench.cells(cell("print(1)", f"tags: [{tag}]"))
    assert code["metadata"] == {"tags": [tag], **metadata}


def test_a_cell_that_the_book_skips_is_skipped_by_nbval(
    bench: Bench,
) -> None:
    *_, code = bench.cells(
        "```{code-cell} ipython3\n:tags: [skip-execution]\nprint(1)\n```"
    )
    assert code["metadata"] == {"tags": ["skip-execution", "nbval-skip"]}


def test_missing_header_is_a_fault(bench: Bench) -> None:
    path = bench.write("chapters/02_rings.md", "# Rings\n")
    (fault,) = bench.faults_of(path)
    assert "02_rings.md:1: the jupytext header is missing" in fault
    path = bench.write("chapters/02_rings.md", "---\na: 1\n---\n# Rings\n")
    (fault,) = bench.faults_of(path)
    assert "02_rings.md:1: the jupytext header is missing" in fault


def test_code_cell_inside_a_box_is_a_fault(bench: Bench, cell: Any) -> None:
    faults = bench.faults(f":::{{note}}\n{cell('print(1)')}:::")
    assert any(
        fault.startswith("02_rings.md:13: this code cell stands inside")
        for fault in faults
    )
