"""Roles, links and citations become plain Markdown."""

from __future__ import annotations

from typing import Any

import pytest

Bench = Any

COLAB = "https://colab.research.google.com/github/us/rings/blob/trunk"
EXERCISE = "```{exercise} A\n:label: ex-a\nText.\n```\n\n"


def last_line(bench: Bench, body: str) -> str:
    return str(bench.markdown(body).split("\n")[-1])


def test_ref_to_an_exercise(bench: Bench) -> None:
    assert last_line(bench, f"{EXERCISE}as in {{ref}}`ex-a`") == (
        "as in exercise 2.1"
    )


def test_reference_that_opens_a_sentence_is_a_capital(bench: Bench) -> None:
    body = f"{EXERCISE}Right. {{ref}}`ex-a` asks."
    assert last_line(bench, body) == "Right. Exercise 2.1 asks."


def test_reference_with_its_own_words(bench: Bench) -> None:
    body = f"{EXERCISE}see {{ref}}`the first <ex-a>`"
    assert last_line(bench, body) == "see the first"


def test_ref_to_a_section_gives_its_title(bench: Bench) -> None:
    body = "(sec-a)=\n## Big rings\n\nsee {ref}`sec-a`"
    assert last_line(bench, body) == "see *Big rings*"


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("{numref}`eq-a`", "equation 2.1"),
        ("{numref}`Formula %s <eq-a>`", "Formula 2.1"),
        ("{numref}`Formula {number} <eq-a>`", "Formula 2.1"),
        ("{ref}`eq-a`", "(2.1)"),
        ("{eq}`eq-a`", "(2.1)"),
    ],
)
def test_references_to_an_equation(
    bench: Bench, role: str, text: str
) -> None:
    assert last_line(bench, f"$$ a $$ (eq-a)\n\nby {role}") == f"by {text}"


def test_other_chapters_are_linked(bench: Bench) -> None:
    bench.chapter("$$ a $$ (eq-a)", "04_nets")
    link = f"({COLAB}/chapters/04_nets.ipynb)"
    assert last_line(bench, "see {ref}`ch-nets`") == (
        f"see [chapter 4, Rings]{link}"
    )
    assert last_line(bench, "see {eq}`eq-a`") == f"see [(4.1)]{link}"
    assert last_line(bench, "see {doc}`04_nets`") == (
        f"see [chapter 4, Rings]{link}"
    )
    assert last_line(bench, "see [it](04_nets.md#a)") == (
        f"see [it]({COLAB}/chapters/04_nets.ipynb#a)"
    )


def test_the_word_chapter_is_not_said_twice(bench: Bench) -> None:
    bench.chapter("", "04_nets")
    text = last_line(bench, "Chapter {ref}`ch-nets` tells.")
    assert text.startswith("Chapter [4, Rings](https://")


def test_students_are_led_to_student_notebooks(bench: Bench) -> None:
    bench.chapter("", "04_nets")
    text = bench.student_markdown("see {ref}`ch-nets`")
    assert f"({COLAB}/chapters/student/04_nets.ipynb)" in text


def test_pages_are_linked_on_the_site(bench: Bench) -> None:
    page = "https://us.github.io/rings/book/glossary.html"
    body = "{ref}`w-x`, {ref}`glossary`, {doc}`../book/glossary`"
    assert bench.markdown(body) == (
        f"[*X*]({page}#w-x), [*Words*]({page}), [Words]({page})"
    )


def test_other_files_are_linked_in_the_repository(bench: Bench) -> None:
    address = (
        "https://github.com/us/rings/blob/trunk/seglab/shapes/plane.py"
    )
    body = "[code](../seglab/shapes/plane.py)"
    assert bench.markdown(body) == f"[code]({address})"


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("{term}`mask`", "*mask*"),
        ("{term}`masks <mask>`", "*masks*"),
        ("{math}`a^2`", "$a^2$"),
        ("{py:func}`~seglab.shapes.area`", "`seglab.shapes.area`"),
        ("{class}`seglab.X`", "`seglab.X`"),
        ("{kbd}`Esc`", "<kbd>Esc</kbd>"),
        ("H{sub}`2`O", "H<sub>2</sub>O"),
        (
            "`{ref}` stays, ``{eq}`x` ``",
            "`{ref}` stays, ``{eq}`x` ``",
        ),
        ("a note[^1]", "a note<sup>[1]</sup>"),
    ],
)
def test_small_roles(bench: Bench, role: str, text: str) -> None:
    assert bench.markdown(role) == text


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("{cite}`trio2021`", "(Ng et al., 2021)"),
        (
            "{cite:p}`trio2021, duo2022`",
            "(Ng et al., 2021; Ek and Öst, 2022)",
        ),
        ("{cite:t}`duo2022`", "Ek and Öst (2022)"),
        ("{cite}`lee2020b`", "(Lee, 2020b)"),
    ],
)
def test_citations(bench: Bench, role: str, text: str) -> None:
    assert bench.markdown(role).split("\n")[0] == text


def test_references_are_listed_at_the_end(bench: Bench) -> None:
    text = bench.markdown("{cite}`trio2021` and {cite:t}`lee2020a`")
    assert text.split("## References\n\n")[1] == (
        "- Lee, A. (2020a). One CNN. *J*, 1(2), 3–4. <https://doi.org/10.1/x>\n"
        "- Ng, B., Li, C. and Poe, D. (2021). Three. *J*. "
        "<https://example.org/3>"
    )


def test_references_follow_the_chapter_s_words_on_them(
    bench: Bench,
) -> None:
    text = bench.markdown("## References\n\nRead {cite:t}`trio2021`.")
    assert text.startswith(
        "## References\n\nRead Ng et al. (2021).\n\n- Ng, B."
    )


def test_bibliography_directive_takes_the_list(bench: Bench) -> None:
    body = (
        "{cite}`duo2022`\n\n## Sources\n\n"
        "```{bibliography}\n:filter: docname in docnames\n```"
    )
    assert bench.markdown(body) == (
        "(Ek and Öst, 2022)\n\n## Sources\n\n"
        "- Ek, B. and Öst, C. (2022). Four. *Q*."
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{ref}`no`", "nothing has the label no"),
        ("one\n{numref}`no`", "nothing has the label no"),
        ("{eq}`no`", "nothing has the label no"),
        ("{cite}`no2020`", "references.bib has no entry no2020"),
        ("{doc}`nowhere`", "the link leads nowhere: nowhere.md"),
        ("[a](nowhere.md)", "the link leads nowhere: nowhere.md"),
        ("{glue}`a`", "the role {glue} is not known to notebooks"),
    ],
)
def test_faults_name_file_and_line(
    bench: Bench, body: str, message: str
) -> None:
    line = 12 + body.count("\n")
    assert bench.faults(body) == [f"02_rings.md:{line}: {message}"]


def test_duplicate_label_is_a_fault(bench: Bench) -> None:
    body = "$$ a $$ (eq-a)\n\n$$ b $$ (eq-a)"
    assert bench.faults(body) == [
        "02_rings.md:14: the label eq-a is used twice: it also stands in "
        "02_rings.md, line 12"
    ]
