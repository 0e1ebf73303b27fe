"""How fast, and how well, train.py's loop trains, next to the loop that tutorials show.

    python benchmarks/training.py [--seeds 10 10 3] [--epochs 5]

Each run is a process of its own, one at a time, the two loops in turn, on the same machine. Prints
for each model: seconds an epoch (median over all epochs of all runs), their ratio, test accuracy
after the last epoch (mean and standard deviation over the seeds), and the largest process' memory.
"""

import argparse
import dataclasses
import datetime
import itertools
import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import nn

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from digitnet.evaluation import evaluate, logits_of
from digitnet.mnist import load_mnist
from digitnet.models import Network, available_models, build
from digitnet.training.recipes import RECIPES
from digitnet.training.loop import fit

RECIPE = RECIPES["baseline"]["linear"]  # the same for each model


def train_ours(name: str, seed: int, epochs: int) -> tuple[Network, list[float]]:
    """Train with `digitnet.training.loop.fit`: the network, and the seconds of each epoch."""
    images, labels = load_mnist(PROJECT / "data", train=True)
    torch.manual_seed(seed)
    network = build(name)
    ends = [0.0]
    for progress in fit(network, images, labels, dataclasses.replace(RECIPE, epochs=epochs), seed):
        if progress.images == progress.epoch_images:
            ends.append(progress.seconds)
    return network, [after - before for before, after in itertools.pairwise(ends)]


def train_usual(name: str, seed: int, epochs: int) -> tuple[Network, list[float]]:
    """Train as tutorials do: a DataLoader, ToTensor for each image, loss and accuracy summed."""
    from torch.utils.data import DataLoader
    from torchvision.datasets import MNIST
    from torchvision.transforms import ToTensor

    dataset = MNIST(str(PROJECT / "data"), train=True, download=True, transform=ToTensor())
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


LOOPS = {"usual": train_usual, "ours": train_ours}


def run_one(loop: str, name: str, seed: int, epochs: int) -> None:
    """In a child process: train, measure, print one JSON line."""
    network, seconds = LOOPS[loop](name, seed, epochs)
    images, labels = load_mnist(PROJECT / "data", train=False)
    accuracy = evaluate(logits_of(network, images), labels).accuracy
    print(json.dumps({"seconds": seconds, "accuracy": accuracy, "memory": peak_memory()}))


def peak_memory() -> float:
    """This process' largest resident size so far, MB; nan where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    units = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, KB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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

    print(f"{datetime.date.today()}, {platform.processor() or platform.machine()}, ", end="")
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {options.epochs} epochs\n"
    )
    print("| model | loop | s an epoch | ratio | test accuracy | seeds | peak memory |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name, seeds in zip(options.models, options.seeds, strict=True):
        runs: dict[str, list[dict]] = {loop: [] for loop in LOOPS}
        for seed in range(seeds):
            for loop in LOOPS:  # in turn, so that a slow hour of the machine slows both
                arguments = ["--epochs", str(options.epochs), "--one", loop, name, str(seed)]
                child = subprocess.run(
                    [sys.executable, __file__, *arguments],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                runs[loop].append(json.loads(child.stdout.splitlines()[-1]))
        # Each seed's two runs are neighbours in time, so their ratio is fair.
        ratio = statistics.median(
            sum(usual["seconds"]) / sum(ours["seconds"])
            for usual, ours in zip(runs["usual"], runs["ours"], strict=True)
        )
        for loop, results in runs.items():
            seconds = statistics.median(s for result in results for s in result["seconds"])
            accuracies = [100 * result["accuracy"] for result in results]
            spread = statistics.stdev(accuracies) if seeds > 1 else float("nan")
            memory = max(result["memory"] for result in results)
            print(
                f"| {name} | {loop} | {seconds:.2f} | {f'{ratio:.1f}' if loop == 'ours' else ''} | "
                f"{statistics.mean(accuracies):.2f} ± {spread:.2f} % | {seeds} | {memory:.0f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
