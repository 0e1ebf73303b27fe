"""What the Hub asks of the files of the project, and what docs/deploy.md says to publish them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard
from packaging.requirements import Requirement

from tests.conftest import PROJECT, copy_tracked_files
from tests.hub.stand_in import TOKEN, USER, running_hub

LARGEST = 10_000_000  # bytes; what is larger the Hub wants in Git LFS
DEPLOY = (PROJECT / "docs" / "deploy.md").read_text(encoding="utf-8")
REQUIREMENTS = {
    requirement.name: requirement
    for requirement in map(Requirement, (PROJECT / "requirements.txt").read_text().splitlines())
}


@pytest.fixture(scope="module")
def hub():
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def card():
    return SpaceCard.load(PROJECT / "README.md").data.to_dict()


def test_the_space_is_described(card):
    assert card["title"] == "digitnet" and card["sdk"] == "gradio" and card["license"] == "mit"
    assert card["python_version"] == "3.12" and card["datasets"] == ["ylecun/mnist"]
    assert (PROJECT / card["app_file"]).is_file()
    assert card["sdk_version"] in REQUIREMENTS["gradio"].specifier


@pytest.mark.parametrize(
    ("file", "change", "accepted"),
    [
        ("README.md", ("", ""), True),
        ("README.md", ("colorTo: blue", "colorTo: teal"), False),
        ("README.md", ("short_description: ", "short_description: 0123456789 "), False),
        ("weights/README.md", ("", ""), True),
    ],
)
def test_the_client_and_the_hub_accept_the_cards(hub, tmp_path, file, change, accepted):
    card = "SpaceCard" if file == "README.md" else "ModelCard"
    content = (PROJECT / file).read_text(encoding="utf-8")
    code = f"import sys, huggingface_hub\nhuggingface_hub.{card}(sys.stdin.read()).validate()"
    finished = subprocess.run(
        [sys.executable, "-c", code],
        input=content.replace(*change),
        env=hub.environment(tmp_path) | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )
    assert (finished.returncode == 0) is accepted, finished.stderr


def test_requirements_are_ranges_for_every_machine():
    torch = REQUIREMENTS["torch"].specifier
    assert "2.8.0" in torch and "2.15.0" in torch and "2.7.1" not in torch
    for requirement in REQUIREMENTS.values():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators and operators <= {">=", "<"}, requirement
        assert requirement.url is None and requirement.marker is None


def test_no_file_needs_git_lfs(tmp_path):
    files = copy_tracked_files(tmp_path)
    sizes = {file.name: file.stat().st_size for file in files}
    assert sizes["train-images-idx3-ubyte.gz"] > 9_000_000  # the largest is among them
    assert max(sizes.values()) <= LARGEST


def test_the_three_commands_publish_weights_and_page(hub, tmp_path):
    section = DEPLOY.split("## Publish your own in three commands", 1)[1]
    commands = re.search(r"```bash\n(.*?)```", section, re.DOTALL)[1].splitlines()
    assert len(commands) == 3
    project, home = tmp_path / "project", tmp_path / "home"
    files = copy_tracked_files(project)
    for rubbish in (".venv/pyvenv.cfg", "digitnet/__pycache__/x.pyc", "digitnet/ui/x.pyi"):
        (project / rubbish).parent.mkdir(exist_ok=True)
        (project / rubbish).write_text("rubbish")

    commands[0] += f" --token {TOKEN}"  # instead of a visit to the browser
    for line in commands:
        program, *arguments = re.findall(r'"[^"]*"|\S+', line.replace("USER/", f"{USER}/"))
        finished = subprocess.run(
            [str(Path(sys.executable).parent / Path(program).name)]
            + [argument.strip('"') for argument in arguments],
            cwd=project,
            env=hub.environment(home, token=None) | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr

    space = hub.repositories["spaces", f"{USER}/digitnet"].files()
    expected = {file.relative_to(project).as_posix() for file in files}
    expected = {name for name in expected if not name.startswith(".")}
    assert set(space) - {".gitattributes"} == expected
    for name in expected:
        assert space[name] == (project / name).read_bytes()
    model = hub.model(f"{USER}/digitnet").files()
    assert {name for name in space if re.fullmatch(r"weights/.+/.+", name)} == {
        f"weights/{name}" for name in model if "/" in name
    }
