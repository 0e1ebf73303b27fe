"""Trainings in a process of their own, so that drawing goes on undisturbed beside them.

Training is a Python loop of short steps: in a thread of the page it would take turns with every
answer. A process also keeps its settings (`digitnet.cpu.fast_cpu`) and memory to itself, has a
lower priority, and ends at once when its visitor leaves.
"""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

from digitnet.training.worker import Report, Settings

PROJECT = Path(__file__).resolve().parent.parent.parent
BROKEN_OFF = Report(1, 0.0, 0.0, 0.0, 0.0, b"", "broken off")
# Seconds after which who waits for a report is told that there is none yet; longer than from one to
# the next, because that costs as much as a report.
TICK = 2.0


class TrainingProcess:
    """A child process that has everything imported and trains once, when it is told to."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "digitnet.training.worker"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # On Windows; elsewhere the process lowers its priority itself.
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )
        self._newest: Report | None = None
        self._over = False
        self._news = threading.Condition()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def reports(self, settings: Settings, seconds: float) -> Generator[Report | None, None, None]:
        """Train; the newest report whenever there is one, None after each `TICK` without.

        The last one says that the training was "broken off" where the process ended before it did.
        Closing the iterator ends the process.
        """
        try:
            asked = {"settings": vars(settings), "seconds": seconds}
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):  # it is said below that it has ended
                self._process.stdin.write(json.dumps(asked).encode() + b"\n")
                self._process.stdin.flush()
            threading.Thread(target=self._receive, daemon=True).start()
            while True:
                with self._news:
                    self._news.wait_for(lambda: self._newest or self._over, TICK)
                    report, self._newest, over = self._newest, None, self._over
                if report is None and over:
                    report = BROKEN_OFF
                yield report
                if report and report.ended:
                    return
        finally:
            self.end()

    def _receive(self) -> None:
        """Take reports as they come, so that training never waits for who watches it."""
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while report := Report.read(stream):
                with self._news:
                    self._newest = report
                    self._news.notify()
        with self._news:
            self._over = True
            self._news.notify()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what was not sent cannot be any more
            self._process.stdin.close()


_spare: TrainingProcess | None = None
_spare_lock = threading.Lock()


def prepare() -> None:
    """Have a process ready: to start one takes seconds. It ends by itself if nobody comes."""
    global _spare
    with _spare_lock:
        if _spare is None or not _spare.is_alive:
            _spare = TrainingProcess()


def train_in_a_process(settings: Settings, seconds: float) -> Generator[Report | None, None, None]:
    """`TrainingProcess.reports` of the process that was prepared, or of a new one."""
    global _spare
    with _spare_lock:
        process, _spare = _spare, None
    if process is None or not process.is_alive:
        process = TrainingProcess()
    yield from process.reports(settings, seconds)
