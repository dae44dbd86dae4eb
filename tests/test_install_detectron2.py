"""The edits on a tiny tree in the layout of the real one."""

import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import install_detectron2
import pytest
from install_detectron2 import EDITS, InstallError, edit_tree

ROOT = Path(__file__).resolve().parents[1]
TOP = "pb1-detectron2-0.6"
BUILTIN_USERS = [e.path for e in EDITS if "np" in e.pattern]
EXTENSION_USERS = [e.path for e in EDITS if "import _C" in e.pattern]

FILES = {
    "setup.py": (
        "setup(\n"
        "    install_requires=[\n"
        '        "iopath>=0.1.7,<0.1.10",\n'
        '        "future",  # used by caffe2\n'
        '        "pydot",  # used to save caffe2 SVGs\n'
        '        "black==21.4b2",\n'
        "    ],\n"
        '    extras_require={"all": [\n'
        '            "psutil",\n'
        '            "panopticapi @ https://a.example/master.zip",\n'
        "    ]},\n"
        "    ext_modules=get_extensions(),\n"
        ")\n"
    ),
    "detectron2/evaluation/coco_evaluation.py": (
        "def a(x, use_fast_impl=True): ...\n"
        "def b(use_fast_impl=True): ...\n"
    ),
    "detectron2/data/transforms/transform.py": (
        "def __init__(self, interp=Image.LINEAR, fill=0): ...\n"
    ),
    "detectron2/modeling/anchor_generator.py": (
        "y, x = torch.meshgrid(shifts_y, shifts_x)\n"
    ),
    "detectron2/model_zoo/model_zoo.py": (
        "import os\nimport pkg_resources\n\n"
        "def get(config_path):\n"
        "    return pkg_resources.resource_filename(\n"
        '        "detectron2.model_zoo", '
        'os.path.join("configs", config_path)\n'
        "    )\n"
    ),
    "detectron2/model_zoo/configs/COCO/a.yaml": "A: 1\n",
    **dict.fromkeys(
        BUILTIN_USERS,
        "a = np.int64(np.int(1), dtype=np.bool)\nb = np.floats\n",
    ),
    **dict.fromkeys(
        EXTENSION_USERS,
        "import copy\nfrom detectron2 import _C\nx = _C.f()\n",
    ),
}


@pytest.fixture
def tree(tmp_path):
    for path, text in FILES.items():
        file = tmp_path / TOP / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / TOP


@pytest.fixture
def told(monkeypatch):
    """What pip was told; it succeeds."""
    calls = []

    def run(command, *, check):
        calls.append(command[3:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(install_detectron2.subprocess, "run", run)
    return calls


def pack(tree, path):
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tree, TOP)
    return path


def test_every_edit_lands(tree):
    edit_tree(tree)
    setup = (tree / "setup.py").read_text()
    assert "ext_modules=[]" in setup and '"black",' in setup
    assert '"iopath>=0.1.7",' in setup and "panopticapi" not in setup
    assert "future" not in setup and "pydot" not in setup
    for path in EXTENSION_USERS:
        text = (tree / path).read_text()
        assert "import _C" not in text and "\n_C = None" in text
    for path in BUILTIN_USERS:
        text = (tree / path).read_text()
        # only whole names: np.int64 stays
        assert text == ("a = np.int64(int(1), dtype=bool)\nb = np.floats\n")
    coco = tree / "detectron2/evaluation/coco_evaluation.py"
    assert coco.read_text().count("use_fast_impl=False") == 2
    transform = tree / "detectron2/data/transforms/transform.py"
    assert "Image.BILINEAR" in transform.read_text()


def test_the_model_zoo_finds_its_configs_beside_itself(tree):
    edit_tree(tree)
    file = tree / "detectron2/model_zoo/model_zoo.py"
    space = {"__file__": "/x/model_zoo.py"}
    exec(compile(file.read_text(), file, "exec"), space)
    assert space["get"]("COCO/a.yaml") == "/x/configs/COCO/a.yaml"
    assert (tree / "configs/COCO/a.yaml").is_file()
    assert not (tree / "detectron2/model_zoo/configs").exists()


@pytest.mark.parametrize("number", range(len(EDITS)))
def test_a_text_that_is_not_found_stops_it(tree, number):
    edit = EDITS[number]
    (tree / edit.path).write_text("something else\n")
    with pytest.raises(InstallError, match=edit.path):
        edit_tree(tree)


@pytest.mark.parametrize("path", sorted({edit.path for edit in EDITS}))
def test_a_missing_file_stops_it(tree, path):
    (tree / path).unlink()
    with pytest.raises(InstallError, match=f"{path} is missing"):
        edit_tree(tree)


def test_missing_configs_stop_it(tree):
    configs = tree / "detectron2/model_zoo/configs"
    configs.rename(tree / "elsewhere")
    with pytest.raises(InstallError, match="configs is missing"):
        edit_tree(tree)


def install_with(monkeypatch, sdist, importable=("torch",)):
    monkeypatch.setattr(
        install_detectron2.importlib.util,
        "find_spec",
        lambda name: name in importable or None,
    )
    monkeypatch.setenv("D2_VERSION_SUFFIX", "")
    arguments = [f"--sdist={sdist}"] if sdist else []
    return install_detectron2.main(arguments)


def test_the_whole_way_with_a_file(tree, told, tmp_path, monkeypatch):
    sdist = pack(tree, tmp_path / "d.tar.gz")
    sha256 = hashlib.sha256(sdist.read_bytes()).hexdigest()
    monkeypatch.setattr(
        install_detectron2.verify, "__defaults__", (sha256,)
    )
    assert install_with(monkeypatch, sdist) == 0
    tools, needs, itself = told
    assert tools == ["install", "setuptools", "wheel"]
    assert needs[:2] == ["install", "--no-deps"]
    assert {"omegaconf>=2.3,<2.4", "panopticapi-lite"} <= set(needs)
    assert needs[-1] == "opencv-python-headless"
    assert itself[:3] == ["install", "--no-deps", "--no-build-isolation"]
    assert itself[3].endswith(TOP)


def test_an_opencv_that_is_there_stays(monkeypatch):
    monkeypatch.setattr(
        install_detectron2.importlib.util, "find_spec", lambda name: True
    )
    assert install_detectron2._needs() == install_detectron2.NEEDS


def test_another_file_is_refused(told, tmp_path, monkeypatch, capsys):
    sdist = tmp_path / "d.tar.gz"
    sdist.write_bytes(b"something else")
    assert install_with(monkeypatch, sdist) == 1
    assert "wanted 5d2e9e51" in capsys.readouterr().err
    assert not any("--no-deps" in command for command in told)
    assert install_with(monkeypatch, tmp_path / "none.tar.gz") == 1
    assert "there is no" in capsys.readouterr().err


def test_the_download_is_compared_by_pip_too(monkeypatch, capsys):
    def run(command, *, check):
        failed = "download" in command
        if failed:
            (wanted,) = (w for w in command if "--requirement" in w)
            text = Path(wanted.split("=", 1)[1]).read_text()
            assert text.endswith(f"sha256:{install_detectron2.SHA256}\n")
            assert "--require-hashes" in command
        return subprocess.CompletedProcess(command, int(failed))

    monkeypatch.setattr(install_detectron2.subprocess, "run", run)
    assert install_with(monkeypatch, None) == 1
    assert "name it with --sdist" in capsys.readouterr().err


def test_what_is_there_is_left_alone(told, monkeypatch, capsys):
    assert install_with(monkeypatch, None, ("detectron2",)) == 0
    assert told == []
    assert "already there" in capsys.readouterr().out


def test_without_torch_it_says_so(told, monkeypatch, capsys):
    assert install_with(monkeypatch, None, ()) == 1
    assert "torch is missing" in capsys.readouterr().err


def test_an_archive_cannot_write_elsewhere(tmp_path):
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("../out.txt")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    (tmp_path / "in").mkdir()
    with pytest.raises(tarfile.FilterError):
        install_detectron2.unpack(tmp_path / "d.tar.gz", tmp_path / "in")
    assert not (tmp_path / "out.txt").exists()


def test_runs_on_a_bare_python():
    script = ROOT / "tools/install_detectron2.py"
    command = [sys.executable, "-I", "-S", script, "--help"]
    subprocess.run(command, check=True, capture_output=True)
