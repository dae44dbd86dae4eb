"""Chapters are executed side by side, and found by Sphinx afterwards."""

import os

import build_book
import execution
import pytest
from jupyter_cache import get_cache
from myst_nb.core.read import myst_nb_reader_plugin

CHAPTER = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---

# A chapter

```{{code-cell}} ipython3
import os
{code}
```
"""


@pytest.fixture
def chapters(tmp_path):
    """Two that run, and one that fails."""
    codes = ('os.environ["OMP_NUM_THREADS"]', "6 * 7", "1 / 0")
    files = []
    for number, code in enumerate(codes, start=1):
        file = tmp_path / f"{number:02}_chapter.md"
        file.write_text(CHAPTER.format(code=code), encoding="utf-8")
        files.append(file)
    return files


def outputs(cache, chapter):
    notebook = myst_nb_reader_plugin(str(chapter))
    _, filled = get_cache(cache).merge_match_into_notebook(notebook)
    (cell,) = [c for c in filled.cells if c.cell_type == "code"]
    return cell.outputs[0].data["text/plain"]


def test_chapters_run_once_and_failing_ones_are_left(
    chapters, tmp_path, monkeypatch
):
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    cache = tmp_path / "cache"
    done = execution.execute_chapters(chapters, cache, jobs=2)
    assert done == chapters[:2]
    assert outputs(cache, chapters[0]) == "'3'", "two share six cores"
    assert outputs(cache, chapters[1]) == "42"
    with pytest.raises(KeyError):
        outputs(cache, chapters[2])
    records = get_cache(cache).list_cache_records()
    assert all(r.data["execution_seconds"] > 0 for r in records)
    again = execution.execute_chapters(chapters[:2], cache, jobs=2)
    assert again == []


def test_jobs_are_one_or_more(tmp_path):
    with pytest.raises(ValueError, match="jobs must be 1 or more, got 0"):
        execution.execute_chapters([], tmp_path, jobs=0)


def test_kernels_have_settings_of_the_books_own(tmp_path, monkeypatch):
    monkeypatch.setattr(build_book, "BUILD", tmp_path)
    for name in ("IPYTHONDIR", "JUPYTER_PREFER_ENV_PATH", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "anything")
    build_book.prepare_environment()
    (settings,) = tmp_path.rglob("ipython_kernel_config.py")
    assert settings.is_relative_to(os.environ["IPYTHONDIR"])
    assert "log_level" in settings.read_text("utf-8")
