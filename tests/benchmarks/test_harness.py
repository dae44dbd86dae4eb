"""What the benchmarks' harness measures and writes."""

import importlib.util
import json
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def harness():
    spec = importlib.util.spec_from_file_location(
        "harness", FOLDER / "harness.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["harness"] = module  # where dataclasses look
    spec.loader.exec_module(module)
    yield module
    del sys.modules["harness"]


def sleeper(seconds, result, log):
    def work():
        log.append(result)
        time.sleep(seconds)
        return result

    return work


@pytest.fixture(scope="module")
def rows(harness):
    log = []
    work = harness.Work(
        id="nap",
        work="a nap",
        ours=sleeper(0.01, "ours", log),
        peers={
            name: sleeper(0.05, name, log) for name in ("one", "another")
        },
        compare=lambda ours, peer: f"{ours} and {peer}",
        runs=3,
    )
    measured = harness.measure(work)
    assert log[:9] == ["ours", "one", "another"] * 3  # interleaved
    return measured


def test_a_row_for_each_peer_with_the_ratio_of_the_times(rows):
    assert [row.peer for row in rows] == ["one", "another"]
    for row in rows:
        assert row.ratio == row.peer_s / row.ours_s
        assert row.equal == f"ours and {row.peer}"


def test_the_table_has_a_line_for_each_row(harness, rows):
    lines = harness.table(rows).splitlines()
    assert len(lines) == 2 + len(rows)
    assert {line.count("|") for line in lines} == {8}
    assert "a nap [`nap`] | one |" in lines[2]


def test_results_and_the_table_are_written(
    harness, rows, tmp_path, monkeypatch
):
    monkeypatch.setattr(harness, "HERE", tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text(f"prose\n\n{harness.HEAD}\n\nan old table\n")
    harness.write(rows)
    text = readme.read_text("utf-8")
    assert text.startswith("prose\n\n")
    assert "an old table" not in text
    assert harness.table(rows) in text
    saved = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [row["peer"] for row in saved] == ["one", "another"]


def test_the_committed_results_are_the_table(harness):
    saved = json.loads((FOLDER / "results.json").read_text("utf-8"))
    names = [field.name for field in fields(harness.Row)]
    assert all(list(row) == names for row in saved)
    rows = [harness.Row(**row) for row in saved]
    assert harness.table(rows) in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_is_that_of_memory_held_at_once(harness):
    def one_after_another():
        for _ in range(4):
            np.ones(2**20)

    peak = harness.peak_mib(one_after_another)
    assert 8 <= peak < 20
