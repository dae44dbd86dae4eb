"""The table of models tells the truth about each."""

import re

import pytest
from bs4 import BeautifulSoup

from seglab.models import count_parameters
from seglab.models.complexity import count_multiply_adds
from seglab.models.factory import MODELS, build
from seglab.models.table import ModelRow, ModelTable, available


@pytest.fixture(scope="module")
def table():
    return available((64, 96), num_classes=5)


def test_every_model_has_a_row(table):
    assert [row.name for row in table] == list(MODELS)


@pytest.mark.parametrize("name", ["fcn8s", "deeplabv3plus", "unetpp"])
def test_rows_say_what_is_built(table, name):
    (row,) = (row for row in table if row.name == name)
    model = build(name, 5)
    assert row.parameters == count_parameters(model)
    assert row.multiply_adds == count_multiply_adds(model, (64, 96))


def test_rows_name_the_weights_that_build_takes(table):
    known = {row.name: row.weights for row in table}
    assert known["unet"] == ()
    assert known["fcn"] == ("imagenet", "voc")
    assert known["segformer"] == ("imagenet", "ade20k")


def test_cost_grows_with_the_image_and_parameters_do_not(table):
    chosen = ["unet", "fcn8s"]
    larger = available((128, 192), num_classes=5, names=chosen)
    assert [row.name for row in larger] == chosen
    small = {row.name: row for row in table}
    for large in larger:
        row = small[large.name]
        assert row.parameters == large.parameters
        ratio = large.multiply_adds / row.multiply_adds
        assert 3.5 < ratio < 4.1, row.name


ROWS = [
    ModelRow("a<b", "one & two", "A 2020", "", 1_250_000, 3_400_000_000),
    ModelRow(
        "c", "three", "C 2021", "smp C", 100_000, 50_000_000, ("x", "y")
    ),
]


def test_markdown():
    lines = str(ModelTable(ROWS, (48, 64))).split("\n")
    assert "48 x 64" in lines[0]
    assert re.fullmatch(r"[| :-]+", lines[1])
    assert lines[2] == (
        "| a<b | one & two | A 2020 | none | none | 1.2 | 3.4 |"
    )
    assert lines[3] == ("| c | three | C 2021 | smp C | x, y | 0.1 | 0.1 |")
    assert {line.count("|") for line in lines} == {8}


def test_html():
    page = BeautifulSoup(
        ModelTable(ROWS, (48, 64))._repr_html_(), "html.parser"
    )
    cells = [
        [cell.text for cell in row.find_all(["th", "td"])]
        for row in page.find_all("tr")
    ]
    assert cells[1:] == [list(row.cells()) for row in ROWS]
    assert len(cells[0]) == len(cells[1])
    assert not page.find_all("b")


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="num_classes must be 1 or more"):
        available(num_classes=0)
    with pytest.raises(ValueError, match="size must be"):
        available((0, 4))
    with pytest.raises(ValueError, match="did you mean 'fcn8s'"):
        available(names=["fcn-8s"])
