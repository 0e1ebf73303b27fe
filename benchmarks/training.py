"""Speed and accuracy of train.py's loop, next to a conventional training loop.

    python -m benchmarks.training [--seeds 10 10 3] [--epochs 5]

Each run is a process of its own, one at a time, the two loops in turn, on the same machine.
Measures for each model: seconds an epoch (median over all epochs of all runs), their ratio, test
accuracy after the last epoch (mean and standard deviation over the seeds), and peak memory.
"""

import argparse
import dataclasses
import itertools
import json
import statistics
import subprocess
import sys
import time

import torch
from torch import nn

from benchmarks import PROJECT, results
from digitnet.evaluation import evaluate, logits_of
from digitnet.mnist import DATA_FOLDER, load_mnist
from digitnet.models import Network, available_models, build
from digitnet.training.loop import fit
from digitnet.training.recipes import RECIPES

RECIPE = RECIPES["baseline"]["linear"]  # the same for each model


def train_ours(name: str, seed: int, epochs: int) -> tuple[Network, list[float]]:
    """Train with `digitnet.training.loop.fit`: the network, and the seconds of each epoch."""
    images, labels = load_mnist(train=True)
    torch.manual_seed(seed)
    network = build(name)
    ends = [0.0]
    for progress in fit(network, images, labels, dataclasses.replace(RECIPE, epochs=epochs), seed):
        if progress.images == progress.epoch_images:
            ends.append(progress.seconds)
    return network, [after - before for before, after in itertools.pairwise(ends)]


def train_conventional(name: str, seed: int, epochs: int) -> tuple[Network, list[float]]:
    """Train as the article does, with a DataLoader and ToTensor for each image."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    dataset = MNIST(str(DATA_FOLDER), train=True, download=True, transform=ToTensor())
    loader = DataLoader(dataset, batch_size=RECIPE.batch_size, shuffle=True)
    torch.manual_seed(seed)
    network = build(name)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(network.parameters(), lr=RECIPE.learning_rate)
    seconds = []
    for _ in range(epochs):
        started = time.perf_counter()
        network.train()
        train_loss, train_accuracy = 0.0, 0.0
        for images, labels in loader:
            logits = network(images)
            loss = loss_function(logits, labels)
            train_loss += loss.item()
            train_accuracy += (logits.argmax(dim=1) == labels).sum().item() / len(labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds.append(time.perf_counter() - started)
    return network, seconds


LOOPS = {"conventional": train_conventional, "ours": train_ours}


def run_one(loop: str, name: str, seed: int, epochs: int) -> None:
    """In a child process: train, measure, print one JSON line."""
    network, seconds = LOOPS[loop](name, seed, epochs)
    images, labels = load_mnist(train=False)
    accuracy = evaluate(logits_of(network, images), labels).accuracy
    print(json.dumps({"seconds": seconds, "accuracy": accuracy, "memory": peak_memory()}))


def peak_memory() -> float:
    """Peak resident memory of this process in MB; NaN where the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    units = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, KB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument(
        "--models", nargs="+", choices=available_models(), default=available_models()
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[10, 10, 3], help="for each model")
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("--one", nargs=3, metavar=("LOOP", "MODEL", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        loop, name, seed = options.one
        run_one(loop, name, int(seed), options.epochs)
        return

    table = results.Table(
        "",
        ["model", "loop", "seconds an epoch", "ratio", "test accuracy", "seeds", "peak memory"],
        [
            "The conventional loop has a DataLoader that makes a tensor of each image "
            f"(`ToTensor`). {options.epochs} epochs a run, batches of {RECIPE.batch_size}, "
            f"{torch.get_num_threads()} threads. The ratio is the median of each seed's own."
        ],
    )
    for name, seeds in zip(options.models, options.seeds, strict=True):
        runs: dict[str, list[dict]] = {loop: [] for loop in LOOPS}
        for seed in range(seeds):
            for loop in LOOPS:  # in turn, so that a slow hour of the machine slows both
                arguments = ["--epochs", str(options.epochs), "--one", loop, name, str(seed)]
                child = subprocess.run(
                    [sys.executable, "-m", "benchmarks.training", *arguments],
                    cwd=PROJECT,
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                runs[loop].append(json.loads(child.stdout.splitlines()[-1]))
        # Each seed's two runs are neighbours in time, so their ratio is fair.
        ratio = statistics.median(
            sum(conventional["seconds"]) / sum(ours["seconds"])
            for conventional, ours in zip(runs["conventional"], runs["ours"], strict=True)
        )
        for loop, measured in runs.items():
            seconds = statistics.median(second for run in measured for second in run["seconds"])
            accuracies = [100 * run["accuracy"] for run in measured]
            spread = statistics.stdev(accuracies) if seeds > 1 else float("nan")
            memory = max(run["memory"] for run in measured)
            table.add(
                name,
                loop,
                f"{seconds:.2f}",
                f"{ratio:.1f}" if loop == "ours" else "",
                f"{statistics.mean(accuracies):.2f} ± {spread:.2f} %",
                seeds,
                f"{memory:.0f} MB",
            )
    results.save(options.results, "training", "Training loop", [table])


if __name__ == "__main__":
    main()
