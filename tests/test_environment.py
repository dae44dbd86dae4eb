"""environment.yml, pyproject.toml and tools/install.py agree."""

import re
import tomllib
from pathlib import Path

import install as installer
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from seglab import doctor

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "environment.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load(TEXT)


@pytest.fixture(scope="module")
def project():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    return tomllib.loads(text)["project"]


def pip_section(environment):
    (section,) = [
        entry["pip"]
        for entry in environment["dependencies"]
        if isinstance(entry, dict)
    ]
    return section


def test_it_is_named_after_the_project(environment, project):
    assert environment["name"] == project["name"]
    assert "pip" in environment["dependencies"]


def test_its_python_is_one_that_the_package_allows(environment, project):
    (pinned,) = [
        entry
        for entry in environment["dependencies"]
        if str(entry).startswith("python")
    ]
    version = re.fullmatch(r"python=(3\.\d+)", pinned)[1]
    allowed = SpecifierSet(project["requires-python"])
    assert f"{version}.0" in allowed


def test_the_doctor_knows_the_same_pythons(project):
    allowed = SpecifierSet(project["requires-python"])
    first, end = doctor.SUPPORTED_PYTHON
    for minor in range(8, 20):
        ours = first <= (3, minor) < end
        assert ours == (f"3.{minor}.0" in allowed)


def test_the_package_comes_editable_with_extras_that_exist(
    environment, project
):
    (line,) = pip_section(environment)
    extras = re.fullmatch(r"-e \.\[([a-z,]+)\]", line)[1].split(",")
    assert set(extras) <= set(project["optional-dependencies"])


def test_extras_that_extras_name_exist(project):
    extras = project["optional-dependencies"]
    for lines in extras.values():
        for requirement in map(Requirement, lines):
            if requirement.name == project["name"]:
                assert requirement.extras <= set(extras)


def test_the_installer_reads_what_yaml_reads(environment):
    assert installer.pip_requirements(TEXT) == pip_section(environment)


@pytest.mark.parametrize(
    "text",
    [
        "dependencies:\n  - pip\n  - pip:\n    - a\n    - 'b[x]>=1,<2'\n",
        'dependencies:\n- pip:\n  - -e .[a]  # why\n  # no\n\n  - "b"\n- c',
        "dependencies:\n  - pip:\n      - a\n  - python=3.11\nname: x\n",
        "dependencies:\n  - pip:\n    - a\nprefix: /x\n",
    ],
)
def test_the_installer_reads_other_layouts(text):
    wanted = pip_section(yaml.safe_load(text))
    assert installer.pip_requirements(text) == wanted


def test_the_advice_names_targets_and_extras_that_exist(project):
    for family in doctor.FAMILIES:
        extra = re.search(r"seglab\[(\w+)\]", family.command)
        if extra:
            assert extra[1] in project["optional-dependencies"]
        else:
            target = family.command.removeprefix("python tools/install.py ")
            assert target in installer.TARGETS
