"""Push and pull with the real client, in processes of its own, against a stand-in for the Hub."""

import shutil
import socket
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save

import digitnet
from digitnet.__main__ import main
from digitnet.hub.push import files_to_push
from digitnet.metrics import read_metrics_by_recipe
from digitnet.models import build
from digitnet.sources import find_weights, is_repo_id
from digitnet.weights import WEIGHTS_FOLDER, Metadata, WeightsError
from tests.conftest import PROJECT
from tests.hub.stand_in import USER, Repository, running_hub
from tests.processes import run_code

DIGITS = f"{USER}/digits"
METRICS = read_metrics_by_recipe(WEIGHTS_FOLDER)
WEIGHTS = {
    f"{recipe}/{model}.safetensors"
    for recipe, metrics in METRICS.items()
    for model in metrics.models
}
BESIDE = {f"{recipe}/{name}" for recipe in METRICS for name in ("metrics.json", "accuracy.png")}
NOWHERE = "http://127.0.0.1:1"  # nothing listens there

# What `python` below runs first: `said(action)` is the sentence that an action fails with, and
# `answers(...)` what a model answers to a drawing.
PRELUDE = """
import os
import digitnet
def said(action):
    try:
        return f"no error, but {action()}"
    except ValueError as error:
        return str(error)
def answers(*arguments, **options):
    drawing = [[(0, 0), (10, 0), (4, 20)]]
    return digitnet.load(*arguments, **options).predict(drawing).probabilities.tolist()
"""


def python(environment, code):
    """What `code` leaves in `result`, in a new process: the Hub's client reads its environment
    once."""
    return run_code(f"{PRELUDE}\n{code}", environment)


def command(environment, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def hub():
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="module")
def pushed(hub, tmp_path_factory):
    """What `python -m digitnet push` prints, once the weights are on the stand-in."""
    environment = hub.environment(tmp_path_factory.mktemp("home"))
    finished = command(environment, "-m", "digitnet", "push", DIGITS)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def cache(hub, pushed, tmp_path_factory):
    """A cache that has the repository, and what the loading of each model gave."""
    home = tmp_path_factory.mktemp("home")
    hub.requests.clear()
    loaded = python(
        hub.environment(home, token=None),
        f"""
names = {[(model, recipe) for recipe, metrics in METRICS.items() for model in metrics.models]}
result = [[answers(*name, source={DIGITS!r}), answers(*name)] for name in names]
""",
    )
    return home, loaded


def test_one_commit_holds_everything(hub, pushed):
    repository = hub.model(DIGITS)
    files = repository.files()
    assert set(files) == {".gitattributes", "README.md", "config.json"} | WEIGHTS | BESIDE
    for name in WEIGHTS | BESIDE:
        assert files[name] == (WEIGHTS_FOLDER / name).read_bytes()
    assert f'from_pretrained("{DIGITS}", ' in files["README.md"].decode()
    assert len(repository.commits) == 2  # the first is the Hub's own, when it makes a repository
    assert pushed.splitlines()[-1].endswith(repository.branches["main"])


def test_what_was_pushed_predicts_the_same_elsewhere(cache):
    _, loaded = cache
    assert len(loaded) == len(WEIGHTS)
    for from_hub, own in loaded:
        assert from_hub == own


def test_nothing_but_safetensors_and_json_is_downloaded(hub, cache):
    home, _ = cache
    asked = [line for line in hub.requests if "/resolve/" in line]
    assert asked and all(line.endswith((".safetensors", ".json")) for line in asked)
    snapshots = home / "hub" / f"models--{USER}--digits" / "snapshots"
    found = {path.relative_to(snapshots).as_posix() for path in snapshots.rglob("*.*")}
    commit = hub.model(DIGITS).branches["main"]
    wanted = {name for name in WEIGHTS | BESIDE if "png" not in name} | {"config.json"}
    assert found == {f"{commit}/{name}" for name in wanted}


def test_pushing_again_commits_only_what_changed(hub, pushed, tmp_path):
    folder = shutil.copytree(WEIGHTS_FOLDER, tmp_path / "weights")
    before = dict(hub.model(DIGITS).branches)
    commits = len(hub.model(DIGITS).commits)
    recipe = sorted(METRICS)[0]
    addresses = python(
        hub.environment(tmp_path),
        f"""
from pathlib import Path
folder = Path({str(folder)!r})
result = [digitnet.push({DIGITS!r}, folder)]
metrics = folder / {recipe!r} / "metrics.json"
metrics.write_bytes(metrics.read_bytes() + b"\\n")
result.append(digitnet.push({DIGITS!r}, folder, branch="next"))
result.append(digitnet.push({DIGITS!r}, folder, create_pr=True))
result.append(digitnet.push("{USER}/hidden", folder, private=True))
result.append(answers("linear", {recipe!r}, source={DIGITS!r}, revision="next"))
""",
    )
    repository = hub.model(DIGITS)
    assert addresses[0].endswith(before["main"]) and repository.branches["main"] == before["main"]
    assert addresses[1].endswith(repository.branches["next"])
    assert addresses[2] == f"{hub.url}/{DIGITS}/discussions/1"
    assert len(repository.commits) == commits + 2
    for branch in ("next", "refs/pr/1"):
        old, new = repository.files(), repository.files(branch)
        assert {name for name in new if new[name] != old[name]} == {f"{recipe}/metrics.json"}
    assert hub.model(f"{USER}/hidden").private and not repository.private
    assert len(addresses[4]) == 10


def test_a_broken_connection_leaves_the_old_revision(hub, pushed, tmp_path):
    folder = shutil.copytree(WEIGHTS_FOLDER, tmp_path / "weights")
    metrics = next(folder.glob("*/metrics.json"))
    metrics.write_bytes(metrics.read_bytes() + b"\n\n")
    before = hub.model(DIGITS).branches["main"]
    hub.breaks_at = f"POST /api/models/{DIGITS}/commit/"
    try:
        sentence = python(
            hub.environment(tmp_path),
            f"result = said(lambda: digitnet.push({DIGITS!r}, {str(folder)!r}))",
        )
    finally:
        hub.breaks_at = ""
    assert "the connection broke" in sentence and sentence.endswith("try again.")
    assert hub.requests[-1].startswith("POST") and "/commit/main" in hub.requests[-1]
    assert hub.model(DIGITS).branches["main"] == before


def foreign_files():
    """By what the refusal must say, the weights file of a linear model that is not ours."""
    network = build("linear")
    ours = Metadata("linear", "article", 4, 0.5).to_strings()
    tensors = network.state_dict()
    extra = tensors | {"extra": torch.zeros(1)}
    return {
        "format version 99": save(tensors, ours | {"format_version": "99"}),
        "format version None": save(tensors),
        "does not hold the tensors": save(extra, ours),
        "with 5 hidden units": save(tensors, ours | {"hidden_units": "5"}),
        "not a whole safetensors file": b"\x80\x05cos\nsystem\n(S'exit 1'\ntR.",  # a pickle
        "holds the model 'nonlinear'": save(
            build("nonlinear").state_dict(), ours | {"model": "nonlinear"}
        ),
    }


def test_each_failure_is_one_sentence(hub, pushed, tmp_path):
    foreign = foreign_files()
    for number, content in enumerate(foreign.values()):
        repository = hub.repositories["models", f"other/foreign{number}"] = Repository()
        repository.commit({"article/linear.safetensors": content, "article/linear.pkl": b"x"})
    empty = hub.repositories["models", "other/empty"] = Repository()
    empty.commit({"pytorch_model.bin": b"\0", "config.json": b"{}"})
    sentences = python(
        hub.environment(tmp_path, token=None),
        f"""
result = {{"token": said(lambda: digitnet.push("{DIGITS}"))}}
os.environ["HF_TOKEN"] = "hf_of_nobody"
result["wrong token"] = said(lambda: digitnet.push("{DIGITS}"))
os.environ["HF_TOKEN"] = "hf_of_{USER}"
result["not yours"] = said(lambda: digitnet.push("other/empty"))
result["id"] = said(lambda: digitnet.push("digits"))
result["repository"] = said(lambda: digitnet.load("cnn", source="other/nothing"))
result["revision"] = said(lambda: digitnet.load("cnn", source="{DIGITS}", revision="v9"))
result["folder"] = said(lambda: digitnet.load("cnn", source="weights", revision="main"))
result["recipe"] = said(lambda: digitnet.load("cnn", "secret", source="{DIGITS}"))
result["empty"] = said(lambda: digitnet.load("cnn", source="other/empty"))
for number in range({len(foreign)}):
    source = f"other/foreign{{number}}"
    result[str(number)] = said(lambda: digitnet.load("linear", "article", source=source))
""",
    )
    expected = {
        "token": "There is no Hugging Face token here; run hf auth login, or set HF_TOKEN.",
        "wrong token": "The Hub does not accept your token",
        "not yours": "Your token may not write to other/empty",
        "id": "'digits' is not a repository id; write it as USER/NAME.",
        "repository": "There is no repository other/nothing on the Hub",
        "revision": f"{DIGITS} has no revision 'v9' on the Hub.",
        "folder": "weights is not a repository on the Hub, so it has no revision 'main'.",
        "recipe": f"There is no recipe 'secret'; choose one of {', '.join(METRICS)}.",
        "empty": "other/empty on the Hub holds no weights of digitnet",
    } | {str(number): sentence for number, sentence in enumerate(foreign)}
    for case, sentence in expected.items():
        assert sentence in sentences[case], case
        assert "\n" not in sentences[case] and sentences[case].endswith("."), case
    assert not any(line.endswith((".pkl", ".bin")) for line in hub.requests)


@pytest.mark.parametrize("outage", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": NOWHERE}])
def test_without_network_the_cache_serves(hub, cache, outage):
    home, loaded = cache
    hub.requests.clear()
    recipe = sorted(METRICS)[0]
    model = next(iter(METRICS[recipe].models))
    result = python(
        hub.environment(home) | outage,
        f"""
result = [
    answers({model!r}, {recipe!r}, source={DIGITS!r}),
    said(lambda: digitnet.load("cnn", source="other/uncached")),
    said(lambda: digitnet.push({DIGITS!r})),
]
""",
    )
    assert result[0] == loaded[0][0]
    assert "other/uncached is not in the cache, and the Hub is out of reach" in result[1]
    assert "HF_HUB_OFFLINE is set" in result[2] or "The Hub is out of reach" in result[2]
    assert hub.requests == []


def test_a_cache_that_cannot_be_written_is_said(hub, pushed, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    sentence = python(
        hub.environment(tmp_path / "file"),
        f"result = said(lambda: digitnet.load('cnn', source={DIGITS!r}))",
    )
    assert "cannot be written" in sentence and "HF_HOME" in sentence


def test_a_dry_run_lists_what_would_go_and_uses_no_network(monkeypatch, capsys):
    def refuse(*_):
        raise AssertionError("a dry run went to the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert main(["push", DIGITS, "--dry-run"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[-1]: int(line.split()[0].replace(",", "")) for line in lines}
    assert set(listed) == {"README.md", "config.json"} | WEIGHTS | BESIDE
    for name in WEIGHTS | BESIDE:
        assert listed[name] == (WEIGHTS_FOLDER / name).stat().st_size


def test_training_pushes_what_it_saved_and_asks_for_access_first(hub, tmp_path):
    arguments = ["train.py", "--models", "linear", "--epochs", "1", "--output", str(tmp_path / "w")]
    arguments += ["--push-to-hub", f"{USER}/trained"]
    refused = command(hub.environment(tmp_path, token="hf_of_nobody"), *arguments)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "does not accept your token" in refused.stderr
    assert not list(tmp_path.rglob("*.safetensors"))  # it ended before training

    finished = command(hub.environment(tmp_path), *arguments, "--private")
    assert finished.returncode == 0, finished.stderr
    repository = hub.model(f"{USER}/trained")
    assert finished.stdout.splitlines()[-1].endswith(repository.branches["main"])
    weights = tmp_path / "w" / "article" / "linear.safetensors"
    assert repository.files()["article/linear.safetensors"] == weights.read_bytes()
    assert repository.private


def test_the_page_takes_its_weights_from_the_hub(hub, pushed, tmp_path):
    recipe = sorted(METRICS)[0]
    only = f"{recipe}/linear.safetensors"
    repository = hub.repositories["models", f"{USER}/one"] = Repository()
    repository.commit({only: (WEIGHTS_FOLDER / only).read_bytes()})
    environment = hub.environment(tmp_path) | {"DIGITNET_WEIGHTS": f"{USER}/one"}
    choices, problems = python(
        environment,
        """
import app
def values(page, key, value):
    parts = [block["props"] for block in page.config["components"]]
    return [part for part in parts if part.get(key) == value]
[model] = values(app.demo, "elem_id", "model")
os.environ["DIGITNET_WEIGHTS"] = "other/nothing"
problems = values(app.build_page(app.load_resources()), "elem_classes", ["problem"])
result = [[name for name, _ in model["choices"]], [problem["value"] for problem in problems]]
""",
    )
    assert choices == ["linear"]
    assert len(problems) == 1 and "There is no repository other/nothing on the Hub" in problems[0]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("someone/digits", True),
        ("someone/digits-2.0_b", True),
        ("digits", False),
        ("a/b/c", False),
        ("../weights", False),
        ("/tmp/weights", False),
        ("weights\\article", False),
        ("weights/mine.safetensors", False),
        ("", False),
    ],
)
def test_the_form_of_a_repository_id(text, is_one):
    assert is_repo_id(text) is is_one


def test_a_folder_that_exists_wins_over_a_repository(tmp_path, monkeypatch):
    (tmp_path / "someone" / "digits").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_weights("someone/digits").samefile(tmp_path / "someone" / "digits")
    with pytest.raises(ValueError, match="is missing"):
        digitnet.load("cnn", source="someone/digits")


def test_weights_go_only_with_the_figures_measured_on_them(tmp_path):
    folder = shutil.copytree(WEIGHTS_FOLDER, tmp_path / "weights")
    recipe = next(path.parent for path in folder.glob("*/metrics.json"))
    shutil.copy(recipe / "linear.safetensors", recipe / "nonlinear.safetensors")
    with pytest.raises(WeightsError, match=r"nonlinear\.safetensors does not match the metrics"):
        files_to_push(DIGITS, folder)
    (recipe / "linear.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"linear\.safetensors is missing"):
        files_to_push(DIGITS, folder)
    with pytest.raises(WeightsError, match=r"holds no metrics\.json"):
        files_to_push(DIGITS, tmp_path)
