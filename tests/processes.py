"""Python code in processes of its own, which start without importing torch again.

They are forked from a process that has imported torch and nothing of the project; where that is
not possible, as on Windows, they import it themselves.
"""

import multiprocessing
import os

_METHODS = multiprocessing.get_all_start_methods()
_CONTEXT = multiprocessing.get_context("forkserver" if "forkserver" in _METHODS else "spawn")
_CONTEXT.set_forkserver_preload(["torch"])


def _run(code, environment, results):
    os.environ.clear()
    os.environ.update(environment)
    names = {}
    exec(code, names)
    results.send(names["result"])


def run_code(code, environment=os.environ):
    """What `code` leaves in `result`, run in a new process with these environment variables."""
    received, results = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run, args=(code, dict(environment), results))
    process.start()
    results.close()
    with received:
        try:
            return received.recv()
        except EOFError:
            raise AssertionError("The process broke off; what it printed says why.") from None
        finally:
            process.join()
