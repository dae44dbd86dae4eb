"""The errata keep their word: each block prints what the page says."""

from __future__ import annotations

import contextlib
import doctest
import io
import math
import re
import warnings
from pathlib import Path

import pytest
import torch

from seglab.losses import cross_entropy
from seglab.models import UNet

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGE = BOOK / "errata.md"
CHECKLISTS = BOOK / "checklists.md"
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ARROW = re.compile(r"# (?:[^#\n]*)?-> ?(.*)$", re.MULTILINE)
BOLD = re.compile(r"\*\*([^*]+)\*\*")
WIDTH = 76
ITEMS = 30
SAME = doctest.OutputChecker().check_output
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def sections() -> dict[str, str]:
    """The page's text by its headings of the second and third level."""
    _, *parts = re.split(r"^#{2,3} (.+)$", PAGE.read_text(), flags=re.M)
    return dict(zip(parts[::2], parts[1::2], strict=True))


SECTIONS = sections()
PRELUDE = FENCE.findall(PAGE.read_text())[0]
BLOCKS = {title: FENCE.findall(text) for title, text in SECTIONS.items()}
NUMBERED = {
    int(title.partition(".")[0]): blocks
    for title, blocks in BLOCKS.items()
    if title[0].isdigit()
}


def run(code: str, names: dict[str, object]) -> str:
    """What the code prints, and the error if it ends in one."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, str(PAGE), "exec"), names)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    return printed.getvalue()


def claimed(code: str) -> str:
    """What stands behind the arrows of a block."""
    return "".join(f"{line}\n" for line in ARROW.findall(code))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("title", [t for t, b in BLOCKS.items() if b])
def test_blocks_print_what_the_page_says(title):
    names: dict[str, object] = {}
    exec(PRELUDE, names)
    for code in BLOCKS[title]:
        said, found = claimed(code), run(code, names)
        assert SAME(said, found, FLAGS), f"{code}\nprints\n{found}"


@pytest.mark.parametrize("number", range(1, ITEMS + 1))
def test_wrong_and_right_differ(number):
    wrong, right = NUMBERED[number]
    assert wrong.startswith("# wrong\n")
    assert right.startswith("# right\n")
    assert claimed(wrong) and claimed(right)
    assert claimed(wrong) != claimed(right)


def test_items_are_numbered_without_gaps():
    assert list(NUMBERED) == list(range(1, ITEMS + 1))


def test_numbers_of_the_table_are_computed():
    table = SECTIONS["Numbers that were printed but never computed"]
    numbers = BOLD.findall(table)
    computed = "".join(
        claimed(code)
        for title, blocks in BLOCKS.items()
        if not title[0].isdigit()
        for code in blocks
    )
    assert len(numbers) > 15
    for number in numbers:
        alone = rf"(?<![\d.,]){re.escape(number)}(?![\d.,])"
        assert re.search(alone, computed), f"no block prints {number}"


def test_code_is_as_wide_as_the_page():
    for code in FENCE.findall(PAGE.read_text()):
        for line in code.split("\n"):
            assert len(line) <= WIDTH, line


def test_checklists_say_where_a_loss_starts():
    printed = re.findall(r"ln (\d+) = (\d\.\d\d)", CHECKLISTS.read_text())
    assert printed
    for classes, value in [(int(c), float(v)) for c, v in printed]:
        assert value == round(math.log(classes), 2)
        torch.manual_seed(0)
        model = UNet(1, classes, widths=(8, 16, 32))
        target = torch.randint(0, classes, (2, 32, 32))
        logits = model(torch.randn(2, 1, 32, 32))
        first = cross_entropy(logits, target).item()
        assert 0.95 * value < first < 1.2 * value
