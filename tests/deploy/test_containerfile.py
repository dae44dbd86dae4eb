"""The container file, read line by line: no engine builds it here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bare_install import standard_name, with_requirements

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def steps():
    """(instruction, rest) of each line, continued lines joined."""
    text = (ROOT / "Containerfile").read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [tuple(line.split(None, 1)) for line in lines]


@pytest.fixture(scope="module")
def last_stage(steps):
    first = max(n for n, (word, _) in enumerate(steps) if word == "FROM")
    return steps[first:]


def rest_of(steps, word):
    return [rest for name, rest in steps if name == word]


def test_instructions_are_known(steps):
    known = {"FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "USER"}
    known |= {"EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}
    assert {word for word, _ in steps} <= known
    assert len(rest_of(steps, "FROM")) == 2


def test_what_is_copied_is_there_and_let_through(steps):
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    copied = set()
    for rest in rest_of(steps, "COPY"):
        if not rest.startswith("--from"):
            copied |= set(rest.split()[:-1])
    assert copied == let_through
    assert "*" in ignored
    assert all((ROOT / path).exists() for path in copied)


def test_it_does_not_run_as_root(last_stage):
    (user,) = rest_of(last_stage, "USER")
    assert int(user) >= 1000
    words = [word for word, _ in last_stage]
    assert words.index("USER") > words.index("RUN")


def test_its_health_is_asked_for(last_stage):
    (check,) = rest_of(last_stage, "HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert "127.0.0.1:8000/health" in command[-1]
    compile(command[-1], "health check", "exec")


def test_its_command_is_one_of_ours(last_stage):
    from seglab.cli import _parser

    (entry,) = rest_of(last_stage, "ENTRYPOINT")
    name, *arguments = json.loads(entry)
    assert name == "seglab"
    parsed = _parser().parse_args(arguments)
    assert parsed.host == "0.0.0.0"
    assert [str(parsed.port)] == rest_of(last_stage, "EXPOSE")


def test_the_last_stage_installs_what_serving_imports(
    last_stage, lungs_file
):
    (command,) = rest_of(last_stage, "RUN")
    listed = command.split("&&")[0].split("install")[1].split()
    listed = [word for word in listed if not word.startswith("-")]
    assert "torch" not in listed
    # a picture is answered, and every library that was loaded is named
    code = (
        "import sys, json, importlib.metadata as m; "
        "sys.path.insert(0, sys.argv[1]); "
        "from deploy_cases import encoded, grey; "
        "import uvicorn; from seglab import cli; "
        "from seglab.deploy.service import create_app; "
        "from seglab.deploy.segmenter import lungs_segmenter; "
        "app = create_app(lungs_segmenter); desk = app.state.desk; "
        "desk._prepare(); "
        "[desk._work(encoded(grey()), f) for f in ('png', 'rle', "
        "'polygons')]; "
        "top = m.packages_distributions(); "
        "print(json.dumps(sorted({d for n in list(sys.modules) "
        "if sys.modules[n] for d in top.get(n.split('.')[0], [])})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, Path(__file__).parent],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(map(standard_name, json.loads(done.stdout)))
    # loaded where they are installed, and not needed
    optional = {"cython", "setuptools", "seglab", "charset-normalizer"}
    assert loaded - with_requirements(listed) - optional == set()
