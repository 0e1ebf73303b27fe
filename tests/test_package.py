"""The package as `pip install` makes it, outside of the project's folder."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

import digitnet
from tests.conftest import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(lines):
    parsed = (Requirement(line) for line in lines)
    return {requirement.name: requirement.specifier for requirement in parsed}


def test_requirements_are_those_of_the_package_with_its_extras():
    """requirements.txt is what the Space and `python app.py` use."""
    listed = requirements((PROJECT / "requirements.txt").read_text().split("\n")[:-1])
    extras = PYPROJECT["optional-dependencies"].values()
    declared = [*PYPROJECT["dependencies"], *(line for lines in extras for line in lines)]
    assert listed == requirements(declared)


def test_every_dependency_is_imported():
    """What the project asks for, it uses itself."""
    names = {"pillow": "PIL", "pi-heif": "pi_heif", "huggingface-hub": "huggingface_hub"}
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in [*PROJECT.glob("*.py"), *(PROJECT / "digitnet").rglob("*.py")]
    )
    for line in (PROJECT / "requirements.txt").read_text().splitlines():
        name = Requirement(line).name
        module = names.get(name, name)
        assert re.search(rf"^\s*(import|from) {module}\b", code, re.MULTILINE), name


def test_the_changelog_starts_with_this_version():
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", text, re.MULTILINE)[1] == digitnet.__version__


def test_the_citation_has_what_its_format_requires():
    """As https://github.com/citation-file-format/citation-file-format has it, version 1.2.0."""
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["message"] and citation["title"]
    assert citation["authors"] == [{"name": "the digitnet developers"}]
    assert citation["license"] == PYPROJECT["license"]
    for reference in citation["references"]:
        assert reference["type"] in {"article", "data"} and reference["title"]
        for author in reference["authors"]:
            assert set(author) in ({"name"}, {"family-names", "given-names"})


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that the package's wheel is installed in, without its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    wheels = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, PROJECT]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = wheels.glob("digitnet-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder, wheel], check=True)
    return folder


def run(installed, folder, *command):
    environment = os.environ | {"PYTHONPATH": str(installed)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_wheel_recognises_a_drawing_with_its_own_weights(installed, tmp_path):
    code = (
        "import digitnet\n"
        "print(digitnet.__file__)\n"
        "print(digitnet.available_recipes())\n"
        "print(digitnet.load('cnn').predict([[(0, 0), (10, 0), (4, 20)]]).digit)"
    )
    file, recipes, digit = run(installed, tmp_path, sys.executable, "-c", code).splitlines()
    assert file.startswith(str(installed))
    assert recipes == "('article', 'drawings')"
    assert digit == "7"


def test_the_wheel_has_a_console_command(installed, tmp_path):
    name = "digitnet.exe" if sys.platform == "win32" else "digitnet"
    assert "predict" in run(installed, tmp_path, installed / "bin" / name, "--help")
    listed = run(installed, tmp_path, installed / "bin" / name, "push", "a/b", "--dry-run")
    assert "README.md" in listed and "drawings/cnn.safetensors" in listed
    # Output that is closed early is no error, as for `python -m digitnet`.
    process = subprocess.Popen(
        [installed / "bin" / name, "push", "a/b", "--dry-run"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read() == ""
    process.wait(timeout=120)


def test_teach_is_imported_on_first_use():
    code = (
        "import sys, digitnet; assert 'digitnet.training.teaching' not in sys.modules; "
        "digitnet.teach; assert 'digitnet.training.teaching' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT, timeout=120)
    with pytest.raises(AttributeError, match="no attribute 'learn'"):
        digitnet.learn  # noqa: B018
