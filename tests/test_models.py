import pytest
import torch

from digitnet.models import available_models, build, parameter_count, summarise

# Worked out by hand from the article's layers: weights and biases.
PARAMETERS = {
    "linear": 784 * 4 + 4 + 4 * 10 + 10,
    "nonlinear": 784 * 4 + 4 + 4 * 10 + 10,
    "cnn": (1 * 4 * 16 + 16) + (16 * 4 * 64 + 64) + (64 * 15 * 15 * 10 + 10),
}


def numpy_forward(model, images):
    """The small networks once more, in NumPy."""
    weights = [parameter.detach().numpy() for parameter in model.parameters()]
    hidden = images.reshape(len(images), -1) @ weights[0].T + weights[1]
    if any(isinstance(layer, torch.nn.ReLU) for layer in model.layers):
        hidden = hidden.clip(min=0)
    return hidden @ weights[2].T + weights[3]


def test_registry_names_the_three_models_simplest_first():
    assert available_models() == ("linear", "nonlinear", "cnn")


@pytest.mark.parametrize("name", available_models())
def test_parameters_are_as_worked_out_by_hand(name):
    model = build(name)
    assert parameter_count(model) == PARAMETERS[name]
    assert sum(layer.parameters for layer in summarise(model)) == PARAMETERS[name]


@pytest.mark.parametrize("name", available_models())
def test_gives_ten_logits_an_image(name):
    assert build(name)(torch.rand(3, 1, 28, 28)).shape == (3, 10)


@pytest.mark.parametrize("name", ["linear", "nonlinear"])
def test_small_networks_compute_what_numpy_does(name, test_set):
    model = build(name, hidden_units=7)
    images = test_set[0][:50].float() / 255
    expected = numpy_forward(model, images.numpy())
    torch.testing.assert_close(
        model(images[:, None]).detach(), torch.from_numpy(expected), atol=1e-5, rtol=1e-5
    )


def test_cnn_layers_have_the_articles_shapes():
    shapes = [layer.output_shape for layer in summarise(build("cnn"))]
    assert shapes == [
        (16, 29, 29),
        (16, 29, 29),
        (64, 30, 30),
        (64, 30, 30),
        (64, 15, 15),
        (14400,),
        (10,),
    ]


def test_hidden_units_change_the_width():
    assert summarise(build("cnn", hidden_units=3))[0].output_shape == (3, 29, 29)
    assert summarise(build("linear", hidden_units=3))[1].output_shape == (3,)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="linear, nonlinear, cnn"):
        build("transformer")
    with pytest.raises(ValueError, match="hidden_units"):
        build("cnn", hidden_units=0)
