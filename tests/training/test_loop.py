import dataclasses

import pytest
import torch
from torch.nn import functional

from digitnet.calibration import digit_score
from digitnet.cpu import cpu_settings, fast_forward
from digitnet.device import pick_device
from digitnet.evaluation import as_batch, compute_logits, evaluate
from digitnet.models import available_models, build
from digitnet.training.loop import draw, fit, loss_of
from digitnet.training.recipes import RECIPES, Hyperparameters

ARTICLE = RECIPES["article"].default
ONE_EPOCH = dataclasses.replace(ARTICLE, epochs=1)


@pytest.mark.parametrize("name", available_models())
def test_layout_changes_neither_values_nor_gradients(name, train_set):
    """The article's order of layers, run by PyTorch as it stands, is the oracle."""
    batch, labels = as_batch(train_set[0][:32]), train_set[1][:32]
    network = build(name)
    functional.cross_entropy(network(batch), labels).backward()
    expected = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    logits = fast_forward(network, torch.device("cpu"))(batch)
    torch.testing.assert_close(logits, network(batch), atol=1e-5, rtol=1e-4)
    functional.cross_entropy(logits, labels).backward()
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", available_models())
def test_fit_follows_a_plain_adam_loop(name, train_set):
    images, labels = train_set[0][:640], train_set[1][:640]
    torch.manual_seed(3)
    plain = build(name)
    torch.manual_seed(3)
    ours = build(name)

    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-3)
    order = torch.randperm(640, generator=torch.Generator().manual_seed(9))
    for indices in order.split(32):
        optimizer.zero_grad()
        functional.cross_entropy(plain(as_batch(images[indices])), labels[indices]).backward()
        optimizer.step()

    list(fit(ours, images, labels, ONE_EPOCH, seed=9))
    for expected, found in zip(plain.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-2)


@pytest.mark.parametrize("name", ["linear", "nonlinear"])
def test_a_small_network_learns(name, train_set, test_set):
    torch.manual_seed(0)
    network = build(name)
    recipe = Hyperparameters(epochs=2, batch_size=64, learning_rate=5e-3)
    reports = list(fit(network, *train_set, recipe))
    assert reports[-1].epoch == 2 and reports[-1].images == reports[-1].epoch_images == 60_000
    assert reports[-1].loss < reports[0].loss
    assert evaluate(compute_logits(network, test_set[0]), test_set[1]).accuracy > 0.8


def test_the_cnn_learns(train_set, test_set):
    torch.manual_seed(0)
    network = build("cnn")
    list(fit(network, train_set[0][:6000], train_set[1][:6000], ONE_EPOCH))
    assert evaluate(compute_logits(network, test_set[0][:2000]), test_set[1][:2000]).accuracy > 0.88


def test_stopping_early_restores_the_process(train_set):
    threads = torch.get_num_threads()
    run = fit(build("linear"), *train_set, ARTICLE)
    next(run)
    run.close()
    assert torch.get_num_threads() == threads


def test_fast_cpu_restores_what_it_set():
    threads = torch.get_num_threads()
    with pytest.raises(KeyError), cpu_settings(build("linear"), torch.device("cpu")):
        raise KeyError
    assert torch.get_num_threads() == threads
    assert (torch.tensor(1e-39) * 1).item() != 0  # denormal numbers are back


def test_evaluation_counts_by_hand():
    logits = torch.full((4, 10), -20.0)
    for row, digit in enumerate([3, 3, 5, 0]):
        logits[row, digit] = 20
    result = evaluate(logits, torch.tensor([3, 5, 5, 0]))
    assert result.count == 4 and result.accuracy == 0.75
    assert result.confusion[5][3] == 1 and result.confusion[5][5] == 1
    assert sum(map(sum, result.confusion)) == 4
    assert result.loss == pytest.approx(10, abs=1e-3)  # one of four is wrong, by 40 nats


def test_device_is_the_accelerator_or_the_cpu():
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    assert pick_device() == (accelerator or torch.device("cpu"))


def test_drawings_are_added_new_ones_each_epoch():
    recipe = Hyperparameters(epochs=1, batch_size=8, learning_rate=1e-3, digits=20, non_digits=5)
    chance = torch.Generator().manual_seed(1)
    (images, labels), (others, _) = (draw(recipe, chance, torch.device("cpu")) for _ in range(2))
    assert images.shape == (25, 28, 28) and images.dtype == torch.uint8
    assert (labels >= 0).sum() == 20 and (labels == -1).sum() == 5
    assert not torch.equal(images, others)


def test_no_digit_is_an_eleventh_answer_with_logit_zero():
    recipe = Hyperparameters(epochs=1, batch_size=8, learning_rate=1e-3, non_digits=5)
    logits = torch.randn(2, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    together = logits.exp().sum(1) + 1  # exp(0) for "no digit"
    expected = -(logits[0, 3].exp() / together[0]).log() - (1 / together[1]).log()
    loss = loss_of(logits, torch.tensor([3, -1]), recipe)
    assert loss.item() == pytest.approx(expected.item() / 2)
    assert digit_score(logits).tolist() == pytest.approx((1 - 1 / together).tolist())


def test_everything_a_recipe_can_ask_for_trains(train_set, test_set):
    recipe = dataclasses.replace(
        RECIPES["drawings"].for_model("cnn"), epochs=2, digits=600, non_digits=100, ema_decay=0.9
    )
    torch.manual_seed(0)
    network = build("cnn")
    reports = list(fit(network, train_set[0][:3000], train_set[1][:3000], recipe))
    assert reports[-1].epoch_images == 3700
    assert reports[-1].accuracy > reports[0].accuracy
    assert evaluate(compute_logits(network, test_set[0][:2000]), test_set[1][:2000]).accuracy > 0.8


@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_an_average_of_the_weights_is_kept_once_it_is_old_enough(decay, train_set):
    """Ten steps are enough for a decay of 0.5, and not for 0.999; a plain loop is the oracle."""
    images, labels = train_set[0][:500], train_set[1][:500]
    torch.manual_seed(0)
    plain = build("linear")
    optimizer = torch.optim.Adam(plain.parameters(), lr=1e-2)
    average = None
    for indices in torch.randperm(500, generator=torch.Generator().manual_seed(0)).split(50):
        optimizer.zero_grad()
        functional.cross_entropy(plain(as_batch(images[indices])), labels[indices]).backward()
        optimizer.step()
        now = [parameter.detach().clone() for parameter in plain.parameters()]
        average = average or now
        average = [decay * old + (1 - decay) * new for old, new in zip(average, now, strict=True)]
    torch.manual_seed(0)
    ours = build("linear")
    recipe = Hyperparameters(epochs=1, batch_size=50, learning_rate=1e-2, ema_decay=decay)
    reports = list(fit(ours, images, labels, recipe))
    for network in (ours, reports[-1].network):
        for expected, found in zip(
            average if decay == 0.5 else now, network.parameters(), strict=True
        ):
            torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("report_every", [1, 7])
def test_how_often_is_asked_changes_nothing(report_every, train_set):
    recipe = dataclasses.replace(
        RECIPES["drawings"].for_model("cnn"), epochs=1, batch_size=16, digits=40, non_digits=24
    )
    results = []
    for every in (100, report_every):
        torch.manual_seed(0)
        network = build("cnn", 2)
        reports = list(fit(network, train_set[0][:400], train_set[1][:400], recipe, 3, every))
        results.append((network.state_dict(), reports))
    (weights, reports), (others, more) = results
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert len(reports) == 1 and len(more) == -(-29 // report_every)
    assert more[-1].loss == pytest.approx(reports[-1].loss)
    assert more[-1].accuracy == pytest.approx(reports[-1].accuracy)
