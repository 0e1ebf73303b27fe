"""Measure every figure of the project, and make docs/benchmarks.md.

    python -m benchmarks [NAME ...]

Runs the benchmarks one after another, all or those that are named, each in a process of its own;
the rest of the machine should be idle. Those that also write figures into metrics.json and the
model card do so. All of them take some hours on two cores.
"""

import argparse
import subprocess
import sys

from benchmarks import PROJECT

# What a visitor waits for comes first.
RUNS = {
    "page": [],
    "load": [],
    "drawing": [],
    "watching": [],
    "accuracy": ["--write"],
    "rejection": ["--write"],
    "robustness": ["--write"],
    "explain": [],
    "pages": [],
    "teaching": [],
    "bad_input": [],
    "long_run": [],
    "training": [],
    "adversarial": ["--epochs", "3"],
    "accuracy_seeds": ["--seeds", "3"],
}
MODULES = {"accuracy_seeds": "accuracy"}  # where it is not the name of the run


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(RUNS)} (all of them)"
    )
    names = parser.parse_args().names or list(RUNS)
    if unknown := set(names) - set(RUNS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    failed = []
    for name in names:
        command = [sys.executable, "-m", f"benchmarks.{MODULES.get(name, name)}", *RUNS[name]]
        print(f"\n$ {' '.join(['python', *command[1:]])}", flush=True)
        if subprocess.run(command, cwd=PROJECT).returncode:
            failed.append(name)
    subprocess.run([sys.executable, "-m", "benchmarks.report"], cwd=PROJECT, check=True)
    if failed:
        sys.exit(f"These failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
