"""The build lists the claims about trained networks that fell."""

from __future__ import annotations

from pathlib import Path

import build_book
import pytest

from seglab import expect_trained

PAGE = """<div class="output text_plain"><pre><span></span>{lines}
Dice 0.81
</pre></div>
<code>NOT_SO = "Not so in this run:"</code>
"""


def write(folder: Path, name: str, lines: list[str]) -> None:
    page = PAGE.format(lines="\n".join(lines))
    (folder / f"{name}.html").write_text(page, encoding="utf-8")


def fallen_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.setenv("SEGLAB_SCALE", "small")
    expect_trained(False, "less &lt; half")
    return capsys.readouterr().out.strip()


def test_what_a_cell_printed_is_found_on_its_page(
    tmp_path, capsys, monkeypatch
):
    write(tmp_path, "04_unet", [fallen_line(capsys, monkeypatch)])
    write(tmp_path, "05_deeplab", ["all is well"])
    (claims,) = build_book.fallen_claims(tmp_path).items()
    assert claims[0] == "04_unet"
    assert claims[1][0].startswith("Not so in this run: less < half.")


@pytest.mark.parametrize(("fallen", "code"), [(0, 0), (2, 0), (3, 1)])
def test_a_tenth_of_the_claims_may_fall(
    tmp_path, capsys, monkeypatch, fallen, code
):
    monkeypatch.setattr(build_book, "count_claims", lambda: 20)
    lines = ["Not so in this run: this. (Processors round differently.)"]
    write(tmp_path, "04_unet", lines * fallen)
    assert build_book.report_claims(tmp_path) == code
    said = capsys.readouterr().out
    assert said.count("04_unet: Not so") == fallen


def test_the_chapters_make_such_claims():
    assert build_book.count_claims() > 10
