"""What the README says of the code."""

import contextlib
import io
import re

import pytest

from tests.conftest import PROJECT

# A snippet, and what it prints.
PRINTED = re.findall(
    r"```python\n(.*?)```\n\n```text\n(.*?)```",
    (PROJECT / "README.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize(("snippet", "expected"), PRINTED)
def test_its_snippets_print_what_it_says(snippet, expected):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(snippet, {})
    assert printed.getvalue() == expected


def test_it_has_snippets():
    assert PRINTED
