"""Training in a separate process, so that it does not slow down the page.

Training is a Python loop of short steps: a thread would compete with every prediction for the
interpreter lock. A process also has its own settings (`digitnet.cpu.cpu_settings`), memory and
priority, and can be ended at any moment.
"""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

from digitnet.training.settings import Settings
from digitnet.training.worker import Report

PROJECT = Path(__file__).resolve().parent.parent.parent
BROKEN_OFF = Report(1, 0.0, 0.0, 0.0, 0.0, b"", "broken off")
# Seconds after which `TrainingProcess.reports` gives None if there is no report. Longer than the
# interval between reports, because handling a None costs as much as handling a report.
TICK = 2.0


class TrainingProcess:
    """A worker process that imports everything at its start and trains once, on request."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "digitnet.training.worker"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in a terminal should reach the page only; this process ends with it.
            start_new_session=True,
            # Lower priority on Windows; elsewhere the worker sets it itself.
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
            | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._newest: Report | None = None
        self._stream_ended = False
        self._changed = threading.Condition()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def reports(self, settings: Settings, seconds: float) -> Generator[Report | None, None, None]:
        """Train for at most `seconds` and give each newest report; None after a `TICK` without.

        If the process dies, the last report has ended "broken off". Closing the iterator ends the
        process.
        """
        try:
            request = {"settings": vars(settings), "seconds": seconds}
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):  # the process has died, which is reported below
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            threading.Thread(target=self._receive, daemon=True).start()
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._newest or self._stream_ended, TICK)
                    report, self._newest, ended = self._newest, None, self._stream_ended
                if report is None and ended:
                    report = BROKEN_OFF
                yield report
                if report and report.ended:
                    return
        finally:
            self.end()

    def _receive(self) -> None:
        """Read reports as they come, so that the training never waits for its reader."""
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while report := Report.read(stream):
                with self._changed:
                    self._newest = report
                    self._changed.notify()
        with self._changed:
            self._stream_ended = True
            self._changed.notify()

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # unsent data is lost with the process
            self._process.stdin.close()


_spare: TrainingProcess | None = None
_spare_lock = threading.Lock()


def prepare() -> None:
    """Start a process in advance, because that takes seconds. If unused, it ends by itself."""
    global _spare
    with _spare_lock:
        if _spare is None or not _spare.is_alive:
            _spare = TrainingProcess()


def train_in_a_process(settings: Settings, seconds: float) -> Generator[Report | None, None, None]:
    """`TrainingProcess.reports` of the process started by `prepare`, or of a new one."""
    global _spare
    with _spare_lock:
        process, _spare = _spare, None
    if process is None or not process.is_alive:
        process = TrainingProcess()
    yield from process.reports(settings, seconds)
