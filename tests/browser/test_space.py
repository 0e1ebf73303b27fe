"""The page as a Space starts it, in a container that allows it little."""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.serving import served
from tests.browser.actions import SEVEN, answer, draw
from tests.browser.conftest import WIDE, visit
from tests.conftest import copy_tracked_files

# What the header that Gradio shows on a Space asks of huggingface.co, which knows no such Space.
SPACE_HEADER_ERRORS = ("Failed to load resource: ", "Space not found")
# A sitecustomize.py: there is no network beyond this machine, and who tries is written down.
NO_NETWORK = """
import sys
def refuse(event, arguments):
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in (None, "localhost", "127.0.0.1", "::1", "0.0.0.0"):
        print(host, file=open(LOG, "a"))
        raise OSError(101, "Network is unreachable")
sys.addaudithook(refuse)
"""


def unprivileged():
    """What a command begins with that is to be run by somebody whom a read-only folder stops."""
    if sys.platform == "win32":
        pytest.skip("Windows has no folders that are read-only")
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and setpriv, which would stop it, is missing")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]


@dataclass
class Container:
    """A read-only folder with the project, what a command in it begins with, the port that its page
    is to have, and the file that lists which hosts beyond this machine were tried."""

    folder: Path
    start: list[str]
    port: int
    tried: Path


@pytest.fixture
def container(tmp_path):
    folder, cache, site = (tmp_path / name for name in ("project", "cache", "site"))
    copy_tracked_files(folder)
    cache.mkdir()
    site.mkdir()
    tried = cache / "tried"
    (site / "sitecustomize.py").write_text(f"LOG = {str(tried)!r}\n{NO_NETWORK}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": site,
        "SYSTEM": "spaces",
        "SPACE_ID": "someone/digitnet",
        "SPACE_HOST": "someone-digitnet.hf.space",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": port,
        "GRADIO_NUM_PORTS": "1",
        "HOME": "/nonexistent",
        "HF_HOME": cache,
        "TMPDIR": cache,
    }
    variables = [f"{name}={value}" for name, value in environment.items()]
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555)
    yield Container(folder, [*unprivileged(), "env", "-i", *variables, sys.executable], port, tried)
    for path in paths:
        path.chmod(0o755)  # so that pytest can delete them


def failure_of(container, code):
    """What Python says on failing to run `code` in the container."""
    command = [*container.start, "-c", code]
    return subprocess.run(command, cwd=container.folder, capture_output=True, text=True).stderr


def test_a_space_serves_the_page(container, browser):
    # First that the container is as narrow as it should be.
    assert "Permission denied" in failure_of(container, "open('new', 'w')")
    assert "Permission denied" in failure_of(container, "open('app.py', 'a')")
    connect = "import socket; socket.create_connection(('example.org', 80))"
    assert "Network is unreachable" in failure_of(container, connect)
    assert container.tried.read_text() == "example.org\n"

    with served(container.folder, command=[*container.start, "app.py"]) as address:
        assert address.endswith(f":{container.port}")
        with visit(browser, address, WIDE, expected_errors=SPACE_HEADER_ERRORS) as page:
            assert page.locator(".problem", has_text="⚠️").count() == 0
            draw(page, SEVEN)
            expect(answer(page)).to_have_text("7")
    assert container.tried.read_text() == "example.org\n"
