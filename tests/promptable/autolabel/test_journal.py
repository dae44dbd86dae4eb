import json
import os
import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seglab.promptable.autolabel import Journal

LINES = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text()),
    max_size=5,
)


@given(LINES, st.integers(0, 400))
def test_whatever_is_cut_off_the_whole_lines_stay(
    tmp_path_factory, entries, cut
):
    path = tmp_path_factory.mktemp("journal") / "a.jsonl"
    journal = Journal(path)
    for entry in entries:
        journal.append(entry)
    written = path.read_bytes() if path.exists() else b""
    path.write_bytes(written[:cut])
    whole = [json.loads(line) for line in written[:cut].split(b"\n")[:-1]]
    again = Journal(path)
    assert list(again.entries) == whole
    again.append({"after": 1})
    assert list(Journal(path).entries) == [*whole, {"after": 1}]


def test_every_line_is_there_before_append_returns(tmp_path):
    path = tmp_path / "deep" / "a.jsonl"
    journal = Journal(path)
    for number in range(3):
        journal.append({"n": number})
        assert len(path.read_text().splitlines()) == number + 1
    assert journal.entries == ({"n": 0}, {"n": 1}, {"n": 2})


def test_nothing_that_was_confirmed_is_lost_when_the_process_is_killed(
    tmp_path,
):
    path = tmp_path / "a.jsonl"
    code = (
        "from seglab.promptable.autolabel.journal import Journal\n"
        f"journal = Journal({str(path)!r})\n"
        "for n in range(10**6):\n"
        "    journal.append({'n': n})\n"
        "    print(n, flush=True)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    confirmed = -1
    while confirmed < 20:
        confirmed = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    confirmed = max([confirmed, *map(int, writer.stdout.read().split())])
    writer.wait()
    numbers = [entry["n"] for entry in Journal(path).entries]
    assert numbers[: confirmed + 1] == list(range(confirmed + 1))
    Journal(path).append({"n": -1})
    assert Journal(path).entries[-1] == {"n": -1}


def test_two_writers_do_not_write_over_each_other(tmp_path):
    first, second = (Journal(tmp_path / "a.jsonl") for _ in range(2))
    first.append({"who": 1})
    with pytest.raises(RuntimeError, match="one process at a time"):
        second.append({"who": 2})
    assert Journal(tmp_path / "a.jsonl").entries == ({"who": 1},)


def test_a_file_that_shrank_is_noticed(tmp_path):
    path = tmp_path / "a.jsonl"
    journal = Journal(path)
    journal.append({"who": 1})
    path.write_bytes(b"")
    with pytest.raises(RuntimeError, match="was changed"):
        journal.append({"who": 2})


@pytest.mark.parametrize("entry", [{"a": float("nan")}, {"a": object()}])
def test_what_json_cannot_hold_leaves_the_file_alone(tmp_path, entry):
    journal = Journal(tmp_path / "a.jsonl")
    journal.append({"kept": 1})
    with pytest.raises((ValueError, TypeError)):
        journal.append(entry)
    assert Journal(tmp_path / "a.jsonl").entries == ({"kept": 1},)


@pytest.mark.parametrize("line", ["{", "[1]", "3"])
def test_a_whole_line_that_is_no_object_is_named(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(ValueError, match="line 2"):
        Journal(path)
