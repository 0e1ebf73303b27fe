import pytest
import torch

from digitnet.calibration import calibration_error, fit_temperature, reliability


def drawn_from(probabilities, generator):
    return torch.multinomial(probabilities, 1, generator=generator)[:, 0]


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_was_applied_is_found(temperature):
    generator = torch.Generator().manual_seed(0)
    true_logits = 2 * torch.randn(20_000, 10, generator=generator)
    labels = drawn_from(true_logits.softmax(1), generator)
    found = fit_temperature(true_logits * temperature, labels)
    assert found == pytest.approx(temperature, rel=0.05)


def test_honest_probabilities_have_no_error_and_boasts_do():
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn(50_000, 10, generator=generator).mul(2).softmax(1)
    labels = drawn_from(honest, generator)
    assert calibration_error(reliability(honest, labels)) < 0.01
    boast = honest.log().mul(3).softmax(1)
    assert calibration_error(reliability(boast, labels)) > 0.1


def test_diagram_counts_by_hand():
    probabilities = torch.tensor([[0.95, 0.05], [0.97, 0.03], [0.45, 0.55], [1.0, 0.0]])
    diagram = reliability(probabilities, torch.tensor([0, 1, 1, 0]))
    assert [entry["count"] for entry in diagram] == [1, 3]
    assert diagram[1]["accuracy"] == pytest.approx(2 / 3)
    assert diagram[1]["confidence"] == pytest.approx((0.95 + 0.97 + 1) / 3)
    expected = (1 * (1 - 0.55) + 3 * abs(2.92 / 3 - 2 / 3)) / 4
    assert calibration_error(diagram) == pytest.approx(expected)
