"""Teaching a model the hand of one person."""

import json

import numpy as np
import pytest
import torch

import digitnet
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.__main__ import main
from digitnet.drawing import images_of_strokes
from digitnet.drawing_files import read_drawings
from digitnet.training.teaching import split, teach

WRITER = "tra-12"
ONE = [[(0, 0), (1, 1)]]


@pytest.fixture(scope="module")
def person():
    return DEVELOPMENT.by_writer()[WRITER]


@pytest.fixture(scope="module")
def taught(person):
    """The linear model before and after it has learned one of each digit, and what judges it."""
    drawings, labels = person
    chosen, others = split(labels)
    classifier = digitnet.load("linear", device="cpu")
    new = teach(classifier, [drawings[i] for i in chosen], [labels[i] for i in chosen])
    images = torch.from_numpy(images_of_strokes([drawings[i] for i in others]))
    return classifier, new, images, torch.tensor([labels[i] for i in others])


def right(classifier, images, labels):
    return int((classifier.logits(images).argmax(1) == labels).sum())


def test_a_taught_model_reads_more_of_that_hand(taught):
    classifier, new, images, labels = taught
    assert right(new, images, labels) > right(classifier, images, labels)


def test_it_forgets_little(taught, test_set):
    classifier, new, *_ = taught
    images, labels = test_set[0].float() / 255, test_set[1]
    before, after = (right(one, images, labels) for one in (classifier, new))
    assert after > before - 100  # of 10,000
    assert new.metadata.test_accuracy == after / 10_000


def test_the_model_that_is_taught_stays_as_it_is(taught):
    classifier, new, *_ = taught
    fresh = digitnet.load("linear", device="cpu")
    for name, value in fresh.network.state_dict().items():
        assert torch.equal(value, classifier.network.state_dict()[name])
        assert not torch.equal(value, new.network.state_dict()[name])
    assert new.metadata.temperature == classifier.metadata.temperature
    assert new.metadata.threshold == classifier.metadata.threshold


def test_the_same_seed_gives_the_same_weights(person, taught):
    drawings, labels = person
    chosen, _ = split(labels)
    again, other = (
        teach(taught[0], [drawings[i] for i in chosen], [labels[i] for i in chosen], seed=seed)
        for seed in (0, 1)
    )
    weights = [one.network.state_dict()["layers.1.weight"] for one in (taught[1], again, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(
    ("drawings", "labels", "sentence"),
    [
        ([], [], "Give 1 to 1,000 drawings, not 0."),
        ([ONE], [], "Each drawing needs a label: there are 1 drawings and 0 labels."),
        ([ONE], [10], "A label is a whole number from 0 to 9."),
        ([ONE, [[(5, 5)]]], [1, 2], "Drawing number 2 is blank."),
    ],
)
def test_what_cannot_be_taught_gets_a_sentence(taught, drawings, labels, sentence):
    with pytest.raises(ValueError, match="^" + sentence.replace(".", r"\.") + "$"):
        teach(taught[0], drawings, labels)


def save(path, drawings, labels):
    lines = [
        json.dumps({"label": label, "strokes": [stroke.tolist() for stroke in drawing]})
        for drawing, label in zip(drawings, labels, strict=True)
    ]
    path.write_text("\n".join(lines))
    return path


def test_the_command_saves_what_load_reads(person, tmp_path, capsys):
    file = save(tmp_path / "my-digits.jsonl", *person)
    arguments = ["teach", str(file), "--output", str(tmp_path / "taught"), "--model", "linear"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    counts = {line[:26].strip(): line[26:].split() for line in printed.splitlines()[2:4]}
    count, before, after = counts["drawings not learned from"]
    assert int(count) == len(person[0]) - 10 and float(after) > float(before)
    classifier = digitnet.load("linear", source=tmp_path / "taught", device="cpu")
    drawings, labels = zip(*read_drawings(file), strict=True)
    _, others = split(labels)
    images = images_of_strokes([drawings[i] for i in others])
    said = [one.digit for one in classifier.predict_images(images)]
    share = np.mean([one == labels[i] for one, i in zip(said, others, strict=True)])
    assert f"{100 * share:.2f}" == after
    assert f"{100 * classifier.metadata.test_accuracy:.2f}" == counts["MNIST's test images"][2]


def test_the_command_says_what_is_wrong_with_a_file(person, tmp_path, capsys):
    file = save(tmp_path / "some.jsonl", person[0][:3], person[1][:3])
    arguments = ["teach", str(file), "--output", str(tmp_path), "--model", "linear"]
    assert main(arguments) == 2
    assert "Each digit is needed at least once; these are missing:" in capsys.readouterr().err
    file.write_text(file.read_text() + '\n{"label": "x"}\n')
    assert main(arguments) == 2
    assert f"{file}, line 4: This is not of the form" in capsys.readouterr().err
