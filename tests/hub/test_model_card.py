import inspect
import json
import re
import shutil

import pytest
from huggingface_hub import ModelCard, ModelCardData, metadata_load
from huggingface_hub.repocard_data import model_index_to_eval_results

import digitnet
from digitnet.hub.model_card import model_card
from digitnet.weights import WEIGHTS_FOLDER, WeightsError
from tests.conftest import PROJECT

RECIPES = sorted(path.parent.name for path in WEIGHTS_FOLDER.glob("*/metrics.json"))
KEYS = {
    "accuracy": "test_accuracy",
    "loss": "test_loss",
    "expected_calibration_error": "calibration_error",
}


def entries(recipe, folder=WEIGHTS_FOLDER):
    return json.loads((folder / recipe / "metrics.json").read_text())["models"]


@pytest.fixture(scope="module")
def card():
    return ModelCard.load(WEIGHTS_FOLDER / "README.md")


def test_the_committed_card_is_made_of_the_committed_metrics(card):
    assert str(card) == str(model_card(WEIGHTS_FOLDER))


@pytest.mark.parametrize("recipe", RECIPES)
def test_its_figures_are_those_of_metrics_json(card, recipe):
    for model, entry in entries(recipe).items():
        found = {
            result.metric_type: result.metric_value
            for result in card.data.eval_results
            if result.metric_name.startswith(f"{model}, {recipe} recipe:")
            and (result.dataset_type, result.dataset_split) == ("ylecun/mnist", "test")
        }
        assert found == {metric: entry[key] for metric, key in KEYS.items()}
        figures = card.text.split("## Figures")[1]
        row = next(line for line in figures.splitlines() if f"| {recipe} | {model} |" in line)
        assert f"{entry['test_accuracy']:.2%}" in row and f"{entry['parameters']:,}" in row


def test_it_says_what_the_hub_and_people_need(card):
    data = card.data.to_dict()
    assert data["license"] == "mit"
    assert data["library_name"] == "digitnet"
    assert data["pipeline_tag"] == "image-classification"
    assert data["datasets"] == ["ylecun/mnist"]
    assert data["metrics"] == ["accuracy"]
    assert "mnist" in data["tags"]
    text = " ".join(card.text.split())
    assert "Yann LeCun, Corinna Cortes and Christopher J.C. Burges" in text
    assert "CC BY-SA 3.0" in text and "Not for reading" in text


def test_the_client_reads_its_metadata_back(tmp_path):
    """Everything that is in the metadata is known to huggingface_hub, and valid by its rules."""
    digitnet.load("cnn").save_pretrained(tmp_path)
    for path, measured in ((WEIGHTS_FOLDER / "README.md", 6), (tmp_path / "README.md", 1)):
        metadata = metadata_load(path)
        assert ModelCardData(**metadata).to_dict() == metadata
        known = inspect.signature(ModelCardData).parameters
        assert set(metadata) <= {*known, "model-index"}
        _, results = model_index_to_eval_results(metadata["model-index"])
        accuracies = [result for result in results if result.metric_type == "accuracy"]
        assert len(accuracies) == 3 * measured  # on MNIST and two sets of drawings
        assert all(0 <= result.metric_value <= 1 for result in accuracies)


def test_it_says_what_the_models_refuse_and_what_misleads_them(card):
    limits = " ".join(card.text.split("## Limits")[1].split("## Training")[0].split())
    entry = entries("drawings")["cnn"]
    refused = [f"{entry['refused'][kind]:.1%}" for kind in ("digits", "scribbles", "letters")]
    attack = {point["value"]: point["accuracy"] for point in entry["robustness"]["attack"]}
    misled = f"{entry['robustness']['nudges']['linf']['mean']:.3f}"
    for figure in (*refused, f"{attack[0.05]:.1%}", misled):
        assert figure in limits
    assert len(re.findall(r"\| (?:article|drawings) \| (?:linear|nonlinear|cnn) ", limits)) == 7


def test_its_snippets_run(card, capsys, monkeypatch):
    monkeypatch.chdir(PROJECT)
    with_package, without = re.findall(r"```python\n(.*?)```", card.text, re.DOTALL)
    exec(with_package, {})
    assert capsys.readouterr().out.startswith("Prediction(digit=7, ")
    assert "digitnet" not in without
    monkeypatch.chdir(WEIGHTS_FOLDER)
    exec(without, {})
    assert capsys.readouterr().out == "1 True\n"


def test_the_snippet_names_the_repository_it_is_for():
    text = model_card(WEIGHTS_FOLDER, "someone/digits").text
    assert 'from_pretrained("someone/digits", model="cnn", recipe="drawings")' in text
    assert 'hf_hub_download("someone/digits", "drawings/cnn.safetensors")' in text


def test_figures_on_drawings_are_shown_where_there_are_some(tmp_path):
    folder = shutil.copytree(WEIGHTS_FOLDER, tmp_path / "weights")
    for file in folder.glob("*/metrics.json"):
        metrics = json.loads(file.read_text())
        for entry in metrics["models"].values():
            entry.pop("test_drawings", None)
            entry.pop("development_drawings", None)
        file.write_text(json.dumps(metrics))
    assert "People's drawings" not in model_card(folder).text
    file = folder / RECIPES[0] / "metrics.json"
    metrics = json.loads(file.read_text())
    drawings = {"accuracy": 0.98765, "count": 10992, "name": "drawings of 44 people"}
    metrics["models"]["cnn"]["test_drawings"] = drawings
    file.write_text(json.dumps(metrics))
    card = ModelCard(str(model_card(folder)))
    found = [result for result in card.data.eval_results if "drawings" in result.dataset_type]
    assert [
        (result.dataset_type, result.metric_value, result.dataset_name) for result in found
    ] == [("test_drawings", 0.98765, "drawings of 44 people")]
    assert found[0].metric_name.startswith(f"cnn, {RECIPES[0]} recipe:")
    assert "10,992 of drawings of 44 people" in card.text and "98.77%" in card.text


def test_metrics_of_an_older_version_still_make_a_card(tmp_path):
    (tmp_path / "plain").mkdir()
    entry = {"test_accuracy": 0.5, "parameters": 10, "versions": {"torch": "2.1"}}
    (tmp_path / "plain" / "metrics.json").write_text(json.dumps({"models": {"linear": entry}}))
    card = ModelCard(str(model_card(tmp_path)))
    assert "| 2.1 |" in card.text
    assert [result.metric_value for result in card.data.eval_results] == [0.5]


def test_no_metrics_no_card(tmp_path):
    with pytest.raises(WeightsError, match=r"holds no metrics\.json; run python train\.py"):
        model_card(tmp_path)
