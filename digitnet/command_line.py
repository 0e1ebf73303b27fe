"""What the command lines share: types of arguments, and pushing to the Hub."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from digitnet.hub.repository import files_to_push, is_repo_id, push
from digitnet.weights import WEIGHTS_FOLDER


class Parser(argparse.ArgumentParser):
    """Answers a wrong value with one sentence and exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def positive(number_type: type[int] | type[float]) -> Callable[[str], int | float]:
    """An argument type: a number of that type, above zero and finite."""

    def parse(text: str) -> int | float:
        try:
            value = number_type(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            kind = "a whole number, 1 or more" if number_type is int else "a number above 0"
            raise argparse.ArgumentTypeError(f"must be {kind}, not {text}.")
        return value

    return parse


def seed(text: str) -> int:
    """An argument type: what torch.manual_seed takes on every device."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2**63 - 1, not {text}.")
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
    """An argument type: the id of a repository on the Hub."""
    if not is_repo_id(text):
        raise argparse.ArgumentTypeError(f"must be of the form USER/NAME, not {text}.")
    return text


def add_push_options(parser: argparse._ActionsContainer) -> None:
    """How to push; `push_as_told` reads them."""
    parser.add_argument(
        "--private", action="store_true", help="make the repository, if it is new, a private one"
    )
    parser.add_argument(
        "--revision", metavar="BRANCH", help="push to this branch, made if it is new (main)"
    )
    parser.add_argument(
        "--create-pr", action="store_true", help="propose the change as a pull request"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only list what would be pushed; no network is used"
    )


def push_as_told(repo_id: str, options: argparse.Namespace, folder: Path = WEIGHTS_FOLDER) -> None:
    """Push what is in `folder`, or list it, and print a line about it."""
    if options.dry_run:
        print(f"Would go to {repo_id}:")
        for name, content in files_to_push(repo_id, folder).items():
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            print(f"{size:>9,} bytes  {folder.resolve().name}/{name}")
        return
    address = push(
        repo_id,
        folder,
        private=options.private,
        revision=options.revision,
        create_pr=options.create_pr,
    )
    print(f"{repo_id} has these weights: {address}")
