"""The page as `python app.py` serves it."""

import contextlib
import os
import re
import subprocess
import sys
import threading

SERVE = (sys.executable, "app.py", "--no-browser", "--host", "127.0.0.1")


@contextlib.contextmanager
def served(folder, environment=None, command=SERVE):
    """Run app.py of `folder`, by default on a free port of this machine; gives its address."""
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
        printed = ""
        for line in process.stdout:
            printed += line
            if address := re.search(r"http://(?:127\.0\.0\.1|0\.0\.0\.0):\d+", line):
                break
        assert address, printed
        threading.Thread(target=process.stdout.read, daemon=True).start()  # or the pipe fills
        yield address[0].replace("0.0.0.0", "127.0.0.1")
    finally:
        process.terminate()
        process.wait(timeout=30)
