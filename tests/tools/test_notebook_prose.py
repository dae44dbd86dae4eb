"""MyST blocks become plain Markdown, one test a construct."""

from __future__ import annotations

from typing import Any

import pytest

Bench = Any

FIGURE = (
    "mystnb:\n"
    "  image: {alt: A ring}\n"
    "  figure: {name: fig-a, caption: 'A ring, see {eq}`eq-a`.'}"
)


@pytest.mark.parametrize("fence", [":::", "```"])
def test_admonition_becomes_a_quote(bench: Bench, fence: str) -> None:
    body = f"{fence}{{admonition}} Look\n:class: tip\nAt *this*.\n{fence}"
    assert bench.markdown(body) == "> **Look**\n>\n> At *this*."


@pytest.mark.parametrize(
    ("name", "title"),
    [("note", "Note"), ("warning", "Warning"), ("seealso", "See also")],
)
def test_named_boxes(bench: Bench, name: str, title: str) -> None:
    assert (
        bench.markdown(f":::{{{name}}}\nText.\n:::")
        == f"> **{title}**\n>\n> Text."
    )


def test_boxes_nest(bench: Bench) -> None:
    body = "::::{note}\nOuter.\n\n:::{tip}\nInner.\n:::\n::::"
    assert bench.markdown(body) == (
        "> **Note**\n>\n> Outer.\n>\n> > **Tip**\n> >\n> > Inner."
    )


def test_dropdown_folds(bench: Bench) -> None:
    body = ":::{admonition} More\n:class: dropdown\nText.\n:::"
    folded = "<details>\n<summary>More</summary>\n\nText.\n\n</details>"
    assert bench.markdown(body) == folded
    assert bench.markdown(":::{dropdown} More\nText.\n:::") == folded


def test_indented_directive_stays_in_its_list(bench: Bench) -> None:
    body = "- one\n\n  :::{tip}\n  Text.\n  :::\n\n- two"
    assert bench.markdown(body) == (
        "- one\n\n  > **Tip**\n  >\n  > Text.\n\n- two"
    )


def test_equations_are_numbered(bench: Bench) -> None:
    body = (
        "$$\na\n$$ (eq-a)\n\n$$ b $$ (eq-b)\n\n$$ c $$\n\n"
        "```{math}\n:label: eq-d\nd\n```\n\n{eq}`eq-d` and {eq}`eq-a`"
    )
    assert bench.markdown(body) == (
        "$$\na \\tag{2.1}\n$$\n\n$$ b \\tag{2.2} $$\n\n$$ c $$\n\n"
        "$$\nd \\tag{2.3}\n$$\n\n(2.3) and (2.1)"
    )


def test_equation_in_a_quote_takes_one_line(bench: Bench) -> None:
    body = ":::{note}\n$$\na\n+ b\n$$ (eq-a)\n:::"
    assert "> $$ a + b \\tag{2.1} $$" in bench.markdown(body)


def test_code_figure_has_its_caption_below(bench: Bench, cell: Any) -> None:
    body = f"$$ a $$ (eq-a)\n\n{cell('plt.show()', FIGURE)}"
    *_, code, caption = bench.cells(body)
    assert code["metadata"] == {}
    assert caption["source"] == "**Figure 2.1.** A ring, see (2.1)."


def test_figure_directive(bench: Bench) -> None:
    bench.write("book/_static/a.svg", "<svg/>")
    address = "https://raw.githubusercontent.com/us/rings/trunk"
    body = (
        "```{figure} ../book/_static/a.svg\n:name: fig-a\n:alt: A ring\n"
        "A caption.\n```\n\n{numref}`fig-a` shows it."
    )
    assert bench.markdown(body) == (
        f"![A ring]({address}/book/_static/a.svg)\n\n"
        "**Figure 2.1.** A caption.\n\nFigure 2.1 shows it."
    )


def test_image_directive_with_a_width(bench: Bench) -> None:
    body = "```{image} https://example.org/a.png\n:alt: A\n:width: 50%\n```"
    assert bench.markdown(body) == (
        '<img src="https://example.org/a.png" alt="A" width="50%">'
    )


def test_picture_without_alt_text_is_a_fault(bench: Bench) -> None:
    body = "```{image} https://example.org/a.png\n```"
    assert bench.faults(body) == [
        "02_rings.md:12: this picture has no :alt: text"
    ]


def test_table_with_a_caption(bench: Bench) -> None:
    body = (
        ":::{table} Sizes\n:name: tab-a\n| a |\n|---|\n| 1 |\n:::\n\n"
        "{numref}`tab-a`"
    )
    assert bench.markdown(body) == (
        "**Table 2.1.** Sizes\n\n| a |\n|---|\n| 1 |\n\nTable 2.1"
    )


def test_code_block_and_literal_fences_stay(bench: Bench) -> None:
    body = "```{code-block} bash\nls {ref}\n```\n\n~~~text\n:::{no}\n~~~"
    assert bench.markdown(body) == (
        "```bash\nls {ref}\n```\n\n~~~text\n:::{no}\n~~~"
    )


def test_tabs_and_asides(bench: Bench) -> None:
    body = (
        "::::{tab-set}\n:::{tab-item} One\nText.\n:::\n::::\n\n"
        ":::{margin} Aside\nMore.\n:::"
    )
    assert bench.markdown(body) == (
        "**One**\n\nText.\n\n> **Aside**\n>\n> More."
    )


def test_labels_and_comments_go(bench: Bench) -> None:
    body = "(sec-a)=\n## A\n\n% a note to authors\nText.\n\n+++\n\nMore."
    assert bench.markdown(body) == "## A\n\nText.\n\nMore."


def test_definition_lists_become_lists(bench: Bench) -> None:
    assert bench.markdown("Dice\n: an overlap") == "- **Dice**: an overlap"


def test_headings_open_cells(bench: Bench) -> None:
    cells = bench.cells("One.\n\n## A\n\nTwo.\n\n### B\n\nThree.")
    assert [cell["source"][:5] for cell in cells] == [
        "# Rin",
        "## A\n",
        "### B",
    ]


def test_exercise_is_a_heading_and_a_quote(bench: Bench) -> None:
    body = "```{exercise} Why?\n:label: ex-a\nSay why.\n```"
    assert bench.markdown(body) == "### Exercise 2.1: Why?\n\n> Say why."


def test_unnumbered_exercise(bench: Bench) -> None:
    body = "```{exercise} A\n:label: ex-a\n:nonumber:\nText.\n```"
    assert bench.markdown(body) == "### Exercise: A\n\n> Text."


def test_gated_exercise(bench: Bench) -> None:
    body = (
        "```{exercise-start} A\n:label: ex-a\n```\nText.\n"
        "```{exercise-end}\n```"
    )
    assert bench.markdown(body) == "### Exercise 2.1: A\n\nText."


EXERCISE = "```{exercise} A\n:label: ex-a\nText.\n```\n\n"


@pytest.mark.parametrize(
    "solution",
    [
        "```{solution} ex-a\n:class: dropdown\nSo.\n```",
        "```{solution-start} ex-a\n:class: dropdown\n```\nSo.\n"
        "```{solution-end}\n```",
    ],
)
def test_solution_is_folded_and_not_for_students(
    bench: Bench, solution: str
) -> None:
    exercise = "### Exercise 2.1: A\n\n> Text."
    assert bench.markdown(EXERCISE + solution) == (
        f"{exercise}\n\n<details>\n<summary>Solution of exercise 2.1"
        "</summary>\n\nSo.\n\n</details>"
    )
    assert bench.student_markdown(EXERCISE + solution) == exercise


def test_faults_name_file_and_line(bench: Bench) -> None:
    assert bench.faults(":::{mermaid}\n:::") == [
        "02_rings.md:12: the directive {mermaid} is not known to notebooks"
    ]
    assert bench.faults(":::{note}\nText.") == [
        "02_rings.md:12: :::{note} is never closed"
    ]
    assert bench.faults("```{exercise} A\nText.\n```") == [
        "02_rings.md:12: this exercise has no :label:"
    ]
    assert bench.faults("```{solution} ex-b\nText.\n```") == [
        "02_rings.md:12: nothing has the label ex-b"
    ]
    open_gate = f"{EXERCISE}```{{solution-start}} ex-a\n```\nText."
    assert bench.faults(open_gate) == [
        "02_rings.md:17: this solution is never closed"
    ]
    assert bench.faults("```{solution-end}\n```") == [
        "02_rings.md:12: no solution is open here"
    ]
