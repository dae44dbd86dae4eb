"""The command line, as a reader meets it."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import seglab
from seglab import cli, predict, weights
from seglab.data import catalog
from seglab.data.catalog import CATALOG, RemoteFile, Resource
from seglab.data.download import OfflineError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEGLAB_DEVICE", "cpu")
    monkeypatch.delenv("SEGLAB_SCALE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def radiograph(tmp_path):
    path = tmp_path / "film.png"
    Image.fromarray(np.full((20, 30), 90, np.uint8)).save(path)
    return path


@pytest.fixture
def upper_half(monkeypatch):
    def lungs(path):
        assert path.is_file()
        mask = np.zeros((20, 30), bool)
        mask[:10] = True
        return mask

    monkeypatch.setattr(predict, "lungs", lungs)


def test_starts_without_torch():
    code = (
        "import sys, seglab.cli; seglab.cli.main(['fetch', '--list']); "
        "sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0


def test_a_closed_pipe_is_no_error():
    command = [sys.executable, "-m", "seglab.cli", "fetch", "--list"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.strip() == seglab.__version__


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["fetch"], ["predict"], ["predict", "lungs", "a.png"]],
)
def test_wrong_command_lines_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert "usage: seglab" in capsys.readouterr().err


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_doctor_says_by_its_exit_code(monkeypatch, well, code):
    monkeypatch.setattr(cli.doctor, "examine", lambda: well)
    assert cli.main(["doctor"]) == code


def test_info(capsys, monkeypatch):
    row = weights.Entry("UNet", {}, "r.py", 0, 1, 1.0, {"dice": 0.5}, "0")
    monkeypatch.setattr(weights, "entries", lambda: {"tiny": row})
    assert cli.main(["info"]) == 0
    out = capsys.readouterr().out
    assert "models: fcn, " in out and ", unet, unetpp" in out
    assert "tiny: UNet, dice 0.5 (r.py)" in out
    assert all(name in out for name in CATALOG)


def test_fetch_list(capsys):
    assert cli.main(["fetch", "--list"]) == 0
    out = capsys.readouterr().out
    assert "sam2.1_hiera_tiny (148.8 MiB)" in out
    assert "montgomery (size unknown)" in out


def test_fetch_says_where_and_whose(capsys, monkeypatch, tmp_path):
    file = RemoteFile("a.bin", "https://a.example/a.bin", 2, None)
    entry = Resource("x", (file,), "CC BY 4.0", "Nobody 2020", "about")
    monkeypatch.setitem(CATALOG, "x", entry)
    (tmp_path / "a.bin").write_bytes(b"12")
    assert cli.main(["fetch", "x", "--folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"x: in {tmp_path}" in out
    assert "CC BY 4.0" in out and "Nobody 2020" in out


def test_fetch_unknown(capsys):
    assert cli.main(["fetch", "chest", "lunges"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("seglab: NAME must be one of chest, montgomery")
    assert err.count("\n") == 1


def test_fetch_offline_is_one_line(capsys, monkeypatch):
    def offline(name, *, folder):
        raise OfflineError("x cannot be reached: connect this machine")

    monkeypatch.setattr(cli, "fetch", offline)
    assert cli.main(["fetch", "montgomery"]) == 1
    err = capsys.readouterr().err
    assert err == "seglab: x cannot be reached: connect this machine\n"


def test_stopping_is_no_traceback(capsys, monkeypatch):
    def stopped(name, *, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "fetch", stopped)
    assert cli.main(["fetch", "montgomery"]) == 130
    assert capsys.readouterr().err == "seglab: stopped\n"


def test_predict(radiograph, upper_half, tmp_path, capsys):
    out = tmp_path / "new" / "mask.png"
    arguments = ["predict", "lungs", str(radiograph), "--out", str(out)]
    assert cli.main(arguments) == 0
    assert "50.0%" in capsys.readouterr().out
    mask = np.asarray(Image.open(out))
    assert mask.dtype == np.uint8 and set(mask.flat) == {0, 255}
    assert (mask[:10] == 255).all() and (mask[10:] == 0).all()
    assert [p.name for p in out.parent.iterdir()] == ["mask.png"]


def test_predict_overwrites_only_by_force(
    radiograph, upper_half, tmp_path, capsys
):
    out = tmp_path / "mask.png"
    out.write_bytes(b"precious")
    arguments = ["predict", "lungs", str(radiograph), "--out", str(out)]
    assert cli.main(arguments) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_bytes() == b"precious"
    assert cli.main([*arguments, "--force"]) == 0
    assert Image.open(out).size == (30, 20)


def test_predict_never_overwrites_the_radiograph(radiograph, capsys):
    before = radiograph.read_bytes()
    name = str(radiograph)
    arguments = ["predict", "lungs", name, "--out", name, "--force"]
    assert cli.main(arguments) == 1
    assert radiograph.read_bytes() == before


@pytest.mark.parametrize("out", ["mask.jpg", "mask"])
def test_predict_writes_png_only(radiograph, tmp_path, capsys, out):
    arguments = ["predict", "lungs", str(radiograph), "--out"]
    assert cli.main([*arguments, str(tmp_path / out)]) == 1
    assert "must end in .png" in capsys.readouterr().err


def test_predict_of_nothing_is_one_line(tmp_path, capsys):
    out = str(tmp_path / "m.png")
    arguments = ["predict", "lungs", str(tmp_path / "no.png"), "--out", out]
    assert cli.main(arguments) == 1
    err = capsys.readouterr().err
    assert err.startswith("seglab: ") and err.count("\n") == 1
    assert catalog.find("montgomery") is None
