"""Where the words of a training go."""

import json
import logging
import warnings

import pytest

from seglab.instances.detectron.logs import (
    LOGGERS,
    logging_to,
    read_metrics,
)


def test_nothing_reaches_the_notebook(tmp_path, capfd):
    with logging_to(tmp_path / "new") as file:
        for name in LOGGERS:
            logging.getLogger(f"{name}.inside").warning("from %s", name)
        print("from pycocotools")
    assert capfd.readouterr() == ("", "")
    text = file.read_text()
    assert all(f"from {name}" in text for name in LOGGERS)
    assert file == tmp_path / "new" / "log.txt"


def test_its_own_warnings_are_silent_and_others_are_not(tmp_path):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with logging_to(tmp_path):
            for module in ("detectron2.data.common", "reader"):
                warnings.warn_explicit(
                    module, UserWarning, "file.py", 1, module=module
                )
    assert [str(w.message) for w in seen] == ["reader"]


def test_loggers_are_as_before_even_after_an_error(tmp_path):
    def state():
        loggers = [logging.getLogger(name) for name in LOGGERS]
        return [(x.level, x.propagate, list(x.handlers)) for x in loggers]

    before = state()
    with pytest.raises(KeyError), logging_to(tmp_path):
        raise KeyError
    assert state() == before


def test_a_second_block_adds_to_the_file(tmp_path):
    for word in ("one", "two"):
        with logging_to(tmp_path) as file:
            logging.getLogger("detectron2").info(word)
    assert file.read_text().index("one") < file.read_text().index("two")


def test_rows_are_read_in_order_and_the_later_one_wins(tmp_path):
    rows = [
        {"iteration": 19, "total_loss": 3.0},
        {"iteration": 39, "total_loss": 2.0},
        {"iteration": 19, "total_loss": 2.5},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "metrics.json").write_text(text)
    assert read_metrics(tmp_path) == [rows[2], rows[1]]


def test_where_nothing_was_trained_it_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="of a training"):
        read_metrics(tmp_path)
