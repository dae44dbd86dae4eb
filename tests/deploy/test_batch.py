import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from deploy_cases import (
    bright_segmenter,
    encoded,
    grey,
    other_segmenter,
    slow_segmenter,
)
from filelock import FileLock
from PIL import Image

from seglab.deploy import batch
from seglab.deploy.batch import Summary, on_dask, read_rows, score_folder
from seglab.deploy.uploads import Limits

HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures, one of them in a folder, and three bad ones."""
    folder = tmp_path / "films"
    (folder / "deep").mkdir(parents=True)
    for number in range(11):
        data = encoded(grey(20 + number, 30), "PNG")
        (folder / f"film{number:02}.png").write_bytes(data)
    (folder / "deep" / "film.JPG").write_bytes(encoded(grey(), "JPEG"))
    (folder / "torn.png").write_bytes(encoded(grey())[:60])
    (folder / "text.jpeg").write_bytes(b"no picture")
    (folder / "empty.tif").touch()
    (folder / "notes.txt").write_text("not a picture, and not named so")
    return folder


def names(rows):
    return sorted(row["file"] for row in rows)


def pictures(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.*")
        if path.suffix != ".txt"
    )


def test_every_picture_has_one_row(folder, tmp_path):
    out = tmp_path / "out"
    done = score_folder(folder, out, bright_segmenter)
    assert done == Summary(scored=12, failed=3, skipped=0)
    rows = {row["file"]: row for row in read_rows(out)}
    assert sorted(rows) == pictures(folder)
    failed = {name for name, row in rows.items() if row["error"]}
    assert failed == {"torn.png", "text.jpeg", "empty.tif"}
    good = rows["deep/film.JPG"]
    mask = np.asarray(Image.open(out / good["mask"]))
    assert list(mask.shape) == good["size"] == [40, 60]
    assert (mask > 0).mean() == good["foreground_share"]
    assert good["model"] == "bright" and len(good["sha256"]) == 64
    assert len(list((out / "masks").rglob("*.png"))) == 12


def test_a_second_run_does_the_new_ones_alone(folder, tmp_path):
    out = tmp_path / "out"
    score_folder(folder, out, bright_segmenter)
    before = (out / "results.jsonl").read_bytes()
    (folder / "new.png").write_bytes(encoded(grey()))
    done = score_folder(folder, out, bright_segmenter)
    assert done == Summary(scored=1, failed=0, skipped=15)
    assert (out / "results.jsonl").read_bytes().startswith(before)
    assert names(read_rows(out)) == pictures(folder)


def test_a_torn_row_is_done_again(folder, tmp_path):
    out = tmp_path / "out"
    score_folder(folder, out, bright_segmenter)
    file = out / "results.jsonl"
    whole = file.read_bytes()
    for kept in (len(whole) - 1, len(whole) - 40, 25, 0):
        file.write_bytes(whole[:kept])
        left = whole[:kept].count(b"\n")
        assert len(read_rows(out)) == left
        done = score_folder(folder, out, bright_segmenter)
        assert done.skipped == left
        assert names(read_rows(out)) == pictures(folder)


def test_a_killed_run_is_resumed(tmp_path):
    """SIGKILL, twice, at no agreed place: nothing twice, nothing lost."""
    folder, out = tmp_path / "films", tmp_path / "out"
    folder.mkdir()
    for number in range(30):
        data = encoded(grey(20 + number, 30))
        (folder / f"{number}.png").write_bytes(data)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from deploy_cases import slow_segmenter; "
        "from seglab.deploy.batch import score_folder; "
        "score_folder(sys.argv[2], sys.argv[3], slow_segmenter)"
    )
    command = [sys.executable, "-c", code, HERE, folder, out]
    for wanted in (4, 9):
        with subprocess.Popen(command) as running:
            latest = time.monotonic() + 60
            while len(read_rows(out)) < wanted:
                assert running.poll() is None
                assert time.monotonic() < latest
                time.sleep(0.005)
            os.kill(running.pid, signal.SIGKILL)
        assert running.returncode == -signal.SIGKILL
    killed_at = len(read_rows(out))
    assert wanted <= killed_at < 30
    done = score_folder(folder, out, slow_segmenter)
    assert done == Summary(30 - killed_at, 0, killed_at)
    assert names(read_rows(out)) == pictures(folder)
    masks = sorted(path.name for path in (out / "masks").iterdir())
    hidden = [name for name in masks if name.startswith(".")]
    # a kill may leave a half-written file, under no mask's name
    assert len(masks) - len(hidden) == 30 and len(hidden) <= 2


def test_two_runs_cannot_share_a_folder(folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with (
        FileLock(out / ".lock"),
        pytest.raises(BlockingIOError, match="another run is writing"),
    ):
        score_folder(folder, out, bright_segmenter)
    assert score_folder(folder, out, bright_segmenter).scored == 12


def test_results_of_another_network_are_not_mixed_in(folder, tmp_path):
    out = tmp_path / "out"
    score_folder(folder, out, bright_segmenter)
    with pytest.raises(
        ValueError, match="hold results of dark, got results"
    ):
        score_folder(folder, out, other_segmenter)


def test_masks_within_the_folder_are_not_scored(folder):
    out = folder / "out"
    score_folder(folder, out, bright_segmenter)
    assert score_folder(folder, out, bright_segmenter).skipped == 15


def test_limits_hold(folder, tmp_path):
    limits = Limits(max_bytes=10_000, max_pixels=29 * 30)
    done = score_folder(
        folder, tmp_path / "out", bright_segmenter, limits=limits
    )
    # eleven of 20 to 30 rows, of which one is too many
    assert (done.scored, done.failed) == (10, 5)


def test_a_fault_of_ours_is_not_recorded_as_a_bad_file(folder, tmp_path):
    def broken():
        from seglab.deploy.segmenter import Segmenter

        return Segmenter(lambda x: x[:, :, 0], side=8)

    with pytest.raises(IndexError):
        score_folder(folder, tmp_path / "out", broken)


def test_no_folder(tmp_path):
    with pytest.raises(NotADirectoryError, match="folder must be"):
        score_folder(tmp_path / "none", tmp_path, bright_segmenter)


def test_an_empty_folder(tmp_path):
    (tmp_path / "films").mkdir()
    done = score_folder(
        tmp_path / "films", tmp_path / "o", bright_segmenter
    )
    assert done == Summary(0, 0, 0)


@pytest.mark.slow
def test_two_machines(folder, tmp_path):
    """Two processes of a local Dask cluster do what one does."""
    distributed = pytest.importorskip("distributed")
    alone, together = tmp_path / "alone", tmp_path / "together"
    score_folder(folder, alone, bright_segmenter)
    with (
        distributed.LocalCluster(
            2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        done = score_folder(
            folder, together, bright_segmenter, run=on_dask(client, ahead=1)
        )
        pids = client.run(os.getpid)
    assert done == Summary(scored=12, failed=3, skipped=0)
    assert len(set(pids.values()) - {os.getpid()}) == 2

    def in_order(out):
        return sorted(read_rows(out), key=lambda row: row["file"])

    assert in_order(together) == in_order(alone)


def test_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"seglab\[cluster\]"):
        on_dask(None)


def test_rows_are_lines_of_json(folder, tmp_path):
    score_folder(folder, tmp_path / "out", bright_segmenter)
    text = (tmp_path / "out" / batch.RESULTS).read_text("utf-8")
    assert [json.loads(line) for line in text.splitlines()] == read_rows(
        tmp_path / "out"
    )
