"""The page as `python app.py` serves it."""

import contextlib
import os
import re
import subprocess
import sys
import threading

SERVE = (sys.executable, "app.py", "--no-browser", "--host", "127.0.0.1")
# Without recognising MNIST's test images in the background.
SERVE_QUIETLY = (*SERVE, "--no-test-predictions")


class Address(str):
    """Where a page is, and the number of the process that serves it."""

    process: int


@contextlib.contextmanager
def served(folder, environment=None, command=SERVE, log=None):
    """Run app.py of `folder`, by default on a free port of this machine; gives its address.

    What it prints after that goes to the file `log`, if there is one.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"} | (environment or {}),
    )
    assert process.stdout is not None
    try:
        printed, address = "", None
        for line in process.stdout:
            printed += line
            if address := re.search(r"http://(?:127\.0\.0\.1|0\.0\.0\.0):\d+", line):
                break
        assert address, printed
        # Or the pipe fills.
        threading.Thread(target=_copy, args=(process.stdout, log), daemon=True).start()
        found = Address(address[0].replace("0.0.0.0", "127.0.0.1"))
        found.process = process.pid
        yield found
    finally:
        process.terminate()
        process.wait(timeout=30)


def _copy(printed, log):
    with open(log or os.devnull, "w", buffering=1) as copy:
        for line in printed:
            copy.write(line)
