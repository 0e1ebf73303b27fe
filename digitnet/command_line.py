"""Parts shared by the command lines: argument types, and the options of pushing to the Hub."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from digitnet.hub.push import upload
from digitnet.sources import is_repo_id


class Parser(argparse.ArgumentParser):
    """A parser that prints errors as one sentence and exits with status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Handle output that is closed early (``| head``) or cannot show all Unicode characters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Avoid the error of Python's last flush, as its documentation of SIGPIPE recommends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def whole_number(most: int) -> Callable[[str], int]:
    """An argument type: a whole number from 1 to `most`."""

    def parse(text: str) -> int:
        # int() raises on thousands of digits.
        value = int(text) if text.isdecimal() and len(text) < 20 else 0
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from 1 to {most:,}, not {text[:40]}."
            )
        return value

    return parse


def positive(text: str) -> float:
    """An argument type: a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text[:40]}.")
    return value


def seed(text: str) -> int:
    """An argument type: a seed that torch.manual_seed accepts on every device."""
    if not text.isdecimal() or len(text) > 19 or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 0 to 2**63 - 1, not {text[:40]}."
        )
    return int(text)


def share(text: str) -> float:
    """An argument type: a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {text}.")
    return value


def repository(text: str) -> str:
    """An argument type: a repository id on the Hub."""
    if not is_repo_id(text):
        raise argparse.ArgumentTypeError(f"must be of the form USER/NAME, not {text}.")
    return text


def add_push_options(parser: argparse._ActionsContainer) -> None:
    """Add the options that `push_with_options` reads."""
    parser.add_argument(
        "--private", action="store_true", help="if the repository is new, make it private"
    )
    parser.add_argument(
        "--revision",
        metavar="BRANCH",
        help="push to this branch, and create it if it is new (default: main)",
    )
    parser.add_argument(
        "--create-pr", action="store_true", help="open a pull request instead of committing"
    )
    parser.add_argument("--onnx", action="store_true", help="also push the networks as ONNX files")
    parser.add_argument(
        "--dry-run", action="store_true", help="upload nothing, but list what would be uploaded"
    )


def push_with_options(
    repo_id: str, options: argparse.Namespace, files: Mapping[str, Path | bytes]
) -> None:
    """Push `files`, or list them in a dry run, and print the result."""
    if options.dry_run:
        print(f"Would go to {repo_id}:")
        for name, content in files.items():
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            print(f"{size:>9,} bytes  {name}")
        return
    address = upload(
        repo_id,
        files,
        private=options.private or None,
        branch=options.revision,
        create_pr=options.create_pr,
    )
    print(f"{repo_id} has these weights: {address}")
