"""Visitors who teach at once, each their own model."""

import base64
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import safetensors.torch
import torch

import digitnet
from benchmarks.drawing_sets import DEVELOPMENT
from benchmarks.long_run import event_named, wait_in_queue
from digitnet.drawing import parse_drawing
from digitnet.training.teaching import split, teach_strokes

ONE = [[[500, 100], [510, 900]]]


@pytest.fixture(scope="module")
def hands():
    """Twenty drawings by each of two people, and their labels."""
    found = []
    for drawings, labels in list(DEVELOPMENT.by_writer().values())[:2]:
        of_digit = [[i for i, one in enumerate(labels) if one == digit][:2] for digit in range(10)]
        chosen = [number for numbers in of_digit for number in numbers]
        found.append(([drawings[i] for i in chosen], [labels[i] for i in chosen]))
    return found


def lesson_of(client, visitor, drawings, labels):
    """What the page shows a visitor who teaches the linear model."""
    sent = [
        {"label": label, "strokes": [stroke.tolist() for stroke in drawing]}
        for drawing, label in zip(drawings, labels, strict=True)
    ]
    event = event_named(client, "teach_hand")
    return wait_in_queue(client, event, [sent, "linear", "drawings", None], visitor)[0]


def percent_of_yours(client, visitor):
    """The probabilities, in %, that the model "yours" of this visitor gives for a drawing."""
    body = {
        "data": [ONE, "yours", "drawings", None, True, None],
        "fn_index": event_named(client, "recognise"),
        "session_hash": visitor,
        "event_data": {},
    }
    answer = client.post("/gradio_api/run/predict", json=body).raise_for_status().json()
    return [float(bar["percent"]) for bar in answer["data"][0]["bars"]]


def test_two_visitors_who_teach_at_once_do_not_meet(address, hands, tmp_path):
    visitors = [f"teacher-{number}" for number in range(len(hands))]
    with httpx.Client(base_url=address, timeout=120) as client:
        with ThreadPoolExecutor() as pool:
            asked = [
                pool.submit(lesson_of, client, visitor, *hand)
                for visitor, hand in zip(visitors, hands, strict=True)
            ]
            lessons = [one.result() for one in asked]
        shown = [percent_of_yours(client, visitor) for visitor in visitors]
    classifier = digitnet.load("linear", device="cpu")
    weights = []
    for (drawings, labels), lesson, percents in zip(hands, lessons, shown, strict=True):
        content = base64.b64decode(lesson["file"].partition(",")[2])
        weights.append(safetensors.torch.load(content))
        file = tmp_path / "yours.safetensors"
        file.write_bytes(content)
        own = digitnet.load("linear", source=file, device="cpu").predict(ONE)
        np.testing.assert_allclose(percents, 100 * own.probabilities, atol=0.051)
        taught, _ = split(labels)
        parsed = [parse_drawing([s.tolist() for s in drawings[number]]) for number in taught]
        alone = teach_strokes(classifier, parsed, [labels[number] for number in taught])
        for name, tensor in alone.network.state_dict().items():
            torch.testing.assert_close(weights[-1][name], tensor, atol=1e-4, rtol=1e-3)
    assert not all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
