"""``seglab serve`` and ``seglab score``, as a reader meets them."""

import sys

import pytest
import uvicorn
from deploy_cases import bright_segmenter, encoded, grey

from seglab import cli
from seglab.deploy import segmenter
from seglab.deploy.batch import read_rows


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(segmenter, "lungs_segmenter", bright_segmenter)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.png").write_bytes(encoded(grey()))
    (folder / "b.png").write_bytes(b"no picture")
    return folder


def test_score(folder, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["score", str(folder), "--out", str(out)]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert said.endswith("1 scored, 1 failed, 0 done before\n")
    assert {row["file"] for row in read_rows(out)} == {"a.png", "b.png"}
    assert cli.main(command) == 0
    assert "0 scored, 0 failed, 2 done before" in capsys.readouterr().out


def test_score_of_nothing_is_one_line(tmp_path, capsys):
    command = ["score", str(tmp_path / "no"), "--out", str(tmp_path / "o")]
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert (
        said.startswith("seglab: folder must be") and said.count("\n") == 1
    )


def test_score_while_another_run_writes_is_one_line(
    folder, tmp_path, capsys
):
    from filelock import FileLock

    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / ".lock"):
        command = ["score", str(folder), "--out", str(tmp_path / "out")]
        assert cli.main(command) == 1
    assert "another run is writing" in capsys.readouterr().err


def test_serve(monkeypatch):
    started = {}
    monkeypatch.setattr(
        uvicorn,
        "run",
        lambda app, **options: started.update(options, app=app),
    )
    command = ["serve", "--port", "8123", "--workers", "3", "--queue", "5"]
    assert cli.main(command) == 0
    assert (started["host"], started["port"]) == ("127.0.0.1", 8123)
    assert started["limit_concurrency"] > 3 + 5
    paths = started["app"].openapi()["paths"]
    assert {"/predict", "/health", "/ready", "/metrics"} == set(paths)


def test_serve_without_its_extra_is_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["serve"]) == 1
    assert "seglab[deploy]" in capsys.readouterr().err


def test_serve_with_no_worker_is_one_line(capsys):
    assert cli.main(["serve", "--workers", "0"]) == 1
    assert "workers must be 1 or more" in capsys.readouterr().err
